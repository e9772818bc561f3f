"""Passing a request on to the local AWS, and its answer back, without keeping either."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

import httpx
from starlette.types import Send

from local.lan.refusals import Refused

#: API Gateway itself gives up after 30 s.
_ANSWER_SECONDS = 40.0
_CONNECT_SECONDS = 5.0
#: What tells a client how to read an answer; the rest is the local AWS talking about itself.
READING = frozenset(
    {
        "accept-ranges",
        "cache-control",
        "content-disposition",
        "content-length",
        "content-range",
        "content-type",
        "etag",
        "last-modified",
    }
)
#: Of one connection, not of the answer (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def open_client(upstream: str) -> httpx.AsyncClient:
    """To the local AWS, and to nothing else: no proxy, no redirects."""
    return httpx.AsyncClient(
        base_url=upstream,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
    )


@asynccontextmanager
async def asked(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes | AsyncIterator[bytes] | None = None,
) -> AsyncIterator[httpx.Response]:
    """The answer's head; its body is yet to be read. Raises Refused if there is none."""
    request = client.build_request(
        method, url, headers={"accept-encoding": "identity", **headers}, content=content
    )
    try:
        response = await client.send(request, stream=True)
    except httpx.HTTPError as error:
        raise Refused(
            HTTPStatus.BAD_GATEWAY,
            "stack_silent",
            "The local stack did not answer. Try again in a moment; `enliven up` mends it.",
        ) from error
    try:
        yield response
    finally:
        await response.aclose()


async def pass_back(response: httpx.Response, send: Send, *, own: bool) -> None:
    """Send an answer on as it comes.

    `own`: it is our API's, whose headers are part of what it says. Who may read it from another
    page is for the template's CORS settings; what the emulator says of that is left out.
    """
    headers = [
        (name.lower(), value)
        for name, value in response.headers.multi_items()
        if (_says(name.lower()) if own else name.lower() in READING)
    ]
    headers.append(("x-content-type-options", "nosniff"))
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
            ],
        }
    )
    async for chunk in response.aiter_raw():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _says(name: str) -> bool:
    return name not in _HOP_BY_HOP | {"date", "server", "x-content-type-options"} and (
        not name.startswith(("access-control-", "x-amz", "apigw-"))
    )
