"""One story through a stack that was just deployed, by a user who lives as long as it takes."""

from __future__ import annotations

import secrets
import string
from argparse import ArgumentParser
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli import account, create
from cli.profile import Profile, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.outcome import Exit

#: From zero an endpoint starts in minutes, and may be slow to.
STORY_SECONDS = 1_800
PASSWORD_CHARACTERS = 32


def story(target: account.Target, photo: Path, out: Path) -> Exit:
    """Make one story and print its receipt. Raises CommandFailed if it does not become READY."""
    command = ArgumentParser()
    create.arguments(command)
    options = command.parse_args(
        [str(photo), "--out", str(out), "--plain", "--timeout", str(STORY_SECONDS)]
    )
    with _visitor(target) as profile:
        return create.make(options, lambda: profile)


@contextmanager
def _visitor(target: account.Target) -> Iterator[Profile]:
    """A user of the stack's pool, gone afterwards."""
    cognito = target.client("cognito-idp")
    pool, name = target.outputs["UserPoolId"], f"smoke-{secrets.token_hex(6)}"
    password = _password()
    with account.failures():
        cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    try:
        with account.failures():
            cognito.admin_set_user_password(
                UserPoolId=pool, Username=name, Password=password, Permanent=True
            )
        yield _profile(target, name, password)
    finally:
        with account.failures():
            cognito.admin_delete_user(UserPoolId=pool, Username=name)


def _profile(target: account.Target, name: str, password: str) -> Profile:
    endpoint = str(target.client("cognito-idp").meta.endpoint_url)
    # The local AWS knows no host names of APIs; AWS itself is reached by the stack's own output.
    local = is_loopback(endpoint)
    return Profile.model_validate(
        {
            "api_url": f"{endpoint}/_aws/execute-api/{target.outputs['ApiId']}/$default"
            if local
            else target.outputs["ApiUrl"],
            "cognito_url": endpoint,
            "client_id": target.outputs["UserPoolClientId"],
            "region": target.outputs["UserPoolId"].partition("_")[0],
            "username": name,
            "password": password,
        }
    )


def _password() -> str:
    """Random, with a character of each kind that the pool's policy asks for."""
    letters = string.ascii_letters + string.digits
    drawn = "".join(secrets.choice(letters) for _ in range(PASSWORD_CHARACTERS))
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")
    return drawn + "".join(secrets.choice(kind) for kind in kinds)
