"""Uploads for the tests, honest and hostile: made from real photos or from bytes."""

import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageCms

PHOTOS = Path(__file__).parents[3] / "photos"
CANARY = "canary-5f1d"


def photo(width: int = 480, height: int = 320) -> Image.Image:
    """A real photo of this size."""
    return Image.open(PHOTOS / "sky_sea_bridge.jpg").convert("RGB").resize((width, height))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def box(kind: bytes, *payload: bytes) -> bytes:
    body = b"".join(payload)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *payload: bytes) -> bytes:
    return box(kind, bytes(4), *payload)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of_zeros(width: int, height: int) -> bytes:
    """A whole and valid PNG that is tiny as a file: one bit a pixel, all black."""
    rows = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(rows.compress(row) for _ in range(height)) + rows.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
        + png_chunk(b"IDAT", data)
        + png_chunk(b"IEND", b"")
    )


def jpeg_claiming(width: int, height: int) -> bytes:
    """A real JPEG whose start of frame lies about its size."""
    jpeg = bytearray(saved(photo(64, 64), "JPEG"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(jpeg)


def hevc_still(image: Image.Image) -> tuple[bytes, bytes]:
    """(decoder configuration, coded picture) of one HEVC frame, as ISO 14496-15 stores them."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream(
            "libx265",
            rate=1,
            options={"crf": "12", "x265-params": "log-level=none:bframes=0:frame-threads=1"},
        )
        stream.width, stream.height, stream.pix_fmt = image.width, image.height, "yuv420p"
        stream.codec_context.codec_tag = "hvc1"
        frame = av.VideoFrame.from_image(image).reformat(format="yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    mp4 = out.getvalue()
    at = mp4.index(b"hvcC")
    size = struct.unpack(">I", mp4[at - 4 : at])[0]
    with av.open(io.BytesIO(mp4)) as container:
        sample = next(bytes(packet) for packet in container.demux(video=0) if packet.size)
    return mp4[at + 4 : at - 4 + size], sample


def heic(
    image: Image.Image, *, extra: bytes = b"", rotation: int | None = None, trailer: bytes = b""
) -> bytes:
    """A HEIC file of one picture; `extra` are more boxes inside `meta`. ISO/IEC 23008-12."""
    configuration, sample = hevc_still(image)
    properties = [
        box(b"hvcC", configuration),
        full(b"ispe", struct.pack(">II", image.width, image.height)),
    ]
    if rotation is not None:
        properties.append(box(b"irot", bytes([rotation])))
    indices = b"".join(bytes([0x80 | index + 1]) for index in range(len(properties)))
    kind = box(b"ftyp", b"heic", bytes(4), b"mif1heic")

    def meta(offset: int) -> bytes:
        entry = struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, offset, len(sample))
        return full(
            b"meta",
            full(b"hdlr", bytes(4), b"pict", bytes(13)),
            full(b"pitm", struct.pack(">H", 1)),
            full(b"iloc", entry),
            full(
                b"iinf",
                struct.pack(">H", 1),
                box(b"infe", b"\x02\0\0\0", struct.pack(">HH", 1, 0), b"hvc1\0"),
            ),
            box(
                b"iprp",
                box(b"ipco", *properties),
                full(b"ipma", struct.pack(">IHB", 1, 1, len(properties)), indices),
            ),
            extra,
        )

    offset = len(kind) + len(meta(0)) + 8
    return kind + meta(offset) + box(b"mdat", sample) + trailer


def display_p3() -> bytes:
    """An ICC profile with the Display P3 primaries and sRGB's curve, made from its definition."""
    srgb = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # D50-adapted primaries of Display P3 (CSS Color 4), as s15Fixed16 XYZ.
    primaries = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    for index in range(struct.unpack_from(">I", srgb, 128)[0]):
        tag, offset, _ = struct.unpack_from(">4sII", srgb, 132 + 12 * index)
        if tag in primaries:
            values = (round(value * 65_536) for value in primaries[tag])
            srgb[offset + 8 : offset + 20] = struct.pack(">iii", *values)
    return bytes(srgb)


def pixels(jpeg: bytes) -> np.ndarray[Any, np.dtype[np.int16]]:
    """(H, W, 3) of a JPEG, signed, so that differences do not wrap."""
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int16)
