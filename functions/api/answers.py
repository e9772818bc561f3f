"""Answers as JSON: never stored by a cache on the way, with an ETag where one helps to ask less."""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response

if TYPE_CHECKING:
    from pydantic import BaseModel

_JSON = "application/json"
_TAG_CHARACTERS = 22


def as_json(status: HTTPStatus, body: BaseModel, headers: dict[str, str] | None = None) -> Any:
    """One model as an answer."""
    return Response(
        status_code=status,
        content_type=_JSON,
        body=body.model_dump_json(),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def entity_tag(*facts: object) -> str:
    """A weak ETag (RFC 9110, 8.8.3) that stays while these facts do."""
    stated = json.dumps(facts, default=str, sort_keys=True).encode()
    return f'W/"{hashlib.sha256(stated).hexdigest()[:_TAG_CHARACTERS]}"'


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether an If-None-Match header names this tag; weak comparison, as for every GET."""
    if not if_none_match:
        return False
    bare = tag.removeprefix("W/")
    named = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return bare in named or "*" in named


def unchanged(tag: str) -> Any:
    """304: what the client has is still true."""
    return Response(
        status_code=HTTPStatus.NOT_MODIFIED,
        body="",
        headers={"ETag": tag, "Cache-Control": "private, no-cache"},
    )


def tagged_json(body: BaseModel, tag: str) -> Any:
    """200 with an ETag: kept by the client alone, which asks each time whether it is still true."""
    return as_json(HTTPStatus.OK, body, {"ETag": tag, "Cache-Control": "private, no-cache"})
