"""Cards of engines: what they say must be possible, and true of what they describe."""

import re
from pathlib import Path

import pytest

from model_endpoint.engines.motion.engine import CARD
from story import cards
from story.errors import SettingInvalid
from story.generation import SIZES
from story.offer import offer

ROOT = Path(__file__).resolve().parents[3]
#: A model draws whole squares of this side: of its autoencoder's and its transformer's together.
SQUARES_PX = {"wan-5b": 32, "wan-a14b": 16, "tiny": 32}


def test_every_card_can_be_read() -> None:
    assert cards.names() == ("motion", "tiny", "wan-5b", "wan-a14b")
    for name in cards.names():
        assert cards.card(name).form.sizes.keys() == SIZES.keys()


def test_the_motion_engines_card_says_what_the_engine_says() -> None:
    card = cards.card("motion")
    assert card.engine == CARD.engine
    assert card.form.max_seconds == CARD.max_seconds
    assert card.form.fps in CARD.rates
    assert card.form.sizes == SIZES


@pytest.mark.parametrize(("name", "side"), SQUARES_PX.items())
def test_sizes_are_whole_squares_of_the_model(name: str, side: int) -> None:
    for width, height in cards.card(name).form.sizes.values():
        assert (width % side, height % side) == (0, 0)


@pytest.mark.parametrize("name", SQUARES_PX)
def test_a_model_draws_what_it_was_trained_for_and_no_clip_is_longer(name: str) -> None:
    card = cards.card(name)
    assert card.trained is not None
    frames = card.trained.sampling.frames
    assert (frames - 1) % 4 == 0
    assert frames - 1 == round(card.form.max_seconds * card.form.fps)


@pytest.mark.parametrize("name", ["wan-5b", "wan-a14b"])
def test_the_template_offers_the_seconds_of_the_card(name: str) -> None:
    template = (ROOT / "template.yaml").read_text()
    found = re.search(rf"^    {name}: .*MaxSeconds: '([\d.]+)'", template, re.MULTILINE)
    assert found is not None
    assert float(found[1]) == cards.card(name).form.max_seconds


def test_an_engine_without_a_card_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(SettingInvalid, match="one of motion, tiny, wan-5b, wan-a14b"):
        cards.card("hunyuan")


def test_a_card_that_cannot_be_is_refused() -> None:
    card = cards.card("wan-5b")
    fields = card.model_dump()
    fields["form"]["max_seconds"] = 6.0
    with pytest.raises(ValueError, match="the model draws 121"):
        cards.Card.model_validate(fields)
    fields = card.model_dump()
    fields["trained"]["sampling"]["shift"] = 3.0
    with pytest.raises(ValueError, match="takes a shift"):
        cards.Card.model_validate(fields)


def test_what_is_offered_is_the_cards() -> None:
    made = offer("wan-a14b", 10.0).engine
    assert (made.max_seconds, made.fps) == (5.0, 16)
    made = offer("wan-5b", 10.0).engine
    assert (made.aspects[0].width_px, made.aspects[0].height_px) == (704, 1280)
