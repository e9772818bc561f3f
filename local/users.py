"""The users of a stack on a laptop: two creators and a reviewer, with passwords of their own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import string
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.stack import LocalStack

REVIEWERS, ADULTS = "reviewers", "age-18"
#: Name -> groups. The first is whom the command line signs in as.
_USERS: dict[str, tuple[str, ...]] = {"ana": (), "bo": (), "rita": (REVIEWERS, ADULTS)}
USERS_FILE = "users.json"
_PASSWORD_CHARACTERS = 24


@dataclass(frozen=True)
class DemoUser:
    """One user of the stack's pool."""

    username: str
    password: str
    groups: tuple[str, ...]


def install(stack: LocalStack, outputs: Mapping[str, str]) -> tuple[DemoUser, ...]:
    """Make the demo's users in the deployed pool, or find them there.

    Their passwords are random and kept in `.enliven/users.json`, readable by its owner only; they
    outlive the pool, so that a restart does not change them.
    """
    cognito = stack.client("cognito-idp")
    pool = outputs["UserPoolId"]
    kept = _read(stack.state_dir / USERS_FILE)
    users = tuple(
        DemoUser(name, kept.get(name) or _password(), groups) for name, groups in _USERS.items()
    )
    for user in users:
        _install(cognito, pool, user)
    _write(stack.state_dir / USERS_FILE, users)
    return users


def access_token(stack: LocalStack, outputs: Mapping[str, str], user: DemoUser) -> str:
    """Sign a user in; the API takes this token as `Authorization: Bearer`."""
    answer = stack.client("cognito-idp").initiate_auth(
        ClientId=outputs["UserPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user.username, "PASSWORD": user.password},
    )
    token: str = answer["AuthenticationResult"]["AccessToken"]
    return token


def _install(cognito: Any, pool: str, user: DemoUser) -> None:
    with contextlib.suppress(cognito.exceptions.UsernameExistsException):
        cognito.admin_create_user(UserPoolId=pool, Username=user.username, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=user.username, Password=user.password, Permanent=True
    )
    for group in user.groups:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=user.username, GroupName=group)


def _password() -> str:
    """Random, with a character of each kind that a pool's policy may ask for."""
    letters = string.ascii_letters + string.digits
    drawn = "".join(secrets.choice(letters) for _ in range(_PASSWORD_CHARACTERS))
    return (
        drawn
        + secrets.choice(string.ascii_lowercase)
        + secrets.choice(string.ascii_uppercase)
        + secrets.choice(string.digits)
        + secrets.choice("-_.!")
    )


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    return {user["username"]: user["password"] for user in json.loads(path.read_text())}


def _write(path: Path, users: tuple[DemoUser, ...]) -> None:
    private = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(private, "w") as file:
        path.chmod(0o600)  # also if it was there before, with another mode
        json.dump([asdict(user) for user in users], file, indent=2)
