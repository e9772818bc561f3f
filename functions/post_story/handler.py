"""post_story: READY -> POSTED, through gate 3. The API invokes it and waits.

It fails closed: whatever is not an explicit yes leaves the story READY.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import posts, stories, telemetry
from post_story import gate
from post_story.gate import Candidate, Refused
from story import feed
from story.contracts import PostStoryInput, PostStoryOutput
from story.states import Status, effective

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="post_story")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Post one story of one creator, or say why not."""
    request = PostStoryInput.model_validate(event)
    with telemetry.about(story_id=request.story_id):
        refused = _post(request)
        # The detail may speak of words; the code never does.
        logger.info("posting", outcome=refused.code if refused else "posted")
    return PostStoryOutput(
        posted=refused is None,
        refusal=refused.code if refused else None,
        detail=refused.detail if refused else None,
    ).model_dump(mode="json")


def _post(request: PostStoryInput) -> Refused | None:
    record = stories.find(request.story_id)
    if record is None or record["creator"] != request.creator or "deleted_at" in record:
        return Refused("story_not_found", f"You have no story {request.story_id}.")
    now = datetime.now(UTC)
    if effective(record, now) is not Status.READY:
        return _repeated(request, record, now)
    candidate = _candidate(record, request.caption or record.get("caption"))
    refused = gate.judge(candidate)
    if refused is not None:
        return refused
    # The hours begin when it is seen, not when the looking began.
    now = datetime.now(UTC)
    if not posts.post(
        request.story_id,
        creator=request.creator,
        attempt=candidate.attempt,
        now=now,
        visibility=request.visibility,
        clip=candidate.clip(),
        caption=candidate.caption,
        credited=request.credited,
        age_restriction=gate.age_restriction(candidate),
    ):
        return _repeated(request, stories.find(request.story_id), now)
    posts.remember_page(request.story_id, now + feed.LASTS)
    return None


def _candidate(record: Mapping[str, Any], caption: str | None) -> Candidate:
    story_id, this = str(record["story_id"]), f"{int(record['attempt']):04d}#"

    def of_this_attempt(kind: str) -> dict[str, Mapping[str, Any]]:
        return {
            str(item["sk"]).removeprefix(this): item
            for item in stories.partition(kind, story_id)
            if str(item["sk"]).startswith(this)
        }

    return Candidate(record, of_this_attempt("TIMELINE"), of_this_attempt("VERDICT"), caption)


def _repeated(
    request: PostStoryInput, record: Mapping[str, Any] | None, now: datetime
) -> Refused | None:
    """Nothing, if the story is posted as it is asked for again; else what it is instead."""
    if record is None or "deleted_at" in record:
        return Refused("story_not_found", f"You have no story {request.story_id}.")
    status = effective(record, now)
    if status is not Status.POSTED:
        return Refused(
            "transition_not_allowed", f"The story is {status}: only a READY one can be posted."
        )
    asked = (request.visibility, request.caption or record.get("caption"), request.credited)
    if asked != (record["visibility"], record.get("caption"), bool(record.get("credited"))):
        return Refused(
            "transition_not_allowed",
            "The story is POSTED, in another way than is asked for now. It stays as it is until it"
            " expires; deleting it takes it back.",
        )
    # Whoever posted it may not have come to note its page.
    posts.remember_page(request.story_id, datetime.fromisoformat(record["expires_at"]))
    return None
