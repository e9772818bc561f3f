"""What an ended execution means for its story: pure."""

import json
from typing import NamedTuple

from story.errors import EnlivenError, Permanent, concrete
from story.states import Status

_CODES = {error.__name__: error.code() for error in concrete(EnlivenError)}
_TOLD = {error.__name__ for error in concrete(Permanent)}


class Outcome(NamedTuple):
    """The status that closes the story, and what its creator is told."""

    status: Status
    code: str
    message: str


def of_execution(status: str, error: str | None, cause: str | None) -> Outcome:
    """How a story ends whose execution left it PROCESSING.

    status is Step Functions' own; error is the name that failed it, cause the JSON that Lambda
    wrote. A message is passed on only for our own permanent errors: those are written for people.
    """
    if status == "ABORTED":
        return Outcome(Status.CANCELLED, "cancelled", "The story was cancelled.")
    if status == "TIMED_OUT":
        return Outcome(Status.FAILED, "timed_out", "The story took too long and was given up.")
    if error in _TOLD:
        return Outcome(Status.FAILED, _CODES[error], _message(cause) or f"{error}.")
    if error in _CODES:
        return Outcome(
            Status.FAILED, _CODES[error], "A service we depend on did not answer. Try again later."
        )
    return Outcome(Status.FAILED, "internal", "Something failed on our side. Try again later.")


def _message(cause: str | None) -> str:
    """The errorMessage inside Lambda's cause; the cause itself where it is plain text."""
    if not cause:
        return ""
    try:
        parsed = json.loads(cause)
    except ValueError:
        return cause
    message = parsed.get("errorMessage") if isinstance(parsed, dict) else None
    return message if isinstance(message, str) else ""
