"""What a creator sees of a story in each status."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from api.presenting import present
from local import golden_events
from story.generation import Report
from story.states import Status

NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
AT = "2026-11-22T12:00:00.000Z"
REPORT = Report(
    inference_id="x",
    engine=golden_events.INPUTS["SignVideo"].engine,  # type: ignore[attr-defined]  # its model has it
    seed=7,
    seconds=5,
    fps=24,
    frames=120,
    width=720,
    height=1280,
    has_sound=True,
    crop=golden_events.INPUTS["LabelVideo"].crop,  # type: ignore[attr-defined]  # the same
    fit="cover",
    camera="push_in",
    understood=("waves",),
    unmet=("dragon",),
    regions=(),
    timings={"render": 4.0},
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
    parts = {"gate": gate, "verdict": verdict, "policy": "1", "decided_at": AT}
    return parts | {"detail": json.dumps(detail)}


def _refuse(which: str) -> str:
    raise AssertionError(f"a link to the {which} of a story that is not READY")


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.READY}))
def test_only_a_ready_story_has_links_credential_and_cost(status: str) -> None:
    view = present(_record(status), lines=[_line("InspectPhoto")], sign=_refuse, now=NOW)
    assert {view.video_url, view.poster_url, view.credential, view.cost, view.engine} == {None}


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
