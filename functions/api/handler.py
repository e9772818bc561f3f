"""The API: make a story, look at it, list them. JSON in, JSON or problem details (RFC 9457) out."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from botocore.exceptions import ClientError
from pydantic import StringConstraints, TypeAdapter, ValidationError

from api import presenting
from cloud import stories, switch, telemetry
from cloud.clients import client
from cloud.environment import Environment, load
from story import identifiers, limits
from story.contracts import StoryId
from story.errors import ServicePaused, Transient
from story.states import Status
from story.view import CreateStory, Problem, StoryCreated, StoryList, StoryView, UploadForm

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from pydantic import BaseModel

logger = Logger(service="api")
app = APIGatewayHttpResolver()

_PAGE = 20
#: When a client may ask again: soon where a service did not answer, later where an operator acts.
_RETRY_SECONDS, _PAUSED_RETRY_SECONDS = 5, 300
_MAX_CURSOR_CHARACTERS = 1_000
_Moment = Annotated[str, StringConstraints(pattern=r"^[0-9T:.-]{19,26}Z$")]
#: The last story of a page and when it was made: the key of the index without its creator.
_cursor: TypeAdapter[tuple[StoryId, _Moment]] = TypeAdapter(tuple[StoryId, _Moment])
#: A record whose photo never came is removed by DynamoDB a day after its form expired.
_FORGET_AFTER = timedelta(days=1)


class Settings(Environment):
    """The buckets whose forms and URLs the API signs."""

    uploads_bucket: str
    stories_bucket: str


class Refused(Exception):
    """A request that cannot be served, as the problem that the client is told."""

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, *, retry_seconds: int | None = None
    ) -> None:
        super().__init__(detail)
        self.retry_seconds = retry_seconds
        self.problem = Problem(
            type="about:blank", title=status.phrase, status=status, detail=detail, code=code
        )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One HTTP request."""
    named = (event.get("pathParameters") or {}).get("story_id")
    with telemetry.about(**({"story_id": named} if named else {})):
        return app.resolve(event, context)


