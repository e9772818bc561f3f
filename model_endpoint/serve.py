"""The container's server, as SageMaker expects it: GET /ping and POST /invocations.

    python -m model_endpoint.serve [--host 127.0.0.1] [--port 8080]

`SAGEMAKER_BIND_TO_PORT` sets the port and `PROGRESS_BUS` the EventBridge bus for progress. One
generation runs at a time; who comes meanwhile is told EngineBusy and when to come again.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import numpy as np
import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from model_endpoint.engines.motion.encoders import X264, encoder
from model_endpoint.engines.motion.engine import MotionEngine
from model_endpoint.engines.protocol import Engine, no_progress
from model_endpoint.parcel import MAX_REQUEST_BYTES, open_request, pack_result
from model_endpoint.photo import read_photo
from model_endpoint.progress import Herald, Send, bus_sender, to_nobody
from story.errors import EngineBusy, EnlivenError, GenerationFailed, Permanent
from story.generation import REQUEST_MEDIA_TYPE, Direction, Failure, Report
from story.limits import INVOCATION_TIMEOUT_SECONDS

DEFAULT_PORT = 8080
RETRY_AFTER_SECONDS = 5
#: What a container is given to finish its clip when it is stopped.
GRACE_SECONDS = 30
LOG = logging.getLogger("enliven.endpoint")


class JsonLines(logging.Formatter):
    """One JSON object a line; facts come in `extra={"facts": {...}}`, never words of a story."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class Endpoint:
    """One engine behind HTTP."""

    def __init__(self, engine: Engine, send: Send) -> None:
        """Serve what `engine` makes; progress goes to `send`."""
        self._engine = engine
        self._send = send
        self._turn = threading.Lock()

    def warm_up(self) -> None:
        """Load every weight and run every stage once, on a tiny clip."""
        grey = np.full((256, 256, 3), 128, dtype=np.uint8)
        direction = Direction(
            story_id="0" * 32, inference_id="warm-up", prompt="", negative_prompt="",
            camera="push_in", ambience="wind", seed=0, seconds=1.0, fps=8, width=64, height=64,
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            self._engine.generate(grey, direction, Path(folder) / "warm.mp4", no_progress)
        LOG.info("ready", extra={"facts": self._engine.card.engine.model_dump()})

    async def ping(self, _: Request) -> Response:
        """200: the server only listens once it can make clips."""
        return PlainTextResponse("ready")

    async def invocations(self, request: Request) -> Response:
        """A request's tar in, a result's tar out; failures as story.generation.Failure."""
        try:
            if not self._turn.acquire(blocking=False):
                raise EngineBusy("another clip is being made; one at a time")
            try:
                body = await read_bounded(request)
                answer = await to_thread.run_sync(self.make, body)
            finally:
                self._turn.release()
        except EnlivenError as error:
            return failure(error)
        return Response(answer, media_type=REQUEST_MEDIA_TYPE)

    def make(self, body: bytes) -> bytes:
        """The result's tar for a request's tar."""
        started = time.perf_counter()
        direction, data = open_request(body)
        photo = read_photo(data)
        with (
            tempfile.TemporaryDirectory() as folder,
            Herald(direction.inference_id, self._send) as herald,
        ):
            video = Path(folder) / "clip.mp4"
            report: Report = self._engine.generate(photo, direction, video, herald.tell)
            result = pack_result(video, report)
        LOG.info(
            "clip made",
            extra={
                "facts": {
                    "inference_id": direction.inference_id,
                    "seconds": round(time.perf_counter() - started, 3),
                    "result_bytes": len(result),
                    "timings": report.timings,
                }
            },
        )
        return result


async def read_bounded(request: Request) -> bytes:
    """The body, refused as soon as it is longer than any valid request.

    Raises:
        GenerationFailed: the body is too long, or its sender went away.
    """
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_REQUEST_BYTES:
                raise GenerationFailed(f"the request is longer than {MAX_REQUEST_BYTES} bytes")
    except ClientDisconnect as error:
        raise GenerationFailed("the sender went away before the request ended") from error
    return bytes(body)


def failure(error: EnlivenError) -> Response:
    """The answer for an error of ours: 503 to come again, 400 not to."""
    name = type(error).__name__
    LOG.warning("clip refused", extra={"facts": {"error": name, "reason": str(error)}})
    body = Failure(error=name, message=str(error)).model_dump_json()
    if isinstance(error, Permanent):
        return Response(body, HTTPStatus.BAD_REQUEST, media_type="application/json")
    return Response(
        body,
        HTTPStatus.SERVICE_UNAVAILABLE,
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
        media_type="application/json",
    )


async def defect(_: Request, error: Exception) -> Response:
    """The answer for a fault of ours that has no name: the trace goes to the log, not out."""
    LOG.error("clip failed", exc_info=error)
    body = Failure(error=GenerationFailed.__name__, message=f"{type(error).__name__} in the engine")
    return Response(
        body.model_dump_json(), HTTPStatus.INTERNAL_SERVER_ERROR, media_type="application/json"
    )


def application(endpoint: Endpoint) -> Starlette:
    """The ASGI application. Its start fails when the engine cannot make the warm-up clip."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await to_thread.run_sync(endpoint.warm_up)
        yield

    return Starlette(
        routes=[
            Route("/ping", endpoint.ping),
            Route("/invocations", endpoint.invocations, methods=["POST"]),
        ],
        exception_handlers={Exception: defect},
        lifespan=lifespan,
    )


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM; a clip in the making is finished first."""
    parser = argparse.ArgumentParser(prog="python -m model_endpoint.serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port", type=int, default=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", DEFAULT_PORT))
    )
    options = parser.parse_args(arguments)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    chosen = encoder(os.environ.get("ENCODER", X264.name))
    bus = os.environ.get("PROGRESS_BUS")
    endpoint = Endpoint(MotionEngine(chosen), bus_sender(bus) if bus else to_nobody)
    uvicorn.run(
        application(endpoint),
        host=options.host,
        port=options.port,
        log_config=None,
        access_log=False,
        timeout_keep_alive=INVOCATION_TIMEOUT_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
