"""The front server on a loopback port, and behind it a server that writes down what reaches it."""

import asyncio
import functools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from pydantic import SecretStr

from local import processes
from local.credentials import ACCOUNT_ID
from local.lan import upstream
from local.lan.__main__ import server_of
from local.lan.settings import Settings

SECRET = "only the stack and its front server know it"
ROUTES = (
    "GET /stories",
    "GET /stories/{story_id}",
    "POST /stories",
    "POST /stories/{story_id}/cancel",
)
VIDEO = b"video " * 50_000
_PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Seen:
    """One request as it reached the local AWS."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Behind:
    """The local AWS's part."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list)


def _handler(behind: Behind) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _body(self) -> bytes:
            if self.headers.get("transfer-encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("content-length", 0)))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _answer(self) -> None:
            body = self._body()
            headers = {name.lower(): value for name, value in self.headers.items()}
            behind.seen.append(Seen(self.command, self.path, headers, body))
            sent = VIDEO if "story.mp4" in self.path else json.dumps({"answer": 42}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.send_header("Retry-After", "5")
            self.send_header("x-amz-request-id", "of the emulator")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - as http.server asks

        def log_message(self, *_: Any) -> None:
            """Quietly."""

    return Handler


@pytest.fixture(scope="session")
def _running() -> Iterator[Behind]:
    behind = Behind()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(behind))
    server.daemon_threads = True
    behind.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield behind
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def behind(_running: Behind) -> Behind:
    _running.seen.clear()
    return _running


@contextmanager
def serving(upstream_port: int) -> Iterator[Settings]:
    (port,) = processes.free_ports(1)
    settings = Settings(
        address="127.0.0.1",
        port=port,
        closes_at=time.time() + 3600,
        upstream=f"http://127.0.0.1:{upstream_port}",
        region="us-east-1",
        secret_key=SecretStr(SECRET),
        api_id="a1b2c3d4",
        routes=ROUTES,
        user_pool_id="us-east-1_Pool",
        client_id="the-client",
        uploads_bucket="enliven-uploads",
        checks_bucket="enliven-checks",
        stories_bucket="enliven-stories",
    )
    started: list[Any] = []

    async def serve() -> None:
        async with upstream.open_client(settings.upstream) as client:
            started.append(server_of(settings, client))
            await started[0].serve()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (started and started[0].started):
        assert time.monotonic() < deadline, "the front server does not start"
        time.sleep(0.01)
    try:
        yield settings
    finally:
        started[0].should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def front(_running: Behind) -> Iterator[Settings]:
    with serving(_running.port) as settings:
        yield settings


@pytest.fixture(scope="session")
def phone(front: Settings) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=front.origin, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def signed_by(front: Settings) -> Callable[..., Any]:
    """S3 as a function sees it that signs for phones."""

    @functools.cache  # half a second each
    def client(
        secret: str = SECRET, access_key: str = ACCOUNT_ID, endpoint: str = "", **more: str
    ) -> Any:
        session: Any = boto3.session.Session(access_key, secret, region_name="us-east-1", **more)
        return session.client(
            "s3", endpoint_url=endpoint or front.origin, config=Config(signature_version="s3v4")
        )

    return client


@pytest.fixture
def raw(front: Settings) -> Callable[[bytes], bytes]:
    """Bytes in, all that comes back out."""

    def exchange(sent: bytes) -> bytes:
        with socket.create_connection((front.address, front.port), timeout=20) as connection:
            connection.sendall(sent)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    return exchange
