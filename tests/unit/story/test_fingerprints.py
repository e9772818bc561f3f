import pytest
from pydantic import ValidationError

from story.fingerprints import (
    ISCC_MOST_BITS,
    PDQ_FRAMES,
    PDQ_MOST_BITS,
    Distances,
    Fingerprints,
    distances,
)

ZERO, ONES = "0" * 64, "f" * 64
#: ISO 24138: two bytes of header, which say Video-Code of 256 bits, and 32 of digest, all zero.
NOTHING = "ISCC:EMD" + "A" * 52


def test_pdq_is_the_fourth_best_of_six_frames_each_held_against_all() -> None:
    known = Fingerprints(pdq=(ZERO, ONES, *(ZERO,) * 4), iscc=NOTHING)
    far = f"{(1 << 100) - 1:064x}"
    assert distances(Fingerprints(pdq=(ONES,) * 6, iscc=NOTHING), known).pdq == 0
    for frames, bits in (((far,) * 2 + (ZERO,) * 4, 0), ((far,) * 3 + (ZERO,) * 3, 100)):
        assert distances(Fingerprints(pdq=frames, iscc=NOTHING), known).pdq == bits


def test_iscc_counts_the_digest_s_bits_and_not_the_header_s() -> None:
    base = Fingerprints(pdq=(ZERO,) * PDQ_FRAMES, iscc=NOTHING)
    # The last character holds two bits of the digest and three that are always zero.
    other = base.model_copy(update={"iscc": NOTHING[:-2] + "7I"})
    assert distances(other, base).iscc == 6


@pytest.mark.parametrize(
    ("pdq", "iscc", "alike"),
    [
        (PDQ_MOST_BITS, 256, True),
        (256, ISCC_MOST_BITS, True),
        (PDQ_MOST_BITS + 1, ISCC_MOST_BITS + 1, False),
    ],
)
def test_either_kind_is_enough_up_to_its_bound(pdq: int, iscc: int, alike: bool) -> None:
    assert Distances(pdq, iscc).alike == alike


@pytest.mark.parametrize(
    ("pdq", "iscc"),
    [((ZERO,) * 5, NOTHING), (("x" * 64,) * 6, NOTHING), ((ZERO,) * 6, NOTHING.lower())],
)
def test_a_record_of_another_shape_is_refused(pdq: tuple[str, ...], iscc: str) -> None:
    with pytest.raises(ValidationError):
        Fingerprints(pdq=pdq, iscc=iscc)
