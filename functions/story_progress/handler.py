"""story_progress: the engine's progress events become a fraction on the story's timeline.

It can change nothing else: a lost, late or forged event moves no story.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import telemetry, timeline
from story.generation import Progress
from story.identifiers import parse_inference_id

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="story_progress")

_STATE = "GenerateVideo"


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Write the fraction that an EventBridge event reports."""
    progress = Progress.model_validate(event["detail"])
    which = parse_inference_id(progress.inference_id)
    if which is None:
        logger.warning("progress_of_nobody", inference_id=progress.inference_id)
        return {}
    story_id, attempt, take = which
    with telemetry.about(story_id=story_id, attempt=attempt, state=_STATE):
        waited = timeline.advance(story_id, attempt, _STATE, take, progress.fraction)
        if waited is not None:
            telemetry.emit("QueueSeconds", waited)
            logger.info("generation_began", take=take, waited_seconds=round(waited, 3))
    return {}
