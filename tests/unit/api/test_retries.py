"""A POST that is sent again does nothing again."""

import json
import threading
import uuid
from typing import Any

import pytest

from api import making
from cloud import stories
from local.golden_events import api_event
from story.errors import DependencyUnavailable
from story.view import StoryCreated, StoryList, UploadForm
from tests.unit.api.calling import OTHER, ask_to_create, call, create, listed, problem

pytestmark = pytest.mark.usefixtures("account")


def _renew(story_id: str, creator: str = "creator", key: str | None = None) -> dict[str, Any]:
    return call(
        api_event(
            "POST",
            f"/stories/{story_id}/upload",
            route="/stories/{story_id}/upload",
            creator=creator,
            headers={"idempotency-key": key or str(uuid.uuid4())},
        )
    )


def _mine() -> list[str]:
    return [story.id for story in StoryList.model_validate_json(listed()["body"]).stories]


def test_the_same_request_is_one_story() -> None:
    first, second = create(key="one"), create(key="one")
    assert first.story.id == second.story.id
    assert _mine() == [first.story.id]
    assert second.upload
    assert second.upload.fields["key"] == f"uploads/{first.story.id}/photo"


def test_another_key_and_another_creator_are_other_stories() -> None:
    made = {
        create(key="one").story.id,
        create(key="two").story.id,
        create(OTHER, key="one").story.id,
    }
    assert len(made) == 3


def test_a_key_does_not_serve_for_another_request() -> None:
    create(key="one")
    assert problem(ask_to_create(key="one", prompt="rain")) == (422, "idempotency_key_reused")
    assert len(_mine()) == 1


def test_what_is_kept_of_a_request_has_none_of_its_words() -> None:
    create(key="one", prompt="kanarienvogel")
    (kept,) = stories.partition("IDEMPOTENCY", "creator")
    assert "kanarienvogel" not in json.dumps(kept, default=str)
    assert "policy" not in json.dumps(kept, default=str)


def test_while_the_first_is_at_work_its_twin_is_told_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, met = making._make, threading.Event()
    twins: list[dict[str, Any]] = []

    def slow(*args: Any) -> str:
        if not met.is_set():
            met.set()
            twins.append(ask_to_create(key="one"))
        return make(*args)

    monkeypatch.setattr(making, "_make", slow)
    create(key="one")
    assert problem(twins[0]) == (409, "idempotency_in_progress")
    assert twins[0]["headers"]["Retry-After"] == "1"
    assert len(_mine()) == 1


def test_a_request_that_failed_may_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    make = making._make

    def away(*_: Any) -> str:
        raise DependencyUnavailable("DynamoDB did not answer")

    monkeypatch.setattr(making, "_make", away)
    assert problem(ask_to_create(key="one")) == (503, "unavailable")
    monkeypatch.setattr(making, "_make", make)
    assert create(key="one").story.status == "AWAITING_PHOTO"


class _Stopped(BaseException):
    """Lambda stops a function in the middle of its work."""


def test_a_function_that_was_stopped_frees_its_key_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make = making._make

    def stop(*_: Any) -> str:
        raise _Stopped

    monkeypatch.setattr(making, "_make", stop)
    body = json.dumps({"prompt": "make this photo come alive"})
    event = api_event(
        "POST", "/stories", body=body, creator="creator", headers={"idempotency-key": "one"}
    )
    with pytest.raises(_Stopped):
        call(event, left_ms=0)
    monkeypatch.setattr(making, "_make", make)
    answer = call(event)
    assert answer["statusCode"] == 201, answer
    assert _mine() == [StoryCreated.model_validate_json(answer["body"]).story.id]


@pytest.mark.parametrize("key", ["", " ", "x" * 65, "schlüssel", "two words"])
def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    event = api_event("POST", "/stories", body="{}", headers={"idempotency-key": key})
    assert problem(call(event)) == (400, "header_invalid")


def test_without_a_key_nothing_is_made() -> None:
    event = api_event("POST", "/stories", body=json.dumps({"prompt": "rain"}))
    del event["headers"]["idempotency-key"]
    assert problem(call(event)) == (400, "idempotency_key_required")
    assert _mine() == []


def test_a_form_is_renewed_while_its_photo_has_not_come() -> None:
    made = create()
    answer = _renew(made.story.id)
    form = UploadForm.model_validate_json(answer["body"])
    assert form.expires_at > made.story.expires_at  # type: ignore[operator]  # it awaits its photo
    assert stories.get(made.story.id)["expires_at"] == form.expires_at


def test_a_form_is_not_renewed_for_a_story_that_has_its_photo_or_is_anothers() -> None:
    made = create().story.id
    assert problem(_renew(made, creator=OTHER)) == (404, "story_not_found")
    assert problem(_renew("0" * 32)) == (404, "story_not_found")
    stories.annotate(made, expires_at="2026-11-22T12:00:00.000Z")
    assert problem(_renew(made)) == (409, "upload_form_closed")


@pytest.mark.parametrize("left_ms", [30_000, 0])
def test_how_much_time_a_function_has_changes_no_answer(left_ms: int) -> None:
    body = json.dumps({"prompt": "rain"})
    event = api_event("POST", "/stories", body=body, headers={"idempotency-key": "one"})
    assert call(event, left_ms)["statusCode"] == 201
