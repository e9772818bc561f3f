"""Connections of strangers: few at a time, and none that takes for ever to say what it wants."""

import json
from asyncio import BaseTransport, TimerHandle, Transport
from http import HTTPStatus
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.lan.refusals import PROBLEM
from local.lan.request import MAX_HEAD_BYTES

#: From connecting, or from the last answer, to the end of a request's head.
HEAD_SECONDS = 10.0
#: Whoever still sends what was refused is listened to for so long, to hear the answer.
LINGER_SECONDS = 2.0
MAX_CONNECTIONS = 64
MAX_CONNECTIONS_EACH = 16


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with what it leaves out: a time limit for heads, and problem details."""

    _head_timer: TimerHandle | None = None
    _ending = False

    def connection_made(self, transport: BaseTransport) -> None:
        """Take a connection, unless there are too many."""
        super().connection_made(cast("Transport", transport))
        others = [each for each in self.connections if isinstance(each, H11Protocol)]
        own = [each for each in others if self._address(each) == self._address(self)]
        if len(others) > MAX_CONNECTIONS or len(own) > MAX_CONNECTIONS_EACH:
            self._end_with(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too_many_connections",
                f"At most {MAX_CONNECTIONS_EACH} connections are taken from one address, "
                f"{MAX_CONNECTIONS} from all. Use one again, or try in a moment.",
            )
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        self._forget_timer()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """The next head may follow."""
        self._await_head()
        super().on_response_complete()

    def data_received(self, data: bytes) -> None:
        """What still comes after a last answer is thrown away."""
        if not self._ending and not self.transport.is_closing():
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """What h11 could not read, or would not: too long a head among it."""
        self._end_with(
            HTTPStatus.BAD_REQUEST,
            "http_invalid",
            f"{msg} It must be HTTP/1.1 with a head of at most {MAX_HEAD_BYTES:,} bytes.",
        )

    def _await_head(self) -> None:
        self._forget_timer()
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        if self.transport.is_closing() or self.conn.their_state is not h11.IDLE:
            return
        if not self.conn.trailing_data[0]:
            self.transport.close()  # nothing was asked, so there is nothing to answer
            return
        self._end_with(
            HTTPStatus.REQUEST_TIMEOUT,
            "head_stalled",
            f"The head of the request was not there within {HEAD_SECONDS:g} s.",
        )

    @staticmethod
    def _address(protocol: H11Protocol) -> str | None:
        return protocol.client[0] if protocol.client else None

    def _end_with(self, status: HTTPStatus, code: str, detail: str) -> None:
        problem: dict[str, Any] = {
            "type": "about:blank",
            "title": status.phrase,
            "status": int(status),
            "detail": detail,
            "code": code,
        }
        body = json.dumps(problem).encode()
        head = (
            f"HTTP/1.1 {int(status)} {status.phrase}\r\nContent-Type: {PROBLEM}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self._ending = True
        self._forget_timer()
        self.transport.write(head.encode() + body)
        # Closed at once with something unread, a connection is reset and the answer lost.
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
