"""The boxes at the top of an MP4, each with what it is for."""

import struct
from typing import Final, NamedTuple

C2PA: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


class Box(NamedTuple):
    """Where a box begins and ends; `name` is "manifest" for the box of the credential."""

    name: str
    begin: int
    end: int

    @property
    def payload(self) -> range:
        """The places of its bytes, without its length and its name."""
        return range(self.begin + 8, self.end)


def top(video: bytes) -> list[Box]:
    """All of them, in their order."""
    found, position = [], 0
    while position < len(video):
        size, kind = struct.unpack_from(">I4s", video, position)
        name = kind.decode()
        if name == "uuid":
            name = "manifest" if video[position + 8 : position + 24] == C2PA else "XMP"
        found.append(Box(name, position, position + size))
        position += size
    return found


def first(video: bytes, name: str) -> Box:
    """The first with this name, of which there may be more."""
    return next(box for box in top(video) if box.name == name)


def named(video: bytes, name: str) -> Box:
    """The only one with this name."""
    (found,) = [box for box in top(video) if box.name == name]
    return found
