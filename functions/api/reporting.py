"""Reports of posted stories: by users, and by anybody from a story's page.

Who reports is told that it came, and nothing else: not whether others reported, nor what follows.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from botocore.exceptions import ClientError
from pydantic import Field, ValidationError

from api import answers, markup, page, retries, showing
from api.callers import caller
from api.problems import Refused, documented
from api.reading import Named  # noqa: TC001 - Powertools reads it
from cloud import reporters, reports, telemetry
from cloud.environment import Environment, load
from story.errors import Transient
from story.review_view import ReportReceived, ReportStory

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not
logger = Logger(service="api")

#: As the gateway names it; its body is a form's, which a page without script sends.
FORM_ROUTE = "POST /s/{story_id}/report"
FORM_TYPE = "application/x-www-form-urlencoded"
_HOUR_SECONDS = 3_600
_MAX_FIELDS = 16


class Settings(Environment):
    """How many points hide a story, and how many reports an hour one reporter may make."""

    report_threshold: int = Field(ge=1)
    reports_per_hour: int = Field(ge=1)


@router.post(
    "/stories/<story_id>/report",
    summary="Report a story",
    tags=["posts"],
    responses={
        202: {
            "description": "The report has come; a reviewer decides what follows.",
            "content": {"application/json": {"model": ReportReceived}},
        },
        **documented(
            "body_not_json",
            "body_invalid",
            "media_type_unsupported",
            "header_invalid",
            "idempotency_key_required",
            "idempotency_key_reused",
            "idempotency_in_progress",
            "access_token_required",
            "story_not_found",
            "story_gone",
            "unavailable",
        ),
    },
    operation_id="reportStory",
)
def report_story(
    story_id: Named,
    asked: Annotated[ReportStory, Body(description="What is wrong with it.")],
    idempotency_key: retries.IdempotencyKey,
) -> Any:
    """Of a posted one. Each user counts once for a story; nobody is told who reported."""
    sub = caller(router).sub

    def done() -> dict[str, str]:
        _report(story_id, reporters.account(sub), asked, anonymous=False)
        return {"story_id": story_id}

    with telemetry.about(story_id=story_id):
        retries.once(
            done,
            creator=sub,
            operation="reportStory",
            key=idempotency_key,
            payload=[story_id, asked.model_dump(mode="json")],
            context=router.lambda_context,
        )
    return answers.as_json(HTTPStatus.ACCEPTED, ReportReceived())


def _form_answers() -> dict[int, OpenAPIResponse]:
    told = {
        202: "A page that says: the report has come.",
        404: "A page that says: there is no such story, or it was never public.",
        410: "A page that says: the story is not shown any more.",
        422: "A page that says: a reason has to be chosen.",
        429: "A page that says: too many reports came from there.",
        503: "A page that says: please come back in a moment.",
    }
    return {
        status: {
            "description": meaning,
            "content": {"text/html": {"schema": {"type": "string"}}},
        }
        for status, meaning in told.items()
    }


@router.post(
    "/s/<story_id>/report",
    summary="Report a story from its page",
    tags=["posts"],
    responses=_form_answers(),
    operation_id="reportFromPage",
)
def report_from_page(story_id: page.Named, accept_language: page.Accepted = None) -> Any:
    """A form's answer, without account and script; an address counts once for a story."""
    language = markup.choose_language(accept_language)
    with telemetry.about(story_id=story_id[: page.ID_CHARACTERS]):
        try:
            _report(story_id, _address(), _read_form(), anonymous=True)
        except Refused as refused:
            return page.notice(refused.problem.status, _NOTICES[refused.problem.code], language)
        except (Transient, ClientError) as error:
            logger.warning("unavailable", error=type(error).__name__)
            return page.notice(HTTPStatus.SERVICE_UNAVAILABLE, "later", language)
        return page.notice(HTTPStatus.ACCEPTED, "reported", language)


#: Code of a refusal -> the page that says it.
_NOTICES = {
    "story_not_found": "missing",
    "story_gone": "gone",
    "body_invalid": "unreadable",
    "rate_exceeded": "often",
}


def _read_form() -> ReportStory:
    """The form's fields; an empty text is none. Raises Refused."""
    try:
        fields = parse_qs(router.current_event.decoded_body or "", max_num_fields=_MAX_FIELDS)
        said = {name: values[0].strip() for name, values in fields.items()}
        return ReportStory.model_validate({**said, "text": said.get("text") or None})
    except (ValidationError, ValueError) as error:
        raise Refused("body_invalid", "Choose what is wrong with the story.") from error


def _address() -> str:
    source: str = router.current_event.raw_event["requestContext"]["http"]["sourceIp"]
    return reporters.address(source, datetime.now(UTC))


_REPORTABLE = frozenset({showing.Public.SHOWN, showing.Public.RESTRICTED, showing.Public.HIDDEN})


def _report(story_id: str, reporter: str, asked: ReportStory, *, anonymous: bool) -> None:
    now, settings = datetime.now(UTC), load(Settings)
    _, public = page.find(story_id, now)
    if public is showing.Public.UNKNOWN:
        raise Refused("story_not_found", "There is no story that others may see by this name.")
    # Whoever was told of a story may report it, also one that is not for their age.
    if public not in _REPORTABLE:
        raise Refused("story_gone", "The story was shown, and is over or was taken back.")
    if not reporters.count_report(reporter, limit=settings.reports_per_hour, now=now):
        raise Refused(
            "rate_exceeded",
            f"At most {settings.reports_per_hour} reports an hour are taken from one reporter.",
            retry_seconds=_HOUR_SECONDS,
        )
    reports.report(
        story_id,
        reporter,
        reason=asked.reason,
        text=asked.text,
        anonymous=anonymous,
        threshold=settings.report_threshold,
        now=now,
    )
    logger.info("reported", reason=asked.reason.value, anonymous=anonymous)
