"""Small files of every kind that is read, with and without a credential: mutations begin here."""

import functools
import io
from fractions import Fraction

import av
import numpy as np
from PIL import Image

from tests.provenance import ours
from tests.provenance.attacks import remuxed
from tests.unit.inspect_photo.corpus import heic


@functools.cache
def tiny(codec: str = "libx264", container: str = "mp4", frames: int = 8) -> bytes:
    """A clip of 96 × 64 pixels."""
    out = io.BytesIO()
    rng = np.random.default_rng(3)
    with av.open(out, "w", format=container) as target:
        stream = target.add_stream(codec, rate=Fraction(24))
        stream.width, stream.height = 96, 64
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for _ in range(frames):
            pixels = rng.integers(0, 255, (64, 96, 3), dtype=np.uint8)
            target.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        target.mux(stream.encode(None))
    return out.getvalue()


def _still(kind: str) -> bytes:
    out = io.BytesIO()
    ramp = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint8)
    Image.fromarray(ramp).convert("RGB").save(out, kind)
    return out.getvalue()


@functools.cache
def samples() -> dict[str, bytes]:
    """A name and the bytes of each."""
    signed = {
        "signed MP4": (tiny(), "video/mp4"),
        "signed MOV": (tiny("mpeg4", "mov"), "video/quicktime"),
        "signed JPEG": (_still("JPEG"), "image/jpeg"),
        "signed PNG": (_still("PNG"), "image/png"),
        "signed WebP": (_still("WEBP"), "image/webp"),
        "signed AVIF": (_still("AVIF"), "image/avif"),
    }
    with Image.open(io.BytesIO(_still("PNG"))) as picture:
        photo = heic(picture.convert("RGB"))
    return {
        name: ours.sign(body, media_type=media_type).video
        for name, (body, media_type) in signed.items()
    } | {
        "plain MP4": tiny(),
        "MJPEG in MP4": tiny("mjpeg", frames=3),
        "Matroska": remuxed(tiny()),
        "WebM": tiny("libvpx", "webm", frames=3),
        "HEIC": photo,
        "JPEG": _still("JPEG"),
    }
