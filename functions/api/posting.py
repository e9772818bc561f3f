"""Letting others see a story, and the feed of those that everyone may see."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field, StringConstraints, TypeAdapter

from api import answers, media, page, retries, showing
from api.callers import caller
from api.problems import Refused, documented
from api.reading import Named, own, view_of
from cloud import addresses, posts, telemetry
from cloud.clients import answers as answered
from cloud.clients import client
from cloud.environment import Environment, load
from story.contracts import PostStoryInput, PostStoryOutput, StoryId
from story.errors import DependencyUnavailable
from story.view import Feed, PostedStory, PostStory, StoryView

if TYPE_CHECKING:
    from collections.abc import Mapping

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not
logger = Logger(service="api")

_PAGE, _MAX_PAGE = 20, 50
_MAX_CURSOR_CHARACTERS = 1_000
_Moment = Annotated[
    str, StringConstraints(pattern=r"^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z$")
]
#: The last story of a page: when it was posted, and its id.
_cursor: TypeAdapter[tuple[_Moment, StoryId]] = TypeAdapter(tuple[_Moment, StoryId])


class Settings(Environment):
    """Gate 3, a function of its own: it needs what would make every call of the API slower."""

    post_story_function: str = Field(min_length=1)


@router.post(
    "/stories/<story_id>/post",
    summary="Post a story",
    tags=["stories"],
    responses={
        200: {
            "description": "The story is POSTED, for 24 hours.",
            "content": {"application/json": {"model": StoryView}},
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
            "transition_not_allowed",
            "gates_not_passed",
            "credential_invalid",
            "words_not_allowed",
            "posting_suspended",
            "unavailable",
        ),
    },
    operation_id="postStory",
)
def post_story(
    story_id: Named,
    asked: Annotated[PostStory, Body(description="Who may see it, and what is written below it.")],
    idempotency_key: retries.IdempotencyKey,
) -> Any:
    """Of a READY one, through the last gate. To take it back, delete it."""
    creator = caller(router).sub
    own(story_id)

    def done() -> dict[str, str]:
        _through_gate_3(
            PostStoryInput(
                story_id=story_id,
                creator=creator,
                visibility=asked.visibility,
                caption=asked.caption,
                credited=asked.credited,
            )
        )
        return {"story_id": story_id}

    with telemetry.about(story_id=story_id):
        retries.once(
            done,
            creator=creator,
            operation="postStory",
            key=idempotency_key,
            payload=[story_id, asked.model_dump(mode="json")],
            context=router.lambda_context,
        )
    return answers.as_json(HTTPStatus.OK, view_of(own(story_id)))


def _through_gate_3(request: PostStoryInput) -> None:
    """Ask post_story. Raises Refused with its reason, or DependencyUnavailable if it broke."""
    with answered("Lambda"):
        answer = client("lambda").invoke(
            FunctionName=load(Settings).post_story_function,
            Payload=request.model_dump_json().encode(),
        )
    said = answer["Payload"].read()
    if "FunctionError" in answer:
        # What it was, its own log tells.
        raise DependencyUnavailable("post_story ended with an error")
    output = PostStoryOutput.model_validate_json(said)
    if output.refusal is not None:
        raise Refused(output.refusal, output.detail or "The story cannot be posted now.")
    if not output.posted:
        raise DependencyUnavailable("post_story has neither posted nor refused")


@router.get(
    "/feed",
    summary="See what others have posted",
    tags=["posts"],
    responses={
        200: {
            "description": "A page of posted stories, newest first.",
            "content": {"application/json": {"model": Feed}},
        },
        **documented("query_invalid", "cursor_invalid", "access_token_required", "unavailable"),
    },
    operation_id="getFeed",
)
def get_feed(
    cursor: Annotated[str | None, Query(description="`next` of the page before; opaque.")] = None,
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=_MAX_PAGE)] = _PAGE,
) -> Any:
    """Stories of the last 24 hours that everyone may see; new ones change no page after yours.

    What is restricted to an age is there for users alone who are known to be of it.
    """
    age = caller(router).least_age
    now = datetime.now(UTC)
    entries, more = posts.page(now, before=_read_cursor(cursor), limit=limit)
    records = posts.read([entry.story_id for entry in entries])
    found = (records.get(entry.story_id) for entry in entries)
    return answers.as_json(
        HTTPStatus.OK,
        Feed(
            stories=tuple(
                _shown(record, now) for record in found if record and _open(record, now, age)
            ),
            next=_write_cursor(entries[-1]) if more else None,
        ),
    )


@router.get(
    "/feed/<story_id>",
    summary="See one posted story",
    tags=["posts"],
    responses={
        200: {
            "description": "The story, as others see it.",
            "content": {"application/json": {"model": PostedStory}},
        },
        **documented(
            "access_token_required",
            "age_restricted",
            "story_not_found",
            "story_gone",
            "unavailable",
        ),
    },
    operation_id="getPostedStory",
)
def get_posted_story(story_id: Named) -> Any:
    """By its id, as its link has it, whether it is in the feed or not.

    The public page shows nobody what is restricted to an age; this does to users who are of it.
    """
    age, now = caller(router).least_age, datetime.now(UTC)
    record = page.seen(story_id, now, age=age)
    return answers.as_json(HTTPStatus.OK, _shown(record, now))


def _open(record: Mapping[str, Any], now: datetime, age: int) -> bool:
    """The index is a moment behind: what it names may be deleted, or over, since."""
    return (
        record.get("visibility") == "everyone"
        and showing.publicity(record, now, age=age) is showing.Public.SHOWN
    )


def _shown(record: Mapping[str, Any], now: datetime) -> PostedStory:
    story_id = str(record["story_id"])
    return showing.shown(
        record,
        link=lambda which, seconds: media.link(story_id, which, seconds),
        share_url=addresses.page_url(story_id),
        now=now,
    )


def _write_cursor(last: posts.Entry) -> str:
    return base64.urlsafe_b64encode(json.dumps(last).encode()).decode()


def _read_cursor(cursor: str | None) -> posts.Entry | None:
    if not cursor:
        return None
    try:
        posted_at, story_id = _cursor.validate_json(
            base64.urlsafe_b64decode(cursor[:_MAX_CURSOR_CHARACTERS].encode())
        )
        datetime.fromisoformat(posted_at)
    except ValueError as error:
        raise Refused(
            "cursor_invalid", "The cursor is not one that a list gave; leave it out to begin."
        ) from error
    return posts.Entry(posted_at, story_id)
