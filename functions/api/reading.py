"""What a creator reads: one story, and the list of them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import StringConstraints, TypeAdapter

from api import answers, engine, media, presenting, showing
from api.callers import caller
from api.problems import Refused, documented
from cloud import addresses, paces, queue, stories
from story import limits, progress
from story.contracts import StoryId
from story.states import Status
from story.view import StoryList, StoryView

if TYPE_CHECKING:
    from collections.abc import Sequence

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not

_PAGE, _MAX_PAGE = 20, 50
_MAX_CURSOR_CHARACTERS = 1_000
_Moment = Annotated[str, StringConstraints(pattern=r"^[0-9T:.-]{19,26}Z$")]
#: The last story of a page and when it was made: the key of the index without its creator.
_cursor: TypeAdapter[tuple[StoryId, _Moment]] = TypeAdapter(tuple[StoryId, _Moment])

Named = Annotated[StoryId, Path(description="The story's id, as POST /stories answered it.")]
KnownTag = Annotated[
    str | None,
    Header(alias="If-None-Match", description="The ETag of the answer that you have."),
]


@router.get(
    "/stories/<story_id>",
    summary="Read one of your stories",
    tags=["stories"],
    responses={
        200: {
            "description": "The story as it is now.",
            "content": {"application/json": {"model": StoryView}},
        },
        304: {"description": "Nothing has changed since the answer with this ETag."},
        **documented("access_token_required", "story_not_found", "unavailable"),
    },
    operation_id="getStory",
)
def get_story(story_id: Named, if_none_match: KnownTag = None) -> Any:
    """Status, progress and, once READY, links to the video and its poster; poll it politely."""
    record = own(story_id)
    view = view_of(
        record,
        lines=list(stories.partition("TIMELINE", story_id)),
        verdicts=list(stories.partition("VERDICT", story_id)),
        pace=_pace([record]),
    )
    tag = _tag(view)
    return (
        answers.unchanged(tag)
        if answers.is_known(tag, if_none_match)
        else (answers.tagged_json(view, tag))
    )


@router.get(
    "/stories",
    summary="List your stories",
    tags=["stories"],
    responses={
        200: {
            "description": "A page of stories, newest first.",
            "content": {"application/json": {"model": StoryList}},
        },
        **documented("query_invalid", "cursor_invalid", "access_token_required", "unavailable"),
    },
    operation_id="listStories",
)
def list_stories(
    cursor: Annotated[str | None, Query(description="`next` of the page before; opaque.")] = None,
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=_MAX_PAGE)] = _PAGE,
) -> Any:
    """Newest first; timelines are those of stories at work. Read one for verdicts and receipt."""
    creator = caller(router).sub
    records, last = stories.by_creator(creator, limit=limit, start=_read_cursor(cursor, creator))
    shown = [record for record in records if "deleted_at" not in record]
    pace = _pace(shown)
    return answers.as_json(
        HTTPStatus.OK,
        StoryList(
            stories=tuple(
                view_of(
                    record,
                    lines=list(stories.partition("TIMELINE", record["story_id"])),
                    pace=pace,
                )
                if _is_at_work(record)
                else view_of(record)
                for record in shown
            ),
            next=_write_cursor(last) if last else None,
        ),
    )


def own(story_id: str) -> dict[str, Any]:
    """The record of a story of the caller's; anybody else's is as absent as one that never was.

    Raises Refused.
    """
    creator = caller(router).sub
    record = stories.find(story_id)
    if record is None or record["creator"] != creator or "deleted_at" in record:
        raise Refused("story_not_found", f"You have no story {story_id}.")
    return record


def view_of(
    record: dict[str, Any], *, lines: Sequence[dict[str, Any]] = (), **parts: Any
) -> StoryView:
    """A record as its creator may see it, with links where it has a video."""
    story_id, now = str(record["story_id"]), datetime.now(UTC)
    since = progress.waits(presenting.current(record, lines)) if _is_at_work(record) else None
    seconds = showing.link_seconds(record, now)
    return presenting.present(
        record,
        lines=lines,
        queue_position=queue.before(since, now) if since else None,
        sign=lambda which: media.link(story_id, which, seconds),
        share_url=(
            addresses.page_url(story_id)
            if showing.publicity(record, now) in {showing.Public.SHOWN, showing.Public.RESTRICTED}
            else None
        ),
        now=now,
        **parts,
    )


def _is_at_work(record: dict[str, Any]) -> bool:
    return bool(record["status"] == Status.PROCESSING)


def _pace(records: list[dict[str, Any]]) -> progress.Pace:
    """The pace of this deployment, where a story is at work that it matters for."""
    if not any(map(_is_at_work, records)):
        return progress.USUAL_PACE
    card = engine.settings()
    return paces.read().beginning_with(card.engine_clip_seconds, card.engine_wake_seconds)


def _tag(view: StoryView) -> str:
    """Changes with what the view says, and in time for its links to be renewed."""
    said = view.model_dump(mode="json", exclude={"video_url", "poster_url", "eta_seconds"})
    half_lives = datetime.now(UTC).timestamp() // (limits.DOWNLOAD_URL_SECONDS / 2)
    return answers.entity_tag(said, half_lives if view.video_url else None)


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
            "cursor_invalid", "The cursor is not one that a list gave; leave it out to begin."
        ) from error
    return stories.to_item(
        {"pk": f"STORY#{story_id}", "sk": "META", "creator": creator, "created_at": created_at}
    )
