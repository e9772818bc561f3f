"""Where words end in letters without gaps."""

import pytest

from local.standins.vocabulary import Vocabulary

IDEAS = [("a", "kill him"), ("a", "kill them"), ("b", "him and her"), ("c", "Töte den Mann")]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.of(IDEAS)


def test_words_that_are_known_are_found(vocabulary: Vocabulary) -> None:
    assert vocabulary.split("killhimandher") == ["kill", "him", "and", "her"]


def test_the_letters_stay_as_they_were_written(vocabulary: Vocabulary) -> None:
    assert vocabulary.split("TÖTEDenmann") == ["TÖTE", "Den", "mann"]


def test_one_word_stays_one(vocabulary: Vocabulary) -> None:
    assert vocabulary.split("them") == ["them"]
    assert vocabulary.split("") == []


def test_nothing_is_lost_of_words_that_nobody_knows(vocabulary: Vocabulary) -> None:
    assert "".join(vocabulary.split("xyzzyhimplugh")) == "xyzzyhimplugh"
    assert "him" in vocabulary.split("himhim")


def test_a_script_without_gaps_is_left_alone(vocabulary: Vocabulary) -> None:
    assert vocabulary.split("杀死他们") == ["杀死他们"]


def test_it_is_the_same_after_it_was_kept(vocabulary: Vocabulary) -> None:
    again = Vocabulary.unpacked(*vocabulary.packed())
    assert again.split("killhimandher") == vocabulary.split("killhimandher")
    assert [part.tobytes() for part in again.packed()] == [
        part.tobytes() for part in vocabulary.packed()
    ]
