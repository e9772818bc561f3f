"""The whole stack with a trained model in miniature behind its endpoint: `make test-tiny`.

Its weights are drawn by chance, so InspectVideo has to refuse its clips, for what they are. Both
ways on from there are a story's: the engine that stands in, or none.
"""

from collections.abc import Iterator

import pytest

from local import bring_up, engine, stack
from tests.local.deployment import ROOT, Browser, Deployment


@pytest.fixture(scope="module")
def ana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("tiny")
    try:
        laptop = bring_up.up(ROOT, state_dir=folder, engine=engine.TINY)
        outputs = dict(laptop.stack.outputs)
        deployment = Deployment(
            laptop.stack, outputs, laptop.users, laptop.root_certificate, laptop.api_url, folder
        )
        yield deployment.browser(laptop.users[0])
    finally:
        stack.stop(ROOT, state_dir=folder)


def test_the_engine_s_offer_is_the_model_s(ana: Browser) -> None:
    assert ana.request("GET", "/presets").json()["engine"]["max_seconds"] == 5.0


def test_a_story_that_allows_it_is_made_by_the_engine_that_stands_in(ana: Browser) -> None:
    view = ana.wait(ana.start(seconds=3.0))
    assert view["status"] == "READY", view
    assert (view["engine"]["name"], view["engine"]["instead_of"]) == ("enliven-motion", "tiny")
    assert any("its takes had defects" in said for said in view["unmet"])
    assert "algorithmicMedia" in view["credential"]["digital_source_type"]
    drawn = [
        line["inference_id"][-1:]
        for line in ana.deployment.log_lines("model")
        if line["message"] == "clip made" and view["id"] in line["inference_id"]
    ]
    assert drawn == ["1", "2", "3"]


def test_a_story_that_does_not_fails_and_says_what_was_wrong_with_the_clips(ana: Browser) -> None:
    view = ana.wait(ana.start(seconds=3.0, allow_fallback=False))
    (reason,) = view["reasons"]
    assert (view["status"], reason["code"]) == ("FAILED", "model_defective")
    assert "it is covered with static" in reason["message"]
