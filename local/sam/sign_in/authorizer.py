"""A Lambda authorizer that takes the local user pool's access tokens; only `sam local` runs it."""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3
from botocore.exceptions import ClientError


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Let a request through with its token's claims, if the pool knows the token."""
    (given,) = event["identitySource"]
    token = given.removeprefix("Bearer ")
    try:
        boto3.client("cognito-idp").get_user(AccessToken=token)
    except ClientError:
        return {"isAuthorized": False}
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return {"isAuthorized": True, "context": claims}
