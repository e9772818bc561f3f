"""What becomes of a clip on its way through the world: each as a function of the file's bytes."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import av

from local.transcode import Filter, encoded


@dataclass(frozen=True)
class Attack:
    """One row of the table: what is done, and which part of the clips must be recognised."""

    name: str
    limit: float
    run: Callable[[bytes], bytes]


def remuxed(video: bytes) -> bytes:
    """The same packets in another container, which leaves XMP, AIGC and credentials behind."""
    out = io.BytesIO()
    with av.open(io.BytesIO(video)) as source, av.open(out, "w", format="matroska") as target:
        picture = source.streams.video[0]
        copied = target.add_stream_from_template(picture)
        for packet in source.demux(picture):
            if packet.dts is not None:
                packet.stream = copied
                target.mux(packet)
    return out.getvalue()


def stripped(video: bytes) -> bytes:
    """The same packets in a new MP4 without any metadata."""
    out = io.BytesIO()
    with av.open(io.BytesIO(video)) as source, av.open(out, "w", format="mp4") as target:
        picture = source.streams.video[0]
        copied = target.add_stream_from_template(picture)
        for packet in source.demux(picture):
            if packet.dts is not None:
                packet.stream = copied
                target.mux(packet)
    return out.getvalue()


def _through(*filters: Filter, crf: int) -> Callable[[bytes], bytes]:
    return lambda video: encoded(video, filters, crf=crf)


def _trimmed(video: bytes) -> bytes:
    """Without its first quarter."""
    with av.open(io.BytesIO(video)) as source:
        frames = source.streams.video[0].frames
    return encoded(
        video, (("trim", f"start_frame={frames // 4}"), ("setpts", "PTS-STARTPTS")), crf=23
    )


_EVEN: Final = "trunc({}/2)*2"
_GAMMA: Final = ("lutyuv", "y=16+219*pow(clip((val-16)/219\\,0\\,1)\\,{:.3f})")
_BOX: Final = "trunc(min(720*ih/iw\\,1280)/2)*2"

SURE, LIKELY, HARD = 1.0, 0.97, 0.9
ATTACKS: Final = (
    Attack("remux", SURE, remuxed),
    Attack("metadata stripped", SURE, stripped),
    Attack("CRF 18", SURE, _through(crf=18)),
    Attack("CRF 23", SURE, _through(crf=23)),
    Attack("CRF 28", SURE, _through(crf=28)),
    Attack("CRF 35", LIKELY, _through(crf=35)),
    Attack("half size", LIKELY, _through(("scale", "trunc(iw/4)*2:trunc(ih/4)*2"), crf=23)),
    Attack(
        "10 % crop",
        LIKELY,
        _through(("crop", "trunc(iw*0.45)*2:trunc(ih*0.45)*2"), crf=23),
    ),
    Attack(
        "letterbox",
        LIKELY,
        _through(
            ("scale", "trunc(iw*min(1280/iw\\,720/ih)/2)*2:trunc(ih*min(1280/iw\\,720/ih)/2)*2"),
            ("pad", "1280:720:(ow-iw)/2:(oh-ih)/2:black"),
            crf=26,
        ),
    ),
    Attack("30 fps", LIKELY, _through(("fps", "30"), crf=23)),
    Attack("gamma", LIKELY, _through((_GAMMA[0], _GAMMA[1].format(0.8)), crf=23)),
    Attack(
        "logo overlay",
        LIKELY,
        _through(
            ("drawbox", "x=iw*0.55:y=ih*0.75:w=iw*0.4:h=ih*0.15:color=white@0.9:t=fill"),
            ("drawbox", "x=iw*0.6:y=ih*0.78:w=iw*0.3:h=ih*0.03:color=red:t=fill"),
            ("drawbox", "x=iw*0.6:y=ih*0.83:w=iw*0.2:h=ih*0.03:color=blue:t=fill"),
            crf=23,
        ),
    ),
    Attack(
        "screen recording",
        HARD,
        _through(
            (_GAMMA[0], _GAMMA[1].format(0.9)),
            ("scale", "trunc(iw*0.4)*2:trunc(ih*0.4)*2"),
            ("pad", "iw+32:ih+96:16:40:0x202020"),
            ("noise", "alls=8:allf=t"),
            ("fps", "30"),
            crf=30,
        ),
    ),
    Attack("mirrored", HARD, _through(("hflip", ""), crf=23)),
    Attack("2 % faster", HARD, _through(("setpts", "PTS/1.02"), ("fps", "24"), crf=23)),
    Attack("2 % slower", HARD, _through(("setpts", "PTS/0.98"), ("fps", "24"), crf=23)),
    Attack("25 % trimmed", HARD, _trimmed),
)
