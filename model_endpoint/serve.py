"""The container's server, as SageMaker expects it: GET /ping and POST /invocations.

    python -m model_endpoint.serve [--host 127.0.0.1] [--port 8080]

`SAGEMAKER_BIND_TO_PORT` sets the port, `PROGRESS_BUS` the EventBridge bus for progress, `ENGINE`
the engine (a name that story.cards has a card of; motion if unset) and `MODEL_FOLDER` where its
weights are. Beside a trained model the motion engine is there too, for clips that are directed in
its place. One generation runs at a time; who comes meanwhile is told EngineBusy and when to come
again.
"""

import argparse
import asyncio
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
from types import FrameType

import uvicorn
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from model_endpoint import metrics
from model_endpoint.engines.choice import engine_named
from model_endpoint.engines.motion.encoders import X264, encoder
from model_endpoint.engines.protocol import Engine
from model_endpoint.manifest import WeightsRefused
from model_endpoint.parcel import MAX_REQUEST_BYTES, open_request, pack_result, seconds_under_way
from model_endpoint.photo import read_photo
from model_endpoint.progress import Herald, Send, bus_sender, to_nobody
from model_endpoint.stop import Stop
from story.cards import FALLBACK
from story.errors import (
    EngineBusy,
    EnlivenError,
    GenerationExpired,
    GenerationFailed,
    Permanent,
    SettingInvalid,
)
from story.generation import REQUEST_MEDIA_TYPE, Direction, Failure, Report
from story.limits import INVOCATION_TIMEOUT_SECONDS

DEFAULT_PORT = 8080
RETRY_AFTER_SECONDS = 5
#: What a container is given to finish its clip when it is stopped; and until when, of these, a clip
#: may still be finished: after that it is given up, so that its sender is told to come again.
GRACE_SECONDS = 30
FINISHING_SECONDS = 25
#: Where SageMaker puts what a model's S3 prefix holds.
MODEL_FOLDER = "/opt/ml/model"
EXIT_NOT_READY = 1
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

    def __init__(self, engine: Engine, send: Send, stand_in: Engine | None = None) -> None:
        """Serve what `engine` makes; progress goes to `send`.

        stand_in: makes the clips that are directed in place of the engine's.
        """
        self._engine = engine
        self._stand_in = stand_in
        self._send = send
        self._turn = threading.Lock()
        self._stop: Stop | None = None
        self._leaving = False

    def warm_up(self) -> None:
        """Load every weight and run every stage once."""
        started = time.perf_counter()
        self._engine.warm_up()
        if self._stand_in is not None:
            self._stand_in.warm_up()
        metrics.log(
            LOG,
            "ready",
            self._engine.card.engine.name,
            {"WarmUpSeconds": (round(time.perf_counter() - started, 3), "Seconds")},
            **self._engine.card.engine.model_dump(),
        )

    def leave(self) -> None:
        """The container is stopped: take nothing more, give up a clip that cannot be finished."""
        self._leaving = True
        if (stop := self._stop) is not None:
            timer = threading.Timer(
                FINISHING_SECONDS, stop.ask, [EngineBusy("the endpoint is being stopped")]
            )
            timer.daemon = True
            timer.start()

    async def ping(self, _: Request) -> Response:
        """200: the server only listens once it can make clips."""
        return PlainTextResponse("ready")

    async def invocations(self, request: Request) -> Response:
        """A request's tar in, a result's tar out; failures as story.generation.Failure."""
        try:
            if self._leaving:
                raise EngineBusy("the endpoint is being stopped")
            if not self._turn.acquire(blocking=False):
                raise EngineBusy("another clip is being made; one at a time")
            try:
                body = await read_bounded(request)
                answer = await self._made(request, body)
            finally:
                self._turn.release()
        except EnlivenError as error:
            return failure(error)
        return Response(answer, media_type=REQUEST_MEDIA_TYPE)

    async def _made(self, request: Request, body: bytes) -> bytes:
        """The result, unless its sender goes away before or it takes too long."""
        stop = self._stop = Stop(INVOCATION_TIMEOUT_SECONDS)
        watching = asyncio.create_task(until_gone(request, stop))
        try:
            return await to_thread.run_sync(self.make, body, stop)
        finally:
            self._stop = None
            watching.cancel()

    def make(self, body: bytes, stop: Stop) -> bytes:
        """The result's tar for a request's tar."""
        started = time.perf_counter()
        direction, data = open_request(body)
        waited = seconds_under_way(body)
        engine = self._for(direction)
        photo = read_photo(data)
        with (
            tempfile.TemporaryDirectory() as folder,
            Herald(direction.inference_id, self._send) as herald,
        ):

            def tell(fraction: float, stage: str) -> None:
                stop.check()
                herald.tell(fraction, stage)

            video = Path(folder) / "clip.mp4"
            report: Report = engine.generate(photo, direction, video, tell)
            result = pack_result(video, report)
        measured: dict[str, tuple[float, metrics.Unit]] = {
            "ClipSeconds": (round(time.perf_counter() - started, 3), "Seconds"),
            "ResultBytes": (len(result), "Bytes"),
        }
        if waited is not None:
            measured["QueueSeconds"] = (waited, "Seconds")
        metrics.log(
            LOG,
            "clip made",
            engine.card.engine.name,
            measured,
            inference_id=direction.inference_id,
            timings=report.timings,
        )
        return result

    def _for(self, direction: Direction) -> Engine:
        """Raises GenerationFailed where another is to stand in for a trained one, and none can."""
        if direction.instead_of is None or self._engine.card.engine.family == "procedural":
            return self._engine
        if self._stand_in is None:
            raise GenerationFailed(f"nothing stands in for {direction.instead_of} here")
        return self._stand_in


async def until_gone(request: Request, stop: Stop) -> None:
    """Ask to stop once the sender has gone: nobody would read the result."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    stop.ask(GenerationExpired("the sender went away before the clip was made"))


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


class Server(uvicorn.Server):
    """Uvicorn's, that tells the endpoint as soon as it is asked to stop."""

    def __init__(self, config: uvicorn.Config, endpoint: Endpoint) -> None:
        """Serve `endpoint`'s application, which `config` holds."""
        super().__init__(config)
        self._endpoint = endpoint

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        self._endpoint.leave()
        super().handle_exit(sig, frame)


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM; a clip in the making is finished first, if that is soon.

    1 after a line that says why there is nothing to serve.
    """
    parser = argparse.ArgumentParser(prog="python -m model_endpoint.serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port", type=int, default=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", DEFAULT_PORT))
    )
    options = parser.parse_args(arguments)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    bus = os.environ.get("PROGRESS_BUS")
    name = os.environ.get("ENGINE", FALLBACK)
    try:
        encoded = encoder(os.environ.get("ENCODER", X264.name))
        folder = Path(os.environ.get("MODEL_FOLDER", MODEL_FOLDER))
        engine = engine_named(name, folder, encoded)
        stand_in = None if name == FALLBACK else engine_named(FALLBACK, folder, encoded)
    except (WeightsRefused, SettingInvalid) as error:
        LOG.error("no engine", extra={"facts": {"reason": str(error)}})  # noqa: TRY400 - no defect of ours
        return EXIT_NOT_READY
    endpoint = Endpoint(engine, bus_sender(bus) if bus else to_nobody, stand_in)
    config = uvicorn.Config(
        application(endpoint),
        host=options.host,
        port=options.port,
        log_config=None,
        access_log=False,
        timeout_keep_alive=INVOCATION_TIMEOUT_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = Server(config, endpoint)
    server.run()
    return 0 if server.started else EXIT_NOT_READY


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
