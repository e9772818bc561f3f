"""What is refused, as problem details (RFC 9457) with a stable code."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse

PROBLEM = "application/problem+json"


class Refused(Exception):
    """A request that is not passed on, or could not be; the message is for whoever sent it."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})


def answer(refused: Refused) -> JSONResponse:
    """The answer; the connection ends with it, since a body may be left unread."""
    return JSONResponse(
        {
            "type": "about:blank",
            "title": refused.status.phrase,
            "status": int(refused.status),
            "detail": refused.detail,
            "code": refused.code,
        },
        int(refused.status),
        {**refused.headers, "Cache-Control": "no-store", "Connection": "close"},
        media_type=PROBLEM,
    )
