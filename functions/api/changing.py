"""What a creator does to a story that exists: call it off, try again, delete it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api import allowance, answers, retries
from api.callers import caller
from api.problems import Refused, documented
from api.reading import Named, own, view_of
from cloud import changes, switch, telemetry
from story.view import StoryView

if TYPE_CHECKING:
    from collections.abc import Callable

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not
logger = Logger(service="api")

#: What a failed attempt has left is cleared within a moment of its end.
_SETTLED_SECONDS = 1
_ASKED_ONCE = (
    "header_invalid",
    "idempotency_key_required",
    "idempotency_key_reused",
    "idempotency_in_progress",
    "access_token_required",
    "story_not_found",
    "transition_not_allowed",
)


@router.post(
    "/stories/<story_id>/cancel",
    summary="Call a story off",
    tags=["stories"],
    responses={
        200: {
            "description": "The story is CANCELLED; its media are being removed.",
            "content": {"application/json": {"model": StoryView}},
        },
        **documented(*_ASKED_ONCE, "unavailable"),
    },
    operation_id="cancelStory",
)
def cancel_story(story_id: Named, idempotency_key: retries.IdempotencyKey) -> Any:
    """Of a story that waits, is at work or under review: nothing is made of it any more."""
    return _once("cancelStory", story_id, idempotency_key, lambda: _cancel(story_id))


@router.post(
    "/stories/<story_id>/retry",
    summary="Try a failed story again",
    tags=["stories"],
    responses={
        200: {
            "description": "The story's next attempt is at work.",
            "content": {"application/json": {"model": StoryView}},
        },
        **documented(
            *_ASKED_ONCE, "photo_not_kept", "quota_exhausted", "service_paused", "unavailable"
        ),
    },
    operation_id="retryStory",
)
def retry_story(story_id: Named, idempotency_key: retries.IdempotencyKey) -> Any:
    """From its clean photo, which is kept for 24 hours; nothing has to be uploaded again."""
    creator = caller(router).sub
    switch.require_open()
    return _once("retryStory", story_id, idempotency_key, lambda: _retry(creator, story_id))


@router.delete(
    "/stories/<story_id>",
    summary="Delete a story",
    tags=["stories"],
    responses={
        204: {"description": "The story is gone, and its media and records are being erased."},
        **documented("access_token_required", "story_not_found", "unavailable"),
    },
    operation_id="deleteStory",
)
def delete_story(story_id: Named) -> Any:
    """Whatever its status, for good; a story at work is stopped."""
    creator = caller(router).sub
    own(story_id)
    changes.delete(story_id, by=creator)
    logger.info("deleted")
    return Response(
        status_code=HTTPStatus.NO_CONTENT, body="", headers={"Cache-Control": "no-store"}
    )


def _once(operation: str, story_id: str, key: str, do: Callable[[], None]) -> Any:
    creator = caller(router).sub
    own(story_id)

    def done() -> dict[str, str]:
        do()
        logger.info("changed", operation=operation)
        return {"story_id": story_id}

    with telemetry.about(story_id=story_id):
        retries.once(
            done,
            creator=creator,
            operation=operation,
            key=key,
            payload=story_id,
            context=router.lambda_context,
        )
    return answers.as_json(HTTPStatus.OK, view_of(own(story_id)))


def _cancel(story_id: str) -> None:
    try:
        changes.cancel(story_id)
    except changes.NotAllowed as refused:
        raise Refused(
            "transition_not_allowed",
            f"The story is {refused.status}: one can be called off while it is AWAITING_PHOTO,"
            " AWAITING_PROMPT, PROCESSING or UNDER_REVIEW. Any story can be deleted.",
        ) from refused


def _retry(creator: str, story_id: str) -> None:
    try:
        with allowance.held(creator, story_id) as day:
            changes.retry(story_id, quota_day=day)
    except changes.PhotoNotKept as refused:
        raise Refused(
            "photo_not_kept",
            "There is no photo of this story to try again with: it was no photo that we could use,"
            " or more than 24 hours have passed. Make a new story.",
        ) from refused
    except changes.NotYet as refused:
        raise Refused(
            "transition_not_allowed",
            "The story has failed just now and is being cleared up. Ask again in a second.",
            retry_seconds=_SETTLED_SECONDS,
        ) from refused
    except changes.NotAllowed as refused:
        raise Refused(
            "transition_not_allowed",
            f"The story is {refused.status}: only one that is FAILED can be tried again.",
        ) from refused
