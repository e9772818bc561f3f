"""The API's entry: JSON in, JSON or problem details (RFC 9457) out.

Each router beside this module is one room of it; the OpenAPI document is made from all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from botocore.exceptions import ClientError

from api import (
    about,
    allowance,
    appealing,
    callers,
    changing,
    checking,
    making,
    page,
    posting,
    reading,
    reporting,
    reviewing,
    verify_page,
)
from api.problems import Refused, of_validation
from cloud import telemetry
from story.errors import ServicePaused, StoryMissing, Transient

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="api")
app = APIGatewayHttpResolver(enable_validation=True)
_ROOMS = (
    making,
    reading,
    changing,
    posting,
    page,
    reporting,
    appealing,
    reviewing,
    checking,
    verify_page,
    about,
)
for room in _ROOMS:
    app.include_router(room.router)

#: When a client may ask again: soon where a service did not answer, later where an operator acts.
_RETRY_SECONDS, _PAUSED_RETRY_SECONDS = 5, 300
_JSON = "application/json"


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One HTTP request."""
    named = (event.get("pathParameters") or {}).get("story_id")
    with telemetry.about(**({"story_id": named} if named else {})):
        try:
            # First of all: a stranger is not told what is wrong with a request.
            if event["routeKey"] not in callers.PUBLIC:
                allowance.count_request(callers.of_event(event).sub)
            _require_json(event)
        except Refused as refused:
            return refused.event_answer()
        except (Transient, ClientError) as error:
            return _away(error).event_answer()
        return app.resolve(event, context)


def _require_json(event: dict[str, Any]) -> None:
    """Refuse a body of another media type; Powertools would read a form as if it were JSON."""
    if not event.get("body") or event["routeKey"] == reporting.FORM_ROUTE:
        return
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    named = str(headers.get("content-type", _JSON)).partition(";")[0].strip().lower()
    if named != _JSON:
        raise Refused("media_type_unsupported", f"Content-Type is {named[:80]!r}, not {_JSON}.")


@app.exception_handler(Refused)  # type: ignore[untyped-decorator]  # Powertools ships none
def _refused(refused: Refused) -> Any:
    return refused.response()


@app.exception_handler(RequestValidationError)  # type: ignore[untyped-decorator]  # the same
def _invalid(error: RequestValidationError) -> Any:
    return of_validation(error.errors()).response()


@app.exception_handler(RequestUnsupportedContentType)  # type: ignore[untyped-decorator]  # the same
def _unsupported(_: RequestUnsupportedContentType) -> Any:
    return Refused("media_type_unsupported", f"Send the body as {_JSON}.").response()


@app.exception_handler([UnicodeDecodeError, RecursionError])  # type: ignore[untyped-decorator]  # the same
def _unparsable(_: Exception) -> Any:
    return Refused("body_not_json", "The body must be a JSON object, in UTF-8.").response()


@app.exception_handler(StoryMissing)  # type: ignore[untyped-decorator]  # the same
def _missing(_: StoryMissing) -> Any:
    return Refused("story_not_found", "The story was deleted meanwhile.").response()


@app.exception_handler(ServicePaused)  # type: ignore[untyped-decorator]  # the same
def _paused(paused: ServicePaused) -> Any:
    logger.warning("paused", reason=str(paused))
    return Refused(
        ServicePaused.code(),
        "New stories are paused by the operator. Stories that are made stay where they are.",
        retry_seconds=_PAUSED_RETRY_SECONDS,
    ).response()


@app.exception_handler([Transient, ClientError])  # type: ignore[untyped-decorator]  # the same
def _unavailable(error: Exception) -> Any:
    return _away(error).response()


def _away(error: Exception) -> Refused:
    logger.error("unavailable", error=type(error).__name__)
    return Refused(
        "unavailable",
        "A service we depend on did not answer. Try again in a moment.",
        retry_seconds=_RETRY_SECONDS,
    )


@app.not_found
def _not_found(_: Exception) -> Any:
    asked = app.current_event
    if asked.raw_event["routeKey"] in {page.ROUTE, reporting.FORM_ROUTE}:
        # Powertools knows no path with such characters; whoever follows a link is told in words.
        return page.missing(asked.headers.get("accept-language"))
    return Refused("not_found", f"There is no {asked.http_method} {asked.path}.").response()
