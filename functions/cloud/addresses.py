"""Where people open what is shared: a parameter, which the template fills and an operator may.

It cannot be a variable of the API's function: its own address is only known once it is deployed.
"""

from __future__ import annotations

import re
import time

from botocore.exceptions import ClientError
from pydantic import Field

from cloud.clients import answers, client, error_code
from cloud.environment import Environment, load
from story.errors import SettingInvalid

#: How long an answer counts.
REMEMBER_SECONDS = 300.0
_URL = re.compile(r"https?://[^\s\"'<>?#]+")

_remembered: dict[str, tuple[float, str]] = {}


class AddressSettings(Environment):
    """Which parameter holds the address."""

    public_url_parameter: str = Field(min_length=1)


def public_url() -> str:
    """The URL that paths of this API are appended to, without a slash at its end.

    Raises SettingInvalid if there is none.
    """
    parameter = load(AddressSettings).public_url_parameter
    now = time.monotonic()
    if parameter in _remembered and now - _remembered[parameter][0] < REMEMBER_SECONDS:
        return _remembered[parameter][1]
    try:
        with answers("SSM"):
            value = str(client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"])
    except ClientError as error:
        if error_code(error) != "ParameterNotFound":
            raise
        raise SettingInvalid(f"There is no parameter {parameter}: it holds our address") from error
    if not _URL.fullmatch(value):
        raise SettingInvalid(
            f"Parameter {parameter} holds {value!r}; it has to be like https://stories.example"
        )
    _remembered[parameter] = (now, value.rstrip("/"))
    return value.rstrip("/")


def page_url(story_id: str) -> str:
    """The page that shows a posted story to anybody."""
    return f"{public_url()}/s/{story_id}"


def forget() -> None:
    """Ask the parameter itself the next time."""
    _remembered.clear()
