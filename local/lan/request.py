"""What every request must look like, before anything else is looked at.

Strict on purpose: what two parsers could read in two ways is refused, not interpreted. Everything
that the API, Cognito and S3 need here is plain: no escapes in paths, one value a header.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.types import Receive, Scope

from local.lan.refusals import Refused

#: A client that sends nothing for so long is not waited for.
STALL_SECONDS = 20.0
MAX_HEAD_BYTES = 16 * 2**10
_MAX_QUERY_CHARACTERS = 4_096
_PATH = re.compile(r"/|(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)+/?")
_QUERY = re.compile(r"[!-~]*")
_LENGTH = re.compile(r"[0-9]{1,12}")


class ClientGone(Exception):
    """Whoever asked has hung up: there is nobody to answer."""


@dataclass(frozen=True)
class Asked:
    """The head of a request that is fit to be looked at."""

    method: str
    path: str
    query: str
    #: By lower-case name.
    headers: Mapping[str, str]
    #: Of the body, in bytes.
    length: int


def read(scope: Scope, host: str) -> Asked:
    """The head of a request. Raises Refused."""
    target = scope["raw_path"].decode("ascii", "replace")
    if not target.startswith("/"):
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "target_invalid",
            "The request line must name a path, not a whole URL: this is no proxy.",
        )
    headers = _headers(scope["headers"])
    if headers.get("host") != host:
        raise Refused(
            HTTPStatus.MISDIRECTED_REQUEST,
            "host_unknown",
            f"Host must be {host}: other names of this machine are not served.",
        )
    if not _PATH.fullmatch(target):
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "path_invalid",
            "A path here has letters, digits, '.', '_', '~' and '-' between single slashes, "
            "and no '..'.",
        )
    query = scope["query_string"].decode("ascii", "replace")
    if len(query) > _MAX_QUERY_CHARACTERS or not _QUERY.fullmatch(query):
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "query_invalid",
            f"A query has at most {_MAX_QUERY_CHARACTERS:,} printable ASCII characters.",
        )
    return Asked(scope["method"], target, query, headers, _length(headers))


def _headers(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    if sum(len(name) + len(value) for name, value in pairs) > MAX_HEAD_BYTES:
        raise Refused(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "head_too_large",
            f"The head of a request has at most {MAX_HEAD_BYTES:,} bytes.",
        )
    found: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name = raw_name.decode("ascii")
        if name in found:
            raise Refused(
                HTTPStatus.BAD_REQUEST, "header_repeated", f"The header {name} is there twice."
            )
        found[name] = raw_value.decode("latin-1")
    return found


def _length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise Refused(
            HTTPStatus.LENGTH_REQUIRED,
            "length_required",
            "Say the body's length in Content-Length; chunked bodies are not taken.",
        )
    given = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(given):
        raise Refused(
            HTTPStatus.BAD_REQUEST, "length_invalid", "Content-Length is no number of bytes."
        )
    return int(given)


def bounded(asked: Asked, limit: int) -> None:
    """Refuse a body that says it is too long, before any of it is read."""
    if asked.length > limit:
        raise Refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body_too_large",
            f"The body has {asked.length:,} bytes; at most {limit:,} are taken here.",
        )


async def chunks(receive: Receive) -> AsyncIterator[bytes]:
    """The body as it comes. Raises Refused for a client that stalls, ClientGone for one that left.

    The server below reads no more than the length that was said, and waits while nobody takes.
    """
    more = True
    while more:
        message = await _message(receive)
        if message["type"] == "http.disconnect":
            raise ClientGone
        more = message.get("more_body", False)
        if message.get("body"):
            yield message["body"]


async def whole(receive: Receive) -> bytes:
    """A small body at once."""
    return b"".join([chunk async for chunk in chunks(receive)])


async def _message(receive: Receive) -> Mapping[str, Any]:
    try:
        async with asyncio.timeout(STALL_SECONDS):
            return await receive()
    except TimeoutError:
        raise Refused(
            HTTPStatus.REQUEST_TIMEOUT,
            "body_stalled",
            f"Nothing more of the body came within {STALL_SECONDS:g} s.",
        ) from None
