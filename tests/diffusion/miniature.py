"""The real cards of engines, for miniatures of their models, and requests as they come."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local import tiny, tiny_ltx
from story.cards import Card, card
from story.generation import Direction

ROOT = Path(__file__).resolve().parents[2]
PHOTO = (ROOT / "photos" / "coffee_cup.jpg").read_bytes()
#: Multiples of 32, as the models need; 25 frames are 8k + 1.
SIZES = {"9:16": (96, 160), "1:1": (96, 96), "16:9": (160, 96)}
FRAMES, FPS, STEPS = 25, 8, 2
MODELS: dict[str, Callable[[], Any]] = {
    "wan-5b": tiny.wan_5b,
    "wan-a14b": tiny.wan_a14b,
    "ltx-2": tiny_ltx.ltx_2,
}


def miniature(name: str) -> Card:
    """A real card, with small pictures, few frames and few steps; all else is as deployed."""
    real = card(name)
    assert real.trained is not None
    steps = min(STEPS, real.trained.sampling.steps)
    sampling = real.trained.sampling.model_copy(update={"frames": FRAMES, "steps": steps})
    form = real.form.model_copy(update={"max_seconds": 3.0, "fps": FPS, "sizes": SIZES})
    trained = real.trained.model_copy(update={"sampling": sampling})
    return real.model_copy(update={"form": form, "trained": trained})


def accepted(described: Card) -> str | None:
    """The licence's name, where it must be acknowledged."""
    assert described.trained is not None
    licence = described.trained.licence
    return licence.name if licence.must_be_acknowledged else None


def request(direction: Direction, photo: bytes = PHOTO, *, packed_at: int = 0) -> bytes:
    """The tar that GenerateVideo sends."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:") as archive:
        for name, data in (
            ("direction.json", direction.model_dump_json().encode()),
            ("photo.jpg", photo),
        ):
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), packed_at
            archive.addfile(member, io.BytesIO(data))
    return body.getvalue()