def _json(
    status: HTTPStatus,
    body: BaseModel,
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Any:
    return Response(
        status_code=status,
        content_type=media_type,
        body=body.model_dump_json(),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _problem(refused: Refused) -> Any:
    """Problem details; with Retry-After (RFC 9110, 10.2.3) where asking again may help."""
    later = refused.retry_seconds
    return _json(
        HTTPStatus(refused.problem.status),
        refused.problem,
        "application/problem+json",
        {} if later is None else {"Retry-After": str(later)},
    )


@app.exception_handler(Refused)  # type: ignore[untyped-decorator]  # Powertools ships none
def _refused(refused: Refused) -> Any:
    return _problem(refused)


@app.exception_handler(ServicePaused)  # type: ignore[untyped-decorator]  # the same
def _paused(paused: ServicePaused) -> Any:
    logger.warning("paused", reason=str(paused))
    return _problem(
        Refused(
            HTTPStatus.SERVICE_UNAVAILABLE,
            ServicePaused.code(),
            "New stories are paused by the operator. Stories that are made stay where they are.",
            retry_seconds=_PAUSED_RETRY_SECONDS,
        )
    )


@app.exception_handler([Transient, ClientError])  # type: ignore[untyped-decorator]  # the same
def _unavailable(error: Exception) -> Any:
    logger.error("unavailable", error=type(error).__name__)
    return _problem(
        Refused(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "unavailable",
            "A service we depend on did not answer. Try again in a moment.",
            retry_seconds=_RETRY_SECONDS,
        )
    )


@app.not_found
def _not_found(_: Exception) -> Any:
    return _problem(
        Refused(
            HTTPStatus.NOT_FOUND,
            "not_found",
            f"There is no {app.current_event.http_method} {app.current_event.path}.",
        )
    )


def _creator() -> str:
    """The caller's Cognito `sub`, from an access token; an id token is no permission."""
    authorizer = app.current_event.request_context.authorizer
    claims = (authorizer.jwt_claim if authorizer else None) or {}
    if claims.get("token_use") != "access" or not claims.get("sub"):
        raise Refused(
            HTTPStatus.UNAUTHORIZED,
            "access_token_required",
            "Send an access token, not an ID token.",
        )
    return str(claims["sub"])


def _parse_create() -> CreateStory:
    try:
        body = json.loads(app.current_event.decoded_body or "")
    except (ValueError, RecursionError) as error:
        raise Refused(
            HTTPStatus.BAD_REQUEST, "body_not_json", "The body must be a JSON object."
        ) from error
    try:
        return CreateStory.model_validate(body)
    except ValidationError as error:
        told = "; ".join(
            f"{'.'.join(str(part) for part in found['loc']) or 'body'}: {found['msg']}"
            for found in error.errors(include_input=False, include_url=False)
        )
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "body_invalid", told) from error


@app.post("/stories")
def create_story() -> Any:
    """Make a story that waits for its photo, and the one form that can deliver it."""
    creator, asked = _creator(), _parse_create()
    switch.require_open()
    story_id, now = identifiers.new_story_id(), datetime.now(UTC)
    expires = now + timedelta(seconds=limits.UPLOAD_FORM_SECONDS)
    record = {
        "story_id": story_id,
        "status": Status.AWAITING_PHOTO.value,
        "creator": creator,
        "created_at": _iso(now),
        "updated_at": _iso(now),
        "expires_at": _iso(expires),
        "ttl": int((expires + _FORGET_AFTER).timestamp()),
        "attempt": 1,
        "prompt": asked.prompt,
        "people_consent": asked.people_consent,
        "fit": asked.fit,
        "loop": asked.loop,
        "preset": asked.preset,
        "seed": asked.seed,
    }
    with telemetry.about(story_id=story_id):
        stories.create(record)
        logger.info("created")
    return _json(
        HTTPStatus.CREATED,
        StoryCreated(story=_view(record), upload=_upload_form(story_id, _iso(expires))),
    )


@app.get("/stories/<story_id>")
def get_story(story_id: str) -> Any:
    """One story of the caller's own; anybody else's is not found."""
    creator = _creator()
    record = stories.find(story_id)
    if record is None or record["creator"] != creator:
        raise Refused(HTTPStatus.NOT_FOUND, "story_not_found", f"You have no story {story_id}.")
    return _json(
        HTTPStatus.OK,
        _view(
            record,
            lines=list(stories.partition("TIMELINE", story_id)),
            verdicts=list(stories.partition("VERDICT", story_id)),
        ),
    )


@app.get("/stories")
def list_stories() -> Any:
    """The caller's stories, newest first, without timelines and verdicts."""
    creator = _creator()
    start = _read_cursor(app.current_event.query_string_parameters.get("cursor"), creator)
    records, last = stories.by_creator(creator, limit=_PAGE, start=start)
    return _json(
        HTTPStatus.OK,
        StoryList(
            stories=tuple(_view(record) for record in records),
            next=_write_cursor(last) if last else None,
        ),
    )


def _view(record: dict[str, Any], **parts: Any) -> StoryView:
    keys = {
        "video": identifiers.story_video_key(record["story_id"]),
        "poster": identifiers.story_poster_key(record["story_id"]),
    }
    return presenting.present(record, sign=lambda which: _signed_url(keys[which]), **parts)


def _signed_url(key: str) -> str:
    url: str = client("s3").generate_presigned_url(
        "get_object",
        Params={"Bucket": load(Settings).stories_bucket, "Key": key},
        ExpiresIn=limits.DOWNLOAD_URL_SECONDS,
    )
    return url


def _upload_form(story_id: str, expires_at: str) -> UploadForm:
    """A presigned POST for exactly one key, up to the limit, pictures only.

    S3 itself enforces all three; what the bytes really are, InspectPhoto finds out.
    """
    form = client("s3").generate_presigned_post(
        load(Settings).uploads_bucket,
        identifiers.upload_key(story_id),
        Fields={"Content-Type": "image/*"},
        Conditions=[
            ["starts-with", "$Content-Type", "image/"],
            ["content-length-range", 1, limits.MAX_UPLOAD_BYTES],
        ],
        ExpiresIn=limits.UPLOAD_FORM_SECONDS,
    )
    return UploadForm(
        url=form["url"],
        fields=form["fields"],
        max_bytes=limits.MAX_UPLOAD_BYTES,
        expires_at=expires_at,
    )


def _write_cursor(last: dict[str, Any]) -> str:
    plain = stories.from_item(last)
    words = json.dumps([plain["pk"].removeprefix("STORY#"), plain["created_at"]])
    return base64.urlsafe_b64encode(words.encode()).decode()


def _read_cursor(cursor: str | None, creator: str) -> dict[str, Any] | None:
    """Where a page starts. The creator in it is always the caller, whatever the cursor says."""
    if not cursor:
        return None
    try:
        story_id, created_at = _cursor.validate_json(
            base64.urlsafe_b64decode(cursor[:_MAX_CURSOR_CHARACTERS].encode())
        )
    except ValueError as error:
        raise Refused(
            HTTPStatus.BAD_REQUEST, "cursor_invalid", "The cursor is not one that a list gave."
        ) from error
    return stories.to_item(
        {"pk": f"STORY#{story_id}", "sk": "META", "creator": creator, "created_at": created_at}
    )


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
