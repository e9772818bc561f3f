"""look_again: judges a signed clip anew, for gate 3, where the model that has is not today's.

Of a READY story nothing is kept but the clip and its poster: the frames are taken from the clip
itself, which is what others would see, and are chosen as InspectVideo chooses them. They go to the
provider as bytes and are written nowhere.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import media, recognition, telemetry
from frames import clip
from story import policy
from story.second_look import LookAgainInput

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="look_again")


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer the verdict on one clip, by the rows of gate 3."""
    request = LookAgainInput.model_validate(event)
    with telemetry.about(story_id=request.story_id):
        verdict = _judge(request)
        logger.info("looked again", verdict=verdict.verdict, models=list(verdict.models))
    return verdict.model_dump(mode="json")


def _judge(request: LookAgainInput) -> policy.Verdict:
    """Raises ResultUnreadable, VideoUnreadable, or ModerationUnanswered."""
    pictures = clip.decode(media.read(request.video), request.report)
    least = policy.gate("posting").least_percent
    frames = [clip.jpeg(pixels) for pixels in pictures.kept.values()]
    answers = recognition.together(
        [partial(recognition.moderation, frame, least) for frame in frames]
    )
    return policy.judge_labels(
        answers, "posting", minor=request.minor, overridden=frozenset(request.overridden)
    )
