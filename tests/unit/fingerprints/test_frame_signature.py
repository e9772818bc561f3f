import json
from pathlib import Path

import numpy as np
import pytest

from fingerprints import frame_signature
from tests import mpeg7_elements

VECTORS = json.loads(Path(__file__).with_name("signatures.json").read_text("utf-8"))


@pytest.mark.parametrize("size", VECTORS)
def test_every_digit_is_that_of_ffmpeg_s_implementation(size: str) -> None:
    """The vectors are FFmpeg's: `python -m tests.mpeg7_elements` writes them."""
    width, height = (int(side) for side in size.split("x"))
    for picture, expected in zip(
        mpeg7_elements.pictures(width, height), VECTORS[size], strict=True
    ):
        digits = frame_signature.of_luma(picture)
        assert "".join(map(str, digits)) == expected


def test_a_grey_picture_has_nothing_that_is_clearly_high_or_low() -> None:
    assert set(frame_signature.of_luma(np.full((64, 48), 128, np.uint8))) == {1}


def test_brighter_and_flatter_means_the_same_differences() -> None:
    picture = mpeg7_elements.pictures(64, 64)[0]
    faded = (40 + picture.astype(int) * 3 // 4).astype(np.uint8)
    one, other = (frame_signature.of_luma(each)[32:] for each in (picture, faded))
    assert np.mean(np.array(one) == np.array(other)) > 0.97
