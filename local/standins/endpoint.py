"""SageMaker Runtime's asynchronous inference: a queue, one worker, results in S3, SNS messages.

The model server behind it is the very one that the SageMaker container runs.
"""

import asyncio
import contextlib
import json
import re
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from local.standins import wire
from local.standins.wire import Refusal

MAX_QUEUED = 64
_PREFIX = "X-Amzn-SageMaker-"
_S3_URI = re.compile(r"^s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)$")
_MAX_INFERENCE_ID = 64
_TTL_SECONDS = (60, 21_600, 21_600)
_TIMEOUT_SECONDS = (1, 3_600, 900)
_OK = 200


@dataclass(frozen=True)
class Job:
    """One accepted request."""

    endpoint: str
    inference_id: str
    bucket: str
    key: str
    content_type: str
    accept: str
    output_key: str
    failure_key: str
    received: float
    ttl_seconds: int
    timeout_seconds: int

    @property
    def is_expired(self) -> bool:
        """Whether it waited longer than its sender allowed."""
        return time.time() - self.received > self.ttl_seconds


class Failed(Exception):
    """An invocation without a result; `body` is what the container said, if anything."""

    def __init__(self, reason: str, body: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.body = body


class Endpoint:
    """The queue in front of one model server."""

    def __init__(
        self,
        *,
        model_url: str,
        stack_name: str,
        region: str,
        s3: Any,
        sns: Any,
        cloudformation: Any,
    ) -> None:
        """The clients are boto3's, of the local AWS."""
        self._model_url = model_url
        self._stack_name = stack_name
        self._region = region
        self._s3 = s3
        self._sns = sns
        self._cloudformation = cloudformation
        self._queue: asyncio.Queue[Job] = asyncio.Queue(MAX_QUEUED)
        self._running: Job | None = None
        self._worker: asyncio.Task[None] | None = None

    async def handle(self, request: Request) -> Response:
        """Accept one InvokeEndpointAsync call."""
        job = _job(request)
        if not self.is_working:
            raise Refusal("InternalFailure", "the endpoint's worker has ended", status=500)
        try:
            self._queue.put_nowait(job)
        except asyncio.QueueFull as error:
            raise Refusal(
                "ServiceUnavailable", f"{MAX_QUEUED} requests wait already", status=503
            ) from error
        wire.log("accepted", inference_id=job.inference_id, waiting=self._queue.qsize())
        return wire.answer(
            {"InferenceId": job.inference_id},
            status=202,
            X_Amzn_SageMaker_OutputLocation=f"s3://{job.bucket}/{job.output_key}",
            X_Amzn_SageMaker_FailureLocation=f"s3://{job.bucket}/{job.failure_key}",
        )

    @property
    def is_working(self) -> bool:
        """Whether requests that are accepted will be worked off."""
        return self._worker is not None and not self._worker.done()

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Work the queue off while the context lasts; what is left over is logged by name."""
        self._worker = asyncio.create_task(self._work())
        try:
            yield
        finally:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
            left = [self._running] if self._running else []
            while not self._queue.empty():
                left.append(self._queue.get_nowait())
            for job in left:
                wire.log("lost_at_stop", inference_id=job.inference_id)

    async def _work(self) -> None:
        # A render may take as long as its own limit; nothing else of the call may.
        async with httpx.AsyncClient(trust_env=False) as model:
            while True:
                self._running = await self._queue.get()
                await self._run(self._running, model)
                self._running = None

    async def _run(self, job: Job, model: httpx.AsyncClient) -> None:
        started = time.time()
        try:
            content_type = await self._invoke(job, model)
        except Failed as failed:
            notice = await self._keep_failure(job, failed)
        else:
            notice = _notice(job, self._region) | {
                "invocationStatus": "Completed",
                "responseParameters": {
                    "contentType": content_type,
                    "outputLocation": f"s3://{job.bucket}/{job.output_key}",
                },
            }
        wire.log(
            "invoked",
            inference_id=job.inference_id,
            status=notice["invocationStatus"],
            waited_s=round(started - job.received, 2),
            took_s=round(time.time() - started, 2),
        )
        await self._publish(job, notice)

    async def _invoke(self, job: Job, model: httpx.AsyncClient) -> str:
        """Hand the request to the model and keep its result; the result's content type."""
        if job.is_expired:
            raise Failed(f"the request waited longer than {job.ttl_seconds} s")
        try:
            found = await run_in_threadpool(self._s3.get_object, Bucket=job.bucket, Key=job.key)
            body = await run_in_threadpool(found["Body"].read)
        except (ClientError, BotoCoreError) as error:
            raise Failed(f"the input could not be read: {error}") from error
        headers = {"Content-Type": job.content_type, "Accept": job.accept}
        try:
            response = await model.post(
                f"{self._model_url}/invocations",
                content=body,
                headers=headers,
                timeout=job.timeout_seconds,
            )
        except httpx.TimeoutException as error:
            raise Failed(f"no answer within {job.timeout_seconds} s") from error
        except httpx.HTTPError as error:
            raise Failed(f"the model server is not reachable: {type(error).__name__}") from error
        if response.status_code != _OK:
            raise Failed(f"the container answered {response.status_code}", response.content)
        content_type = str(response.headers.get("Content-Type", "application/octet-stream"))
        try:
            await run_in_threadpool(
                self._s3.put_object,
                Bucket=job.bucket,
                Key=job.output_key,
                Body=response.content,
                ContentType=content_type,
            )
        except (ClientError, BotoCoreError) as error:
            raise Failed(f"the result could not be written: {error}") from error
        return content_type

    async def _keep_failure(self, job: Job, failed: Failed) -> dict[str, Any]:
        notice = _notice(job, self._region) | {
            "invocationStatus": "Failed",
            "failureReason": failed.reason,
        }
        wire.log("failed", inference_id=job.inference_id, reason=failed.reason)
        try:
            await run_in_threadpool(
                self._s3.put_object, Bucket=job.bucket, Key=job.failure_key, Body=failed.body
            )
        except (ClientError, BotoCoreError) as error:
            # The notification itself must still go out: somebody waits for it.
            wire.log("failure_not_kept", inference_id=job.inference_id, error=str(error))
            return notice
        return notice | {
            "responseParameters": {"failureLocation": f"s3://{job.bucket}/{job.failure_key}"}
        }

    async def _publish(self, job: Job, notice: dict[str, Any]) -> None:
        completed = notice["invocationStatus"] == "Completed"
        output = "GenerationDoneTopic" if completed else "GenerationFailedTopic"
        try:
            topic = await run_in_threadpool(self._topic, output)
            await run_in_threadpool(self._sns.publish, TopicArn=topic, Message=json.dumps(notice))
        except (ClientError, BotoCoreError, LookupError) as error:
            wire.log("not_notified", inference_id=job.inference_id, error=str(error))

    def _topic(self, output: str) -> str:
        """The topic's ARN, from the outputs of the deployed stack.

        Raises LookupError if the stack has no such output.
        """
        described = self._cloudformation.describe_stacks(StackName=self._stack_name)
        outputs = {
            item["OutputKey"]: item["OutputValue"]
            for item in described["Stacks"][0].get("Outputs", [])
        }
        if output not in outputs:
            raise LookupError(f"stack {self._stack_name} has no output {output}")
        return str(outputs[output])


def _notice(job: Job, region: str) -> dict[str, Any]:
    return {
        "awsRegion": region,
        "eventTime": _stamp(time.time()),
        "receivedTime": _stamp(job.received),
        "requestParameters": {
            "contentType": job.content_type,
            "endpointName": job.endpoint,
            "inputLocation": f"s3://{job.bucket}/{job.key}",
        },
        "inferenceId": job.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


def _stamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _job(request: Request) -> Job:
    def header(name: str, default: str = "") -> str:
        return str(request.headers.get(_PREFIX + name, default))

    location = _S3_URI.match(header("InputLocation"))
    if location is None:
        raise Refusal(
            "ValidationError", f"InputLocation {header('InputLocation')!r} is no s3:// address"
        )
    inference_id = header("Inference-Id") or str(uuid.uuid4())
    if len(inference_id) > _MAX_INFERENCE_ID:
        raise Refusal("ValidationError", f"InferenceId has {len(inference_id)} characters; 64 fit")
    name = uuid.uuid4()
    return Job(
        endpoint=request.path_params["name"],
        inference_id=inference_id,
        bucket=location[1],
        key=location[2],
        content_type=header("Content-Type", "application/octet-stream"),
        accept=header("Accept", "*/*"),
        output_key=f"results/{name}.out",
        failure_key=f"failures/{name}-error.out",
        received=time.time(),
        ttl_seconds=_seconds("RequestTTLSeconds", header("RequestTTLSeconds"), *_TTL_SECONDS),
        timeout_seconds=_seconds(
            "InvocationTimeoutSeconds", header("InvocationTimeoutSeconds"), *_TIMEOUT_SECONDS
        ),
    )


def _seconds(name: str, value: str, least: int, most: int, default: int) -> int:
    if not value:
        return default
    if not value.isdecimal() or not least <= int(value) <= most:
        raise Refusal("ValidationError", f"{name} {value!r} is not {least} to {most}")
    return int(value)
