"""Calling the API's function as API Gateway does."""

import json
import uuid
from typing import Any

from api import handler
from local.golden_events import api_event
from story.view import Problem, StoryCreated

WORDS = {"prompt": "make this photo come alive"}
OTHER = "somebody-else"


class Context:
    """What Lambda tells a function of the time that it has."""

    def __init__(self, left_ms: int = 30_000) -> None:
        self._left_ms = left_ms

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda stops the function."""
        return self._left_ms


def call(event: dict[str, Any], left_ms: int = 30_000) -> dict[str, Any]:
    """Ask, with so much time left."""
    answer: dict[str, Any] = handler.handler(event, Context(left_ms))  # type: ignore[arg-type]  # all it reads
    return answer


def problem(answer: dict[str, Any]) -> tuple[int, str]:
    """Status and code of a refusal, which has the form of all of them."""
    told = Problem.model_validate_json(answer["body"])
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert told.status == answer["statusCode"]
    return told.status, told.code


def create(creator: str = "creator", *, key: str | None = None, **words: Any) -> StoryCreated:
    """POST /stories, under a key of its own unless one is given."""
    answer = ask_to_create(creator, key=key, **words)
    assert answer["statusCode"] == 201, answer
    return StoryCreated.model_validate_json(answer["body"])


def ask_to_create(
    creator: str = "creator", *, key: str | None = None, **words: Any
) -> dict[str, Any]:
    """The same, whatever the answer is."""
    body = json.dumps({**WORDS, **words})
    headers = {"idempotency-key": key or str(uuid.uuid4())}
    return call(api_event("POST", "/stories", body=body, creator=creator, headers=headers))


def get(
    story_id: str, creator: str = "creator", headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """GET /stories/{id}."""
    path = f"/stories/{story_id}"
    return call(
        api_event("GET", path, route="/stories/{story_id}", creator=creator, headers=headers)
    )


def listed(creator: str = "creator", **query: str) -> dict[str, Any]:
    """GET /stories."""
    return call(api_event("GET", "/stories", query=query or None, creator=creator))
