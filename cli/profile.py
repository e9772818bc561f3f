"""Profiles: where an Enliven is and who signs in there.

`local` is `.enliven/profile.json` in the project's folder, which `enliven up` writes; any other
name is `~/.config/enliven/NAME.json`, which the user writes.
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, ValidationError

from cli import checkout
from cli.outcome import CommandFailed, Exit

LOCAL = "local"
PASSWORD_VARIABLE = "ENLIVEN_PASSWORD"  # noqa: S105 - the variable's name, not a password
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_loopback(url: str) -> bool:
    """Whether a URL stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _http(url: str) -> str:
    """Refuse what would send a password in the clear, or nowhere."""
    scheme = urlsplit(url).scheme
    if scheme != "https" and not (scheme == "http" and is_loopback(url)):
        raise ValueError(f"{url!r} must begin with https:// (http:// only on this machine)")
    return url.rstrip("/")


Url = Annotated[str, AfterValidator(_http)]


class Profile(BaseModel):
    """One Enliven and one user of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_url: Url
    #: Cognito's address; the Region's public one when absent.
    cognito_url: Url | None = None
    client_id: str
    region: str
    username: str
    #: May be absent: then the environment's ENLIVEN_PASSWORD counts.
    password: SecretStr | None = None
    #: The certificate that the credentials of this Enliven's videos end at (PEM).
    root_certificate: Path | None = None
    #: The CloudFormation stack, for commands that look behind the API.
    stack: str | None = None
    #: A profile of ~/.aws/config that may look there; the environment's credentials when absent.
    aws_profile: str | None = None
    #: Where a local AWS listens; AWS itself when absent.
    aws_endpoint_url: Url | None = None

    @property
    def sign_in_url(self) -> str:
        """Where InitiateAuth is posted."""
        return self.cognito_url or f"https://cognito-idp.{self.region}.amazonaws.com"


def path_of(name: str) -> Path:
    """The file a profile is read from."""
    if name == LOCAL:
        return checkout.ROOT / checkout.STATE_FOLDER / "profile.json"
    if not _NAME.fullmatch(name):
        raise CommandFailed(
            "profile_invalid",
            f"{name!r} is no profile name: letters, digits, '.', '_' and '-' only",
            Exit.USAGE,
        )
    return Path.home() / ".config" / "enliven" / f"{name}.json"


def address(name: str) -> str:
    """Where a profile's API is: all that is needed to ask what anybody may ask."""
    return _read(name).api_url


def load(name: str) -> Profile:
    """Read a profile; raises CommandFailed that says which file and which key is wrong."""
    path, profile = path_of(name), _read(name)
    if profile.password is None:
        password = os.environ.get(PASSWORD_VARIABLE)
        if not password:
            raise CommandFailed(
                "password_missing", f"{path} has no `password` and {PASSWORD_VARIABLE} is not set"
            )
        profile = profile.model_copy(update={"password": SecretStr(password)})
    if profile.root_certificate is not None:
        beside = path.parent / profile.root_certificate
        profile = profile.model_copy(update={"root_certificate": beside})
    return profile


def _read(name: str) -> Profile:
    path = path_of(name)
    try:
        return Profile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        remedy = "run `enliven up`" if name == LOCAL else "write it, or use `--profile local`"
        raise CommandFailed(
            "profile_missing", f"no profile {name!r}: looked at {path}; {remedy}"
        ) from None
    except OSError as error:
        raise CommandFailed("profile_unreadable", f"{path}: {error.strerror}") from error
    except ValidationError as error:
        raise CommandFailed("profile_invalid", f"{path}: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, without the value: it may be the password."""
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    return f"{key}: {first['msg']}" if key else first["msg"]
