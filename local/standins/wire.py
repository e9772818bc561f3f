"""How AWS services say what is wrong, and the log of what was asked."""

import json
import logging
import sys
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

_JSON_1_1 = "application/x-amz-json-1.1"

logger = logging.getLogger("standins")


class Refusal(Exception):
    """A request that the service refuses, by the service's own name of the error."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def answer(body: dict[str, Any], *, status: int = 200, **headers: str) -> Response:
    """A JSON answer, of either protocol."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(body), status, named, media_type=_JSON_1_1)


def refuse(_request: Request, refusal: Exception) -> Response:
    """An error in both forms that botocore reads: JSON 1.1's body and REST's header."""
    if not isinstance(refusal, Refusal):
        raise refusal
    log("refused", code=refusal.code, message=refusal.message)
    return answer(
        {"__type": refusal.code, "message": refusal.message},
        status=refusal.status,
        x_amzn_ErrorType=refusal.code,
    )


async def json_object(request: Request) -> dict[str, Any]:
    """The request's body. Raises Refusal if it is not a JSON object."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise Refusal("SerializationException", f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refusal("SerializationException", "the body is not a JSON object")
    return body


def log(event: str, **facts: Any) -> None:
    """One line of facts: never a picture's bytes or anybody's words."""
    logger.info(json.dumps({"time": round(time.time(), 3), "event": event, **facts}))


def log_to_stdout() -> None:
    """Send the lines to standard output, which the stack keeps as this process's log."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
