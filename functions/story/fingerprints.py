"""By what a clip of ours is known again once its metadata is gone: two kinds of hashes, compared.

A bound says up to which distance two clips are taken for one. Both were measured on our own clips
and what platforms do to them: docs/benchmarks/fingerprints.md.
"""

import base64
from typing import Annotated, Final, NamedTuple

from pydantic import Field, StringConstraints

from story.generation import Contract

PDQ_FRAMES: Final = 6
ISCC_BITS: Final = 256
#: Before the digest of an ISCC unit: its main type, subtype, version and length.
_ISCC_HEADER_BYTES: Final = 2
_ISCC_SCHEME: Final = "ISCC:"

PdqHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
#: ISO 24138 Video-Code of 256 bits: 34 bytes in base32.
VideoCode = Annotated[str, StringConstraints(pattern=r"^ISCC:[A-Z2-7]{55}$")]


class Fingerprints(Contract):
    """Of a final clip: PDQ (Meta, 2019) of six frames, and ISCC's Video-Code (ISO 24138:2024)."""

    pdq: Annotated[tuple[PdqHash, ...], Field(min_length=PDQ_FRAMES, max_length=PDQ_FRAMES)]
    iscc: VideoCode


#: Copies of our clips: at most 28, with a tenth cut off 94; clips of other photos: at least 82.
PDQ_MOST_BITS: Final = 64
#: Copies: at most 16, with a tenth cut off 61; others: at least 75.
ISCC_MOST_BITS: Final = 68


class Distances(NamedTuple):
    """How many of 256 bits differ, of each kind."""

    pdq: int
    iscc: int

    @property
    def alike(self) -> bool:
        """Whether either kind takes the two for one clip."""
        return self.pdq <= PDQ_MOST_BITS or self.iscc <= ISCC_MOST_BITS

    @property
    def doubly_alike(self) -> bool:
        """Whether both do: held against many clips, one kind alone takes some by chance."""
        return self.pdq <= PDQ_MOST_BITS and self.iscc <= ISCC_MOST_BITS


def distances(asked: Fingerprints, known: Fingerprints) -> Distances:
    """How far a clip is from a known one.

    PDQ: for each frame the nearest of the known clip's, since a trimmed or retimed copy shows
    other moments; of those the fourth best of six, since a few may be covered or blended.
    """
    nearest = sorted(min(_bits(one, other) for other in known.pdq) for one in asked.pdq)
    return Distances(
        pdq=nearest[PDQ_FRAMES // 2],
        iscc=(_digest(asked.iscc) ^ _digest(known.iscc)).bit_count(),
    )


def _bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _digest(code: str) -> int:
    return int.from_bytes(digest_of(code))


def digest_of(code: VideoCode) -> bytes:
    """The 256 bits of a Video-Code, without what says which kind of code it is."""
    return iscc_unit(code)[_ISCC_HEADER_BYTES:]


def iscc_unit(code: VideoCode) -> bytes:
    """The 34 bytes of a Video-Code, its header and its digest (ISO 24138:2024, 5.2)."""
    body = code.removeprefix(_ISCC_SCHEME)
    return base64.b32decode(body + "=" * (-len(body) % 8))
