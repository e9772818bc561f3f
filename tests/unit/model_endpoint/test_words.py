import pytest

from model_endpoint.engines.motion.words import LIGHT, MOTES, STILL, read
from model_endpoint.scene.model import SKY, WATER


@pytest.mark.parametrize(
    ("prompt", "asked"),
    [
        ("Let the clouds drift over the hills", {SKY}),
        ("gentle waves on the sea", {WATER}),
        ("fireflies and warm sunlight", {MOTES, LIGHT}),
        ("keep everything still", {STILL}),
        ("", set()),
        ("quelque chose", set()),
    ],
)
def test_abilities_are_read_from_the_prompt(prompt: str, asked: set[str]) -> None:
    assert read(prompt, "").asked == asked


def test_what_cannot_be_done_is_said_once_and_never_in_the_creators_words() -> None:
    wishes = read("Zebulon laughs and smiles while it snows and rains", "")
    assert wishes.unable == (
        "faces keep their expression",
        "no weather, smoke, fire or confetti is drawn",
    )


def test_the_negative_prompt_refuses() -> None:
    assert read("", "no dust, no moving clouds").unwanted == {SKY, MOTES}
