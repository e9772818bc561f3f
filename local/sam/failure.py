"""The one way in which this part of the stack says that something is not as it must be."""


class SamError(Exception):
    """A build, an engine or an invocation is not what it must be; the message says what is."""
