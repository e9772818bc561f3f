"""Photos as nobody takes them, through the reader and the engine, in a process of their own.

`python -m tests.quality.hostile` prints a JSON line a photo; memory is the greatest until then.
"""

import io
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model_endpoint.engines.motion.engine import MotionEngine
from model_endpoint.photo import read_photo
from story.errors import EnlivenError
from story.generation import Direction
from tests.memory import peak_bytes

#: What the process may take at most, or it is ended: seconds of all cores, and virtual memory.
CPU_SECONDS = 240
ADDRESS_BYTES = 6 * 2**30
SIDE_PX = 512
#: EXIF with a directory of 65,535 entries that the block has no room for.
BROKEN_EXIF = b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\xff\xff\x01\x12\x00\x03"


def scene() -> NDArray[np.uint8]:
    """(SIDE_PX, SIDE_PX, 3): a graded sky over rough ground, so that there is something to see."""
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / SIDE_PX
    rough = np.random.default_rng(0).integers(0, 40, (SIDE_PX, SIDE_PX))
    sky = np.stack([90 + 60 * y, 140 + 60 * y, 230 - 20 * x], axis=2)
    ground = np.stack([90 + rough, 70 + rough, 40 + rough], axis=2)
    return np.where((y < 0.5)[..., None], sky, ground).astype(np.uint8)


def greys() -> NDArray[np.uint8]:
    """(SIDE_PX, SIDE_PX): the scene without its colours."""
    return np.asarray(Image.fromarray(scene()).convert("L"), np.uint8)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def filled(width: int, height: int, level: int) -> bytes:
    return encoded(Image.new("RGB", (width, height), (level,) * 3), "PNG")


def deep() -> bytes:
    return encoded(Image.fromarray(greys().astype(np.uint16) * 257), "PNG")


def alpha() -> bytes:
    image = Image.fromarray(scene()).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return encoded(image, "PNG")


def plain(mode: str, form: str) -> bytes:
    return encoded(Image.fromarray(scene()).convert(mode), form)


PHOTOS: dict[str, Callable[[], bytes]] = {
    "one_pixel_wide": lambda: filled(1, 4_000, 90),
    "very_long": lambda: filled(12_000, 200, 90),
    "long_enough": lambda: filled(12_000, 256, 90),
    "tall_enough": lambda: filled(256, 12_000, 90),
    "all_black": lambda: filled(SIDE_PX, SIDE_PX, 0),
    "all_white": lambda: filled(SIDE_PX, SIDE_PX, 255),
    "sixteen_bits": deep,
    "cmyk": lambda: plain("CMYK", "JPEG"),
    "palette": lambda: plain("P", "PNG"),
    "grey": lambda: plain("L", "JPEG"),
    "alpha": alpha,
    "broken_exif": lambda: encoded(Image.fromarray(scene()), "JPEG", exif=BROKEN_EXIF),
    "half_a_file": lambda: plain("RGB", "JPEG")[:9_000],
    "no_photo": lambda: b"GIF89a but not really",
    "nothing": bytes,
}


def attempt(data: bytes, destination: Path) -> str:
    """The clip's number of frames, or the error's class and message."""
    direction = Direction(
        story_id="0" * 32,
        inference_id="0" * 32 + "-1-1",
        prompt="",
        negative_prompt="",
        camera="auto",
        ambience="auto",
        seed=1,
        seconds=1.0,
        fps=12,
        width=180,
        height=320,
    )
    try:
        photo = read_photo(data)
        report = MotionEngine().generate(photo, direction, destination, lambda _part, _stage: None)
    except EnlivenError as error:
        return f"{type(error).__name__}: {error}"
    return f"{report.frames} frames, {destination.stat().st_size} bytes"


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    with tempfile.TemporaryDirectory() as folder:
        for name, photo in PHOTOS.items():
            data, began = photo(), time.perf_counter()
            outcome = attempt(data, Path(folder) / f"{name}.mp4")
            line = {
                "photo": name,
                "outcome": outcome,
                "seconds": round(time.perf_counter() - began, 2),
                "peak_bytes": peak_bytes(),
            }
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
