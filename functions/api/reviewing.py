"""What reviewers do: see what waits, take a story, look at it, decide. And their page.

These routes lead to a function of their own, whose role may read the evidence; the API's may not.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import StringConstraints, TypeAdapter

from api import answers, media, retries, review_page, reviewed
from api.callers import reviewer
from api.problems import Refused, documented
from cloud import reports, review_queue, reviews, stories, telemetry
from story import review
from story.contracts import StoryId
from story.review_view import Decided, DecideReview, ReviewList, ReviewSummary, ReviewView

if TYPE_CHECKING:
    from collections.abc import Callable

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not
logger = Logger(service="api")

_PAGE, _MAX_PAGE = 20, 50
_MAX_CURSOR_CHARACTERS = 1_000
#: What a story was judged on is put aside within a moment.
_AGAIN_SECONDS = 1
_Queue = Annotated[str, StringConstraints(pattern=r"^[0-2]$")]
_Moment = Annotated[str, StringConstraints(pattern=r"^[0-9T:.-]{19,26}Z$")]
_cursor: TypeAdapter[tuple[_Queue, _Moment, StoryId]] = TypeAdapter(tuple[_Queue, _Moment, StoryId])

Named = Annotated[StoryId, Path(description="The story's id, as GET /reviews answered it.")]
_CODES = {
    reviews.NotWaiting: "review_not_found",
    reviews.NotYours: "review_conflict",
    reviews.Taken: "review_not_claimed",
    reviews.NotDecidable: "decision_not_allowed",
    reviews.NotYet: "decision_not_allowed",
}
_ACT = (
    "header_invalid",
    "idempotency_key_required",
    "idempotency_key_reused",
    "idempotency_in_progress",
    "access_token_required",
    "reviewers_only",
    # What is no story's id is told as for any other.
    "story_not_found",
    "review_not_found",
)


@router.get(
    "/reviews",
    summary="What waits for a reviewer",
    tags=["reviews"],
    responses={
        200: {
            "description": "A page of the queue.",
            "content": {"application/json": {"model": ReviewList}},
        },
        **documented(
            "query_invalid",
            "cursor_invalid",
            "access_token_required",
            "reviewers_only",
            "unavailable",
        ),
    },
    operation_id="listReviews",
)
def list_reviews(
    cursor: Annotated[str | None, Query(description="`next` of the page before; opaque.")] = None,
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=_MAX_PAGE)] = _PAGE,
) -> Any:
    """The most urgent first; of those the one that waits longest."""
    who, now = reviewer(router).sub, datetime.now(UTC)
    records, last = review_queue.page(_read_cursor(cursor), limit)
    return answers.as_json(
        HTTPStatus.OK,
        ReviewList(
            reviews=tuple(
                reviewed.summary(record, _reports(record), reviewer=who, now=now)
                for record in records
            ),
            next=_write_cursor(last) if last else None,
        ),
    )


@router.get(
    "/reviews/<story_id>",
    summary="Look at a story that waits",
    tags=["reviews"],
    responses={
        200: {
            "description": "Verdicts, reports, appeal, and links to what was kept.",
            "content": {"application/json": {"model": ReviewView}},
        },
        **documented(
            "access_token_required",
            "reviewers_only",
            "story_not_found",
            "review_not_found",
            "unavailable",
        ),
    },
    operation_id="getReview",
)
def get_review(story_id: Named) -> Any:
    """Links live for five minutes. What is under a legal hold is shown to no reviewer."""
    who = reviewer(router).sub
    with telemetry.about(story_id=story_id):
        return answers.as_json(HTTPStatus.OK, _view(story_id, who))


@router.post(
    "/reviews/<story_id>/claim",
    summary="Take a story to decide about it",
    tags=["reviews"],
    responses={
        200: {
            "description": "The story is yours for 15 minutes; claim it again for 15 more.",
            "content": {"application/json": {"model": ReviewSummary}},
        },
        **documented(*_ACT, "review_conflict", "review_not_claimed", "unavailable"),
    },
    operation_id="claimReview",
)
def claim_review(story_id: Named, idempotency_key: retries.IdempotencyKey) -> Any:
    """Nobody else can decide about it meanwhile."""
    who = reviewer(router).sub
    _once(
        "claimReview",
        story_id,
        idempotency_key,
        lambda: reviews.claim(story_id, who, datetime.now(UTC)),
    )
    return _summary(story_id, who)


@router.post(
    "/reviews/<story_id>/release",
    summary="Give a story back to the queue",
    tags=["reviews"],
    responses={
        200: {
            "description": "The story is anybody's, if it was yours.",
            "content": {"application/json": {"model": ReviewSummary}},
        },
        **documented(*_ACT, "unavailable"),
    },
    operation_id="releaseReview",
)
def release_review(story_id: Named, idempotency_key: retries.IdempotencyKey) -> Any:
    """Without a decision."""
    who = reviewer(router).sub
    _once(
        "releaseReview",
        story_id,
        idempotency_key,
        lambda: reviews.release(story_id, who, datetime.now(UTC)),
    )
    return _summary(story_id, who)


@router.post(
    "/reviews/<story_id>/decide",
    summary="Decide about a story",
    tags=["reviews"],
    responses={
        200: {
            "description": "It is decided; what follows from it follows within a moment.",
            "content": {"application/json": {"model": Decided}},
        },
        **documented(
            "body_not_json",
            "body_invalid",
            "media_type_unsupported",
            *_ACT,
            "review_conflict",
            "review_not_claimed",
            "decision_not_allowed",
            "unavailable",
        ),
    },
    operation_id="decideReview",
)
def decide_review(
    story_id: Named,
    asked: Annotated[DecideReview, Body(description="The decision, and why.")],
    idempotency_key: retries.IdempotencyKey,
) -> Any:
    """Of a story that you have claimed. Your own, and appeals of your decisions, are others'."""
    who = reviewer(router).sub

    def decide() -> None:
        reviews.decide(
            story_id,
            who,
            reviews.Decided(asked.decision, asked.reason, _categories(story_id, asked)),
            datetime.now(UTC),
        )

    _once("decideReview", story_id, idempotency_key, decide, asked.model_dump(mode="json"))
    record = stories.find(story_id, "status")
    if record is None:
        raise Refused("review_not_found", f"Story {story_id} was deleted meanwhile.")
    return answers.as_json(
        HTTPStatus.OK, Decided(id=story_id, decision=asked.decision, status=record["status"])
    )


