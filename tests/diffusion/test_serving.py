"""The server with a trained model: over HTTP, as SageMaker talks to it."""

import io
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch

from local import tiny
from model_endpoint import serve
from model_endpoint.engines.diffusion.engine import DiffusionEngine
from model_endpoint.engines.diffusion.model import Wanted
from model_endpoint.serve import Endpoint
from model_endpoint.stop import Stop
from story.cards import card
from story.errors import EngineBusy, EnlivenError, GenerationExpired, GenerationFailed
from story.generation import Direction, Failure, Progress, Report
from tests.diffusion.miniature import FPS, FRAMES, ROOT, miniature, request

Direct = Callable[..., Direction]
START_SECONDS = 300


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, log: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}",
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "ENGINE": "tiny",
        "MODEL_FOLDER": str(folder),
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "model_endpoint.serve"],
            cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


def ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            if httpx.get(f"{url}/ping").status_code == 200:
                return
        except httpx.ConnectError:
            time.sleep(0.1)


def lines(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tiny")
    tiny.save(tiny.wan_5b(), folder, card("tiny"))
    return folder


def asked(direct: Direct, **changes: object) -> Direction:
    form = card("tiny").form
    width, height = form.sizes["9:16"]
    fields = {"fps": form.fps, "seconds": 5.0, "width": width, "height": height}
    return direct(**(fields | changes))


def reported(answer: httpx.Response) -> Report:
    assert answer.status_code == 200, answer.text
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        member = archive.extractfile("report.json")
        assert member is not None
        return Report.model_validate_json(member.read())


def test_a_request_becomes_a_clip_and_the_log_its_measures(
    tiny_folder: Path, direct: Direct, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with serving(tiny_folder, log) as (url, process):
        ready(url, process, log)
        # Two at once: one is made, the other is told to come again.
        sent_at = int(time.time()) - 9
        body = request(asked(direct, prompt="canary words"), packed_at=sent_at)
        answers: list[httpx.Response] = []
        threads = [
            threading.Thread(
                target=lambda: answers.append(
                    httpx.post(f"{url}/invocations", content=body, timeout=300)
                )
            )
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        busy, made = sorted(answers, key=lambda answer: -answer.status_code)
        assert (made.status_code, busy.status_code) == (200, 503)
        assert Failure.model_validate_json(busy.content).error == "EngineBusy"
        report = reported(made)
        assert (report.engine.name, report.frames, report.seed) == ("tiny", 40, 7)

        too_long = httpx.post(f"{url}/invocations", content=request(asked(direct, seconds=6.0)))
        assert too_long.status_code == 400
        assert "at most 5.0 s" in Failure.model_validate_json(too_long.content).message

        # What is directed in the model's place is the motion engine's, of any size.
        place = direct(instead_of="tiny", seconds=1.0, fps=12, width=180, height=320)
        body = request(place, packed_at=sent_at)
        report = reported(httpx.post(f"{url}/invocations", content=body, timeout=300))
        assert (report.engine.name, report.frames) == ("enliven-motion", 12)

        # A sender that goes away: the server gives the clip up and is free for the next.
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/invocations", content=request(asked(direct)), timeout=1.0)
        deadline = time.monotonic() + 60
        while "sender went away" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=40) in {0, -signal.SIGTERM}
    assert "canary" not in log.read_text()
    told = {str(line["message"]): line for line in lines(log)}
    assert {"model loaded", "ready", "drawn", "clip made", "clip refused"} <= told.keys()
    assert 9 <= float(str(told["clip made"]["QueueSeconds"])) < 100
    assert float(str(told["drawn"]["StepsPerSecond"])) > 0
    assert float(str(told["model loaded"]["LoadSeconds"])) > 0
    assert "_aws" in told["drawn"]


def test_nothing_is_served_with_weights_that_are_not_as_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "weights"
    tiny.save(tiny.wan_5b(), folder, card("tiny"))
    with (folder / "model/vae/config.json").open("a") as file:
        file.write(" ")
    # In this process, which has PyTorch already.
    monkeypatch.setattr(os, "environ", os.environ | {"ENGINE": "tiny", "MODEL_FOLDER": str(folder)})
    assert serve.main(["--port", "0"]) == serve.EXIT_NOT_READY
    (line,) = [record for record in caplog.records if record.getMessage() == "no engine"]
    assert "model/vae/config.json has" in line.__dict__["facts"]["reason"]


@pytest.fixture(scope="module")
def engine(packed: Callable[[str], Path]) -> DiffusionEngine:
    return DiffusionEngine(miniature("wan-5b"), packed("wan-5b"))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@contextmanager
def little_memory(more: int) -> Iterator[None]:
    """Let this process take so many more bytes of address space, and no byte beyond."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_memory_that_runs_out_is_said_and_given_back(engine: DiffusionEngine) -> None:
    large = np.full((1024, 1024, 3), 90, dtype=np.uint8)
    wanted = Wanted(large, "x", "", FRAMES, FPS, 1, 1, returns=False)
    before = resident_bytes()
    with little_memory(48 * 1024**2), pytest.raises(GenerationFailed) as failed:
        engine._draw(wanted, lambda _done, _of: None)
    assert str(failed.value) == "out of memory at 1024 by 1024 px, 25 frames"
    assert failed.value.__context__ is None
    assert resident_bytes() - before < 32 * 1024**2
    small = np.full((96, 96, 3), 90, dtype=np.uint8)
    drawn = engine._draw(Wanted(small, "x", "", FRAMES, FPS, 1, 1, False), lambda *_: None)
    assert len(drawn.frames) == FRAMES


@pytest.mark.parametrize(
    "why", [EngineBusy("the endpoint is being stopped"), GenerationExpired("the sender went away")]
)
def test_a_clip_is_given_up_at_the_next_step(
    engine: DiffusionEngine, direct: Direct, why: EnlivenError
) -> None:
    stop = Stop(60)
    told: list[Progress] = []

    def send(progress: Progress) -> None:
        told.append(progress)
        stop.ask(why)

    with pytest.raises(type(why), match=str(why)):
        Endpoint(engine, send).make(request(direct()), stop)
    assert told


def test_where_nothing_stands_in_for_a_model_it_does_not_do_so_itself(
    engine: DiffusionEngine, direct: Direct
) -> None:
    with pytest.raises(GenerationFailed, match="nothing stands in for wan-5b here"):
        Endpoint(engine, lambda _: None).make(request(direct(instead_of="wan-5b")), Stop(60))


def test_a_clip_that_takes_longer_than_an_invocation_may_is_given_up(
    engine: DiffusionEngine, direct: Direct
) -> None:
    with pytest.raises(GenerationExpired, match="not made within the 0 s"):
        Endpoint(engine, lambda _: None).make(request(direct()), Stop(0))
