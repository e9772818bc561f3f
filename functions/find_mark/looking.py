"""Looking at an untrusted video or still: its mark, and its fingerprints.

A confined child decodes; this process, which knows the watermark's keys, sees only the averaged
picture, whose size it has checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from pydantic import ValidationError

from confined import parent
from find_mark.seen import MAX_VIDEO_PIXELS, Looked, Mark, Told
from provenance import kinds
from watermark import detection, reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from watermark.pattern import Key

MAX_FILE_BYTES: Final = 100 * 1024 * 1024
_SAMPLE_BYTES: Final = 4
_LINE_BYTES: Final = 10_000
#: Decoding ends by itself (pictures.DECODE_SECONDS); what is left is for a machine that has more to
#: do. With its libraries' code the child stays below 512 MB.
LIMITS: Final = parent.Limits(
    seconds=15.0,
    memory_bytes=440_000_000,
    answer_bytes=_LINE_BYTES + _SAMPLE_BYTES * MAX_VIDEO_PIXELS,
    cpu_seconds=8,
)
#: What the cells say of each bit is told with so many decimals.
_DECIMALS: Final = 4


def look_at(path: Path, keys: Sequence[Key], *, limits: parent.Limits = LIMITS) -> Looked:
    """The likeliest mark of these keys, and the fingerprints; never raises because of the file."""
    try:
        media_type = kinds.sniff(path)
    except kinds.NotReadable as error:
        return Looked(kind=None, why_unread=str(error))
    kind: Literal["video", "still"] = "video" if media_type.startswith("video/") else "still"
    if path.stat().st_size > MAX_FILE_BYTES:
        return Looked(kind=kind, why_unread=f"it has more than {MAX_FILE_BYTES} bytes")
    try:
        told, picture = _decoded(path, media_type, limits)
    except (parent.Unanswered, ValidationError, ValueError) as error:
        why = str(error) if isinstance(error, parent.Unanswered) else "its decoder made no sense"
        return Looked(kind=kind, why_unread=why)
    if picture is None:
        return Looked(kind=kind, why_unread=told.why_unread)
    found = detection.look(picture, keys)
    return Looked(
        kind=kind,
        mark=Mark(
            mark_id=found.mark_id,
            key_version=found.key_version,
            z=found.z,
            is_mark=found.is_mark,
            mirrored=found.geometry.mirrored,
            soft=tuple(round(float(value), _DECIMALS) for value in found.soft),
        ),
        fingerprints=told.fingerprints,
        mirrored=told.mirrored,
        why_no_fingerprints=told.why_no_fingerprints,
    )


def _decoded(
    path: Path, media_type: kinds.MediaType, limits: parent.Limits
) -> tuple[Told, reading.Averaged | None]:
    """What the child tells. Raises Unanswered, or ValueError if it is not what it should be."""
    arguments = [str(path.absolute()), media_type]
    answer = parent.run("find_mark.pictures", "child", arguments, limits)
    line, _, samples = answer.partition(b"\n")
    told = Told.model_validate_json(line)
    if told.why_unread is not None:
        return told, None
    luma = np.frombuffer(samples, dtype="<f4").reshape(told.height, told.width)
    if not luma.size or not np.isfinite(luma).all():
        raise ValueError("no picture, or one that is not made of numbers")
    return told, reading.Averaged(luma.astype(np.float32), told.frames, told.bars)
