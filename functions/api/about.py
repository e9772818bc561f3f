"""What the service says of itself: the OpenAPI document."""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api import answers

router = APIGatewayHttpRouter()  # type: ignore[no-untyped-call]  # Powertools types it not

_KEPT_SECONDS = 3_600


@router.get(
    "/openapi.json",
    summary="This document",
    tags=["service"],
    responses={
        200: {"description": "The OpenAPI 3.1 document.", "content": {"application/json": {}}}
    },
    operation_id="getOpenApi",
)
def get_openapi() -> Any:
    """The same as docs/openapi.json of this version."""
    text = _document()
    return Response(
        status_code=HTTPStatus.OK,
        content_type="application/json",
        body=text,
        headers={
            "Cache-Control": f"public, max-age={_KEPT_SECONDS}",
            "ETag": answers.entity_tag(text),
        },
    )


@cache
def _document() -> str:
    from api import openapi  # noqa: PLC0415 - it imports the handler, which imports this

    return json.dumps(openapi.document(), ensure_ascii=False)
