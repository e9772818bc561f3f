"""What the judge of words makes of the phrases that it learned, and of others."""

import numpy as np
import pytest

from local.standins.phrases import ALLOWED, read_phrases
from local.standins.words import FOUND, WordJudge
from tests.unit.local.test_words import PHRASES, blocked


@pytest.fixture(scope="module")
def judge() -> WordJudge:
    return WordJudge()


def test_judged_phrases_fall_on_their_side_and_the_blocked_for_the_right_reason(
    judge: WordJudge,
) -> None:
    """At most three percent on the wrong side; of the blocked, nine of ten by their category."""
    texts = [(verdict, text) for verdict, texts in PHRASES.items() for text in texts]
    found = [(verdict, text, blocked(judge, text)) for verdict, text in texts]
    wrong = [text for verdict, text, named in found if bool(named) != (verdict != "allowed")]
    assert len(wrong) <= 0.03 * len(found), wrong
    bad = [(verdict, named) for verdict, _, named in found if verdict != "allowed" and named]
    assert sum(verdict in named for verdict, named in bad) >= 0.9 * len(bad)


def test_what_was_learned_knows_its_own_phrases(judge: WordJudge) -> None:
    phrases = read_phrases()[::37]
    found = judge.badness([phrase.text for phrase in phrases]).max(axis=1) >= FOUND
    wanted = np.array([phrase.verdict != ALLOWED for phrase in phrases])
    assert (found == wanted).mean() >= 0.88
