"""What a creator sees of a story in each status."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from api.presenting import present
from local import golden_events
from story.generation import EngineName
from story.states import Status

NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
AT = "2026-11-22T12:00:00.000Z"
SIGNED: Any = golden_events.OUTPUTS["SignVideo"]
REPORT = golden_events.REPORT.model_copy(
    update={
        "engine": EngineName(family="procedural", name="enliven-motion", version="1"),
        "understood": ("waves",),
        "unmet": ("dragon",),
    }
)


def _record(status: str, **more: object) -> dict[str, Any]:
    record = {
        "story_id": golden_events.STORY_ID,
        "status": status,
        "attempt": 1,
        "prompt": "alive",
        "created_at": AT,
        "updated_at": AT,
        "expires_at": "2026-11-22T13:00:00.000Z",
        "prompt_until": "2026-11-22T12:30:00.000Z",
        "tags": ["Sea"],
        "people": Decimal(2),
        "suggestions": ["The waves roll in"],
        "engine": REPORT.engine.model_dump_json(),
        "credential": golden_events.OUTPUTS["SignVideo"].credential.model_dump_json(),  # type: ignore[attr-defined]  # the same
    }
    return record | more


def _line(state: str, **more: object) -> dict[str, Any]:
    line = {"sk": f"0001#{state}", "began_at": AT, "ended_at": "2026-11-22T12:00:02.500Z"}
    return line | {"outcome": "done", "runs": 1} | more


def _verdict(gate: str, verdict: str) -> dict[str, Any]:
    reasons = [] if verdict == "allow" else [{"code": "violence", "message": "It seems violent."}]
    detail = {"reasons": reasons, "models": ["m 7"], "findings": [{"confidence": 81.25}]}
    parts = {
        "sk": f"0001#{gate}",
        "gate": gate,
        "verdict": verdict,
        "policy": "1",
        "decided_at": AT,
    }
    return parts | {"detail": json.dumps(detail)}


def _refuse(which: str) -> str:
    raise AssertionError(f"a link to the {which} of a story that is not READY")


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.READY, Status.POSTED}))
def test_only_a_ready_story_has_links_credential_and_cost(status: str) -> None:
    view = present(_record(status), lines=[_line("InspectPhoto")], sign=_refuse, now=NOW)
    assert {view.video_url, view.poster_url, view.credential, view.cost, view.engine} == {None}


def test_a_draft_that_waits_shows_what_its_photo_has_and_no_other_story_does() -> None:
    draft = _record("AWAITING_PROMPT")
    del draft["prompt"]
    view = present(draft, sign=_refuse, now=NOW)
    assert (view.prompt, view.tags, view.people) == (None, ("Sea",), 2)
    assert view.suggestions == ("The waves roll in",)
    assert view.prompt_until == "2026-11-22T12:30:00.000Z"
    after = present(_record("PROCESSING"), sign=_refuse, now=NOW)
    assert (after.tags, after.people, after.suggestions, after.prompt_until) == ((), None, (), None)


def test_a_draft_whose_time_is_over_is_expired_whoever_noticed() -> None:
    view = present(_record("AWAITING_PROMPT"), sign=_refuse, now=NOW + timedelta(hours=1))
    assert (view.status, view.suggestions) == (Status.EXPIRED, ())


def test_a_retry_shows_its_own_states_and_verdicts() -> None:
    before = [_line("InspectPhoto"), _line("GenerateVideo", outcome="GenerationFailed")]
    now = [{**_line("RestorePhoto"), "sk": "0002#RestorePhoto"}]
    verdicts = [_verdict("photo", "allow"), {**_verdict("photo", "allow"), "sk": "0002#photo"}]
    record = _record("PROCESSING", attempt=Decimal(2))
    view = present(record, lines=before + now, verdicts=verdicts, sign=_refuse, now=NOW)
    assert (view.attempt, [entry.state for entry in view.timeline]) == (2, ["RestorePhoto"])
    assert len(view.verdicts) == 1
    assert view.progress < 0.1


def test_a_ready_story_shows_all_that_its_states_found_out() -> None:
    lines = [
        _line("DirectScene", alt_text="It seems to show sea."),
        _line("InspectVideo", report=REPORT.model_dump_json()),
    ]
    view = present(_record("READY"), lines=lines, sign=lambda which: f"signed:{which}", now=NOW)
    assert (view.video_url, view.poster_url) == ("signed:video", "signed:poster")
    assert (view.seed, view.understood, view.unmet) == (7, ("waves",), ("dragon",))
    assert view.alt_text == "It seems to show sea."
    assert view.credential is not None
    assert view.cost is not None
    assert view.progress == 1.0


def test_an_unused_form_has_expired_from_its_time_on() -> None:
    at = datetime(2026, 11, 22, 13, tzinfo=UTC)
    record = _record("AWAITING_PHOTO")
    assert present(record, sign=_refuse, now=NOW).status is Status.AWAITING_PHOTO
    assert present(record, sign=_refuse, now=at).status is Status.EXPIRED


@pytest.mark.parametrize("status", ["REJECTED", "UNDER_REVIEW"])
def test_a_rejected_story_tells_the_decisive_gates_reasons_without_scores(status: str) -> None:
    verdicts = [_verdict("photo", "allow"), _verdict("words", "reject")]
    view = present(_record(status), verdicts=verdicts, sign=_refuse, now=NOW)
    assert [reason.code for reason in view.reasons] == ["violence"]
    assert "81.25" not in view.model_dump_json()


def test_the_timeline_is_in_order_and_in_milliseconds() -> None:
    later = _line("ModeratePhoto", began_at="2026-11-22T12:00:03.000Z", ended_at=None)
    view = present(
        _record("PROCESSING"), lines=[later, _line("InspectPhoto")], sign=_refuse, now=NOW
    )
    assert [(e.state, e.ms) for e in view.timeline] == [
        ("InspectPhoto", 2500),
        ("ModeratePhoto", None),
    ]
    assert view.stage == "ModeratePhoto"


@pytest.mark.parametrize(
    ("status", "outcome"), [("CANCELLED", "stopped"), ("PROCESSING", "running")]
)
def test_no_state_of_a_story_that_is_over_still_runs(status: str, outcome: str) -> None:
    line = _line("GenerateVideo", ended_at=None, outcome="running")
    view = present(_record(status), lines=[line], sign=_refuse, now=NOW)
    assert view.timeline[0].outcome == outcome


def test_a_posted_story_is_shown_to_its_creator_as_before_and_who_else_sees_it() -> None:
    posted = {"visibility": "link", "posted_at": AT, "expires_at": "2026-11-23T12:00:00.000Z"}
    record = _record("POSTED", **posted, video=SIGNED.video.model_dump_json())
    page = "https://stories.example/s/x"
    view = present(record, sign=lambda which: f"signed:{which}", share_url=page, now=NOW)
    assert (view.video_url, view.share_url, view.visibility) == ("signed:video", page, "link")
    assert (view.posted_at, view.expires_at) == (AT, posted["expires_at"])
    assert view.video_sha256 == SIGNED.video.sha256
    over = datetime(2026, 11, 23, 12, tzinfo=UTC)
    view = present(record, sign=_refuse, share_url=page, now=over)
    assert (view.status, view.video_url, view.share_url) == ("EXPIRED", None, None)
    assert view.credential is not None
