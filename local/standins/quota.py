"""How much of a service one account may ask at once, and what it hears when it asks more."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from local.standins.wire import Refusal


@dataclass
class Quota:
    """Calls a second of each operation, and calls of all that may be under way.

    Above the first a caller hears ProvisionedThroughputExceededException, as Rekognition says
    for an operation's own quota; above the second ThrottlingException, as it says when the
    service has too much to do.
    """

    calls_a_second: int
    at_once: int
    _lately: dict[str, list[float]] = field(default_factory=dict)
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def one_call(self, operation: str) -> Iterator[None]:
        """Let one call through. Raises Refusal."""
        with self._lock:
            now = time.monotonic()
            lately = [at for at in self._lately.get(operation, []) if now - at < 1.0]
            if len(lately) >= self.calls_a_second:
                raise Refusal(
                    "ProvisionedThroughputExceededException",
                    f"Provisioned rate exceeded: {self.calls_a_second} {operation} calls a second",
                )
            if self._under_way >= self.at_once:
                raise Refusal(
                    "ThrottlingException", f"Rate exceeded: {self._under_way} calls are under way"
                )
            self._lately[operation] = [*lately, now]
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
