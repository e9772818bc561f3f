"""Words to wishes: what small words reach, and whose a verb is."""

import time
from typing import Any

import pytest

from story.generation import Inability, Wishes
from story.vocabulary import UNABLE, read


def _said(prompt: str, negative_prompt: str = "") -> dict[str, Any]:
    """The fields of the wishes that are not the default, without `implied`."""
    wishes = read(prompt, negative_prompt).model_dump(exclude_defaults=True)
    wishes.pop("implied", None)
    return wishes


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "make this photo come alive",
        "please animate my picture",
        "animate this photo of my family",
        "照片动起来",
        "оживи это фото",
        "👍",
        "asdf qwer",
        "¿?¡!…",
    ],
)
def test_words_that_ask_for_nothing_special_leave_the_plan_to_the_engine(prompt: str) -> None:
    assert read(prompt) == Wishes()


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("no rain", {"refused": ("rain",)}),
        ("no rain, snow or petals", {"refused": ("rain", "snow", "petals")}),
        ("no rain, clouds drift", {"refused": ("rain",), "motions": ("clouds",)}),
        ("no rain and let it snow", {"refused": ("rain",), "motions": ("snow",)}),
        ("the clouds should not move", {"refused": ("clouds",)}),
        ("don't move the camera", {"camera": "none"}),
        ("no zoom, pan left", {"camera": "pan_left"}),
        ("don't move", {"held": ("everything",)}),
        ("the people must not move", {"held": ("people",)}),
        ("not too fast", {"speed": 0.5}),
    ],
)
def test_a_negation_reaches_its_own_clause(prompt: str, said: dict[str, Any]) -> None:
    assert _said(prompt) == said


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("keep the boat still", {"held": ("subject",)}),
        ("keep the man and the woman still", {"held": ("people",)}),
        ("keep the camera still while clouds drift", {"camera": "none", "motions": ("clouds",)}),
        ("freeze the background", {"held": ("background",)}),
        ("everything moves except the people", {"held": ("people",)}),
    ],
)
def test_what_shall_be_still_is_held(prompt: str, said: dict[str, Any]) -> None:
    assert _said(prompt) == said


@pytest.mark.parametrize(
    "prompt",
    [
        "only the smoke moves",
        "nothing but the smoke moves",
        "nothing moves except the smoke",
        "everything still except the smoke",
        "the smoke moves, everything else stays still",
    ],
)
def test_only_is_said_in_many_ways(prompt: str) -> None:
    assert _said(prompt) == {"motions": ("smoke",), "only": True}


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("the flag waves", {"motions": ("cloth",)}),
        ("waves at the camera", {"unable": ("pose",)}),
        ("she waves", {"unable": ("pose",)}),
        ("the waves roll in", {"motions": ("waves",)}),
        ("light rain", {"motions": ("rain",), "strength": 0.6}),
        ("the sun shines", {"motions": ("sun_glow",)}),
        ("a light breeze", {"motions": ("foliage", "hair", "cloth"), "strength": 0.6}),
        ("wind in her hair", {"motions": ("hair",)}),
        ("the leaves dance", {"motions": ("foliage",)}),
        ("the girl dances", {"unable": ("pose",)}),
        ("the dog runs", {"unable": ("animal",)}),
        ("the boat drifts", {"unable": ("vehicle",)}),
        ("the dog blinks", {"motions": ("blink",)}),
    ],
)
def test_a_verb_belongs_to_its_thing(prompt: str, said: dict[str, Any]) -> None:
    assert _said(prompt) == said


@pytest.mark.parametrize(
    ("prompt", "heading", "camera"),
    [
        ("clouds drift to the left", "left", None),
        ("pan to the left", None, "pan_left"),
        ("clouds drift left and the camera pans right", "left", "pan_right"),
        ("the woman on the left breathes", None, None),
        ("the camera moves forward", None, "push_in"),
        ("smoke drifts away from the camera", "away", None),
    ],
)
def test_a_direction_is_said_of_the_nearest_thing_that_moves(
    prompt: str, heading: str | None, camera: str | None
) -> None:
    wishes = read(prompt)
    assert (wishes.heading, wishes.camera) == (heading, camera)


def test_a_general_word_asks_for_more_than_a_photo_need_show() -> None:
    assert read("wind and rain").implied == ("foliage", "hair", "cloth")
    assert read("leaves in the wind").implied == ()


def test_words_that_contradict_each_other_do_less() -> None:
    assert read("slow clouds, fast waves").speed == 1.0
    assert _said("rain but no rain") == {"refused": ("rain",)}
    assert read("static camera, zoom in").camera == "none"


def test_a_negative_prompt_refuses_what_it_names_and_not_what_it_calls_a_defect() -> None:
    stock = "static image, frozen, flicker, morphing, extra limbs, text, watermark"
    assert _said("candles flicker", stock) == {"motions": ("fire",)}
    assert _said("", "rain, zoom, moving people, sound") == {
        "refused": ("rain",),
        "camera": "none",
        "held": ("people",),
        "ambience": "silence",
    }


def test_every_inability_has_its_sentence() -> None:
    assert set(UNABLE) == set(Inability.__args__)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "no ",
        "no rain and ",
        "keep the still keep ",
        "波",
        "雨なし",
        "🌊",
        "zoom ",
        "'",
        "\u0301",
        "क्ष",
    ],
)
def test_reading_takes_time_in_proportion_to_the_length(text: str) -> None:
    def seconds(length: int) -> float:
        started = time.process_time()
        read((text * length)[:length])
        return time.process_time() - started

    seconds(100)
    short = min(seconds(1000) for _ in range(3))
    assert min(seconds(8000) for _ in range(3)) < 24 * short + 0.05
