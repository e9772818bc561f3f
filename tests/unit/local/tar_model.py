"""A model server as small as can be: `python tar_model.py`, told what to do by the request.

The request's first bytes choose: `tar` is answered with a real tar, `fail` with a failure of the
contract, `slow` only after a minute, `die` with the end of the process.
"""

import asyncio
import io
import json
import os
import tarfile

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


async def ping(_request: Request) -> Response:
    return PlainTextResponse("ready")


async def invoke(request: Request) -> Response:
    body = await request.body()
    if body.startswith(b"fail"):
        failure = {"error": "PhotoUnreadable", "message": "no JPEG"}
        return Response(json.dumps(failure), 400, media_type="application/json")
    if body.startswith(b"slow"):
        await asyncio.sleep(60)
    if body.startswith(b"die"):
        os._exit(1)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo("video.mp4")
        member.size = len(body)
        tar.addfile(member, io.BytesIO(body))
    return Response(packed.getvalue(), media_type="application/x-tar")


if __name__ == "__main__":
    app = Starlette(routes=[Route("/ping", ping), Route("/invocations", invoke, methods=["POST"])])
    port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=1)
