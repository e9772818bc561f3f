"""The packed file: of each clip its mark and its fingerprints, one row after the other.

    {"version": 1, "records": 2, "complete": true, "packed_at": "…"}      one line of JSON
    mark (4 bytes) · six PDQ hashes (6 · 32) · ISCC's digest (32)         a row, 228 bytes

The newest clips come first. `complete` is false where there were more than MAX_RECORDS of them.
"""

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from story.contracts import Moment
from story.fingerprints import ISCC_BITS, PDQ_FRAMES, Fingerprints, digest_of
from story.generation import Contract

#: A scan of so many takes a tenth of a second or two (docs/benchmarks/fingerprints.md).
MAX_RECORDS: Final = 100_000
MARK_BYTES: Final = 4
HASH_BYTES: Final = 32
ROW_BYTES: Final = MARK_BYTES + PDQ_FRAMES * HASH_BYTES + ISCC_BITS // 8
_VERSION: Final = 1
#: Longer than any header.
_MAX_HEADER_BYTES: Final = 1_024
MAX_BYTES: Final = _MAX_HEADER_BYTES + MAX_RECORDS * ROW_BYTES


class Header(Contract):
    """What a packed file says of itself."""

    version: int
    records: int
    #: Whether it has every record that there was.
    complete: bool
    packed_at: Moment


class Packed(NamedTuple):
    """A packed file, and its rows as they are."""

    header: Header
    rows: bytes


def pack(records: Iterable[tuple[str, Fingerprints]], packed_at: str) -> tuple[Header, bytes]:
    """The first MAX_RECORDS of these records, each with its mark, as a file."""
    rows = bytearray()
    complete = True
    for mark_id, prints in records:
        if len(rows) == MAX_RECORDS * ROW_BYTES:
            complete = False
            break
        rows += row(mark_id, prints)
    header = Header(
        version=_VERSION,
        records=len(rows) // ROW_BYTES,
        complete=complete,
        packed_at=packed_at,
    )
    line = json.dumps(header.model_dump(), separators=(",", ":")).encode()
    return header, line + b"\n" + bytes(rows)


def row(mark_id: str, prints: Fingerprints) -> bytes:
    """One record."""
    hashes = b"".join(bytes.fromhex(each) for each in prints.pdq)
    return bytes.fromhex(mark_id) + hashes + digest_of(prints.iscc)


def unpack(body: bytes) -> Packed:
    """A packed file's parts. Raises ValueError if it is none, or cut short."""
    line, found, rows = body[:_MAX_HEADER_BYTES].partition(b"\n")
    if not found:
        raise ValueError("The packed file has no header")
    header = Header.model_validate_json(line)
    rows = body[len(line) + 1 :]
    if header.version != _VERSION or len(rows) != header.records * ROW_BYTES:
        raise ValueError(
            f"The packed file is of version {header.version} and has {len(rows)} bytes of rows;"
            f" version {_VERSION} with {header.records} records has {header.records * ROW_BYTES}"
        )
    return Packed(header, rows)
