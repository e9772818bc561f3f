"""The mark's code: 32 bits of id in 127 bits, read back from soft values.

A binary BCH code of length 127 that corrects any 15 errors (Hocquenghem 1959; Bose and
Ray-Chaudhuri 1960; Lin and Costello, Error Control Coding, 2nd ed., chapter 6). It holds 36 bits,
of which the last four stay 0. It is decoded by ordered statistics (Fossorier and Lin, Soft-decision
decoding of linear block codes based on ordered statistics, IEEE Trans. Inform. Theory 41, 1995):
whoever picks the most reliable independent bits, and tries every word that differs from them in at
most two, again and again, finds what a bounded-distance decoder finds and a good deal more.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ID_BITS: Final = 32
MAX_ID: Final = 2**ID_BITS - 1
_FIELD_BITS: Final = 7
LENGTH: Final = 2**_FIELD_BITS - 1
CORRECTED: Final = 15
#: x^7 + x^3 + 1, primitive over GF(2); bit i is the coefficient of x^i.
_PRIMITIVE: Final = 0b10001001
#: Other choices of reliable bits that are tried where the first finds nothing near.
ROUNDS: Final = 64
#: A word that fits so well is the sent one: no other of the 2^32 fits noise like this by chance.
_CERTAIN_Z: Final = 9.0
#: By how much (standard deviations) reliabilities are shaken for them.
_SHAKE: Final = 0.5


class Decoded(NamedTuple):
    """The nearest word: its id, how well it correlates, and how many bits are against it.

    z: correlation of the soft values with the word, standard deviations of what chance gives.
    """

    mark_id: int
    z: float
    errors: int


def generator(field_bits: int, primitive: int, corrected: int) -> int:
    """The generator polynomial of a narrow-sense binary BCH code of length 2^field_bits - 1.

    The product of the different minimal polynomials of alpha, alpha^3, ..., alpha^(2·corrected-1);
    bit i of it is the coefficient of x^i.
    """
    length = 2**field_bits - 1
    powers = [1]
    for _ in range(length - 1):
        shifted = powers[-1] << 1
        powers.append(shifted ^ primitive if shifted >> field_bits else shifted)
    logarithms = {value: index for index, value in enumerate(powers)}

    def times(one: int, other: int) -> int:
        if not one or not other:
            return 0
        power: int = powers[(logarithms[one] + logarithms[other]) % length]
        return power

    product, done = 1, set[int]()
    for root in range(1, 2 * corrected, 2):
        if root in done:
            continue
        conjugates = {root * 2**index % length for index in range(field_bits)}
        done |= conjugates
        minimal = [1]
        for exponent in conjugates:
            # (minimal) · (x + alpha^exponent), lowest coefficient first
            moved = [0, *minimal]
            for index, coefficient in enumerate(minimal):
                moved[index] ^= times(coefficient, powers[exponent])
            minimal = moved
        product = _multiply(product, sum(bit << index for index, bit in enumerate(minimal)))
    return product


def _multiply(one: int, other: int) -> int:
    """The product of two polynomials over GF(2)."""
    product = 0
    while other:
        if other & 1:
            product ^= one
        one, other = one << 1, other >> 1
    return product


@cache
def _matrix() -> NDArray[np.uint8]:
    """(ID_BITS, LENGTH): row i is the word of the id with only bit i."""
    return _bits([generator_polynomial() << index for index in range(ID_BITS)])


def encode(mark_id: int) -> NDArray[np.int8]:
    """The word of an id: (LENGTH,) of -1 (a zero) and 1. Raises ValueError out of range."""
    word: NDArray[np.int8] = words([mark_id])[0]
    return word


def words(mark_ids: Sequence[int]) -> NDArray[np.int8]:
    """The words of many ids: (N, LENGTH). Raises ValueError if one is out of range."""
    given = np.asarray(mark_ids, dtype=np.int64)
    if given.min() < 0 or given.max() > MAX_ID:
        raise ValueError(f"A mark's id is 0 to {MAX_ID}, one of these is not")
    numbers = given.astype(np.uint64)[:, np.newaxis]
    bits = (numbers >> np.arange(ID_BITS, dtype=np.uint64) & np.uint64(1)).astype(np.float32)
    ones = (bits @ _matrix().astype(np.float32)).astype(np.int32) & 1
    return (2 * ones - 1).astype(np.int8)


def decode(soft: NDArray[np.float32], rounds: int = ROUNDS) -> Decoded:
    """The id whose word fits best: always one, `z` says whether it means anything.

    soft (LENGTH,) float: how much speaks for a one (above 0) or a zero, in standard deviations.
    More rounds try more choices of reliable bits; fewer are enough to compare candidates.
    """
    if soft.shape != (LENGTH,):
        raise ValueError(f"{LENGTH} soft values are a word, not {soft.shape}")
    shaken = np.random.default_rng(0)
    scale = float(np.sqrt(np.mean(np.square(soft)))) or 1.0
    best: Decoded | None = None
    for turn in range(rounds):
        reliability = np.abs(soft)
        if turn:
            reliability = reliability + shaken.normal(0, _SHAKE * scale, LENGTH)
        found = _by_statistics(soft, np.argsort(-reliability, kind="stable"))
        if best is None or found.z > best.z:
            best = found
        if best.errors <= CORRECTED or best.z >= _CERTAIN_Z:
            break
    if best is None:
        raise ValueError(f"{rounds} rounds decode nothing: one at least is needed")
    return best


def _by_statistics(soft: NDArray[np.float32], order: NDArray[np.intp]) -> Decoded:
    """The best word that differs in at most two of the most reliable independent bits."""
    reduced, basis = _systematic(order)
    first = np.bitwise_xor.reduce(reduced[soft[basis] > 0], axis=0, initial=0)
    signs = 2.0 * first - 1.0
    # To change bit i of the basis turns the signs where row i has a one; `turned` is ±1. What the
    # word is worth with i and j changed is sum(soft · signs · turned_i · turned_j): one product.
    turned = 1.0 - 2.0 * reduced
    weighted = turned * (soft * signs)
    one, two = weighted.sum(axis=1), weighted @ turned.T
    if one.max() > two.max():
        changed = [int(np.argmax(one))]
    else:  # the diagonal is the word itself, with nothing changed
        changed = list({*divmod(int(np.argmax(two)), ID_BITS)})
        changed = changed if len(changed) > 1 else []
    word = signs * turned[changed].prod(axis=0)
    errors = int(np.count_nonzero(word * soft < 0))
    return Decoded(_number(word > 0), float(word @ soft / np.sqrt(LENGTH)), errors)


def _systematic(order: NDArray[np.intp]) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """The code's matrix with a unit matrix at the first independent positions of `order`."""
    polynomial = generator_polynomial()
    # Rows as integers: a row is added to another by one exclusive or.
    rows = [polynomial << index for index in range(ID_BITS)]
    basis: list[int] = []
    for position in order.tolist():
        done = len(basis)
        pivot = next((row for row in range(done, ID_BITS) if rows[row] >> position & 1), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        chosen = rows[done]
        rows = [
            each ^ chosen if row != done and each >> position & 1 else each
            for row, each in enumerate(rows)
        ]
        basis.append(position)
        if len(basis) == ID_BITS:
            break
    return _bits(rows), np.array(basis)


def _bits(rows: list[int]) -> NDArray[np.uint8]:
    """(N, LENGTH) uint8: the coefficients of polynomials, lowest first."""
    packed = b"".join(row.to_bytes((LENGTH + 7) // 8, "little") for row in rows)
    unpacked = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), bitorder="little")
    return unpacked.reshape(len(rows), -1)[:, :LENGTH]


def _number(word: NDArray[np.bool_]) -> int:
    """The id of a word: the quotient of its polynomial and the generator."""
    polynomial = generator_polynomial()
    rest = sum(1 << index for index in np.flatnonzero(word).tolist())
    degree, quotient = polynomial.bit_length() - 1, 0
    for index in reversed(range(ID_BITS)):
        if rest >> (index + degree) & 1:
            rest ^= polynomial << index
            quotient |= 1 << index
    return quotient


@cache
def generator_polynomial() -> int:
    """The polynomial of this code."""
    return generator(_FIELD_BITS, _PRIMITIVE, CORRECTED)
