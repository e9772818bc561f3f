import numpy as np
import pytest
from PIL import Image

from model_endpoint.engines.motion.card import surround
from model_endpoint.engines.motion.planes import Planes, blank, colour, packed, planes, rgb, unpack
from model_endpoint.engines.motion.textures import packed_layer, texture
from model_endpoint.pixels import Rgb, as_map


def smooth(height: int = 64, width: int = 48) -> Rgb:
    few = np.random.default_rng(2).integers(20, 235, (6, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(few).resize((width, height), Image.Resampling.BICUBIC))


def test_black_white_and_the_primaries_are_those_of_bt_709() -> None:
    assert colour(0, 0, 0) == pytest.approx((16, 128, 128), abs=0.01)
    assert colour(255, 255, 255) == pytest.approx((235, 128, 128), abs=0.01)
    assert colour(255, 0, 0) == pytest.approx((62.6, 102.3, 240.0), abs=0.1)
    assert colour(0, 0, 255) == pytest.approx((31.8, 240.0, 117.7), abs=0.1)


def test_a_picture_comes_back_from_its_planes() -> None:
    picture = smooth()
    back = rgb(planes(packed(picture)))
    assert np.abs(back.astype(int) - picture).max() <= 12
    assert np.abs(back.astype(int) - picture).mean() < 1.5


def test_a_packed_layer_unpacks_into_a_part_of_a_picture_and_nothing_else() -> None:
    layer = np.dstack([packed(smooth(40, 48)), np.full((40, 48), 255, np.uint8)])
    picture, rect = blank((64, 80)), (8, 20, 56, 60)
    unpack(layer, picture.part(rect))
    expected, drawn = planes(layer[..., :3]), picture.part(rect)
    for name in ("y", "u", "v"):
        assert np.array_equal(getattr(drawn, name), getattr(expected, name))
        assert getattr(picture, name).sum() == getattr(expected, name).sum()


def test_a_layer_times_its_coverage_lies_over_another_as_in_rgb() -> None:
    front, behind = smooth().astype(float), smooth()[::-1].astype(float)
    cover = np.full((64, 48, 1), 0.4)
    layer = np.concatenate([front * cover, 255.0 * cover], axis=2).round().astype(np.uint8)
    mixed = packed_layer(layer)[..., :3] + (1.0 - layer[..., 3:] / 255.0) * packed(
        behind.astype(np.uint8)
    )
    expected = packed((front * cover + behind * (1.0 - cover)).round().astype(np.uint8))
    assert np.abs(mixed - expected).max() <= 3.0


def test_a_texture_gives_the_layers_own_pixels_and_stays_sharp_between_them() -> None:
    random = np.random.default_rng(0)
    layer = random.integers(30, 225, (40, 50, 3), dtype=np.uint8)
    fine = texture(layer)
    x, y = np.meshgrid(np.arange(10, 40, dtype=np.float32), np.arange(10, 30, dtype=np.float32))
    exact = fine.sample(fine.own(np.dstack([x, y])))
    assert np.abs(exact[..., :3].astype(int) - packed(layer)[10:30, 10:40]).max() <= 1
    between = fine.sample(fine.own(np.dstack([x + 0.5, y])))[..., 0].astype(float)
    linear = (packed(layer)[10:30, 10:40, 0].astype(float) + packed(layer)[10:30, 11:41, 0]) / 2
    assert between.std() > 1.08 * linear.std()


def test_contain_puts_the_picture_in_the_middle_of_its_own_blur() -> None:
    inner = planes(packed(smooth(40, 48)))
    whole = surround(inner, (48, 80))
    assert np.array_equal(whole.y[20:60], inner.y)
    assert np.array_equal(whole.u[10:30], inner.u)
    around = as_map(whole.y[:16])
    assert around.mean() < inner.y.mean()
    assert np.abs(np.diff(around, axis=1)).mean() < 3.0
    same = surround(inner, (48, 40))
    assert isinstance(same, Planes)
    assert same is inner
