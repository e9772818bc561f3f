"""The H.264 encoders that may write a clip; docs/licences.md says what each means."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import av

from story.errors import SettingInvalid


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder of FFmpeg and its options; it takes yuv420p and writes closed GOPs."""

    name: str
    options: MappingProxyType[str, str]


#: LabelVideo encodes once more: this pass must lose next to nothing. Macroblock-tree rate control
#: gives one of several results for the same frames (x264 in PyAV 18.1: three in twelve runs);
#: without it all runs agree, and a seed means one clip.
X264: Final = Encoder(
    "libx264",
    MappingProxyType({"preset": "veryfast", "crf": "18", "x264-params": "mbtree=0:open-gop=0"}),
)
#: OpenH264 has no constant quality: it is given bits enough for the finest picture of a clip.
OPENH264: Final = Encoder(
    "libopenh264",
    MappingProxyType(
        {"b": "12M", "maxrate": "20M", "rc_mode": "quality", "allow_skip_frames": "0"}
    ),
)
ENCODERS: Final = MappingProxyType({encoder.name: encoder for encoder in (X264, OPENH264)})


def encoder(name: str) -> Encoder:
    """The encoder of a name.

    Raises:
        SettingInvalid: it is none of ours, or the FFmpeg inside the installed PyAV lacks it.
    """
    if name not in ENCODERS:
        raise SettingInvalid(f"encoder {name!r}; one of {', '.join(ENCODERS)}")
    if name not in av.codecs_available:
        there = ", ".join(known for known in ENCODERS if known in av.codecs_available)
        raise SettingInvalid(
            f"the installed PyAV {av.__version__} has no {name}; it has {there or 'none'}"
        )
    return ENCODERS[name]
