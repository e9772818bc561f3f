"""One application for the three services: each call says by its form which one it is for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import boto3
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from local.standins import wire
from local.standins.endpoint import Endpoint
from local.standins.guardrail import Guardrail
from local.standins.reading import Reader
from local.standins.rekognition import Rekognition
from local.standins.vision import Vision
from local.standins.words import WordJudge


@dataclass(frozen=True)
class Settings:
    """Where everything is. The local AWS is where `AWS_ENDPOINT_URL` says."""

    model_url: str
    stack_name: str
    region: str


def make_app(settings: Settings) -> Starlette:
    """Put the services together. The slow models load while the first requests are awaited."""
    session = boto3.session.Session(region_name=settings.region)
    s3 = session.client("s3")
    reader, judge = Reader(), WordJudge()
    rekognition = Rekognition(Vision(), reader, s3)
    guardrail = Guardrail(judge)
    endpoint = Endpoint(
        model_url=settings.model_url,
        stack_name=settings.stack_name,
        region=settings.region,
        s3=s3,
        sns=session.client("sns"),
        cloudformation=session.client("cloudformation"),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        warming = [
            asyncio.create_task(run_in_threadpool(load)) for load in (judge.warm, reader.warm)
        ]
        async with endpoint.working():
            yield
        await asyncio.gather(*warming)

    async def ping(_request: Request) -> PlainTextResponse:
        if not endpoint.is_working:
            return PlainTextResponse("the endpoint's worker has ended\n", 500)
        return PlainTextResponse("ready\n")

    return Starlette(
        routes=[
            Route("/ping", ping),
            Route("/", rekognition.handle, methods=["POST"]),
            Route(
                "/guardrail/{identifier}/version/{version}/apply",
                guardrail.handle,
                methods=["POST"],
            ),
            Route("/endpoints/{name}/async-invocations", endpoint.handle, methods=["POST"]),
        ],
        exception_handlers={wire.Refusal: wire.refuse},
        lifespan=lifespan,
    )
