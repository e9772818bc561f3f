"""Asking before something is done that costs or deletes; `--yes` answers where nobody can."""

from __future__ import annotations

import sys

from cli.outcome import CommandFailed, Exit


def confirm(question: str, *, yes: bool, word: str = "yes") -> None:
    """Go on only if the answer is the word. Raises CommandFailed if it is not, or none comes."""
    if yes:
        print(f"{question} {word} (--yes)")
        return
    if not sys.stdin.isatty():
        raise CommandFailed(
            "answer_missing", f"{question} Nobody is there to answer: pass --yes", Exit.USAGE
        )
    answer = input(f"{question} Type {word!r} to go on: ").strip()
    if answer.lower() != word.lower():
        raise CommandFailed("stopped", "nothing was done", Exit.USAGE)
