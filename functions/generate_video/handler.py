"""GenerateVideo: one request to SageMaker's asynchronous endpoint; resume_story answers later.

Safe to retry at any point: the endpoint does not deduplicate, so a request that it already has is
never sent again; only the token that waits for it is replaced.
"""

from __future__ import annotations

import io
import tarfile
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError
from pydantic import Field

from cloud import generations, media, switch, timeline
from cloud.clients import answers, client, error_code
from cloud.environment import Environment, load
from story import limits
from story.contracts import GenerateVideoInput
from story.errors import (
    DependencyThrottled,
    EngineBusy,
    GenerationCapReached,
    GenerationFailed,
)
from story.generation import DIRECTION_MEMBER, PHOTO_MEMBER, REQUEST_MEDIA_TYPE
from story.identifiers import inference_id, request_key

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="generate_video")


class Settings(Environment):
    """Where requests go, and how many may go there a day (UTC)."""

    work_bucket: str
    endpoint_name: str = Field(min_length=1)
    daily_generations: int = Field(ge=0)


def pack_request(direction: bytes, photo: bytes) -> bytes:
    """The uncompressed tar of direction.json and photo.jpg that the engine contract names."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, body in ((DIRECTION_MEMBER, direction), (PHOTO_MEMBER, photo)):
            member = tarfile.TarInfo(name)
            member.size = len(body)
            # By this the endpoint knows how long the request waited.
            member.mtime = int(time.time())
            tar.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Register the token, write the request, invoke the endpoint, mark it invoked."""
    request = GenerateVideoInput.model_validate(event)
    which = (request.story_id, request.attempt, request.take)
    with timeline.record("GenerateVideo", request, finishes=False):
        if generations.register(*which, token=request.token) != "NEW":
            logger.info("token_replaced", story_id=request.story_id, take=request.take)
            return {}
        switch.require_open()
        _stay_below_cap()
        packed = pack_request(media.read(request.direction), media.read(request.photo))
        written = media.write(
            load(Settings).work_bucket, request_key(*which), packed, REQUEST_MEDIA_TYPE
        )
        answer = _invoke(f"s3://{written.bucket}/{written.key}", inference_id(*which))
        generations.advance(
            *which,
            origins=("NEW",),
            target="INVOKED",
            output_location=answer["OutputLocation"],
            failure_location=answer["FailureLocation"],
        )
        logger.info("invoked", story_id=request.story_id, take=request.take)
    return {}


def _stay_below_cap() -> None:
    cap = load(Settings).daily_generations
    if not generations.count(f"{datetime.now(UTC):%Y-%m-%d}", cap=cap):
        raise GenerationCapReached(
            f"This service makes at most {cap} videos a day, and they are made; "
            "the next day begins at 00:00 UTC"
        )


def _invoke(input_location: str, inference: str) -> dict[str, Any]:
    endpoint = load(Settings).endpoint_name
    try:
        with answers("SageMaker"):
            answer: dict[str, Any] = client("sagemaker-runtime").invoke_endpoint_async(
                EndpointName=endpoint,
                InputLocation=input_location,
                InferenceId=inference,
                ContentType=REQUEST_MEDIA_TYPE,
                Accept=REQUEST_MEDIA_TYPE,
                RequestTTLSeconds=limits.REQUEST_TTL_SECONDS,
                InvocationTimeoutSeconds=limits.INVOCATION_TIMEOUT_SECONDS,
            )
    except DependencyThrottled as error:
        raise EngineBusy(f"Endpoint {endpoint} takes no more requests now") from error
    except ClientError as error:
        raise GenerationFailed(
            f"Endpoint {endpoint} refused the request: {error_code(error)}"
        ) from error
    return answer
