"""What was seen in a file: of the child that decodes it, and of FindMark as a whole."""

from typing import Final, Literal

from story.fingerprints import Fingerprints
from story.generation import Contract

#: More than 4K; a decoder keeps a dozen frames.
MAX_VIDEO_PIXELS: Final = 4_096 * 2_304


class Told(Contract):
    """The line before the averaged picture. Without `why_unread` the picture follows."""

    why_unread: str | None = None
    width: int = 0
    height: int = 0
    frames: int = 0
    bars: tuple[int, int, int, int] = (0, 0, 0, 0)
    fingerprints: Fingerprints | None = None
    mirrored: Fingerprints | None = None
    why_no_fingerprints: str | None = None


class Mark(Contract):
    """The likeliest mark; without `is_mark` its id means nothing.

    z: how well the cells agree with the id's word, standard deviations of what chance gives; soft:
    what they say of each of the 127 bits, from which z of any other id follows.
    """

    mark_id: int
    key_version: int
    z: float
    is_mark: bool
    mirrored: bool
    soft: tuple[float, ...]


class Looked(Contract):
    """What was seen. Without `mark` the file could not be looked at, and `why_unread` says why.

    A still has no fingerprints: those are of moving pictures, and a photo is much like the clip
    that was made of it. `mirrored` are those of the same pictures in a mirror.
    """

    kind: Literal["video", "still"] | None
    mark: Mark | None = None
    fingerprints: Fingerprints | None = None
    mirrored: Fingerprints | None = None
    why_unread: str | None = None
    why_no_fingerprints: str | None = None
