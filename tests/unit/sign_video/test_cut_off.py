"""What was cut off a photo is nowhere in the signed file: no pixel of it, and no byte."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import c2pa
import numpy as np
import pytest
from PIL import Image

from label_video import stills
from story.generation import Box

if TYPE_CHECKING:
    from conftest import Stack

MARK = (255, 0, 255)


def marked_photo(crop: Box, size: tuple[int, int]) -> bytes:
    """A grey photo of gentle noise that is of one glaring colour wherever it will be cut off."""
    width, height = size
    noise = np.random.default_rng(7).integers(90, 130, (height, width, 1), dtype=np.uint8)
    pixels = np.repeat(noise, 3, axis=2)
    left, top, right, bottom = crop.in_pixels(width, height)
    cut = np.ones((height, width), dtype=bool)
    # A pixel that is cut off by half is cut off.
    cut[
        math.ceil(top - 1e-6) : math.floor(bottom + 1e-6),
        math.ceil(left - 1e-6) : math.floor(right + 1e-6),
    ] = False
    pixels[cut] = MARK
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=95, subsampling="4:4:4")
    return written.getvalue()


def pictures(video: bytes) -> list[bytes]:
    """Every picture that the credential carries, however it is called in there."""
    with c2pa.Reader("video/mp4", io.BytesIO(video)) as reader:
        active = reader.get_active_manifest()
        assert active is not None
        found = []
        for holder in (active, *active["ingredients"]):
            picture = io.BytesIO()
            reader.resource_to_stream(holder["thumbnail"]["identifier"], picture)
            found.append(picture.getvalue())
    assert len(found) == video.count(b"\xff\xd8\xff"), "there is a picture that nobody names"
    return found


@pytest.mark.parametrize(
    ("size", "crop"),
    [
        # Edges at multiples of eight, where the blocks of a JPEG end and bleed into nothing.
        ((1600, 1200), Box(left=0.25, top=0.0, width=0.43, height=1.0)),
        ((1200, 1600), Box(left=0.0, top=0.2, width=1.0, height=0.44)),
        # Hardly smaller than the picture that is shown of it.
        ((800, 640), Box(left=0.3, top=0.1, width=0.3, height=0.8)),
    ],
)
def test_no_pixel_that_was_cut_off_is_anywhere_in_the_file(
    stack: Stack, size: tuple[int, int], crop: Box
) -> None:
    photo = marked_photo(crop, size)
    stack.ingredient = stills.ingredient(photo, crop)
    stack.run()
    video = stack.object(stack.published()[-1])
    for picture in pictures(video)[1:]:
        shown = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(np.int16)
        assert max(shown.shape) <= stills.INGREDIENT_MAX_SIDE_PX
        # Grey has equal channels; a hundredth of the mark already differs by two and a half.
        tint = (shown[..., 0] + shown[..., 2]) // 2 - shown[..., 1]
        assert tint.max() <= 4, f"{int(tint.max())} levels of what was cut off"
    scan = photo[photo.index(b"\xff\xda") + 14 :]
    for at in range(0, len(scan) - 24, len(scan) // 200):
        assert scan[at : at + 24] not in video
