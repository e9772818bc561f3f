"""What a client is told of a story at work, and what nobody can make it be told."""

import json
from typing import Any

from story.generation import PROGRESS_DETAIL_TYPE, PROGRESS_SOURCE
from story.states import ENDED
from tests.local.deployment import Browser, Deployment, eventually


def _forge(deployment: Deployment, story_id: str, attempt: int, take: int, fraction: float) -> None:
    detail = {
        "inference_id": f"{story_id}-{attempt}-{take}",
        "fraction": fraction,
        "stage": "render",
    }
    entry = {
        "EventBusName": deployment.outputs["EventBus"],
        "Source": PROGRESS_SOURCE,
        "DetailType": PROGRESS_DETAIL_TYPE,
        "Detail": json.dumps(detail),
    }
    answer = deployment.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def test_the_bar_follows_the_engine_and_never_falls_whatever_is_said_beside_it(
    deployment: Deployment, ana: Browser
) -> None:
    story_id, seen = ana.start(seconds=10), list[dict[str, Any]]()

    def ended() -> bool:
        seen.append(ana.story(story_id))
        if seen[-1]["stage"] == "GenerateVideo":
            # Late, of takes and attempts that there are not, and of somebody else's story.
            for attempt, take, fraction in ((1, 1, 0.0), (1, 2, 0.9), (1, 9, 1.0), (2, 1, 0.99)):
                _forge(deployment, story_id, attempt, take, fraction)
            _forge(deployment, "0" * 32, 1, 1, 0.5)
        return seen[-1]["status"] in ENDED

    eventually(f"story {story_id} ended", ended)
    assert seen[-1]["status"] == "READY"
    told = [each["progress"] for each in seen]
    assert told == sorted(told)
    assert told[-1] == 1.0
    engine = {each["progress"] for each in seen if each["stage"] == "GenerateVideo"}
    assert len(engine) >= 4, "the engine's own fractions reach the client"
    at_work = [each for each in seen if each["status"] == "PROCESSING"]
    etas = [each["eta_seconds"] for each in at_work if each["eta_seconds"] is not None]
    assert len(etas) >= len(at_work) / 2
    assert min(etas) >= 0
    assert {each["eta_seconds"] for each in seen if each["status"] != "PROCESSING"} <= {None}


def test_who_waits_for_the_engine_is_told_his_place(ana: Browser, bo: Browser) -> None:
    first = ana.start(seconds=10)
    waiting = [(who, who.start(seconds=3)) for who in (ana, bo, ana)]
    places = set[int | None]()

    def done() -> bool:
        views = [who.story(story_id) for who, story_id in waiting]
        places.update(view["queue_position"] for view in views)
        return all(view["status"] in ENDED for view in views)

    eventually("all have ended", done)
    assert {ana.story(first)["status"], *(w.story(s)["status"] for w, s in waiting)} == {"READY"}
    assert {None, 0, 1} <= places
    assert places <= {None, 0, 1, 2}
