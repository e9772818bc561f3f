"""The vocabulary's files: what they may say, and that each language says enough."""

from pathlib import Path
from typing import get_args

import pytest

import story.vocabulary
from story.generation import Ambience, CameraMove, Heading, Inability, Mood, Motion, Preset
from story.vocabulary import read
from story.vocabulary.folding import fold
from story.vocabulary.lexicon import LANGUAGES, load
from story.vocabulary.notes import GROUPS

#: What the keys of a section may be; the reader knows no others.
_MOTIONS = {*get_args(Motion), *GROUPS}
KEYS = {
    "motion": _MOTIONS,
    "gesture": _MOTIONS,
    "thing": {
        "camera", "people", "animal", "vehicle", "object", "subject", "background", "everything",
    },
    "deed": set(get_args(Inability)),
    "camera": {*get_args(CameraMove), "zoom", "pan", "tilt"},
    "heading": set(get_args(Heading)),
    "course": {"forward", "back"},
    "speed": {"slow", "fast"},
    "strength": {"weak", "strong"},
    "mood": set(get_args(Mood)),
    "preset": set(get_args(Preset)),
    "heard": set(get_args(Ambience)),
    "audible": set(get_args(Ambience)),
    "no": {"before", "after"},
    "word": {
        "move", "act", "add", "sound", "only", "only_after", "rest", "except", "except_after",
        "still", "keep", "break", "and", "or", "with", "very", "photo",
    },
}  # fmt: skip
ENOUGH_WORDS = 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_says_only_what_the_reader_knows(language: str) -> None:
    words = load(language)
    assert set(words) <= {*KEYS, "marks", "ignored"}
    for section, keys in KEYS.items():
        assert set(words[section]) <= keys, section


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_names_every_motion_and_enough_of_them(language: str) -> None:
    words = load(language)
    assert set(words["motion"]) >= set(get_args(Motion))
    named = [
        word for section in ("motion", "gesture") for key in words[section].values() for word in key
    ]
    assert len(named) >= ENOUGH_WORDS
    for section in ("deed", "mood", "preset", "heading"):
        assert set(words[section]) == KEYS[section], section


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_names_one_motion(language: str) -> None:
    homes: dict[str, set[str]] = {}
    for key, patterns in load(language)["motion"].items():
        for pattern in patterns:
            homes.setdefault(fold(pattern), set()).add(key)
    assert not {word: keys for word, keys in homes.items() if len(keys) > 1}


def test_every_file_is_read() -> None:
    files = {path.stem for path in Path(story.vocabulary.__path__[0]).glob("*.json")}
    assert files == {*LANGUAGES, "emoji"}


@pytest.mark.parametrize(
    ("prompt", "refused"),
    [
        ("no rain", "rain"),
        ("without clouds", "clouds"),
        ("sin lluvia", "rain"),
        ("sans pluie", "rain"),
        ("kein Regen", "rain"),
        ("sem chuva", "rain"),
        ("без дождя", "rain"),
        ("дождя не надо", "rain"),
        ("بدون مطر", "rain"),
        ("बारिश नहीं", "rain"),
        ("बिना बारिश के", "rain"),
        ("不要下雨", "rain"),
        ("雨なし", "rain"),
        ("🚫🌧️", "rain"),
    ],
)
def test_every_language_can_refuse(prompt: str, refused: str) -> None:
    wishes = read(prompt)
    assert (wishes.refused, wishes.motions) == ((refused,), ())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LES ÉTOILES SCINTILLENT", "les etoiles scintillent"),
        ("la cámara fija", "la camara fija"),
        ("والبحر", "بحر"),
        ("مَطَر", "مطر"),
        ("\uff52\uff41\uff49\uff4e", "rain"),
        ("ﾕｷ 雪", "雪"),
        ("don\u2019t zoom", "don't zoom"),
        ("time-lapse", "timelapse"),
        ("Блюр снег", "снег"),
    ],
)
def test_ways_of_writing_mean_the_same(one: str, other: str) -> None:
    assert read(one) == read(other)


@pytest.mark.parametrize(
    ("prompt", "motions"),
    [
        ("restart the training", ()),
        ("a window seat", ("window_light",)),
        ("el pan con son", ()),
        ("vento no cabelo", ("hair",)),
        ("Could you thank them for this", ()),
        ("美しい風景", ()),
        ("这张风景照片", ()),
        ("火车", ()),
    ],
)
def test_a_word_inside_another_word_or_language_is_not_read(
    prompt: str, motions: tuple[str, ...]
) -> None:
    assert read(prompt).motions == motions


def test_languages_may_be_mixed() -> None:
    wishes = read("make the 雲 drift, kein Regen, y la cámara fija")
    assert (wishes.motions, wishes.refused, wishes.camera) == (("clouds",), ("rain",), "none")
