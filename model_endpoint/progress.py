"""Telling the bus how far a generation is: in the background, seldom, and never in its way."""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from story.generation import PROGRESS_DETAIL_TYPE, PROGRESS_SOURCE, Progress

#: At most one event in this time, and one at the end.
INTERVAL_SECONDS = 0.5
#: A bus that hangs must not hold back the answer.
TIMEOUT_SECONDS = 2.0
LOG = logging.getLogger("enliven.endpoint")

#: Puts one event on a bus.
Send = Callable[[Progress], None]


def bus_sender(bus: str) -> Send:
    """A sender to the EventBridge bus of this name or ARN, in the environment's region."""
    client = boto3.client(
        "events",
        config=Config(
            connect_timeout=TIMEOUT_SECONDS,
            read_timeout=TIMEOUT_SECONDS,
            retries={"total_max_attempts": 1},
        ),
    )

    def send(progress: Progress) -> None:
        try:
            answer = client.put_events(
                Entries=[
                    {
                        "EventBusName": bus,
                        "Source": PROGRESS_SOURCE,
                        "DetailType": PROGRESS_DETAIL_TYPE,
                        "Detail": progress.model_dump_json(),
                    }
                ]
            )
        except (BotoCoreError, ClientError) as error:
            LOG.warning("progress not sent", extra={"facts": {"reason": str(error)}})
            return
        if answer["FailedEntryCount"]:
            reason = answer["Entries"][0]["ErrorCode"]
            LOG.warning("progress refused", extra={"facts": {"reason": reason}})

    return send


def to_nobody(progress: Progress) -> None:
    """The sender of an endpoint without a bus."""


class Herald:
    """Sends the newest progress of one generation from its own thread; older news is dropped."""

    def __init__(self, inference_id: str, send: Send, interval: float = INTERVAL_SECONDS) -> None:
        """Prepare; the thread lives between enter and exit."""
        self._inference_id = inference_id
        self._send = send
        self._interval = interval
        self._news: Progress | None = None
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def tell(self, fraction: float, stage: str) -> None:
        """Note where the generation is. Never waits for the bus."""
        with self._changed:
            self._news = Progress(
                inference_id=self._inference_id, fraction=min(1.0, fraction), stage=stage
            )
            self._changed.notify()

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the last news out, but wait no longer than the bus's time-out for it."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(2 * TIMEOUT_SECONDS)

    def _run(self) -> None:
        sent_at = -self._interval
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._news is not None or self._ended)
                while not self._ended and (wait := sent_at + self._interval - time.monotonic()) > 0:
                    self._changed.wait(wait)
                news, self._news = self._news, None
                ended = self._ended
            if news is not None:
                sent_at = time.monotonic()
                self._send(news)
            if ended:
                return
