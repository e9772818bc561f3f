"""The list of what is passed on. What is not on it is refused, whatever the local AWS would do.

GET  /connect                           what a phone needs to know (page.py)
POST /                                  Cognito: sign in, sign up
GET  /{pool}/.well-known/jwks.json      Cognito's public keys
POST /{uploads bucket}                  an upload form that the API signed
POST /{checks bucket}                   a check's form that the API signed
GET  /{stories bucket}/{key}            a link that the API signed
what the API has, as API Gateway lists it
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import httpx
from starlette.types import Message, Receive, Scope, Send

from local.lan import forms, page, refusals, request, signatures, upstream
from local.lan.connections import LINGER_SECONDS
from local.lan.refusals import Refused
from local.lan.request import Asked, ClientGone
from local.lan.settings import Settings
from local.standins.wire import log
from story import checks, limits

#: From the head of a request to the end of its answer: 25 MiB at 2 Mbit/s take 105 s, and a check's
#: 100 MB at 5 Mbit/s 160 s.
EXCHANGE_SECONDS = 180.0
#: Larger than the forms allow, so that S3 itself says what is too large; and bounded all the same.
_MORE_BYTES = 7 * 2**20
MAX_UPLOAD_BYTES = limits.MAX_UPLOAD_BYTES + _MORE_BYTES
MAX_CHECK_BYTES = checks.MAX_FILE_BYTES + _MORE_BYTES
_MAX_API_BYTES = 64 * 2**10
_MAX_SIGN_IN_BYTES = 16 * 2**10

_COGNITO = "AWSCognitoIdentityProviderService."
_SIGN_IN = frozenset({"InitiateAuth", "SignUp", "ConfirmSignUp"})
_JSON_1_1 = "application/x-amz-json-1.1"
#: Of a request, for the API: what its operations may read.
_TO_API = (
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "user-agent",
)
#: Of a request, for S3: parts of a video, and whether it has changed.
_TO_S3 = (
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
)
_PARAMETER = re.compile(r"\{([A-Za-z_]+)\}")
_SEGMENT = "[A-Za-z0-9._~-]{1,128}"
#: Names of the API's query parameters; those by which AWS is signed for look otherwise.
_API_QUERY = re.compile(r"(?:[a-z][a-z0-9_]{0,31}=[^&]*)(?:&[a-z][a-z0-9_]{0,31}=[^&]*)*")

Serve = Callable[[Asked, Receive, Send], Awaitable[None]]


class _Entry(NamedTuple):
    """One line of the list."""

    method: str
    path: re.Pattern[str]
    serve: Serve


def template_of(route: str) -> tuple[str, re.Pattern[str]]:
    """Method and path of one of API Gateway's routes; ValueError for one that is too wide."""
    method, _, path = route.partition(" ")
    rest = _PARAMETER.sub("", path)
    if method in {"ANY", "$default"} or not re.fullmatch(r"[A-Za-z0-9._/-]+", rest):
        raise ValueError(f"the route {route!r} would let in more than can be foreseen")
    parts = _PARAMETER.split(path)
    pattern = "".join(
        _SEGMENT if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )
    return method, re.compile(pattern)


