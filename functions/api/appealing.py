"""A creator's appeal against what was decided about a story."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api import answers, retries
from api.callers import caller
from api.problems import Refused, documented
from api.reading import Named, own, view_of
from cloud import appeals, stories, telemetry
from story.review_view import AppealDecision  # noqa: TC001 - Powertools reads it
from story.view import StoryView

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not
logger = Logger(service="api")


@router.post(
    "/stories/<story_id>/appeal",
    summary="Appeal against a decision",
    tags=["stories"],
    responses={
        200: {
            "description": "A reviewer will look; the story stays as it is until then.",
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
            "appeal_not_allowed",
            "unavailable",
        ),
    },
    operation_id="appealStory",
)
def appeal_story(
    story_id: Named,
    asked: Annotated[AppealDecision, Body(description="What the reviewer should know.")],
    idempotency_key: retries.IdempotencyKey,
) -> Any:
    """Of a REJECTED or REMOVED story, within seven days and once. It can only help."""
    creator = caller(router).sub
    own(story_id)

    def done() -> dict[str, str]:
        try:
            appeals.appeal(story_id, asked.text, datetime.now(UTC))
        except appeals.NotAppealable as refused:
            raise Refused(
                "appeal_not_allowed",
                "A decision can be appealed once, within seven days, of a story that is REJECTED"
                " or REMOVED; `appeal_until` of the story says whether and until when.",
            ) from refused
        logger.info("appealed")
        return {"story_id": story_id}

    with telemetry.about(story_id=story_id):
        retries.once(
            done,
            creator=creator,
            operation="appealStory",
            key=idempotency_key,
            payload=[story_id, asked.model_dump(mode="json")],
            context=router.lambda_context,
        )
    verdicts = list(stories.partition("VERDICT", story_id))
    return answers.as_json(HTTPStatus.OK, view_of(own(story_id), verdicts=verdicts))
