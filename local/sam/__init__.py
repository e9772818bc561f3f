"""The functions as AWS would run them: built by `sam build`, invoked by `sam local invoke`.

build       both architectures, byte-compiled, each function proven to be complete
invoke      one function in a container, on the golden story of the running local stack
engine      the container engine: the one at hand, or one of its own that leaves no trace
emulation   Lambda's runtime interface emulator without any engine
"""
