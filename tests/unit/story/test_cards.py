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
SQUARES_PX = {"wan-5b": 32, "wan-a14b": 16, "ltx-2": 32, "tiny": 32}
#: And so many frames at once, after the first, which stands alone.
FRAMES_AT_ONCE = {"wan-5b": 4, "wan-a14b": 4, "ltx-2": 8, "tiny": 4}


def test_every_card_can_be_read() -> None:
    assert cards.names() == ("ltx-2", "motion", "tiny", "wan-5b", "wan-a14b")
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
    assert (frames - 1) % FRAMES_AT_ONCE[name] == 0
    assert frames - 1 == round(card.form.max_seconds * card.form.fps)


@pytest.mark.parametrize("name", ["wan-5b", "wan-a14b", "ltx-2"])
def test_the_template_offers_the_seconds_of_the_card(name: str) -> None:
    template = (ROOT / "template.yaml").read_text()
    found = re.search(rf"^    {name}: .*MaxSeconds: '([\d.]+)'", template, re.MULTILINE)
    assert found is not None
    assert float(found[1]) == cards.card(name).form.max_seconds


def test_an_engine_without_a_card_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(SettingInvalid, match="one of ltx-2, motion, tiny, wan-5b, wan-a14b"):
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
    fields = card.model_dump()
    fields["trained"]["memory"]["offload"] = "models"
    with pytest.raises(ValueError, match="WanImageToVideoPipeline offloads text_encoder or none"):
        cards.Card.model_validate(fields)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"steps": 4}, "noise before 8 steps; there are 4"),
        ({"schedule": "repository"}, "schedule listed, and only it"),
        ({"noise": ()}, "schedule listed, and only it"),
        ({"noise": (0.9, 1.0), "steps": 2}, "noise only falls"),
        ({"noise": (1.0, 1.0), "steps": 2}, "noise only falls"),
    ],
)
def test_listed_noise_falls_over_as_many_steps_as_there_are(
    change: dict[str, object], said: str
) -> None:
    trained = cards.card("ltx-2").trained
    assert trained is not None
    with pytest.raises(ValueError, match=said):
        cards.Sampling.model_validate({**trained.sampling.model_dump(), **change})


def test_a_licence_with_clauses_is_told_whole_and_has_to_be_accepted() -> None:
    trained = cards.card("ltx-2").trained
    assert trained is not None
    assert trained.licence.must_be_acknowledged
    told = trained.licence.clauses()
    assert told.startswith("LTX-2.x Community License Agreement, https://")
    for clause in (
        "Territory: ",
        "less than $10,000,000 of annual revenue",
        "directly competes",
        "machine-made",
        "mark or sign of provenance",
    ):
        assert clause in told


def test_what_is_offered_is_the_cards() -> None:
    made = offer("wan-a14b", 10.0).engine
    assert (made.max_seconds, made.fps) == (5.0, 16)
    made = offer("wan-5b", 10.0).engine
    assert (made.aspects[0].width_px, made.aspects[0].height_px) == (704, 1280)