@router.get(
    "/review",
    summary="The reviewers' page",
    tags=["reviews"],
    responses={
        200: {
            "description": "A page that is a client of this API; it shows nothing before its user"
            " has signed in.",
            "content": {"text/html": {"schema": {"type": "string"}}},
        }
    },
    operation_id="showReviewPage",
)
def show_review_page() -> Any:
    """Queue, evidence and decision, by keyboard alone."""
    made = review_page.page()
    return Response(
        status_code=HTTPStatus.OK,
        content_type="text/html; charset=utf-8",
        body=made.html,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": made.security_policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex, nofollow, noarchive",
        },
    )


def _once(
    operation: str, story_id: str, key: str, do: Callable[[], None], said: object = None
) -> None:
    """Do it once; a reviewer's refusal is told by its code."""

    def done() -> dict[str, str]:
        try:
            do()
        except reviews.Refusal as refused:
            again = _AGAIN_SECONDS if isinstance(refused, reviews.NotYet) else None
            raise Refused(_CODES[type(refused)], str(refused), retry_seconds=again) from refused
        logger.info("reviewed", operation=operation)
        return {"story_id": story_id}

    with telemetry.about(story_id=story_id):
        retries.once(
            done,
            creator=reviewer(router).sub,
            operation=operation,
            key=key,
            payload=[story_id, said],
            context=router.lambda_context,
        )


def _categories(story_id: str, asked: DecideReview) -> tuple[str, ...]:
    """What is set aside by `allow` and `overturn`, or what `remove` is for. Raises Refused."""
    if asked.decision == "remove":
        known = {each.value for each in review.ReportReason}
    else:
        record = _waiting(story_id)
        fired = reviewed.fired(record, list(stories.partition("VERDICT", story_id)))
        if asked.decision in {"allow", "overturn"} and not asked.categories:
            return fired
        known = set(fired)
    unknown = [each for each in asked.categories if each not in known]
    if unknown:
        raise Refused(
            "body_invalid",
            f"categories: {', '.join(map(repr, unknown))} decided nothing here; it is of"
            f" {', '.join(sorted(known)) or 'nothing'}.",
        )
    return tuple(asked.categories)


def _waiting(story_id: str) -> dict[str, Any]:
    try:
        return reviews.find(story_id)
    except reviews.NotWaiting as refused:
        raise Refused("review_not_found", str(refused)) from refused


def _reports(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Only what was posted can have been reported."""
    return reports.of_story(str(record["story_id"])) if "posted_at" in record else []


def _summary(story_id: str, who: str) -> Any:
    record = _waiting(story_id)
    return answers.as_json(
        HTTPStatus.OK,
        reviewed.summary(record, _reports(record), reviewer=who, now=datetime.now(UTC)),
    )


def _view(story_id: str, who: str) -> ReviewView:
    record = _waiting(story_id)
    return reviewed.view(
        record,
        verdicts=list(stories.partition("VERDICT", story_id)),
        reports=_reports(record),
        sign=lambda name: media.evidence_link(story_id, name),
        reviewer=who,
        now=datetime.now(UTC),
    )


def _write_cursor(last: review_queue.Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(last).encode()).decode()


def _read_cursor(cursor: str | None) -> review_queue.Place | None:
    if not cursor:
        return None
    try:
        return review_queue.Place(
            *_cursor.validate_json(
                base64.urlsafe_b64decode(cursor[:_MAX_CURSOR_CHARACTERS].encode())
            )
        )
    except ValueError as error:
        raise Refused(
            "cursor_invalid", "The cursor is not one that a list gave; leave it out to begin."
        ) from error
