"""What a trained model is told."""

from typing import get_args

import pytest

from direct_scene import direction, prompting
from story import cards
from story.generation import SIZES, Box, Direction, Motion, Tag

FACE = Box(left=0.4, top=0.3, width=0.2, height=0.2)
TRAINED = ("wan-5b", "wan-a14b", "ltx-2")


def directed(
    engine: str,
    prompt: str,
    *,
    faces: tuple[Box, ...] = (),
    still_faces: bool = False,
    names: tuple[str, ...] = ("Sea",),
) -> Direction:
    return direction.direct(
        engine=cards.card(engine), story_id="ab" * 16, attempt=1, take=1, prompt=prompt,
        fit="auto", loop=True, preset=None, seed=1, seconds=5.0, aspect="9:16", sound=True,
        tags=tuple(Tag(name=name, confidence=0.9) for name in names), faces=faces,
        still_faces=still_faces,
    )  # fmt: skip


@pytest.mark.parametrize("engine", TRAINED)
@pytest.mark.parametrize(
    "words",
    [
        "make this photo come alive",
        "Lass es schneien!",
        "让海浪翻滚",
        "a " * 299 + "b",
        "walk away",
    ],
)
def test_what_was_asked_comes_first_and_whole(engine: str, words: str) -> None:
    made = directed(engine, words, names=("Sea", "Boat", "Person", "Sky", "Sand"))
    assert made.prompt.startswith(words)
    card = cards.card(engine)
    assert card.trained is not None
    assert len(made.prompt) <= card.trained.prompt.max_characters


@pytest.mark.parametrize("engine", TRAINED)
def test_wishes_tags_faces_and_the_camera_are_said_in_sentences(engine: str) -> None:
    made = directed(engine, "sanfte Wellen, die Kamera fährt zurück", faces=(FACE,))
    assert "waves rolling" in made.prompt
    assert "The photo shows sea." in made.prompt
    assert "One person in it" in made.prompt
    assert made.camera != "pull_out" or "The camera slowly moves back." in made.prompt


def test_what_was_refused_is_said_where_the_model_reads_it() -> None:
    reads, *others = (directed(engine, "make it move, no rain") for engine in TRAINED)
    assert "rain falling" in reads.negative_prompt
    assert "rain falling" not in reads.prompt
    for does_not in others:
        assert "None of this is to be seen: rain falling." in does_not.prompt


@pytest.mark.parametrize("engine", TRAINED)
@pytest.mark.parametrize("words", ["make her smile", "she says hello and speaks", "blink"])
def test_words_that_ask_a_minors_face_to_move_do_not_reach_the_model(
    engine: str, words: str
) -> None:
    made = directed(engine, words, faces=(FACE,), still_faces=True)
    assert words not in made.prompt
    assert prompting.STILL_FACES in made.prompt
    assert "moving faces" in made.negative_prompt
    assert "smile" not in made.prompt


@pytest.mark.parametrize("engine", TRAINED)
def test_other_words_reach_it_and_faces_are_asked_to_stay_still(engine: str) -> None:
    made = directed(engine, "let the waves roll", faces=(FACE,), still_faces=True)
    assert made.prompt.startswith("let the waves roll")
    assert prompting.STILL_FACES in made.prompt


def test_every_wish_has_words() -> None:
    phrases = prompting.phrases()
    assert set(phrases.motions) == set(get_args(Motion))
    for words in (phrases.held, phrases.cameras, phrases.headings, phrases.moods, phrases.presets):
        kinds = {type(key) for key in words}
        assert kinds == {str}


@pytest.mark.parametrize("engine", TRAINED)
def test_rate_and_size_are_the_models_own(engine: str) -> None:
    form = cards.card(engine).form
    made = directed(engine, "")
    assert (made.fps, (made.width, made.height)) == (form.fps, form.sizes["9:16"])
    assert made.frames == form.fps * 5


def test_the_motion_engine_is_told_the_words_alone() -> None:
    made = directed("motion", "let the waves roll")
    assert made.prompt == "let the waves roll"
    assert (made.width, made.height) == SIZES["9:16"]
