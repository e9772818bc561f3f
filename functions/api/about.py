"""What the service says of itself, and of the user who asks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api import allowance, answers, engine
from api.callers import caller
from api.problems import documented
from cloud import users
from story.offer import Me, Offer, Strike, offer

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
    return _kept(_document())


@router.get(
    "/presets",
    summary="What can be asked for",
    tags=["service"],
    responses={
        200: {
            "description": "Presets with their words, the engine, and every limit.",
            "content": {"application/json": {"model": Offer}},
        }
    },
    operation_id="getPresets",
)
def get_presets() -> Any:
    """It stays as it is until the service is deployed anew."""
    card = engine.settings()
    return _kept(_offer(card.engine_name, card.engine_max_seconds))


@router.get(
    "/me",
    summary="What you have left",
    tags=["service"],
    responses={
        200: {
            "description": "Your stories of today, your requests of this minute, your strikes.",
            "content": {"application/json": {"model": Me}},
        },
        **documented("access_token_required", "unavailable"),
    },
    operation_id="getMe",
)
def get_me() -> Any:
    """Stories that failed, were called off or were rejected as videos are given back."""
    who = caller(router)
    now = datetime.now(UTC)
    return answers.as_json(
        HTTPStatus.OK,
        Me(
            id=who.sub,
            groups=tuple(sorted(who.groups)),
            quota=allowance.quota_of(who.sub, now),
            rate=allowance.rate_of(who.sub, now),
            strikes=tuple(Strike(**each) for each in users.strikes(who.sub)),
        ),
    )


def _kept(text: str) -> Any:
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
def _offer(name: str, max_seconds: float) -> str:
    return offer(name, max_seconds).model_dump_json()


@cache
def _document() -> str:
    from api import openapi  # noqa: PLC0415 - it imports the handler, which imports this

    return json.dumps(openapi.document(), ensure_ascii=False)
