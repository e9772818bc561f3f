"""Counting the boxes of an ISO base media file (HEIC, AVIF) before any library parses them.

Parsers of such trees have been quadratic in the number of boxes, and recursive in their depth.
This walk is neither: each box costs a constant, and it gives up at a limit.

ISO/IEC 14496-12, section 4.2 (boxes), and ISO/IEC 23008-12, section 6.5.3 (`ispe`).
"""

import struct
from dataclasses import dataclass
from typing import Final

from story.errors import PhotoUnreadable
from story.limits import MAX_PHOTO_BOXES

_HEADER_BYTES: Final = 8
_LARGE_HEADER_BYTES: Final = 16
_MAX_DEPTH: Final = 16
_ISPE_PAYLOAD_BYTES: Final = 12
#: Boxes that consist of boxes, and how many bytes of their payload come before the first.
_CONTAINERS: Final = {
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"iref": 4,
    b"dinf": 0,
    b"grpl": 0,
    b"moov": 0,
    b"trak": 0,
    b"edts": 0,
    b"mdia": 0,
    b"minf": 0,
    b"stbl": 0,
    b"udta": 0,
    b"mvex": 0,
    b"moof": 0,
    b"traf": 0,
    b"jumb": 0,
}


@dataclass(frozen=True)
class Boxes:
    """What the walk found."""

    count: int
    #: (width, height) of every `ispe` property, in pixels.
    extents: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Box:
    kind: bytes
    payload: int
    end: int


def walk(data: bytes, *, limit: int = MAX_PHOTO_BOXES) -> Boxes:
    """Count all boxes and collect the declared picture sizes.

    Bytes after the last whole top-level box are a trailer that some phones append; a broken box
    before the `meta` box, or inside any box, is an error.

    Raises PhotoUnreadable if there are more than `limit`, if they nest too deeply, or if one
    does not fit in its parent.
    """
    count = 0
    extents: list[tuple[int, int]] = []
    seen_meta = False
    pending = [(0, len(data), 0)]
    while pending:
        position, end, depth = pending.pop()
        while position < end:
            box = _box_at(data, position, end, top=depth == 0)
            if box is None:
                if depth == 0 and seen_meta:
                    break
                raise PhotoUnreadable(
                    f"The file's structure is damaged at byte {position}: "
                    "a box does not fit where it is"
                )
            count += 1
            if count > limit:
                raise PhotoUnreadable(f"The file has more than {limit} boxes; photos have fewer")
            seen_meta = seen_meta or box.kind == b"meta"
            if box.kind == b"ispe" and box.end - box.payload >= _ISPE_PAYLOAD_BYTES:
                extents.append(struct.unpack_from(">II", data, box.payload + 4))
            if box.kind in _CONTAINERS:
                if depth == _MAX_DEPTH:
                    raise PhotoUnreadable(
                        f"The file's boxes nest deeper than {_MAX_DEPTH}; those of photos do not"
                    )
                pending.append((box.payload + _CONTAINERS[box.kind], box.end, depth + 1))
            position = box.end
    return Boxes(count=count, extents=tuple(extents))


def _box_at(data: bytes, position: int, end: int, *, top: bool) -> _Box | None:
    """The box that begins at `position` and ends within `end`, or None if there is none."""
    if end - position < _HEADER_BYTES:
        return None
    size, kind = struct.unpack_from(">I4s", data, position)
    header = _HEADER_BYTES
    if size == 1:
        if end - position < _LARGE_HEADER_BYTES:
            return None
        size = int.from_bytes(data[position + _HEADER_BYTES : position + _LARGE_HEADER_BYTES])
        header = _LARGE_HEADER_BYTES
    elif size == 0:
        # "to the end of the file", which only the last box of the file may say
        if not top:
            return None
        size = end - position
    if size < header or position + size > end:
        return None
    return _Box(kind=kind, payload=position + header, end=position + size)
