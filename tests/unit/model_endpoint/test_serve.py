import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from model_endpoint.parcel import MAX_REQUEST_BYTES
from model_endpoint.progress import Herald, bus_sender
from story.generation import (
    PROGRESS_DETAIL_TYPE,
    PROGRESS_SOURCE,
    Direction,
    Failure,
    Progress,
    Report,
)

ROOT = Path(__file__).resolve().parents[3]
Direct = Callable[..., Direction]
START_SECONDS = 60


def request(direction: Direction, photo: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:") as archive:
        for name, data in (
            ("direction.json", direction.model_dump_json().encode()),
            ("photo.jpg", photo),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Bus(BaseHTTPRequestHandler):
    """EventBridge's PutEvents on the wire: records entries."""

    entries: list[dict[str, str]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.entries.extend(body["Entries"])
        answer = json.dumps({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        """Keep the test's output clean."""


@pytest.fixture(scope="module")
def bus() -> Iterator[tuple[str, list[dict[str, str]]]]:
    entries: list[dict[str, str]] = []
    handler = type("Recording", (Bus,), {"entries": entries})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", entries
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def server(
    bus: tuple[str, list[dict[str, str]]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    port = free_port()
    log = tmp_path_factory.mktemp("serve") / "log"
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}",
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "PROGRESS_BUS": "stories",
        "AWS_ENDPOINT_URL_EVENTBRIDGE": bus[0],
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "model_endpoint.serve"],
            cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                if httpx.get(f"{url}/ping").status_code == 200:
                    break
            except httpx.ConnectError:
                time.sleep(0.1)
        yield url, log
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)
    assert "Finished server process" in log.read_text()


def photo_bytes(name: str) -> bytes:
    return (ROOT / "photos" / f"{name}.jpg").read_bytes()


def failed(answer: httpx.Response) -> Failure:
    assert answer.headers["content-type"] == "application/json"
    return Failure.model_validate_json(answer.content)


def test_a_request_becomes_a_clip_with_a_report_and_progress(
    server: tuple[str, Path], bus: tuple[str, list[dict[str, str]]], direct: Direct
) -> None:
    url, log = server
    direction = direct(prompt="canary words")
    answer = httpx.post(
        f"{url}/invocations", content=request(direction, photo_bytes("coffee_cup")), timeout=60
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-tar"
    with tarfile.open(fileobj=io.BytesIO(answer.content), mode="r:") as archive:
        assert archive.getnames() == ["video.mp4", "report.json"]
        video, report = (archive.extractfile(name) for name in archive.getnames())
        assert video is not None
        assert report is not None
        assert video.read()[4:8] == b"ftyp"
        read = Report.model_validate_json(report.read())
    assert (read.inference_id, read.frames, read.seed) == (direction.inference_id, 12, 7)
    assert "canary" not in log.read_text()

    entries = bus[1]
    assert {(e["Source"], e["DetailType"], e["EventBusName"]) for e in entries} == {
        (PROGRESS_SOURCE, PROGRESS_DETAIL_TYPE, "stories")
    }
    details = [Progress.model_validate_json(entry["Detail"]) for entry in entries]
    assert details[-1].inference_id == direction.inference_id
    assert details[-1].fraction == pytest.approx(1.0)


def test_bad_requests_get_the_errors_of_the_tree(server: tuple[str, Path], direct: Direct) -> None:
    url = f"{server[0]}/invocations"
    for body, error in (
        (b"junk", "GenerationFailed"),
        (request(direct(), b"no photo"), "PhotoUnreadable"),
        (request(direct(), photo_bytes("coffee_cup")[:9_000]), "PhotoUnreadable"),
    ):
        answer = httpx.post(url, content=body, timeout=60)
        assert answer.status_code == 400
        assert failed(answer).error == error


def test_a_body_longer_than_any_request_is_refused(server: tuple[str, Path]) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(MAX_REQUEST_BYTES // 1_000_000 + 2):
            yield b"\0" * 1_000_000

    answer = httpx.post(f"{server[0]}/invocations", content=endless(), timeout=60)
    assert answer.status_code == 400
    assert "longer" in failed(answer).message


def test_a_second_request_is_told_to_come_again(server: tuple[str, Path], direct: Direct) -> None:
    url = f"{server[0]}/invocations"
    body = request(direct(seconds=4.0, width=360, height=640), photo_bytes("coffee_cup"))
    answers: list[httpx.Response] = []

    def ask() -> None:
        answers.append(httpx.post(url, content=body, timeout=120))

    both = [threading.Thread(target=ask) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    refused, made = sorted(answers, key=lambda answer: answer.status_code, reverse=True)
    assert made.status_code == 200
    assert refused.status_code == 503
    assert refused.headers["retry-after"].isdigit()
    assert failed(refused).error == "EngineBusy"


def test_every_line_of_the_log_is_json(server: tuple[str, Path]) -> None:
    for line in server[1].read_text().splitlines():
        assert {"time", "level", "message"} <= set(json.loads(line))


def test_old_news_is_dropped_and_the_last_is_sent() -> None:
    sent: list[float] = []
    with Herald("one", lambda news: sent.append(news.fraction), interval=30.0) as herald:
        for step in range(101):
            herald.tell(step / 100, "render")
    assert len(sent) <= 2
    assert sent[-1] == 1.0


def test_a_bus_that_is_not_there_is_logged_and_nothing_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL_EVENTBRIDGE": f"http://127.0.0.1:{free_port()}",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    bus_sender("stories")(Progress(inference_id="one", fraction=0.5, stage="render"))
    assert "progress not sent" in caplog.text
