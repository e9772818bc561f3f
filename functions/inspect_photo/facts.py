"""What the decoding child process tells its parent about a photo it rewrote.

A plain dataclass: importing the model library would cost the child more than many a decode does.
"""

from dataclasses import dataclass
from typing import Literal

Note = Literal[
    "profile_broken",
    "exif_broken",
    "ends_cut",
    "first_frame_taken",
    "turned",
    "profile_converted",
    "alpha_flattened",
]


@dataclass(frozen=True)
class Facts:
    """Sizes in pixels: the source as it was stored, the clean photo upright."""

    source_width: int
    source_height: int
    width: int
    height: int
    notes: tuple[Note, ...]
