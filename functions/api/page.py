"""GET /s/{id}: the page that shows a posted story to anybody, and what a link's preview fetches.

Public, so it tells nothing but what was posted. A page outlives the links to its media: its poster
and video have paths of their own, which lead to a link made for the moment.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from botocore.exceptions import ClientError
from pydantic import Field

from api import markup, media, showing
from api.problems import Refused, documented
from cloud import addresses, posts, stories, telemetry
from cloud.environment import Environment, load
from story.errors import Transient
from story.identifiers import STORY_ID

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not
logger = Logger(service="api")

_HTML, _TEXT = "text/html; charset=utf-8", "text/plain"
_RETRY_SECONDS = "5"
#: As the gateway names it.
ROUTE = "GET /s/{story_id}"
ID_CHARACTERS = 32
#: What is over in a day, or taken back at once, is kept by no cache and no search engine; and the
#: id, which opens it, is told to no other site.
_UNSEEN = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
_CONTACT = r"^(mailto:[^\s\"'<>?]+@[^\s\"'<>?]+|https://[^\s\"'<>]+)?$"

Named = Annotated[str, Path(description="The story's id, as in the link that was shared.")]
Accepted = Annotated[
    str | None,
    Header(alias="Accept-Language", description="The languages that the reader likes best."),
]


class Settings(Environment):
    """Where a viewer reports a story: mailto:, https:, or nothing, which the page then says."""

    report_contact: str = Field(default="", pattern=_CONTACT)


def _page_answers() -> dict[int, OpenAPIResponse]:
    told = {
        200: "The page. It works without script, and without an account.",
        403: "A page that says: the story is for viewers alone who are known to be of an age.",
        404: "A page that says: there is no such story, or it was never public.",
        410: "A page that says: the story was public, and is over, hidden, removed or taken back.",
        503: "A page that says: please come back in a moment.",
    }
    return {
        status: {
            "description": meaning,
            "content": {"text/html": {"schema": {"type": "string"}}},
        }
        for status, meaning in told.items()
    }


@router.get(
    "/s/<story_id>",
    summary="The public page of a posted story",
    tags=["posts"],
    responses=_page_answers(),
    operation_id="showStory",
)
def show_story(story_id: Named, accept_language: Accepted = None) -> Any:
    """A page for people. Links to it may be shared; it shows itself in their previews."""
    language = markup.choose_language(accept_language)
    with telemetry.about(story_id=story_id[:ID_CHARACTERS]):
        try:
            return _page(story_id, language)
        except (Transient, ClientError) as error:
            # Somebody who follows a link is told in words, not in JSON.
            logger.warning("unavailable", error=type(error).__name__)
            return notice(HTTPStatus.SERVICE_UNAVAILABLE, "later", language)


def missing(accept_language: str | None) -> Any:
    """The page that says that there is no such story."""
    return notice(HTTPStatus.NOT_FOUND, "missing", markup.choose_language(accept_language))


def notice(status: int, which: str, language: str) -> Any:
    """A page that says something in place of a story."""
    later = {"Retry-After": _RETRY_SECONDS} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return _answer(HTTPStatus(status), markup.notice(which, language=language), later)


#: What a stranger is told of a story that is not shown.
_NOTICES = {
    showing.Public.RESTRICTED: (HTTPStatus.FORBIDDEN, "restricted"),
    showing.Public.HIDDEN: (HTTPStatus.GONE, "hidden"),
    showing.Public.REMOVED: (HTTPStatus.GONE, "removed"),
    showing.Public.GONE: (HTTPStatus.GONE, "gone"),
    showing.Public.UNKNOWN: (HTTPStatus.NOT_FOUND, "missing"),
}


def _page(story_id: str, language: str) -> Any:
    now = datetime.now(UTC)
    record, public = find(story_id, now)
    if record is None or public is not showing.Public.SHOWN:
        return notice(*_NOTICES[public], language)
    story = showing.shown(
        record,
        link=lambda which, seconds: media.link(story_id, which, seconds),
        share_url=addresses.page_url(story_id),
        now=now,
    )
    page = markup.story_page(story, report_contact=load(Settings).report_contact, language=language)
    return _answer(HTTPStatus.OK, page, media_url=story.video_url)


def find(
    story_id: str, now: datetime, *, age: int = 0
) -> tuple[dict[str, Any] | None, showing.Public]:
    """The record behind a link, and what a stranger may know of it; see showing.publicity."""
    if not STORY_ID.fullmatch(story_id):
        return None, showing.Public.UNKNOWN
    record = stories.find(story_id)
    if record is not None:
        return record, showing.publicity(record, now, age=age)
    gone = posts.had_page(story_id)
    return None, showing.Public.GONE if gone else showing.Public.UNKNOWN


def _answer(
    status: HTTPStatus,
    page: markup.Page,
    headers: dict[str, str] | None = None,
    *,
    media_url: str | None = None,
) -> Any:
    return Response(
        status_code=status,
        content_type=_HTML,
        body=page.html,
        headers={
            "Content-Language": page.language,
            "Content-Security-Policy": markup.security_policy(media_url),
            "Vary": "Accept-Language",
            "X-Frame-Options": "DENY",
            **_UNSEEN,
            **(headers or {}),
        },
    )


def _media_answers(what: str) -> dict[int, OpenAPIResponse]:
    return {
        302: {
            "description": f"The way to the {what}, good for a few minutes and never beyond the"
            " story's expiry.",
            "content": {_TEXT: {"schema": {"type": "string", "maxLength": 0}}},
            "headers": {"Location": {"description": "Where it is.", "schema": {"type": "string"}}},
        },
        **documented("age_restricted", "story_not_found", "story_gone", "unavailable"),
    }


@router.get(
    "/s/<story_id>/poster.jpg",
    summary="The poster of a posted story",
    tags=["posts"],
    responses=_media_answers("poster"),
    operation_id="showPoster",
)
def show_poster(story_id: Named) -> Any:
    """For previews of a link, which ask for it whenever they like."""
    return _lead_to(story_id, "poster")


@router.get(
    "/s/<story_id>/story.mp4",
    summary="The video of a posted story",
    tags=["posts"],
    responses=_media_answers("video"),
    operation_id="showVideo",
)
def show_video(story_id: Named) -> Any:
    """The signed video, byte for byte as it was signed."""
    return _lead_to(story_id, "video")


_TAKEN_BACK = {
    showing.Public.GONE: "The story was shown, and is over or was taken back.",
    showing.Public.HIDDEN: "The story was reported, and is hidden until a reviewer has decided.",
    showing.Public.REMOVED: "The story was removed by a reviewer.",
}


def _lead_to(story_id: str, which: Literal["video", "poster"]) -> Any:
    now = datetime.now(UTC)
    seconds = showing.link_seconds(seen(story_id, now), now)
    return Response(
        status_code=HTTPStatus.FOUND,
        content_type=_TEXT,
        body="",
        headers={"Location": media.link(story_id, which, seconds), **_UNSEEN},
    )


def seen(story_id: str, now: datetime, *, age: int = 0) -> dict[str, Any]:
    """The record of a story that is shown to a viewer of at least this age.

    Raises Refused with what a stranger may know of one that is not.
    """
    record, public = find(story_id, now, age=age)
    if public in _TAKEN_BACK:
        raise Refused("story_gone", _TAKEN_BACK[public])
    if public is showing.Public.RESTRICTED:
        raise Refused("age_restricted", "The story is for viewers who are known to be of age.")
    if record is None or public is not showing.Public.SHOWN:
        raise Refused("story_not_found", "There is no story that others may see by this name.")
    return record
