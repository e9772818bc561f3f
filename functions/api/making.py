"""How a story begins: it is made, waits for its photo, and its form can be renewed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api import allowance, answers, engine, media, retries
from api.callers import caller
from api.problems import Refused, documented
from api.reading import Named, own, view_of
from cloud import changes, quotas, stories, switch, telemetry
from story import identifiers, limits
from story.states import Status
from story.view import CreateStory, GivePrompt, StoryCreated, StoryView, UploadForm

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not
logger = Logger(service="api")

#: A record whose photo never came is removed by DynamoDB a day after its form expired.
_FORGET_AFTER = timedelta(days=1)


@router.post(
    "/stories",
    summary="Make a story",
    tags=["stories"],
    responses={
        201: {
            "description": "The story, and the form that delivers its photo.",
            "content": {"application/json": {"model": StoryCreated}},
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
            "quota_exhausted",
            "service_paused",
            "unavailable",
        ),
    },
    operation_id="createStory",
)
def create_story(
    asked: Annotated[CreateStory, Body(description="What the story shall be.")],
    idempotency_key: retries.IdempotencyKey,
) -> Any:
    """A story that waits for its photo. Send the photo with the form, within the hour."""
    creator = caller(router).sub
    engine.require_seconds(asked.seconds)
    switch.require_open()
    outcome = retries.once(
        lambda: {"story_id": _make(creator, asked)},
        creator=creator,
        operation="createStory",
        key=idempotency_key,
        payload=asked.model_dump(mode="json"),
        context=router.lambda_context,
    )
    record = own(outcome["story_id"])
    return answers.as_json(
        HTTPStatus.CREATED,
        StoryCreated(story=view_of(record), upload=_form(record)),
        {"Location": f"/stories/{record['story_id']}"},
    )


@router.post(
    "/stories/<story_id>/upload",
    summary="Renew the upload form",
    tags=["stories"],
    responses={
        200: {
            "description": "Another form, which lives for 60 minutes from now.",
            "content": {"application/json": {"model": UploadForm}},
        },
        **documented(
            "header_invalid",
            "idempotency_key_required",
            "idempotency_key_reused",
            "idempotency_in_progress",
            "access_token_required",
            "story_not_found",
            "upload_form_closed",
            "service_paused",
            "unavailable",
        ),
    },
    operation_id="renewUpload",
)
def renew_upload(story_id: Named, idempotency_key: retries.IdempotencyKey) -> Any:
    """A form for a story whose photo has not come; the story waits as long as the form lives."""
    creator = caller(router).sub
    day = own(story_id).get("quota_day")
    switch.require_open()
    retries.once(
        lambda: {"story_id": _prolong(creator, story_id, day)},
        creator=creator,
        operation="renewUpload",
        key=idempotency_key,
        payload=story_id,
        context=router.lambda_context,
    )
    form = _form(own(story_id))
    if form is None:
        raise Refused("upload_form_closed", "The photo of this story has come meanwhile.")
    return answers.as_json(HTTPStatus.OK, form)


@router.put(
    "/stories/<story_id>/prompt",
    summary="Give a draft its prompt",
    tags=["stories"],
    responses={
        200: {
            "description": "The story goes on with these words; the same words again say the same.",
            "content": {"application/json": {"model": StoryView}},
        },
        **documented(
            "body_not_json",
            "body_invalid",
            "media_type_unsupported",
            "access_token_required",
            "story_not_found",
            "transition_not_allowed",
            "unavailable",
        ),
    },
    operation_id="putPrompt",
)
def put_prompt(
    story_id: Named,
    given: Annotated[GivePrompt, Body(description="What the story shall be.")],
) -> Any:
    """For a story that is AWAITING_PROMPT, until its `prompt_until`, once."""
    own(story_id)
    try:
        changes.give_prompt(story_id, **given.model_dump())
    except changes.NotAllowed as refused:
        raise Refused(
            "transition_not_allowed",
            f"The story is {refused.status}: a prompt is taken once, while it is AWAITING_PROMPT.",
        ) from refused
    logger.info("prompt_given")
    return answers.as_json(HTTPStatus.OK, view_of(own(story_id)))


def _make(creator: str, asked: CreateStory) -> str:
    story_id, now = identifiers.new_story_id(), datetime.now(UTC)
    expires = now + timedelta(seconds=limits.UPLOAD_FORM_SECONDS)
    with telemetry.about(story_id=story_id), allowance.held(creator, story_id) as day:
        stories.create(
            {
                "story_id": story_id,
                "status": Status.AWAITING_PHOTO.value,
                "creator": creator,
                "quota_day": day,
                "created_at": _iso(now),
                "updated_at": _iso(now),
                "attempt": 1,
                "draft": asked.prompt is None,
                **_lease(expires),
                **{name: value for name, value in asked.model_dump().items() if value is not None},
            }
        )
        logger.info("created")
    return story_id


def _lease(expires: datetime) -> dict[str, Any]:
    return {"expires_at": _iso(expires), "ttl": int((expires + _FORGET_AFTER).timestamp())}


def _prolong(creator: str, story_id: str, day: str | None) -> str:
    now = datetime.now(UTC)
    expires = now + timedelta(seconds=limits.UPLOAD_FORM_SECONDS)
    if not stories.prolong(story_id, now=_iso(now), **_lease(expires)):
        status = stories.get(story_id, "status")["status"]
        raise Refused(
            "upload_form_closed",
            f"The story is {status}: a form is for one whose photo has not come and whose form"
            " has not expired. Make a new story.",
        )
    if day is not None:
        quotas.prolong(creator, day, story_id, now=now)
    return story_id


def _form(record: dict[str, Any]) -> UploadForm | None:
    """The form of a story that waits for its photo; None if it does not (any more)."""
    left = datetime.fromisoformat(record["expires_at"]) - datetime.now(UTC)
    if record["status"] != Status.AWAITING_PHOTO or left < timedelta(seconds=1):
        return None
    return media.upload_form(record["story_id"], record["expires_at"], int(left.total_seconds()))


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
