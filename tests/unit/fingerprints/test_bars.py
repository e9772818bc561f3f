import numpy as np
import pytest

from fingerprints import bars
from fingerprints.bars import Inside
from fingerprints.clip import Luma

RANDOM = np.random.default_rng(3)


def picture(width: int = 120, height: int = 200) -> Luma:
    return RANDOM.integers(30, 230, (height, width)).astype(np.uint8)


def framed(shown: Luma, left: int, top: int, right: int, bottom: int) -> Luma:
    return np.pad(shown, ((top, bottom), (left, right)), constant_values=16)


def test_a_picture_without_bars_is_left_whole() -> None:
    assert bars.inside([picture(), picture()]) == Inside(0, 0, 120, 200)


@pytest.mark.parametrize(
    ("left", "top", "right", "bottom"), [(0, 40, 0, 40), (150, 0, 151, 0), (10, 20, 30, 40)]
)
def test_bars_are_found_to_the_pixel(left: int, top: int, right: int, bottom: int) -> None:
    frames = [framed(picture(), left, top, right, bottom) for _ in range(3)]
    assert bars.inside(frames) == Inside(left, top, left + 120, top + 200)


def test_an_encoder_s_noise_in_a_bar_is_no_picture() -> None:
    noisy = framed(picture(), 0, 40, 0, 40)
    noisy[:40] += RANDOM.integers(0, 8, (40, 120)).astype(np.uint8)
    assert bars.inside([noisy]) == Inside(0, 40, 120, 240)


def test_what_is_lit_in_one_frame_is_no_bar() -> None:
    dark, lit = framed(picture(), 0, 40, 0, 0), framed(picture(), 0, 40, 0, 0)
    lit[10:40] = 120
    assert bars.inside([dark, lit]) == Inside(0, 10, 120, 240)


def test_a_picture_that_is_black_in_most_of_its_height_is_taken_for_dark_not_for_a_bar() -> None:
    night = framed(picture(120, 60), 0, 140, 0, 0)
    assert bars.inside([night]) == Inside(0, 0, 120, 200)


def test_a_black_clip_is_left_whole() -> None:
    assert bars.inside([np.full((200, 120), 16, np.uint8)]) == Inside(0, 0, 120, 200)
