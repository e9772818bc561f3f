"""Requests that no phone sends: each is refused in words, and none reaches the local AWS."""

import json
import socket
import time
from collections.abc import Callable

import pytest

from local.lan import connections, request
from local.lan.front import EXCHANGE_SECONDS, MAX_UPLOAD_BYTES
from local.lan.settings import Settings
from tests.unit.local.lan.conftest import Behind

Raw = Callable[[bytes], bytes]


def refusal(answer: bytes) -> tuple[int, str]:
    """Status and code."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower(), answer
    return int(head.split()[1]), json.loads(body)["code"]


def ask(settings: Settings, line: str, *headers: str, host: str | None = None) -> bytes:
    lines = [line, f"Host: {host or settings.host}", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    "path",
    [
        "/stories/../_ministack/ready",
        "/stories/..",
        "/./stories",
        "//stories",
        "/stories//0f",
        "/stories/%2e%2e/_ministack/ready",
        "/stories%2f0f",
        "/stories/0f%00",
        "/stories\\..\\x",
        "/stories/0f;a=b",
        "/enliven-stories/../enliven-work/work/1",
        "/enliven-stories/a%2f..%2f..%2fenliven-work",
        "/stories/{story_id}",
        "/stories/$default",
        "*",
        "stories",
    ],
)
def test_paths_with_tricks_are_refused(
    front: Settings, raw: Raw, behind: Behind, path: str
) -> None:
    assert refusal(raw(ask(front, f"GET {path} HTTP/1.1"))) in [
        (400, "path_invalid"),
        (400, "target_invalid"),
    ]
    assert behind.seen == []


def test_a_whole_url_as_target_is_refused(front: Settings, raw: Raw, behind: Behind) -> None:
    for target in (f"{front.origin}/stories", "http://169.254.169.254/latest", front.upstream):
        assert refusal(raw(ask(front, f"GET {target} HTTP/1.1"))) == (400, "target_invalid")
    assert refusal(raw(ask(front, "CONNECT 127.0.0.1:22 HTTP/1.1"))) == (400, "target_invalid")
    assert behind.seen == []


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "evil.example", "s3.amazonaws.com", "127.0.0.1:80"]
)
def test_another_name_of_this_machine_is_not_served(
    front: Settings, raw: Raw, behind: Behind, host: str
) -> None:
    assert refusal(raw(ask(front, "GET /stories HTTP/1.1", host=host))) == (421, "host_unknown")
    assert behind.seen == []


def test_heads_that_can_be_read_in_two_ways_are_refused(
    front: Settings, raw: Raw, behind: Behind
) -> None:
    post = "POST /stories HTTP/1.1"
    chunked = ask(front, post, "Transfer-Encoding: chunked") + b"0\r\n\r\n"
    assert refusal(raw(chunked)) == (411, "length_required")
    both = ask(front, post, "Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n"
    assert refusal(raw(both)) == (411, "length_required")
    twice = ask(front, post, "Authorization: Bearer a", "Authorization: Bearer b")
    assert refusal(raw(twice)) == (400, "header_repeated")
    assert refusal(raw(ask(front, post, f"Host: {front.host}")))[0] == 400
    assert refusal(raw(ask(front, post, "Content-Length: 1, 2"))) == (400, "http_invalid")
    assert refusal(raw(ask(front, post, "Content-Length: -1"))) == (400, "http_invalid")
    assert refusal(raw(b"\x16\x03\x01\x02\x00\x01" * 20)) == (400, "http_invalid")
    large = ask(front, "GET /stories HTTP/1.1", "a: " + "b" * 40_000)
    assert refusal(raw(large)) == (431, "head_too_large")
    assert refusal(raw(large[:-4] + b"b" * 400_000)) == (400, "http_invalid")
    assert behind.seen == []


def test_a_bomb_of_chunks_is_not_read(front: Settings, raw: Raw, behind: Behind) -> None:
    line = f"POST /{front.uploads_bucket} HTTP/1.1"
    bomb = ask(front, line, "Transfer-Encoding: chunked") + b"ffffffff\r\n" + b"x" * 100_000
    assert refusal(raw(bomb)) == (411, "length_required")
    assert behind.seen == []


def test_a_websocket_is_not_opened(front: Settings, raw: Raw, behind: Behind) -> None:
    upgrade = ("Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13")
    answer = raw(ask(front, "GET /_aws/x HTTP/1.1", "Connection: Upgrade", *upgrade))
    assert refusal(answer)[0] in {400, 404}
    assert behind.seen == []


# Slow clients and many of them ------------------------------------------------------------------


def received(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_a_head_that_drips_is_cut_off(front: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    with socket.create_connection((front.address, front.port), timeout=10) as slow:
        for letter in b"GET /conn":
            slow.send(bytes([letter]))
            time.sleep(0.03)
        began = time.monotonic()
        assert refusal(received(slow)) == (408, "head_stalled")
        assert time.monotonic() - began < 3
    with socket.create_connection((front.address, front.port), timeout=10) as silent:
        assert received(silent) == b""


def test_a_body_that_stalls_is_cut_off(
    front: Settings, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "STALL_SECONDS", 0.3)
    with socket.create_connection((front.address, front.port), timeout=10) as slow:
        slow.sendall(ask(front, "POST /stories HTTP/1.1", "Content-Length: 100") + b"{")
        assert refusal(received(slow)) == (408, "body_stalled")
    assert behind.seen == []


def test_a_body_that_drips_for_ever_is_cut_off(
    front: Settings, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.lan.front.EXCHANGE_SECONDS", 0.5)
    with socket.create_connection((front.address, front.port), timeout=10) as slow:
        slow.sendall(ask(front, "POST /stories HTTP/1.1", "Content-Length: 1000"))
        for _ in range(10):
            slow.send(b"x")
            time.sleep(0.1)
        assert refusal(received(slow)) == (408, "request_timeout")
    assert behind.seen == []


def test_one_address_cannot_take_every_connection(front: Settings, raw: Raw) -> None:
    held = [
        socket.create_connection((front.address, front.port), timeout=10)
        for _ in range(connections.MAX_CONNECTIONS_EACH)
    ]
    try:
        answer = b""
        for _ in range(3):
            answer = raw(ask(front, "GET /connect HTTP/1.1"))
        assert refusal(answer) == (503, "too_many_connections")
    finally:
        for each in held:
            each.close()
    deadline = time.monotonic() + 5
    while b" 200 " not in raw(ask(front, "GET /connect HTTP/1.1")):
        assert time.monotonic() < deadline, "connections that ended still count"
        time.sleep(0.05)


def test_requests_in_one_connection_are_each_looked_at(
    front: Settings, raw: Raw, behind: Behind
) -> None:
    first = f"GET /stories HTTP/1.1\r\nHost: {front.host}\r\n\r\n".encode()
    answer = raw(first + ask(front, "GET /_ministack/ready HTTP/1.1"))
    assert answer.count(b"HTTP/1.1 200 ") == 1
    assert b'"code":"not_found"' in answer
    assert [seen.target for seen in behind.seen] == ["/_aws/execute-api/a1b2c3d4/$default/stories"]


def test_the_constants_leave_a_slow_phone_its_time() -> None:
    slowest_bits_a_second = 2e6
    assert MAX_UPLOAD_BYTES * 8 / slowest_bits_a_second < EXCHANGE_SECONDS
