"""Runs the front server for phones: `ENLIVEN_LAN='{…}' python -m local.lan`."""

import asyncio
import os
import sys
import time

import httpx
import uvicorn
from pydantic import ValidationError

from local.lan import upstream
from local.lan.connections import PatientProtocol
from local.lan.front import Front
from local.lan.request import MAX_HEAD_BYTES
from local.lan.settings import VARIABLE, Settings
from local.standins import wire

#: Exchanges that take longer are cut off when the process is asked to stop.
_STOP_SECONDS = 3
#: How often the clock is looked at; a machine that slept closes soon after it wakes.
_CLOCK_SECONDS = 15.0


def main() -> None:
    """Serve until the time is over, or until stopped."""
    try:
        settings = Settings.model_validate_json(os.environ[VARIABLE])
    except KeyError:
        sys.exit(f"the front server needs {VARIABLE}; `enliven up --lan` sets it")
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        sys.exit(f"{VARIABLE} is not fit: {wrong['loc']}: {wrong['msg']}")
    wire.log_to_stdout()
    asyncio.run(_serve(settings))


def server_of(settings: Settings, client: httpx.AsyncClient) -> uvicorn.Server:
    """The server, not yet started."""
    return uvicorn.Server(
        uvicorn.Config(
            Front(settings, client),
            host=settings.address,
            port=settings.port,
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    )


async def _serve(settings: Settings) -> None:
    async with upstream.open_client(settings.upstream) as client:
        server = server_of(settings, client)
        closing = asyncio.create_task(_close_in_time(server, settings.closes_at))
        await server.serve()
        closing.cancel()


async def _close_in_time(server: uvicorn.Server, closes_at: float) -> None:
    while (left := closes_at - time.time()) > 0:  # noqa: ASYNC110 - it is the clock that is awaited
        await asyncio.sleep(min(left, _CLOCK_SECONDS))
    wire.log("closed", reason="the time is over")
    server.should_exit = True


if __name__ == "__main__":
    main()
