"""Reading what strangers send: in a child process with limits, where its death harms nobody.

    parent.py   starts a child, waits for it, and says in words why it gave no answer
    child.py    binds itself by limits, and only then loads what reads the file

Native code that reads a hostile file may crash, hang, or ask for all memory; it may be taken over.
So it has a process of its own, without our credentials, with a deadline and limits of memory and
output.
"""