class Front:
    """The ASGI application."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        pool, uploads = re.escape(settings.user_pool_id), re.escape(settings.uploads_bucket)
        stories = re.escape(settings.stories_bucket)
        self._list = [
            _Entry("GET", re.compile(page.PATH), self._page),
            _Entry("POST", re.compile("/"), self._sign_in),
            _Entry("GET", re.compile(rf"/{pool}/\.well-known/jwks\.json"), self._keys),
            _Entry(
                "POST",
                re.compile(f"/{uploads}/?"),
                self._takes(settings.uploads_bucket, MAX_UPLOAD_BYTES),
            ),
            _Entry(
                "POST",
                re.compile(f"/{re.escape(settings.checks_bucket)}/?"),
                self._takes(settings.checks_bucket, MAX_CHECK_BYTES),
            ),
            _Entry("GET", re.compile(f"/{stories}/.+[^/]"), self._download),
            *(_Entry(*template_of(route), self._api) for route in settings.routes),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, within its time; say why where it is not served."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(EXCHANGE_SECONDS):
                asked = request.read(scope, self._settings.host)
                await self._find(asked)(asked, receive, noted)
        except Refused as refused:
            log("refused", code=refused.code, method=scope["method"], peer=_peer(scope))
            if not begun:
                await _refuse(refused, scope, receive, send)
        except TimeoutError:
            log("cut_off", seconds=EXCHANGE_SECONDS, method=scope["method"], peer=_peer(scope))
            if not begun:
                late = Refused(
                    HTTPStatus.REQUEST_TIMEOUT,
                    "request_timeout",
                    f"The whole exchange may take {EXCHANGE_SECONDS:g} s.",
                )
                await _refuse(late, scope, receive, send)
        except (ClientGone, httpx.HTTPError) as error:
            # With an answer begun, the connection is cut by the server below: a client sees by
            # Content-Length that something is missing.
            log("broken_off", error=type(error).__name__, method=scope["method"], peer=_peer(scope))

    def _find(self, asked: Asked) -> Serve:
        fitting = {e.method: e.serve for e in self._list if e.path.fullmatch(asked.path)}
        if asked.method in fitting:
            return fitting[asked.method]
        if fitting:
            raise Refused(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "method_not_allowed",
                f"{asked.path} takes {', '.join(sorted(fitting))}.",
                {"Allow": ", ".join(sorted(fitting))},
            )
        raise Refused(
            HTTPStatus.NOT_FOUND,
            "not_found",
            f"There is no {asked.path} for phones. {self._settings.origin}{page.PATH} says what "
            "there is.",
        )

    # What is on the list ------------------------------------------------------------------------

    async def _page(self, asked: Asked, receive: Receive, send: Send) -> None:
        scope = {"type": "http", "method": asked.method}
        response = page.show(self._settings, asked.headers.get("accept", ""))
        await response(scope, receive, send)

    async def _sign_in(self, asked: Asked, receive: Receive, send: Send) -> None:
        target = asked.headers.get("x-amz-target", "")
        if target.removeprefix(_COGNITO) not in _SIGN_IN or not target.startswith(_COGNITO):
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "operation_not_served",
                f"X-Amz-Target may be {_COGNITO} and one of {', '.join(sorted(_SIGN_IN))}.",
            )
        request.bounded(asked, _MAX_SIGN_IN_BYTES)
        try:
            body = json.loads(await request.whole(receive))
            client_id = body["ClientId"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Refused(
                HTTPStatus.BAD_REQUEST, "body_invalid", "The body must be JSON with a ClientId."
            ) from error
        if client_id != self._settings.client_id:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "client_unknown",
                f"ClientId must be the one that {page.PATH} tells.",
            )
        headers = {"content-type": _JSON_1_1, "x-amz-target": target}
        # Written anew: a name that is there twice is then there once.
        content = json.dumps(body).encode()
        async with upstream.asked(
            self._client, "POST", "/", headers=headers, content=content
        ) as response:
            await upstream.pass_back(response, send, own=False)

    async def _keys(self, asked: Asked, _receive: Receive, send: Send) -> None:
        _empty(asked)
        async with upstream.asked(self._client, "GET", asked.path, headers={}) as response:
            await upstream.pass_back(response, send, own=False)

    def _takes(self, bucket: str, limit: int) -> Serve:
        """What takes a form with a file, for one bucket."""

        async def serve(asked: Asked, receive: Receive, send: Send) -> None:
            await self._upload(bucket, limit, asked, receive, send)

        return serve

    async def _upload(
        self, bucket: str, limit: int, asked: Asked, receive: Receive, send: Send
    ) -> None:
        _without_query(asked)
        boundary = forms.boundary_of(asked.headers.get("content-type", ""))
        request.bounded(asked, limit)
        upload = forms.Upload(boundary, request.chunks(receive))
        signatures.check_form(self._settings, await upload.fields())
        fresh = forms.new_boundary()
        headers = {
            "host": self._settings.host,
            "content-type": f"multipart/form-data; boundary={fresh.decode()}",
        }
        async with upstream.asked(
            self._client,
            "POST",
            f"/{bucket}",
            headers=headers,
            content=upload.rewritten(fresh),
        ) as response:
            await upstream.pass_back(response, send, own=False)

    async def _download(self, asked: Asked, _receive: Receive, send: Send) -> None:
        _empty(asked)
        signatures.check_url(self._settings, asked.path, asked.query)
        headers = _chosen(asked.headers, _TO_S3) | {"host": self._settings.host}
        url = f"{asked.path}?{asked.query}"
        async with upstream.asked(self._client, "GET", url, headers=headers) as response:
            await upstream.pass_back(response, send, own=False)

    async def _api(self, asked: Asked, receive: Receive, send: Send) -> None:
        if not asked.headers.get("authorization", "Bearer ").startswith("Bearer "):
            raise Refused(
                HTTPStatus.UNAUTHORIZED,
                "bearer_token_required",
                "Authorization must be Bearer and an access token.",
                {"WWW-Authenticate": "Bearer"},
            )
        if asked.query and not _API_QUERY.fullmatch(asked.query):
            raise Refused(
                HTTPStatus.BAD_REQUEST,
                "query_invalid",
                "Query parameters have lower-case names and a value: name=value.",
            )
        request.bounded(asked, _MAX_API_BYTES)
        url = f"/_aws/execute-api/{self._settings.api_id}/$default{asked.path}"
        async with upstream.asked(
            self._client,
            asked.method,
            f"{url}?{asked.query}" if asked.query else url,
            headers=_chosen(asked.headers, _TO_API) | {"host": self._settings.host},
            content=await request.whole(receive) if asked.length else None,
        ) as response:
            await upstream.pass_back(response, send, own=True)


def _chosen(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}


def _empty(asked: Asked) -> None:
    request.bounded(asked, 0)


def _without_query(asked: Asked) -> None:
    if asked.query:
        raise Refused(HTTPStatus.BAD_REQUEST, "query_invalid", "An upload has no query.")


def _peer(scope: Scope) -> str:
    return str(scope["client"][0]) if scope["client"] else "unknown"


async def _refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    """Say why; then listen for a moment, so that who still sends is not cut off before reading."""

    async def but_the_end(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "more_body": True}
        await send(message)

    try:
        async with asyncio.timeout(LINGER_SECONDS):
            await refusals.answer(refused)(scope, receive, but_the_end)
            async for _ in request.chunks(receive):
                pass
    except (TimeoutError, ClientGone, Refused):
        pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})
