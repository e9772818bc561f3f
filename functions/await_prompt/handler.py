"""AwaitPrompt: what a draft's photo shows, and prompts that fit it; then its creator's turn.

PUT /stories/{id}/prompt answers the token. Safe to retry at any point: a token that is replaced
finds a prompt which came meanwhile, and answers itself.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from await_prompt import suggestions
from cloud import drafts, recognition, stories, timeline, verdicts
from story.contracts import AwaitPromptInput
from story.limits import PROMPT_SECONDS
from story.states import Status

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="await_prompt")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Look at the photo, keep the token, let the story wait."""
    request = AwaitPromptInput.model_validate(event)
    with timeline.record("AwaitPrompt", request):
        # Gate 1 has looked already; a state that is run by itself looks here.
        seen = verdicts.seen(request.story_id, request.attempt) or recognition.look(request.photo)
        people, names = seen.people, tuple(tag.name for tag in seen.tags)
        fitting = suggestions.for_photo(names, people)
        # Before the story waits: whoever gives the prompt finds whom to tell.
        drafts.remember(request.story_id, request.attempt, request.token)
        until = datetime.now(UTC) + timedelta(seconds=PROMPT_SECONDS)
        waits = stories.change(
            request.story_id,
            Status.PROCESSING,
            Status.AWAITING_PROMPT,
            who="AwaitPrompt",
            condition="attempt = :attempt AND draft = :yes",
            given={"attempt": request.attempt, "yes": True},
            updated_at=timeline.now(),
            prompt_until=until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            tags=list(names),
            people=people,
            suggestions=list(fitting),
        )
        logger.info("awaits", waits=waits, tags=len(names), people=people)
        if not waits:
            _go_on(request)
    return {}


def _go_on(request: AwaitPromptInput) -> None:
    """A state that was tried again: the prompt may have come since, for a token that is dead."""
    story = stories.get(request.story_id, "status", "attempt", "prompt")
    here = story["status"] == Status.PROCESSING and int(story["attempt"]) == request.attempt
    if here and "prompt" in story:
        drafts.resume(request.story_id)
