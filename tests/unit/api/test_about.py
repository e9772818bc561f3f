"""What the service says of itself."""

import json
from typing import Any, get_args

import pytest

from cli import costs, figures, fleet
from local.golden_events import api_event
from local.pages import template
from model_endpoint.engines.motion.engine import CARD
from story import limits, offer
from story.contracts import SourcePhoto
from story.generation import SIZES, Preset
from story.offer import Offer
from story.view import Problem
from story.vocabulary import read
from story.vocabulary.lexicon import LANGUAGES
from tests.contract.definition import FUNCTIONS
from tests.unit.api.calling import ask_to_create, call, create, problem

pytestmark = pytest.mark.usefixtures("account")


def _presets() -> dict[str, Any]:
    event = api_event("GET", "/presets")
    del event["requestContext"]["authorizer"]
    return call(event)


def test_anybody_may_know_what_can_be_asked_for() -> None:
    answer = _presets()
    assert answer["statusCode"] == 200
    assert answer["headers"]["Cache-Control"].startswith("public")
    said = Offer.model_validate_json(answer["body"])
    assert said.engine.name == "motion"
    assert (said.engine.min_seconds, said.engine.max_seconds) == (3.0, 10.0)
    sizes = {each.aspect: (each.width_px, each.height_px) for each in said.engine.aspects}
    assert sizes == SIZES
    assert said.limits.upload_bytes == limits.MAX_UPLOAD_BYTES


def test_every_preset_has_its_words_and_they_are_understood_as_that_preset_or_none() -> None:
    assert {each.id for each in offer.PRESETS} == set(get_args(Preset))
    for each in offer.PRESETS:
        assert each.title
        assert each.does.endswith(".")
        wishes = read(each.prompt)
        assert wishes.preset in {None, each.id}
        assert not wishes.refused


def test_the_languages_are_those_of_the_vocabulary() -> None:
    assert set(offer.LANGUAGES) == set(LANGUAGES)


def test_every_format_that_can_be_read_has_its_media_type() -> None:
    formats = get_args(SourcePhoto.model_fields["format"].annotation)
    named = {kind.removeprefix("image/").upper() for kind in offer.PHOTO_TYPES}
    assert named - {"HEIC"} == set(formats)


def test_a_story_longer_than_the_engine_makes_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENGINE_MAX_SECONDS", "5")
    refused = ask_to_create(seconds=6)
    assert problem(refused) == (422, "body_invalid")
    told = Problem.model_validate_json(refused["body"])
    assert "3 to 5 seconds, not of 6" in told.detail
    assert [each.field for each in told.errors] == ["seconds"]
    assert create(seconds=5).story.status == "AWAITING_PHOTO"
    assert json.loads(_presets()["body"])["engine"]["max_seconds"] == 5.0


def test_an_engines_seconds_are_told_to_the_api_by_the_template() -> None:
    variables = FUNCTIONS["ApiFunction"]["Environment"]["Variables"]
    assert variables["ENGINE_MAX_SECONDS"] == {
        "Fn::FindInMap": ["Engines", {"Ref": "Engine"}, "MaxSeconds"]
    }


def test_what_clients_are_told_to_wait_is_what_capacity_reckons_with() -> None:
    variables = FUNCTIONS["ApiFunction"]["Environment"]["Variables"]
    engines = template()["Mappings"]["Engines"]
    for name in costs.ENGINES:
        assert float(engines[name]["ClipSeconds"]) == round(figures.clip_seconds(name))
        wake = round(figures.start_seconds(name) + fleet.MINUTE)
        assert float(engines[name]["WakeSeconds"]) == wake
    assert variables["ENGINE_WAKE_SECONDS"]["Fn::If"][0] == "Wakes", "a warm one wakes nobody"


def test_the_motion_engine_makes_as_long_a_clip_as_the_template_says() -> None:
    engines = template()["Mappings"]["Engines"]
    assert float(engines["motion"]["MaxSeconds"]) == CARD.max_seconds
    assert engines["none"] == engines["motion"]
    for engine in engines.values():
        assert limits.CLIP_SECONDS <= float(engine["MaxSeconds"]) <= limits.MAX_CLIP_SECONDS
