"""With AUTH: what a function's session signs with cannot be guessed.

ministack derives it from the names of the function and its role, so whoever knows them could sign
URLs and forms as the function. `local/lan` lets presigned requests in from the LAN by it.
"""

import os
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sts

from local import credentials


def install() -> None:
    """Replace the secret of every session that a function gets, as it is registered."""
    issue = lambda_runtime.execution_credentials
    register = sts.register_session

    def register_with_secret(access_key: str, session: dict[str, Any]) -> None:
        # Sessions of AssumeRole expire, and their secrets are drawn; those of functions do neither.
        if "Expiration" not in session:
            session = {**session, "SecretAccessKey": _secret(access_key)}
        register(access_key, session)

    def issue_with_secret(config: dict[str, Any]) -> dict[str, str]:
        issued: dict[str, str] = issue(config)
        access_key = issued["AWS_ACCESS_KEY_ID"]
        if access_key not in sts._sessions:
            return issued  # without AUTH it is the account's own key
        return issued | {"AWS_SECRET_ACCESS_KEY": _secret(access_key)}

    sts.register_session = register_with_secret
    lambda_runtime.execution_credentials = issue_with_secret
    lambda_svc.execution_credentials = issue_with_secret


def _secret(access_key: str) -> str:
    return credentials.session_secret(os.environ["AWS_SECRET_ACCESS_KEY"], access_key)
