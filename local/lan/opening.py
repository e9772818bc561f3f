"""Letting phones in, and shutting them out again."""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from local import environments, processes, stack
from local.environments import REGION
from local.lan import page
from local.lan.front import template_of
from local.lan.settings import VARIABLE, Settings
from local.processes import StackError
from local.stack import LocalStack

#: Who forgets to close it has not left it open for ever.
OPEN_SECONDS = 4 * 60 * 60
_READY_SECONDS = 15.0
_ROUTES_A_PAGE = "100"


@dataclass(frozen=True)
class Origin:
    """Where phones are let in."""

    address: str
    port: int

    @property
    def url(self) -> str:
        """What their URLs begin with."""
        return f"http://{self.address}:{self.port}"

    @property
    def page(self) -> str:
        """What the QR code says."""
        return self.url + page.PATH

    @property
    def parameters(self) -> dict[str, str]:
        """Of the template: S3 signs the host, and what is shared is opened there."""
        return {"MediaEndpoint": self.url, "PublicUrl": self.url}


def origin(running: LocalStack, address: str) -> Origin:
    """Where to let phones in: the same as before, if they are let in by that address already.

    Their links then stay good.
    """
    last = running.lan
    if last is not None and last.host == address and last.is_alive():
        return Origin(address, last.port)
    (port,) = processes.free_ports(1, address)
    return Origin(address, port)


def close(running: LocalStack) -> LocalStack:
    """Shut phones out; the stack goes on."""
    return running if running.lan is None else stack.keep_lan(running, None)


def serve(
    running: LocalStack,
    outputs: Mapping[str, str],
    origin: Origin,
    *,
    closes_at: float | None = None,
) -> LocalStack:
    """Let phones in until `closes_at`, in seconds since 1970. Raises StackError."""
    settings = Settings(
        address=origin.address,
        port=origin.port,
        closes_at=time.time() + OPEN_SECONDS if closes_at is None else closes_at,
        upstream=running.endpoint,
        region=REGION,
        secret_key=running.secret_key,
        api_id=outputs["ApiId"],
        routes=routes(running, outputs["ApiId"]),
        user_pool_id=outputs["UserPoolId"],
        client_id=outputs["UserPoolClientId"],
        uploads_bucket=outputs["UploadsBucket"],
        checks_bucket=outputs["ChecksBucket"],
        stories_bucket=outputs["StoriesBucket"],
    )
    closed = close(running)
    told = settings.model_dump(mode="json") | {"secret_key": running.secret_key}
    server = processes.start(
        "lan",
        [sys.executable, "-m", "local.lan"],
        port=origin.port,
        health=page.PATH,
        directory=running.project_root,
        environment=environments.inherited()
        | {
            VARIABLE: json.dumps(told),
            "PYTHONPATH": str(running.project_root / "functions"),
        },
        log=Path(running.log_dir) / "lan.log",
        host=origin.address,
    )
    try:
        processes.wait_until_healthy(server, _READY_SECONDS)
        return stack.keep_lan(replace(closed, lan=None), server)
    except BaseException:
        processes.stop([server])
        raise


def routes(running: LocalStack, api_id: str) -> tuple[str, ...]:
    """What the deployed API has. Raises StackError for a route that could not be listed here."""
    answer = running.client("apigatewayv2").get_routes(ApiId=api_id, MaxResults=_ROUTES_A_PAGE)
    found = tuple(sorted(item["RouteKey"] for item in answer["Items"]))
    if not found or "NextToken" in answer:
        raise StackError(f"API {api_id} has {len(found)} routes or more: they are not all known")
    for route in found:
        try:
            _, path = template_of(route)
        except ValueError as error:
            raise StackError(f"phones cannot be let in: {error}") from error
        if path.fullmatch(page.PATH):
            raise StackError(f"the API's {route} stands where {page.PATH} is")
    return found
