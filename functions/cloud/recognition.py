"""Asking Rekognition what a picture shows: several questions at once, within the account's quota.

Every function that asks gets a share of the quota, as many calls a second as all of its instances
together may make, divided by how many there can be. A share is kept by waiting, never by failing.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from botocore.exceptions import ClientError
from pydantic import Field

from cloud.clients import answers, client, error_code
from cloud.environment import Environment, load
from story import policy
from story.errors import ModerationUnanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from story.contracts import ObjectRef

_MAX_LABELS: Final = 25
#: Below what counts as a person, since a person may be less certain than the scene around.
_MIN_LABEL_PERCENT: Final = 55
#: How many instances to reckon with where the template reserves no concurrency.
_USUAL_INSTANCES: Final = 20

_Answer = TypeVar("_Answer")


class RekognitionSettings(Environment):
    """What the account may ask, and how many instances of this function share it."""

    #: Calls a second of one operation, by Service Quotas.
    rekognition_quota: Annotated[float, Field(gt=0)]
    #: How many calls one instance makes at once.
    rekognition_concurrency: Annotated[int, Field(ge=1, le=16)]
    #: Reserved instances of this function; 0 reserves none.
    state_concurrency: Annotated[int, Field(ge=0)]

    @property
    def calls_a_second(self) -> float:
        """The share of one instance."""
        return self.rekognition_quota / (self.state_concurrency or _USUAL_INSTANCES)


class Pace:
    """Lets calls begin no closer together than a rate allows, from whichever thread they come."""

    def __init__(self) -> None:
        """The first call waits for nothing."""
        self._turn = threading.Lock()
        self._free_at = 0.0

    def wait(self, calls_a_second: float) -> None:
        """Return when the next call may begin."""
        with self._turn:
            now = time.monotonic()
            begins = max(now, self._free_at)
            self._free_at = begins + 1 / calls_a_second
        time.sleep(begins - now)


_paces: Final[dict[str, Pace]] = {}
_new_pace: Final = threading.Lock()


def together(questions: Sequence[Callable[[], _Answer]]) -> list[_Answer]:
    """The answers to several questions, asked at once as far as the settings allow, in order.

    Raises what the first of them raises that gets no answer.
    """
    at_once = load(RekognitionSettings).rekognition_concurrency
    client("rekognition")  # made here: threads that make it at once would make several
    with ThreadPoolExecutor(max_workers=min(at_once, len(questions))) as threads:
        return list(threads.map(lambda ask: ask(), questions))


def moderation(image: ObjectRef | bytes, least_percent: float) -> dict[str, Any]:
    """What moderation labels a picture has, from a confidence on; bytes are a JPEG's."""
    ask = client("rekognition").detect_moderation_labels
    return _answer(ask, image, MinConfidence=least_percent)


def text(image: ObjectRef) -> dict[str, Any]:
    """What can be read in a picture."""
    return _answer(client("rekognition").detect_text, image)


def faces(image: ObjectRef) -> dict[str, Any]:
    """Where faces are in a picture, and how old they may be."""
    ask = client("rekognition").detect_faces
    return _answer(ask, image, Attributes=["DEFAULT", "AGE_RANGE"])


def labels(image: ObjectRef) -> dict[str, Any]:
    """What a picture shows, the most certain first."""
    ask = client("rekognition").detect_labels
    return _answer(ask, image, MaxLabels=_MAX_LABELS, MinConfidence=_MIN_LABEL_PERCENT)


def celebrities(image: ObjectRef) -> dict[str, Any]:
    """Whom Rekognition knows in a picture."""
    return _answer(client("rekognition").recognize_celebrities, image)


def look(photo: ObjectRef) -> policy.Seen:
    """Who and what is in a photo. Raises ModerationUnanswered."""
    found_faces, found_labels = together([lambda: faces(photo), lambda: labels(photo)])
    return policy.who_is_there(found_faces, found_labels)


def _answer(
    ask: Callable[..., dict[str, Any]], image: ObjectRef | bytes, **asked: Any
) -> dict[str, Any]:
    """One call. Raises ModerationUnanswered for a picture that Rekognition does not take."""
    operation = ask.__name__
    given: dict[str, Any] = (
        {"Bytes": image}
        if isinstance(image, bytes)
        else {"S3Object": {"Bucket": image.bucket, "Name": image.key}}
    )
    with _new_pace:
        pace = _paces.setdefault(operation, Pace())
    pace.wait(load(RekognitionSettings).calls_a_second)
    try:
        with answers("Rekognition"):
            return ask(Image=given, **asked)
    except ClientError as error:
        what = f"{len(image)} bytes" if isinstance(image, bytes) else image.key
        raise ModerationUnanswered(
            f"Rekognition did not judge {what} ({operation}): {error_code(error)}"
        ) from error
