"""The API's handler, told who calls as API Gateway's JWT authorizer tells it.

`sam local start-api` knows no JWT authorizers. Beside it, never deployed, authorizer.py asks the
local user pool; what it found out is put where API Gateway would have put it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api import handler as api

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One HTTP request of somebody who has signed in."""
    claims = event["requestContext"]["authorizer"]["lambda"]
    event["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    return api.handler(event, context)
