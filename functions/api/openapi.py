"""The OpenAPI 3.1 document of the API, made from its routes and contracts."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, Tag

from api import reporting
from api.callers import PUBLIC
from api.handler import app
from api.problems import MEDIA_TYPE
from story import review

#: Rises by the middle number when something is added, by the first when something is taken away.
VERSION = "1.3.0"
_UNAUTHORIZED = str(int(HTTPStatus.UNAUTHORIZED))
#: Its body is read by the route itself, so Powertools does not know it.
_FORM = "/s/{story_id}/report"
#: Answers without a body.
_BODILESS = (str(int(HTTPStatus.NO_CONTENT)), str(int(HTTPStatus.NOT_MODIFIED)))
_VALIDATION = str(int(HTTPStatus.UNPROCESSABLE_ENTITY))
_SUMMARY = "A photo comes in, a moderated, labelled and signed video story goes out."
_DESCRIPTION = (
    "Make a story, send its photo with the form that you were given, and follow the story until it"
    " is READY. Answers may gain fields; ignore those you do not know. Refusals are problem details"
    " (RFC 9457) whose `code` is stable. Where an answer has Retry-After, wait so long."
)
#: What API Gateway answers by itself, before any of our code runs.
_OF_GATEWAY = {
    "type": "object",
    "title": "GatewayMessage",
    "required": ["message"],
    "properties": {"message": {"type": "string"}},
}
_GATEWAY = {
    "401": "The token is missing, forged or expired.",
    "429": "Too many requests at once; wait and ask again.",
    "503": "The service is overloaded; wait and ask again.",
}


def document() -> dict[str, Any]:
    """The whole document, as JSON's own types."""
    made: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(
            title="Enliven",
            version=VERSION,
            openapi_version="3.1.0",
            summary=_SUMMARY,
            description=_DESCRIPTION,
            servers=[],
            tags=[
                Tag(name="stories", description="From a photo to a story."),
                Tag(name="posts", description="What others see of a story."),
                Tag(name="checks", description="Whether a file was made here: for anybody."),
                Tag(
                    name="reviews", description="What reviewers do: users of the group `reviewers`."
                ),
                Tag(name="service", description="What the service says of itself."),
            ],
            security_schemes={
                "cognito": HTTPBearer(
                    bearerFormat="JWT", description="An access token of the Cognito user pool."
                )
            },
        )
    )
    made.pop("servers", None)  # every deployment has its own address
    made["components"]["schemas"]["GatewayMessage"] = _OF_GATEWAY
    made["paths"] = dict(sorted(made["paths"].items()))
    for path, item in made["paths"].items():
        for method, operation in item.items():
            _amend(operation, public=f"{method.upper()} {path}" in PUBLIC)
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        made["components"]["schemas"].pop(name, None)
    made["paths"][_FORM]["post"]["requestBody"] = _form()
    _open_answers(made)
    return made


def _form() -> dict[str, Any]:
    """The body of the page's report: what ReportStory is, as a browser's form sends it."""
    return {
        "required": True,
        "content": {
            reporting.FORM_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["reason"],
                    "additionalProperties": False,
                    "properties": {
                        "reason": {
                            "type": "string",
                            "enum": [each.value for each in review.ReportReason],
                        },
                        "text": {"type": "string", "maxLength": review.MAX_REPORT_CHARACTERS},
                    },
                }
            }
        },
    }


def _open_answers(made: dict[str, Any]) -> None:
    """Answers may gain fields; what is sent to us may not have others than we know."""
    sent = json.dumps(
        [
            operation.get("requestBody")
            for item in made["paths"].values()
            for operation in item.values()
        ]
    )
    for name, schema in made["components"]["schemas"].items():
        if f'"#/components/schemas/{name}"' not in sent:
            schema.pop("additionalProperties", None)


def _amend(operation: dict[str, Any], *, public: bool) -> None:
    """Say who may call, and replace what Powertools adds to every operation by what is true."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "header":  # Powertools knows them in lower case only
            parameter["name"] = parameter["name"].title()
    answers = operation["responses"]
    if "HTTPValidationError" in json.dumps(answers.get(_VALIDATION, {})):
        del answers[_VALIDATION]
    for status in _BODILESS:
        answers.get(status, {}).pop("content", None)
    operation["security"] = [] if public else [{"cognito": []}]
    for status, meaning in _GATEWAY.items():
        if status == _UNAUTHORIZED and public:
            continue
        found = answers.setdefault(status, {"description": meaning, "content": {}})
        if MEDIA_TYPE in found["content"]:
            found["description"] += f" Or, from the gateway: {meaning}"
        found["content"]["application/json"] = {
            "schema": {"$ref": "#/components/schemas/GatewayMessage"}
        }
    operation["responses"] = dict(sorted(answers.items()))
