"""Changing files at random, again and again the same.

Bytes, stretches, the sizes of boxes, and the lengths that CBOR claims.
"""

import re
import struct

import numpy as np

#: Where a length may stand: before a four-letter name.
_NAME = re.compile(rb"[a-zA-Z0-9 ]{4}")
#: In CBOR (RFC 8949, section 3): bytes, text, a list, a map, whose length is four bytes long.
LONG = (0x5A, 0x7A, 0x9A, 0xBA)
_NUMBERS = (0, 1, 7, 8, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def flipped(body: bytes, position: int, mask: int = 0x01) -> bytes:
    """The same with bits of one byte turned."""
    changed = bytearray(body)
    changed[position] ^= mask
    return bytes(changed)


def mutated(body: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """A file with one to eight changes, of which some take from another file."""
    changed = bytearray(body)
    for _ in range(int(rng.integers(1, 9))):
        if len(changed) < 2:
            break
        _CHANGES[int(rng.integers(len(_CHANGES)))](changed, other, rng)
    return bytes(changed)


def _place(body: bytearray, rng: np.random.Generator) -> int:
    return int(rng.integers(len(body)))


def _stretch(body: bytes | bytearray, rng: np.random.Generator) -> slice:
    begin = int(rng.integers(len(body)))
    return slice(begin, begin + int(2 ** rng.uniform(0, 11)))


def _turn(body: bytearray, _: bytes, rng: np.random.Generator) -> None:
    body[_place(body, rng)] ^= 1 << int(rng.integers(8))


def _overwrite(body: bytearray, _: bytes, rng: np.random.Generator) -> None:
    body[_place(body, rng)] = int(rng.integers(256))


def _number(body: bytearray, _: bytes, rng: np.random.Generator) -> None:
    at = _place(body, rng)
    body[at : at + 4] = struct.pack(">I", _NUMBERS[int(rng.integers(len(_NUMBERS)))])


def _size(body: bytearray, _: bytes, rng: np.random.Generator) -> None:
    """Another length before a name."""
    names = [found.start() for found in _NAME.finditer(bytes(body[:20_000])) if found.start() >= 4]
    if names:
        at = names[int(rng.integers(len(names)))] - 4
        body[at : at + 4] = struct.pack(">I", _NUMBERS[int(rng.integers(len(_NUMBERS)))])


def _length(body: bytearray, _: bytes, rng: np.random.Generator) -> None:
    """Something in CBOR that claims to be long."""
    at = _place(body, rng)
    length = int(2 ** rng.uniform(8, 32))
    body[at : at + 5] = struct.pack(">BI", LONG[int(rng.integers(len(LONG)))], length)


def _remove(body: bytearray, _: bytes, rng: np.random.Generator) -> None:
    del body[_stretch(body, rng)]


def _repeat(body: bytearray, _: bytes, rng: np.random.Generator) -> None:
    at = _place(body, rng)
    body[at:at] = body[_stretch(body, rng)] * int(rng.integers(1, 40))


def _splice(body: bytearray, other: bytes, rng: np.random.Generator) -> None:
    at = _place(body, rng)
    body[at:at] = other[_stretch(other, rng)]


def _cut(body: bytearray, _: bytes, rng: np.random.Generator) -> None:
    del body[max(16, _place(body, rng)) :]


def _random(body: bytearray, _: bytes, rng: np.random.Generator) -> None:
    at = _place(body, rng)
    body[at : at + 16] = rng.bytes(16)


_CHANGES = (
    _turn, _turn, _overwrite, _number, _size, _size, _length, _remove, _repeat, _splice, _cut,
    _random,
)  # fmt: skip
