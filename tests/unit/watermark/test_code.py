"""The code: published polynomials, its promise of 15 errors, and what soft values add."""

import numpy as np
import pytest

from watermark import code

RANDOM = np.random.default_rng(7)
IDS = [0, 1, code.MAX_ID, 0xDEADBEEF, *RANDOM.integers(0, 2**32, 12).tolist()]


@pytest.mark.parametrize(
    ("field_bits", "primitive", "corrected", "octal"),
    [
        # Lin and Costello, Error Control Coding, appendix C.
        (4, 0b10011, 2, "721"),
        (5, 0b100101, 3, "107657"),
        (6, 0b1000011, 5, "1033500423"),
        (7, 0b10001001, 15, "3146074666522075044764574721735"),
    ],
)
def test_the_generator_polynomials_are_the_published_ones(
    field_bits: int, primitive: int, corrected: int, octal: str
) -> None:
    assert f"{code.generator(field_bits, primitive, corrected):o}" == octal


@pytest.mark.parametrize("mark_id", IDS)
def test_an_id_comes_back_from_its_own_word(mark_id: int) -> None:
    decoded = code.decode(code.encode(mark_id).astype(np.float32))
    assert (decoded.mark_id, decoded.errors) == (mark_id, 0)
    assert decoded.z == pytest.approx(np.sqrt(code.LENGTH))


def test_different_ids_have_words_that_differ_in_31_bits_at_least() -> None:
    ids = sorted({*RANDOM.integers(0, 2**32, 600).tolist(), *(1 << bit for bit in range(32)), 0})
    words = code.words(ids).astype(np.int32)
    apart = (code.LENGTH - words @ words.T) // 2
    np.fill_diagonal(apart, code.LENGTH)
    assert apart.min() >= 2 * code.CORRECTED + 1


@pytest.mark.parametrize("mark_id", IDS)
def test_any_15_of_the_127_bits_may_be_wrong_with_nothing_to_tell_them_by(mark_id: int) -> None:
    word = code.encode(mark_id).astype(np.float32)
    word[RANDOM.choice(code.LENGTH, code.CORRECTED, replace=False)] *= -1
    decoded = code.decode(word)
    assert (decoded.mark_id, decoded.errors) == (mark_id, code.CORRECTED)


def test_soft_values_carry_further_than_15_errors() -> None:
    """At 0 dB a bit about 20 of 127 are wrong; 15 is what algebra corrects."""
    right, wrong_bits = 0, []
    for mark_id in IDS:
        word = code.encode(mark_id)
        soft = (word + RANDOM.normal(0, 1, code.LENGTH)).astype(np.float32)
        wrong_bits.append(int((soft * word < 0).sum()))
        right += code.decode(soft).mark_id == mark_id
    assert np.mean(wrong_bits) > code.CORRECTED
    assert right >= len(IDS) - 1


def test_the_nearest_word_to_noise_is_far_from_it() -> None:
    fits = [code.decode(RANDOM.normal(0, 1, code.LENGTH).astype(np.float32)).z for _ in range(10)]
    assert max(fits) < 7.5


def test_what_has_no_32_bits_is_no_id() -> None:
    for wrong in (-1, 2**32):
        with pytest.raises(ValueError, match="0 to 4294967295"):
            code.encode(wrong)


def test_what_is_no_word_is_refused() -> None:
    with pytest.raises(ValueError, match="127 soft values"):
        code.decode(np.zeros(126, dtype=np.float32))


def test_nothing_at_all_decodes_without_a_warning_and_without_conviction() -> None:
    assert code.decode(np.zeros(code.LENGTH, dtype=np.float32)).z == 0
