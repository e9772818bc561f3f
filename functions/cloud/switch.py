"""The kill switch: an SSM parameter that an operator sets, and that work asks before it costs.

Only the word `open` is permission. Whatever else the parameter holds, and a parameter that is gone
or may not be read, closes the service. What was read counts for a few seconds, so that a busy
function does not ask for each request; a change therefore takes that long.
"""

from __future__ import annotations

import time

from botocore.exceptions import ClientError

from cloud.clients import answers, client, error_code
from cloud.environment import Environment, load
from story.errors import ServicePaused

OPEN = "open"
PAUSED = "paused"
#: How long an answer counts; an operator waits this long at most.
REMEMBER_SECONDS = 10.0
_UNREADABLE = frozenset({"ParameterNotFound", "AccessDeniedException"})

_remembered: dict[str, tuple[float, str]] = {}


class SwitchSettings(Environment):
    """Which parameter is the switch."""

    switch_parameter: str


def require_open() -> None:
    """Raise ServicePaused unless the switch says `open`; a Transient error if it cannot answer."""
    parameter = load(SwitchSettings).switch_parameter
    said = _read(parameter)
    if said != OPEN:
        raise ServicePaused(
            "The service is paused by its operator; stories can be made again when it is resumed"
        )


def forget() -> None:
    """Ask the parameter itself the next time."""
    _remembered.clear()


def _read(parameter: str) -> str:
    now = time.monotonic()
    read_at, said = _remembered.get(parameter, (now - REMEMBER_SECONDS, PAUSED))
    if now - read_at < REMEMBER_SECONDS:
        return said
    try:
        with answers("SSM"):
            answer = client("ssm").get_parameter(Name=parameter)
        said = str(answer["Parameter"]["Value"]).strip()
    except ClientError as error:
        if error_code(error) not in _UNREADABLE:
            raise
        raise ServicePaused(
            f"The switch {parameter} cannot be read ({error_code(error)}), so nothing is made"
        ) from error
    _remembered[parameter] = (now, said)
    return said
