"""resume_story: SageMaker's notification answers the token that waits for this generation.

Idempotent: SNS may deliver twice, late, or for a story that is long closed. A result that no
story waits for is deleted.
"""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError
from pydantic import ValidationError

from cloud import generations, stories, telemetry, timeline
from cloud.clients import answers, client, error_code
from story.contracts import GenerateVideoOutput, InferenceNotification
from story.errors import EnlivenError, Transient, concrete
from story.generation import Failure
from story.identifiers import FAILURES_PREFIX, RESULTS_PREFIX, parse_inference_id
from story.states import Status

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="resume_story")

#: Step Functions says these when nobody waits for the token any more.
_TASK_GONE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
_MAX_FAILURE_BYTES = 64 * 1024
_MAX_CAUSE_CHARACTERS = 300
_ERROR_NAMES = {error.__name__: error for error in concrete(EnlivenError)}


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer the token of each notification in an SNS event."""
    for record in event["Records"]:
        _resume(InferenceNotification.model_validate_json(record["Sns"]["Message"]))
    return {}


def _resume(notice: InferenceNotification) -> None:
    which = parse_inference_id(notice.inference_id)
    with telemetry.about(story_id=which[0], attempt=which[1]) if which else nullcontext():
        _resume_one(notice, which)


def _resume_one(notice: InferenceNotification, which: tuple[str, int, int] | None) -> None:
    locations = _locations(notice)
    generation = generations.find(*which) if which else None
    if which is None or generation is None:
        logger.warning("unknown_result_deleted", inference_id=notice.inference_id)
        _delete(locations)
        return
    if generation["state"] == "ANSWERED":
        logger.info("repeated_notification")
        return
    # Kept before anything is answered: whoever settles the story clears what is named here.
    generations.locate(*which, locations=locations)
    # Asked before, and again if nobody waits any more: the story may be closed in between.
    answered = not _is_closed(which[0]) and _answer(notice, which, str(generation["task_token"]))
    if not answered and _is_closed(which[0]):
        logger.warning("late_result_deleted")
        _delete(locations)
        timeline.leave_queue(which[0], which[1], "GenerateVideo")


def _is_closed(story_id: str) -> bool:
    story = stories.find(story_id, "status")
    return story is None or story["status"] != Status.PROCESSING


def _answer(notice: InferenceNotification, which: tuple[str, int, int], token: str) -> bool:
    """Send the result or the failure to the workflow; False if nobody waits for it."""
    story_id, attempt, _ = which
    states = client("stepfunctions")
    try:
        with answers("Step Functions"):
            if notice.status == "Completed" and notice.response and notice.response.output_location:
                bucket, key = _split(notice.response.output_location)
                output = GenerateVideoOutput(bucket=bucket, key=key)
                states.send_task_success(taskToken=token, output=output.model_dump_json())
                outcome, target = "done", "ANSWERED"
            else:
                failure = _failure(notice)
                # A transient failure goes back to NEW first: the retry must invoke again.
                transient = issubclass(_ERROR_NAMES[failure.error], Transient)
                outcome, target = failure.error, "NEW" if transient else "ANSWERED"
                if transient:
                    generations.advance(*which, origins=("NEW", "INVOKED"), target="NEW")
                states.send_task_failure(
                    taskToken=token, error=failure.error, cause=failure.message
                )
    except ClientError as error:
        if error_code(error) in _TASK_GONE:
            return False
        raise
    if target == "ANSWERED":
        generations.advance(*which, origins=("NEW", "INVOKED"), target=target)
    timeline.end(story_id, attempt, "GenerateVideo", outcome)
    logger.info("answered", outcome=outcome)
    return True


def _failure(notice: InferenceNotification) -> Failure:
    """What went wrong, by a name of the error tree; anything unknown is GenerationFailed.

    The container's own words are kept only when they come in the form of the contract: any other
    text may quote the request.
    """
    location = notice.response.failure_location if notice.response else None
    if location:
        bucket, key = _split(location)
        try:
            with answers("S3"):
                body = client("s3").get_object(Bucket=bucket, Key=key)["Body"]
                failure = Failure.model_validate_json(body.read(_MAX_FAILURE_BYTES))
        except (ClientError, ValidationError):
            logger.warning("failure_unreadable", inference_id=notice.inference_id)
        else:
            if failure.error in _ERROR_NAMES:
                message = failure.message[:_MAX_CAUSE_CHARACTERS]
                return Failure(error=failure.error, message=json.dumps({"errorMessage": message}))
    return Failure(
        error="GenerationFailed",
        message=json.dumps({"errorMessage": "The engine ended without a result"}),
    )


def _locations(notice: InferenceNotification) -> list[str]:
    if notice.response is None:
        return []
    named = (notice.response.output_location, notice.response.failure_location)
    return [location for location in named if location]


def _split(location: str) -> tuple[str, str]:
    parsed = urlparse(location)
    return parsed.netloc, parsed.path.lstrip("/")


def _delete(locations: list[str]) -> None:
    for location in locations:
        bucket, key = _split(location)
        if key.startswith((RESULTS_PREFIX, FAILURES_PREFIX)):
            with answers("S3"):
                client("s3").delete_object(Bucket=bucket, Key=key)
