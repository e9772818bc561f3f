"""What is suggested for a photo is understood, and nothing in it is missing there."""

from typing import get_args

import pytest

from await_prompt import suggestions
from story.generation import Motion
from story.vocabulary import read

DATA = suggestions.data()
PHOTOS = {
    "nothing recognised": ((), 0),
    "a cat": (("Animal", "Mammal", "Pet", "Cat"), 0),
    "coffee": (("Beverage", "Coffee Cup", "Coffee"), 0),
    "a portrait": (("Person", "Face"), 1),
    "mountains": (("Outdoors", "Nature", "Landscape", "Mountain"), 0),
    "a family at the sea": (("Sea", "Beach", "Water", "Person", "Sky"), 4),
    "a room": (("Indoors", "Living Room", "Plant", "Furniture"), 0),
    "a reef": (("Sea", "Sea Life", "Reef", "Underwater", "Water"), 0),
}


@pytest.mark.parametrize("prompt", [*DATA["suggestions"], *DATA["for_any_photo"]])
def test_a_suggestion_asks_for_nothing_that_cannot_be_done(prompt: str) -> None:
    wishes = read(prompt)
    assert wishes.unable == ()
    assert wishes.implied == (), "a general word would promise what the photo may not have"


@pytest.mark.parametrize("prompt", DATA["suggestions"])
def test_a_suggestion_asks_for_something_by_its_name(prompt: str) -> None:
    assert read(prompt).named


@pytest.mark.parametrize("prompt", DATA["for_any_photo"])
def test_what_is_suggested_for_any_photo_needs_nothing_in_it(prompt: str) -> None:
    assert set(read(prompt).motions) <= set(DATA["anywhere"])


def test_every_motion_that_is_named_is_one_and_every_sign_has_its_use() -> None:
    named = {*DATA["shown_by"], *DATA["shown_by_people"], *DATA["anywhere"], *DATA["hidden_by"]}
    assert named <= set(get_args(Motion))
    asked = {motion for prompt in DATA["suggestions"] for motion in read(prompt).motions}
    assert DATA["shown_by"].keys() <= asked
    assert DATA["hidden_by"].keys() <= DATA["shown_by"].keys()


@pytest.mark.parametrize("photo", PHOTOS)
def test_every_photo_is_suggested_what_it_has_and_a_prompt_for_any(photo: str) -> None:
    tags, people = PHOTOS[photo]
    found = suggestions.for_photo(tags, people)
    assert 2 <= len(found) <= suggestions.MOST
    assert len(set(found)) == len(found)
    assert found[-1] in DATA["for_any_photo"]
    there = suggestions.shown(tags, people)
    assert all(set(read(prompt).motions) <= there for prompt in found)


def _motions(photo: str) -> set[str]:
    return {motion for p in suggestions.for_photo(*PHOTOS[photo]) for motion in read(p).motions}


def test_no_photo_is_suggested_waves_without_water_or_hair_without_a_face() -> None:
    for photo in PHOTOS.keys() - {"a family at the sea"}:
        assert "waves" not in _motions(photo), photo
    for photo in PHOTOS.keys() - {"a family at the sea", "a portrait"}:
        assert not {"hair", "head_sway"} & _motions(photo), photo
    assert "foliage" not in _motions("a room"), "a plant in a room has no wind"


def test_what_a_photo_is_of_is_suggested() -> None:
    assert {"waves", "clouds"} <= _motions("a family at the sea")
    assert "steam" in _motions("coffee")
    assert "ear" in _motions("a cat")
    assert "hair" in _motions("a portrait")
    assert "clouds" in _motions("mountains")
    assert "window_light" in _motions("a room")
