"""What all takes of a story have used, by the lines that InspectVideo leaves."""

from typing import Any

from local import golden_events
from story import receipt, takes
from story.generation import EngineName, Report

GPU = EngineName(family="diffusion", name="wan-a14b", version="2.2")
MOTION = EngineName(family="procedural", name="enliven-motion", version="2.0.0")


def _report(engine: EngineName, seconds: float) -> Report:
    timings = {"scene": 1.0, "steps": seconds - 1.0}
    return golden_events.REPORT.model_copy(update={"engine": engine, "timings": timings})


def _sound(engine: EngineName, seconds: float) -> dict[str, Any]:
    return {"state": "InspectVideo", "report": _report(engine, seconds).model_dump_json()}


def test_a_story_of_one_take_has_used_what_its_report_says() -> None:
    assert takes.used([{"state": "DirectScene"}, _sound(MOTION, 9.0)]) == ("enliven-motion", 9.0)
    assert takes.used([]) == (None, 0.0)


def test_takes_that_were_not_sound_count_and_all_ran_where_the_first_did() -> None:
    line = _sound(MOTION, 9.0)
    for take in (1, 2):
        line |= takes.noted(take, _report(GPU, 100.0))
    assert takes.used([line]) == ("wan-a14b", 209.0)
    cost = receipt.of_story([line])
    (endpoint,) = [item for item in cost.items if "SageMaker" in item.what]
    assert (endpoint.what, endpoint.quantity) == ("SageMaker ml.g6e.2xlarge", 209.0)


def test_a_take_that_is_noted_again_counts_once() -> None:
    line = takes.noted(1, _report(GPU, 100.0)) | takes.noted(1, _report(GPU, 100.0))
    assert takes.used([line]).seconds == 100.0
