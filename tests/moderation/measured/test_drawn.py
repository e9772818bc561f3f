"""Threats in a picture are read and found, and the photos say nothing bad."""

import pytest

from local.standins.words import WordJudge
from tests.moderation.drawn import THREATS, drawn
from tests.moderation.pictures import Gate, photos


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate(WordJudge())


@pytest.mark.parametrize("script", THREATS)
def test_a_drawn_threat_is_rejected_in_every_script_that_is_read(gate: Gate, script: str) -> None:
    assert gate.look(drawn(script)).threats


def test_no_photo_is_rejected(gate: Gate) -> None:
    for path in photos():
        seen = gate.look(path.read_bytes())
        assert set(seen.labels) <= {"Alcohol", "Alcoholic Beverages"}, path.name
        assert seen.threats == [], path.name
