"""From two readings to an answer: what may be said, and what not."""

import pytest

from conclude import answering
from conclude.answering import Match, Searched
from story.checks import Answer, Conclusion, CredentialReading, Fault, MarkReading
from tests.unit.conclude.readings import (
    ABSENT,
    BROKEN,
    NOW,
    OTHER,
    OURS,
    THEIRS,
    UNREAD,
    UNREADABLE,
    marked,
    prints,
    record,
)

SEARCHED = Searched(3, complete=True)


def concluded(
    credential: CredentialReading,
    mark: MarkReading,
    named: Match | None = None,
    similar: Match | None = None,
    searched: Searched | None = SEARCHED,
) -> Conclusion:
    found = answering.conclude(
        credential, mark, named=named, similar=similar, searched=searched, now=NOW
    )
    assert found is not None
    return found


@pytest.mark.parametrize(("z", "answer"), [(5.6, "recovered"), (5.4, "similar")])
def test_a_mark_recovers_a_clip_from_its_bound_on(z: float, answer: Answer) -> None:
    mark = marked(z)
    found = concluded(ABSENT, mark, answering.match(mark, record()))
    assert found.answer == answer
    assert found.record == record()
    assert found.mark.state == ("found" if answer == "recovered" else "none")


def test_a_mark_on_other_pictures_recovers_nothing_however_sure_it_is() -> None:
    mark = marked(30.0, number=2)
    found = concluded(ABSENT, mark, answering.match(mark, record()))
    assert (found.answer, found.record) == ("unknown", None)
    assert found.mark.state == "found"
    assert found.mark.reason == "other_pictures"


def test_a_mark_whose_clip_was_deleted_says_no_more_than_that_it_is_ours() -> None:
    found = concluded(ABSENT, marked(30.0))
    assert (found.answer, found.record, found.mark.state) == ("unknown", None, "found")


def test_a_clip_is_recovered_in_a_mirror() -> None:
    plain = marked(9.0, number=5)
    mirrored = plain.model_copy(update={"mirrored": prints(1)})
    found = concluded(ABSENT, mirrored, answering.match(mirrored, record()))
    assert found.answer == "recovered"
    assert (found.fingerprint.state, found.fingerprint.pdq_bits) == ("same", 0)


def test_looks_alone_are_similar_and_the_mark_makes_them_recovered() -> None:
    """Of a clip that the decoder did not name, the mark may still be there when asked for."""
    similar = record(OTHER)
    unmarked = marked(3.0)
    found = concluded(ABSENT, unmarked, None, answering.match(unmarked, similar))
    assert (found.answer, found.fingerprint.state) == ("similar", "similar")
    carried = marked(5.6, mark_id=OTHER).model_copy(update={"mark_id": "ffffffff", "z": 5.9})
    found = concluded(ABSENT, carried, None, answering.match(carried, similar))
    assert (found.answer, found.mark.z) == ("recovered", 5.6)


@pytest.mark.parametrize("kind", ["pdq", "iscc"])
def test_one_kind_of_fingerprint_alone_is_no_answer_and_with_the_mark_it_is(kind: str) -> None:
    """Held against a hundred thousand clips, one kind is near to some of them by chance."""
    seen = prints(2).model_copy(update={kind: getattr(prints(1), kind)})
    unmarked = marked(3.0).model_copy(update={"fingerprints": seen})
    found = concluded(ABSENT, unmarked, None, answering.match(unmarked, record()))
    assert (found.answer, found.record, found.fingerprint.state) == ("unknown", None, "none")
    carried = marked(5.6).model_copy(update={"fingerprints": seen})
    assert concluded(ABSENT, carried, answering.match(carried, record())).answer == "recovered"


def test_what_was_read_with_another_key_is_nothing_of_a_clips_mark() -> None:
    mark = marked(30.0).model_copy(update={"key_version": 2})
    assert answering.match(mark, record()).z is None


def test_a_credential_of_ours_is_enough_and_names_its_own_record_only() -> None:
    mark = marked(30.0)
    found = concluded(OURS, mark, answering.match(mark, record()), searched=None)
    assert (found.answer, found.record) == ("verified", record())
    other = OURS.model_copy(update={"manifest_id": "urn:c2pa:another-of-ours"})
    found = concluded(other, mark, answering.match(mark, record()), searched=None)
    assert (found.answer, found.record) == ("verified", None)


@pytest.mark.parametrize("z", [3.0, 30.0])
def test_a_broken_credential_is_invalid_whatever_else_is_there(z: float) -> None:
    mark = marked(z)
    found = concluded(BROKEN, mark, answering.match(mark, record()))
    assert found.answer == "invalid"
    assert (found.record is not None) == (z > 5.5)


def test_somebody_elses_credential_is_told_and_is_no_answer() -> None:
    found = concluded(THEIRS, marked(3.0, number=2))
    assert (found.answer, found.credential.state) == ("unknown", "trusted")
    assert found.credential.signed_by == "Another"
    mark = marked(30.0)
    assert concluded(THEIRS, mark, answering.match(mark, record())).answer == "recovered"


def test_a_file_that_neither_could_read_has_no_answer() -> None:
    unread = answering.conclude(
        UNREADABLE, UNREAD, named=None, similar=None, searched=None, now=NOW
    )
    assert unread is None
    assert concluded(ABSENT, UNREAD).answer == "unknown"
    assert concluded(ABSENT, UNREAD).mark.state == "unread"
    mark = marked(30.0)
    assert concluded(UNREADABLE, mark, answering.match(mark, record())).answer == "recovered"


def test_a_still_has_a_mark_that_cannot_be_compared() -> None:
    still = marked(30.0).model_copy(update={"fingerprints": None, "mirrored": None})
    found = concluded(ABSENT, still, answering.match(still, record()), None, None)
    assert (found.answer, found.mark.state, found.fingerprint.state) == (
        "unknown",
        "found",
        "unread",
    )


def test_who_looked_through_a_part_says_so() -> None:
    mark = marked(3.0, number=2)
    part = concluded(ABSENT, mark, None, None, Searched(100_000, complete=False))
    assert (part.fingerprint.reason, part.fingerprint.latest) == ("none_of_latest", 100_000)
    whole = concluded(ABSENT, mark).fingerprint
    assert (whole.reason, whole.latest) == ("none", None)


@pytest.mark.parametrize("fault", ["changed", "parts", "unsound"])
def test_why_a_credential_does_not_hold_is_kept(fault: Fault) -> None:
    broken = BROKEN.model_copy(update={"fault": fault})
    assert concluded(broken, marked(3.0)).credential.reason == fault
    # A reader that says nothing of it has shown no change.
    assert concluded(BROKEN.model_copy(update={"fault": None}), UNREAD).credential.reason == (
        "unsound"
    )
