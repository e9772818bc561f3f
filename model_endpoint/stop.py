"""Why a clip in the making shall not be finished: looked at between any two of its steps."""

import time

from story.errors import EnlivenError, GenerationExpired


class Stop:
    """Of one clip. Asked for by one thread, looked at by the one that makes the clip."""

    def __init__(self, seconds: float) -> None:
        """A clip that takes longer than `seconds` is one too many: its result would be nobody's."""
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._why: EnlivenError | None = None

    def ask(self, why: EnlivenError) -> None:
        """Stop at the next step. The first reason counts."""
        if self._why is None:
            self._why = why

    def check(self) -> None:
        """Go on, or raise the reason not to.

        Raises:
            GenerationExpired: the time is over, or what was asked with.
        """
        if self._why is not None:
            raise self._why
        if time.monotonic() > self._deadline:
            raise GenerationExpired(f"not made within the {self._seconds:g} s of an invocation")
