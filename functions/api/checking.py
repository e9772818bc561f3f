"""Checks of files: whoever meets a clip asks whether it was made here, without an account."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.openapi.params import Header, Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from api import answers, media, retries, showing, telling, verify_words
from api.problems import Refused, documented
from cloud import addresses, checks, reporters, stories, telemetry
from cloud.environment import Environment, load
from story.checks import Check, CheckCreated
from story.identifiers import STORY_ID

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not
logger = Logger(service="api")

_ID_BYTES = 16
#: When who waits may ask again.
_ASK_AGAIN_SECONDS = 1

Named = Annotated[str, Path(description="The check's id: 32 lower-case hexadecimal digits.")]
Accepted = Annotated[
    str | None,
    Header(
        alias="Accept-Language",
        description="The languages that the words of the answer are liked best in: ar, de, en, es,"
        " fr, ja, pt or zh.",
    ),
]


class Settings(Environment):
    """How many files an hour are looked at: for one address, and for all together."""

    checks_per_hour: int = Field(ge=1)
    checks_per_hour_of_all: int = Field(ge=1)


@router.post(
    "/verify",
    summary="Ask whether a file was made here",
    tags=["checks"],
    responses={
        201: {
            "description": "A form that takes the file within ten minutes, and where the answer"
            " will be. The file is deleted within a minute after it has come.",
            "content": {"application/json": {"model": CheckCreated}},
        },
        **documented(
            "header_invalid",
            "idempotency_key_required",
            "idempotency_key_reused",
            "idempotency_in_progress",
            "rate_exceeded",
            "unavailable",
        ),
    },
    operation_id="createCheck",
)
def create_check(idempotency_key: retries.IdempotencyKey) -> Any:
    """Send the file with the form, and ask for the check until its status is done or failed."""
    now = datetime.now(UTC)
    source: str = router.current_event.raw_event["requestContext"]["http"]["sourceIp"]
    asker = reporters.address(source, now)
    outcome = retries.once(
        lambda: {"check_id": _make(asker, now)},
        creator=asker,
        operation="createCheck",
        key=idempotency_key,
        payload=None,
        context=router.lambda_context,
    )
    check_id = outcome["check_id"]
    form = _form(check_id, datetime.now(UTC))
    return answers.as_json(
        HTTPStatus.CREATED,
        CheckCreated(id=check_id, upload=form),
        {"Location": f"/verify/{check_id}"},
    )


@router.get(
    "/verify/<check_id>",
    summary="What was found in a file",
    tags=["checks"],
    responses={
        200: {
            "description": "How far the check is and, once it is done, its answer.",
            "content": {"application/json": {"model": Check}},
            "headers": {
                "Retry-After": {
                    "description": "While there is no answer: when to ask again, seconds.",
                    "schema": {"type": "integer"},
                }
            },
        },
        **documented("check_not_found", "unavailable"),
    },
    operation_id="getCheck",
)
def get_check(check_id: Named, accept_language: Accepted = None) -> Any:
    """It is told for an hour, to whoever has its id, in words of the language that one likes."""
    now = datetime.now(UTC)
    record = checks.find(check_id, now) if STORY_ID.fullmatch(check_id) else None
    if record is None:
        raise Refused("check_not_found", "A check is told of for an hour after it was made.")
    posted, shown = _story_of(record, now)
    language = verify_words.choose_language(accept_language)
    told = telling.tell(check_id, record, now, posted=posted, shown=shown, language=language)
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    if told.status not in {"done", "failed"}:
        headers["Retry-After"] = str(_ASK_AGAIN_SECONDS)
    return answers.as_json(HTTPStatus.OK, told, headers)


def _make(asker: str, now: datetime) -> str:
    settings = load(Settings)
    for who, limit, whose in (
        (asker, settings.checks_per_hour, "for one address"),
        (reporters.EVERYBODY, settings.checks_per_hour_of_all, "for all together"),
    ):
        if not reporters.count_check(who, limit=limit, now=now):
            ends = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
            raise Refused(
                "rate_exceeded",
                f"At most {limit} files an hour are looked at {whose}; the next hour begins at"
                f" {ends:%H:%M} UTC.",
                retry_seconds=max(1, int((ends - now).total_seconds()) + 1),
            )
    check_id = secrets.token_hex(_ID_BYTES)
    with telemetry.about(check_id=check_id):
        checks.create(check_id, now)
        logger.info("check_created")
    return check_id


def _form(check_id: str, now: datetime) -> Any:
    """The form of a check that waits for its file; None if it does not (any more)."""
    record = checks.find(check_id, now)
    if record is None or record["status"] != "waiting":
        return None
    left = int((datetime.fromisoformat(record["form_until"]) - now).total_seconds())
    return media.check_form(check_id, record["form_until"], left) if left > 0 else None


def _story_of(record: dict[str, Any], now: datetime) -> tuple[bool, tuple[str | None, str] | None]:
    """Whether the story that an answer is about was posted; what of it is shown, by consent."""
    if record["status"] != "done":
        return False, None
    found = telling.conclusion_of(record).record
    if found is None:
        return False, None
    story = stories.find(
        found.story_id,
        "status", "posted_at", "expires_at", "deleted_at", "caption", "credited",
    )  # fmt: skip
    if story is None or "posted_at" not in story or "deleted_at" in story:
        return False, None
    if not story.get("credited") or showing.publicity(story, now) is not showing.Public.SHOWN:
        return True, None
    return True, (story.get("caption"), f"{addresses.page_url(found.story_id)}/poster.jpg")
