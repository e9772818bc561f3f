"""Who asks: from the claims of a token that API Gateway's JWT authorizer has verified."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from api.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

#: The operations that need no token: template.yaml gives them `Authorizer: NONE`.
PUBLIC = frozenset(
    {
        "GET /openapi.json",
        "GET /presets",
        "GET /s/{story_id}",
        "GET /s/{story_id}/poster.jpg",
        "GET /s/{story_id}/story.mp4",
        "POST /s/{story_id}/report",
        "GET /verify",
        "POST /verify",
        "GET /verify/{check_id}",
        "GET /review",
    }
)


#: The user pool's group whose members review.
REVIEWERS = "reviewers"
#: Whom the operator has assured to be of an age is in a group of that name, e.g. "age-18".
_AGE_GROUP = re.compile(r"age-(\d{1,2})")


class Caller(NamedTuple):
    """Cognito's `sub`, which never changes, and the groups of the user."""

    sub: str
    groups: frozenset[str]

    @property
    def least_age(self) -> int:
        """How old the user is known to be at least, in years: 0 where nobody has assured it."""
        named = (_AGE_GROUP.fullmatch(group) for group in self.groups)
        return max((int(found[1]) for found in named if found), default=0)


def caller(router: APIGatewayHttpRouter) -> Caller:
    """The caller of the request that a router is answering. Raises Refused without a token."""
    return of_event(router.current_event.raw_event)


def reviewer(router: APIGatewayHttpRouter) -> Caller:
    """The caller, who has to be in the group of reviewers. Raises Refused."""
    who = caller(router)
    if REVIEWERS not in who.groups:
        raise Refused("reviewers_only", f"Only users of the group {REVIEWERS} may do this.")
    return who


def of_event(event: Mapping[str, Any]) -> Caller:
    """Who sent a request; an id token is no permission.

    Raises Refused without an access token.
    """
    authorizer = event["requestContext"].get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    if claims.get("token_use") != "access" or not claims.get("sub"):
        raise Refused("access_token_required", "Send an access token, not an ID token.")
    return Caller(str(claims["sub"]), frozenset(_groups(claims.get("cognito:groups"))))


def _groups(claim: object) -> list[str]:
    """API Gateway writes a list claim as the text "[reviewers others]"."""
    if isinstance(claim, list):
        return [str(name) for name in claim]
    return str(claim or "").strip("[]").split()
