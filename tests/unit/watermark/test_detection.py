"""The mark in pictures: what it looks like, what finds it, and what does not."""

import io
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from story.errors import VideoUnreadable
from tests.quality.ssim import ssim
from tests.unit.inspect_video.clips import PHOTOS
from watermark import code, detection, embedding, pattern, reading

SECRET = bytes(range(32))
KEY, ROTATED = pattern.Key(1, SECRET), pattern.Key(2, SECRET)
MARK = 0x5EEDCAFE
WIDTH, HEIGHT = 720, 1_280
Luma = NDArray[np.uint8]


@cache
def picture(name: str = "mountain_clouds", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Luma:
    """The middle of a photo, as limited-range luma."""
    with Image.open(PHOTOS / f"{name}.jpg") as opened:
        grey = opened.convert("L")
    width = min(grey.width, grey.height * size[0] / size[1])
    height = width * size[1] / size[0]
    left, top = (grey.width - width) / 2, (grey.height - height) / 2
    shown = grey.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))
    levels: Luma = np.rint(np.asarray(shown) * (219 / 255) + 16).astype(np.uint8)
    levels.flags.writeable = False
    return levels


@cache
def marked(
    name: str = "mountain_clouds", key: pattern.Key = KEY, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Luma:
    luma = picture(name, size).copy()
    embedding.Mark(key, MARK, *size).add(luma)
    luma.flags.writeable = False
    return luma


def look(luma: NDArray[np.generic], *keys: pattern.Key) -> detection.Found:
    still = reading.Averaged(luma.astype(np.float32), 1, (0, 0, 0, 0))
    return detection.look(still, keys or (KEY,))


def resized(luma: Luma, width: int, height: int) -> Luma:
    return np.asarray(Image.fromarray(luma).resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("name", ["mountain_clouds", "stream_waterfall", "pets_dogs"])
def test_one_still_frame_carries_its_id(name: str) -> None:
    found = look(marked(name))
    assert found.is_mark
    assert (found.mark_id, found.key_version) == (MARK, 1)
    assert found.z > 2 * detection.Z_MARK
    assert found.geometry.scale == pytest.approx(1, abs=0.003)
    assert not found.geometry.mirrored


@pytest.mark.parametrize("size", [(960, 960), (1_280, 720), (1_080, 1_920), (360, 640)])
def test_every_shape_carries_it(size: tuple[int, int]) -> None:
    assert look(marked(size=size)).mark_id == MARK


@pytest.mark.parametrize("name", ["mountain_clouds", "sunset_hills", "food_fig", "night_rocket"])
def test_it_is_not_seen(name: str) -> None:
    before, after = picture(name).astype(np.float64), marked(name).astype(np.float64)
    assert ssim(before, after) > 0.99
    # On an even surface, where it would be seen first, it is less than a level.
    even = embedding.strength(picture(name)) < 0.6
    assert np.abs(after - before)[even].mean() < 0.6


def test_what_is_even_is_marked_less_than_what_is_rough_and_burnt_out_light_least() -> None:
    rough = np.random.default_rng(0).integers(60, 180, (64, 64), dtype=np.uint8)
    even = np.full((64, 64), 120, dtype=np.uint8)
    burnt = np.full((64, 64), 235, dtype=np.uint8)
    strengths = [float(embedding.strength(each).mean()) for each in (rough, even, burnt)]
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[0] > 4 * strengths[1] > 8 * strengths[2]


def test_a_smooth_area_beside_an_edge_is_not_marked_as_if_it_were_rough() -> None:
    edge = np.full((128, 128), 60, dtype=np.uint8)
    edge[:, 68:] = 200
    strength = embedding.strength(edge)
    assert strength[:, :48].max() == pytest.approx(strength[0, 0], abs=0.01)


@pytest.mark.parametrize("level", [0, 16, 235, 248, 255])
def test_the_darkest_and_the_brightest_stay_what_they_are(level: int) -> None:
    luma = np.full((128, 128), level, dtype=np.uint8)
    embedding.Mark(KEY, MARK, 128, 128).add(luma)
    assert luma.mean() == pytest.approx(level, abs=0.5)
    assert np.abs(luma.astype(np.int16) - level).max() <= 2


@pytest.mark.parametrize("part", [0.95, 0.9, 0.8])
@pytest.mark.parametrize("corner", [0.0, 0.5, 1.0])
def test_it_is_found_in_a_part_of_the_picture(part: float, corner: float) -> None:
    height, width = round(HEIGHT * part), round(WIDTH * part)
    top, left = round((HEIGHT - height) * corner), round((WIDTH - width) * (1 - corner))
    found = look(marked()[top : top + height, left : left + width])
    assert found.mark_id == MARK
    assert found.geometry.scale == pytest.approx(1 / part, rel=0.01)


@pytest.mark.parametrize("scale", [0.5, 0.8, 1.3])
def test_it_is_found_at_another_size(scale: float) -> None:
    found = look(resized(marked(), round(WIDTH * scale), round(HEIGHT * scale)))
    assert found.mark_id == MARK


def test_it_is_found_in_a_mirror_and_said_to_be() -> None:
    found = look(marked()[:, ::-1])
    assert found.mark_id == MARK
    assert found.geometry.mirrored


def test_another_scale_one_way_than_the_other_is_found_too() -> None:
    found = look(resized(marked(), WIDTH, round(HEIGHT * 1.004)))
    assert found.mark_id == MARK


def test_under_another_gamma_and_a_large_logo_it_is_found() -> None:
    darker = (255 * (marked() / 255) ** 1.3).astype(np.uint8)
    darker[900:1_150, 350:680] = 230
    assert look(darker).mark_id == MARK


def test_an_unmarked_picture_has_no_mark() -> None:
    for name in ("mountain_clouds", "stream_waterfall", "pets_dogs", "food_fig"):
        found = look(picture(name))
        assert not found.is_mark
        assert abs(found.z_of(MARK)) < 5


def test_with_another_key_there_is_no_mark() -> None:
    assert not look(marked(), pattern.Key(1, bytes(32)), ROTATED).is_mark


def test_after_a_rotation_old_clips_and_new_ones_are_found_and_told_apart() -> None:
    for key in (KEY, ROTATED):
        found = look(marked(key=key), ROTATED, KEY)
        assert (found.mark_id, found.key_version) == (MARK, key.version)


def test_how_surely_an_id_is_meant_can_be_asked_of_any() -> None:
    found = look(marked())
    assert found.z_of(MARK) == pytest.approx(found.z, rel=1e-5)
    others = np.random.default_rng(3).integers(0, code.MAX_ID, 20_000)
    z = found.z_of_all(others)
    # By chance a word agrees with another in half of its bits, give or take.
    assert z.max() < found.z / 2


def test_chance_gives_every_id_the_normal_distribution_whatever_the_picture() -> None:
    """The claim behind Z_MARK: signs are drawn by the key, so the picture does not matter."""
    layouts = [pattern.layout(pattern.Key(1, SECRET + bytes([index]))) for index in range(40)]
    hostile = np.random.default_rng(5).standard_t(2.5, (64, 64)).astype(np.float32)
    soft = np.array([each.soft_bits(hostile) for each in layouts])
    z = soft @ code.encode(MARK) / np.sqrt(code.LENGTH)
    assert abs(z.mean()) < 0.5
    assert z.std() == pytest.approx(1, abs=0.3)


def test_a_key_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="15 bytes can be guessed"):
        pattern.Key(1, bytes(15))


@pytest.mark.parametrize(
    "luma",
    [
        np.zeros((HEIGHT, WIDTH)),
        np.full((64, 64), 255),
        np.random.default_rng(1).integers(0, 255, (64, 1_024)),
        np.indices((300, 301)).sum(axis=0) % 2 * 255,
    ],
    ids=["black", "white and small", "noise in a strip", "chequers"],
)
def test_pictures_that_are_none_have_no_mark(luma: NDArray[np.generic]) -> None:
    found = look(luma)
    assert not found.is_mark
    assert np.isfinite(found.z)


@pytest.mark.parametrize("video", [b"", b"\0" * 4_096, b"hello world" * 100, b"\0\0\0\x18ftypmp42"])
def test_what_is_no_video_is_unreadable(video: bytes) -> None:
    with pytest.raises(VideoUnreadable):
        detection.detect(io.BytesIO(video), (KEY,))
