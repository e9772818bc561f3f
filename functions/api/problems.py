"""What a refused request is told: problem details (RFC 9457) with stable codes and plain sentences.

PROBLEMS is the one list of codes: the OpenAPI document, docs/api.md and the clients name no other.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from aws_lambda_powertools.event_handler import Response

from story.view import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

MEDIA_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """The status that a code always comes with, and what it means in general."""

    status: HTTPStatus
    title: str


PROBLEMS = {
    "body_not_json": Kind(HTTPStatus.BAD_REQUEST, "The body is not JSON."),
    "body_invalid": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The body is not what is asked for."),
    "media_type_unsupported": Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Bodies are sent as application/json."
    ),
    "query_invalid": Kind(HTTPStatus.BAD_REQUEST, "A query parameter cannot be used."),
    "header_invalid": Kind(HTTPStatus.BAD_REQUEST, "A header cannot be used."),
    "cursor_invalid": Kind(HTTPStatus.BAD_REQUEST, "The cursor is not one that a list gave."),
    "access_token_required": Kind(HTTPStatus.UNAUTHORIZED, "An access token is needed."),
    "not_found": Kind(HTTPStatus.NOT_FOUND, "There is nothing at this path."),
    "story_not_found": Kind(HTTPStatus.NOT_FOUND, "You have no such story."),
    "transition_not_allowed": Kind(
        HTTPStatus.CONFLICT, "The story's status does not allow this now."
    ),
    "photo_not_kept": Kind(HTTPStatus.CONFLICT, "There is no photo to try again with."),
    "gates_not_passed": Kind(
        HTTPStatus.CONFLICT, "The story has not passed every gate of today's policy."
    ),
    "credential_invalid": Kind(
        HTTPStatus.CONFLICT, "The video's Content Credentials do not hold any more."
    ),
    "words_not_allowed": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY, "The words of the story may not be posted."
    ),
    "posting_suspended": Kind(
        HTTPStatus.FORBIDDEN, "Strikes against you keep you from posting for a time."
    ),
    "appeal_not_allowed": Kind(
        HTTPStatus.CONFLICT, "There is no decision that can be appealed now."
    ),
    "reviewers_only": Kind(HTTPStatus.FORBIDDEN, "Only reviewers may do this."),
    "review_not_found": Kind(HTTPStatus.NOT_FOUND, "No such story waits for a reviewer."),
    "review_conflict": Kind(
        HTTPStatus.FORBIDDEN, "You may not decide about this story: it concerns yourself."
    ),
    "review_not_claimed": Kind(HTTPStatus.CONFLICT, "The story is not yours to decide now."),
    "decision_not_allowed": Kind(
        HTTPStatus.CONFLICT, "This cannot be decided about the story now."
    ),
    "check_not_found": Kind(HTTPStatus.NOT_FOUND, "There is no such check, or it is over."),
    "age_restricted": Kind(HTTPStatus.FORBIDDEN, "The story is not for viewers of every age."),
    "story_gone": Kind(HTTPStatus.GONE, "The story is not shown any more."),
    "upload_form_closed": Kind(
        HTTPStatus.CONFLICT, "The story does not wait for a photo any more."
    ),
    "idempotency_key_required": Kind(
        HTTPStatus.BAD_REQUEST, "Every POST carries an Idempotency-Key."
    ),
    "idempotency_key_reused": Kind(
        HTTPStatus.UNPROCESSABLE_ENTITY, "This Idempotency-Key was used for another request."
    ),
    "idempotency_in_progress": Kind(
        HTTPStatus.CONFLICT, "The first request with this Idempotency-Key is not answered yet."
    ),
    "quota_exhausted": Kind(HTTPStatus.TOO_MANY_REQUESTS, "Your stories of today are used up."),
    "rate_exceeded": Kind(
        HTTPStatus.TOO_MANY_REQUESTS, "Too many requests within a minute or an hour."
    ),
    "service_paused": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "New stories are paused."),
    "unavailable": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "A service did not answer in time."),
}


class Refused(Exception):
    """A request that cannot be served, as the problem that the client is told.

    retry_seconds becomes Retry-After (RFC 9110, 10.2.3), where asking again may help.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry_seconds: int | None = None,
        errors: Iterable[FieldError] = (),
        reset_at: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.retry_seconds = retry_seconds
        kind = PROBLEMS[code]
        self.problem = Problem(
            type=f"urn:enliven:problem:{code}",
            title=kind.title,
            status=kind.status,
            detail=detail,
            code=code,
            errors=tuple(errors),
            reset_at=reset_at,
        )

    def response(self) -> Response[str]:
        """The problem as an answer."""
        later = self.retry_seconds
        return Response(
            status_code=self.problem.status,
            content_type=MEDIA_TYPE,
            body=self.problem.model_dump_json(exclude_defaults=True),
            headers={
                "Cache-Control": "no-store",
                **({} if later is None else {"Retry-After": str(later)}),
            },
        )

    def event_answer(self) -> dict[str, Any]:
        """The same in API Gateway's form, for a request that no route has seen."""
        response = self.response()
        return {
            "statusCode": response.status_code,
            "headers": {"Content-Type": MEDIA_TYPE, **response.headers},
            "body": response.body,
            "isBase64Encoded": False,
        }


def of_validation(found: Iterable[Mapping[str, Any]]) -> Refused:
    """What is wrong with a request, from pydantic's errors, without the values that were sent."""
    errors = list(found)
    places = {str(error["loc"][0]) for error in errors if error["loc"]}
    if any(error["type"] == "json_invalid" for error in errors):
        return Refused("body_not_json", "The body must be a JSON object.")
    if "path" in places:
        return Refused("story_not_found", "A story's id is 32 lower-case hexadecimal digits.")
    if "header" in places:
        return _of_header(errors)
    told = [_told(error) for error in errors]
    detail = "; ".join(f"{each.field}: {each.detail}" for each in told)
    return Refused("query_invalid" if "query" in places else "body_invalid", detail, errors=told)


def _of_header(errors: list[Mapping[str, Any]]) -> Refused:
    for error in errors:
        if str(error["loc"][-1]).lower() != "idempotency-key":
            continue
        if error["type"] == "missing":
            return Refused(
                "idempotency_key_required",
                "Send the header Idempotency-Key: a random value, new for each thing that you"
                " want done, the same when you repeat it.",
            )
    told = [_told(error) for error in errors]
    detail = "; ".join(f"{each.field}: {each.detail}" for each in told)
    return Refused("header_invalid", detail, errors=told)


def _told(error: Mapping[str, Any]) -> FieldError:
    where = [str(part) for part in error["loc"]]
    if where and where[0] in {"body", "query", "header"}:
        where = where[1:]
    return FieldError(field=".".join(where) or "body", detail=str(error["msg"]))


def documented(*codes: str) -> dict[int, OpenAPIResponse]:
    """The OpenAPI responses of an operation that may refuse with these codes."""
    by_status: dict[int, list[str]] = {}
    # Whoever must say who he is has his requests counted.
    counted = ("rate_exceeded",) if "access_token_required" in codes else ()
    for code in (*codes, *counted):
        by_status.setdefault(PROBLEMS[code].status, []).append(code)
    return {
        int(status): {
            "description": " ".join(f"`{code}`: {PROBLEMS[code].title}" for code in named),
            "content": {MEDIA_TYPE: {"model": Problem}},
        }
        for status, named in sorted(by_status.items())
    }
