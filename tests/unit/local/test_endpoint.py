"""The endpoint's queue where the processes of the laptop cannot show it: expiry, loss, the end."""

import asyncio
import contextlib
import json
import time
from typing import Any

import pytest
from starlette.requests import Request

from local.standins import endpoint
from local.standins.endpoint import Endpoint
from local.standins.wire import Refusal


class Memory:
    """S3, SNS and CloudFormation, as far as the endpoint uses them."""

    def __init__(self, outputs: dict[str, str]) -> None:
        self.objects = {"requests/1.tar": b"request"}
        self.notices: list[dict[str, Any]] = []
        self._outputs = outputs

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert Bucket == "work"
        return {"Body": _Body(self.objects[Key])}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:  # noqa: N803 - as above
        self.objects[Key] = Body

    def publish(self, *, TopicArn: str, Message: str) -> None:  # noqa: N803 - as above
        self.notices.append(json.loads(Message) | {"topic": TopicArn})

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        outputs = [{"OutputKey": key, "OutputValue": arn} for key, arn in self._outputs.items()]
        return {"Stacks": [{"Outputs": outputs}]}


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self) -> bytes:
        return self._content


TOPICS = {"GenerationDoneTopic": "done", "GenerationFailedTopic": "failed"}


def make(memory: Memory, model_url: str = "http://127.0.0.1:9") -> Endpoint:
    """An endpoint; where nothing is said its model server is not there: port 9 discards."""
    return Endpoint(
        model_url=model_url,
        stack_name="enliven",
        region="us-east-1",
        s3=memory,
        sns=memory,
        cloudformation=memory,
    )


def request(**headers: str) -> Request:
    named = {"InputLocation": "s3://work/requests/1.tar", "Inference-Id": "story-1-1"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return Request(
        {
            "type": "http",
            "headers": [
                (f"x-amzn-sagemaker-{name}".lower().encode(), value.encode())
                for name, value in named.items()
            ],
            "path_params": {"name": "enliven-local"},
        }
    )


async def noticed(memory: Memory) -> dict[str, Any]:
    for _ in range(200):
        if memory.notices:
            return memory.notices[0]
        await asyncio.sleep(0.05)
    raise AssertionError("no notification within 10 s")


def test_a_model_server_that_is_down_is_a_failure_that_is_announced() -> None:
    memory = Memory(TOPICS)

    async def scenario() -> dict[str, Any]:
        served = make(memory)
        async with served.working():
            await served.handle(request())
            return await noticed(memory)

    notice = asyncio.run(scenario())
    assert notice["topic"] == "failed"
    assert notice["failureReason"] == "the model server is not reachable: ConnectError"
    assert notice["responseParameters"]["failureLocation"].startswith("s3://work/failures/")


def answered(status: str, body: bytes, *, after: float = 0.0, **headers: str) -> tuple[Any, Memory]:
    """What is told of a request to a model server that answers so, after so many seconds."""
    memory = Memory(TOPICS)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(after)
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/x-tar\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()

    async def scenario() -> dict[str, Any]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        served = make(memory, f"http://127.0.0.1:{port}")
        async with server, served.working():
            await served.handle(request(**headers))
            notice = await noticed(memory)
            await ended.wait()
            return notice

    return asyncio.run(scenario()), memory


def test_a_result_is_written_where_the_notification_says() -> None:
    notice, memory = answered("200 OK", b"clip")
    assert (notice["topic"], notice["invocationStatus"]) == ("done", "Completed")
    location = notice["responseParameters"]["outputLocation"]
    assert memory.objects[location.removeprefix("s3://work/")] == b"clip"


def test_what_the_container_says_of_its_failure_is_kept_where_the_notification_says() -> None:
    said = b'{"error": "GenerationFailed", "message": "out of memory"}'
    notice, memory = answered("500 Internal Server Error", said)
    assert (notice["topic"], notice["invocationStatus"]) == ("failed", "Failed")
    location = notice["responseParameters"]["failureLocation"]
    assert memory.objects[location.removeprefix("s3://work/")] == said


def test_a_clip_that_takes_longer_than_its_time_out_is_a_failure_and_its_result_is_not_kept() -> (
    None
):
    notice, memory = answered("200 OK", b"late", after=1.2, InvocationTimeoutSeconds="1")
    assert notice["topic"] == "failed"
    assert notice["failureReason"] == "no answer within 1 s"
    assert not [key for key in memory.objects if key.startswith("results/")]


def test_a_request_that_waited_too_long_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(TOPICS)
    now = time.time()

    async def scenario() -> dict[str, Any]:
        served = make(memory)
        async with served.working():
            await served.handle(request(RequestTTLSeconds="60"))
            monkeypatch.setattr(time, "time", lambda: now + 3_600)
            return await noticed(memory)

    assert asyncio.run(scenario())["failureReason"] == "the request waited longer than 60 s"


def test_a_full_queue_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MAX_QUEUED", 1)

    async def scenario() -> None:
        served = make(Memory(TOPICS))
        async with served.working():
            await served.handle(request())
            await served.handle(request())

    with pytest.raises(Refusal, match="1 requests wait already") as caught:
        asyncio.run(scenario())
    assert (caught.value.code, caught.value.status) == ("ServiceUnavailable", 503)


def test_an_endpoint_whose_worker_ended_takes_nothing() -> None:
    async def scenario() -> None:
        served = make(Memory(TOPICS))
        async with served.working():
            pass
        assert not served.is_working
        await served.handle(request())

    with pytest.raises(Refusal, match="worker has ended"):
        asyncio.run(scenario())


def test_requests_that_are_left_when_it_stops_are_logged_by_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "standins")

    async def scenario() -> None:
        served = make(Memory(TOPICS))
        async with served.working():
            await served.handle(request())

    asyncio.run(scenario())
    lost = [json.loads(line) for line in caplog.messages if "lost_at_stop" in line]
    assert [line["inference_id"] for line in lost] == ["story-1-1"]


def test_a_stack_without_topics_is_logged_and_does_not_end_the_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "standins")
    memory = Memory({})

    async def scenario() -> bool:
        served = make(memory)
        async with served.working():
            await served.handle(request())
            for _ in range(200):
                if any("not_notified" in line for line in caplog.messages):
                    break
                await asyncio.sleep(0.05)
            return served.is_working

    assert asyncio.run(scenario())
    assert any("has no output GenerationFailedTopic" in line for line in caplog.messages)
