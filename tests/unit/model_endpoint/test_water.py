from collections.abc import Callable

import cv2
import numpy as np
import pytest

from model_endpoint.pixels import Map, Rgb
from model_endpoint.scene.bays import grain, with_bays
from model_endpoint.scene.behind import behind_uprights
from model_endpoint.scene.falling import find_falling, streaks
from model_endpoint.scene.model import FALLING_WATER, SKY, WATER, Region
from model_endpoint.scene.outlines import HALF, Mask, lab_of
from model_endpoint.scene.stream import deviation, without_rock
from model_endpoint.scene.water import find_water, slopes, with_its_colours

Photo = Callable[[str], Rgb]

HEIGHT, WIDTH = 240, 384
SIZE = (WIDTH, HEIGHT)
SHORE = 120
SKY_ROWS = 96


def lake(*, ground: tuple[int, int, int] = (150, 168, 190)) -> Rgb:
    """A pale sky, a dark wooded bank, and a plain of one colour below it."""
    noise = np.random.default_rng(3)
    picture = np.empty((HEIGHT, WIDTH, 3))
    picture[:SKY_ROWS] = (190, 208, 230)
    trees = noise.normal(0, 18, (SHORE - SKY_ROWS, WIDTH, 1))
    picture[SKY_ROWS:SHORE] = trees + np.array([45, 60, 40])
    picture[SHORE:] = ground
    return np.clip(picture + noise.normal(0, 1.0, picture.shape), 0, 255).astype(np.uint8)


def sky() -> Region:
    mask: Map = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    mask[:SKY_ROWS] = 1.0
    return Region(kind=SKY, mask=mask, confidence=1.0)


def test_a_calm_plain_of_the_skys_colour_behind_a_level_shore_is_water() -> None:
    water = find_water(lake(), SIZE, sky(), None)
    assert water is not None
    assert water.mask[SHORE + 6 :].mean() > 0.97
    assert water.mask[: SHORE - 6].mean() < 0.01


@pytest.mark.parametrize("ground", [(70, 120, 40), (190, 150, 90), (18, 20, 24)])
def test_grass_sand_and_darkness_are_not_water(ground: tuple[int, int, int]) -> None:
    assert find_water(lake(ground=ground), SIZE, sky(), None) is None


def test_rough_ground_of_the_skys_colour_is_not_water() -> None:
    picture = lake().astype(float)
    rough = np.random.default_rng(4).normal(0, 30, (HEIGHT - SHORE, WIDTH, 1))
    picture[SHORE:] += rough
    assert find_water(np.clip(picture, 0, 255).astype(np.uint8), SIZE, sky(), None) is None


def test_a_road_is_no_water_when_the_photo_is_said_to_show_a_road() -> None:
    assert find_water(lake(), SIZE, sky(), None, frozenset({"Road"})) is None
    assert find_water(lake(), SIZE, sky(), None, frozenset({"Road", "Lake"})) is not None


def test_a_subject_is_not_water() -> None:
    mask: Map = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    mask[150:200, 150:230] = 1.0
    subject = Region(kind="subject", mask=mask, confidence=1.0)
    water = find_water(lake(), SIZE, sky(), subject)
    assert water is not None
    assert water.mask[165:185, 170:210].max() < 0.1


def striped(angle: float) -> Map:
    """Lightness of streaks that run down at an angle from straight down, radians."""
    rows, columns = np.mgrid[:120, :120].astype(float)
    across = columns * np.cos(angle) - rows * np.sin(angle)
    return (50 + 25 * np.sin(across / 2.0)).astype(np.float32)


@pytest.mark.parametrize("angle", [-0.5, 0.0, 0.5])
def test_water_flows_along_its_streaks_and_downhill(angle: float) -> None:
    flow = streaks(striped(angle))[30:90, 30:90]
    assert (flow[..., 1] > 0).all()
    assert np.allclose(np.linalg.norm(flow, axis=2), 1.0, atol=1e-3)
    lean = float(np.arctan2(flow[..., 0], flow[..., 1]).mean())
    # Gravity pulls the direction towards straight down, never past it.
    assert abs(lean) <= abs(angle) + 0.05
    assert lean == pytest.approx(0.75 * angle, abs=0.15)


@pytest.fixture(scope="module")
def wood(photo: Photo) -> Rgb:
    return cv2.resize(photo("stream_waterfall"), (512, 341), interpolation=cv2.INTER_AREA)


def test_a_stream_is_found_without_a_sky_and_its_falls_are_part_of_it(wood: Rgb) -> None:
    water = find_water(wood, (512, 341), None, None)
    assert water is not None
    falling = find_falling(wood, (512, 341), water)
    assert falling is not None
    assert falling.kind == FALLING_WATER
    assert (falling.mask <= water.mask).all()
    assert 0.0 < falling.area < 0.5 * water.area
    assert falling.flow is not None
    inside = falling.mask > 0
    assert np.allclose(np.linalg.norm(falling.flow, axis=2)[inside], 1.0, atol=1e-3)
    assert (falling.flow[..., 1][inside] > 0).all()
    assert not falling.flow[~inside].any()


def test_a_wood_without_its_blue_has_no_stream(wood: Rgb) -> None:
    warm = wood.astype(float) * (1.05, 1.0, 0.8)
    assert find_water(np.clip(warm, 0, 255).astype(np.uint8), (512, 341), None, None) is None


def test_nothing_falls_on_a_calm_lake() -> None:
    water = find_water(lake(), SIZE, sky(), None)
    assert water is not None
    assert water.kind == WATER
    assert find_falling(lake(), SIZE, water) is None
    assert find_falling(lake(), SIZE, None) is None


def scene_of(*, yellow: float, noise: float) -> tuple[Map, Map]:
    """A Lab picture of rough, warm rock with a place of another tint and roughness, and how rough.

    The place is 60 pixels wide, in the middle.
    """
    random = np.random.default_rng(6)
    lab = np.zeros((HEIGHT, WIDTH, 3), dtype=np.float32)
    lab[..., 0] = 45 + random.normal(0, 14, (HEIGHT, WIDTH))
    lab[..., 2] = 3
    lab[90:150, 160:220, 0] = 50 + random.normal(0, noise, (60, 60))
    lab[90:150, 160:220, 2] = yellow
    return lab, deviation(lab[..., 0])


@pytest.mark.parametrize(("yellow", "noise"), [(2.0, 3.0), (-14.0, 14.0)])
def test_calm_pools_and_blue_foam_are_water_but_rock_is_not(yellow: float, noise: float) -> None:
    lab, rough = scene_of(yellow=yellow, noise=noise)
    everywhere = np.ones((HEIGHT, WIDTH), dtype=np.bool_)
    found = without_rock(everywhere, everywhere, lab, rough)
    assert found[100:140, 170:210].mean() > 0.95
    assert found[:, :130].mean() < 0.1


def test_a_water_takes_in_what_next_to_it_has_its_colours() -> None:
    lab = lab_of(lake())
    known = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    known[SHORE + 4 :, :340] = True
    never = np.zeros_like(known)
    never[:SHORE] = True
    found = with_its_colours(lab, known, np.hypot(*slopes(lab)), never)
    assert found[SHORE + 4 :].mean() > 0.95
    # As soon as it would be a good part more, the colours are those of the land as well.
    known[:, 200:] = False
    assert (with_its_colours(lab, known, np.hypot(*slopes(lab)), never) == known).all()


def river(*, mast: int, bank: int) -> Rgb:
    """A lake with an upright mast of some width before it, and a bank of mud like it in front."""
    picture = lake()
    picture[SHORE:, 200 : 200 + mast] = (40, 40, 45)
    picture[bank : bank + 2] = (60, 55, 50)
    return picture


def seen_from_the_left(picture: Rgb) -> Mask:
    """What is reached when only the water left of column 190, and above row 170, is known."""
    lab = lab_of(picture)
    known = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    known[SHORE + 1 : 170, :190] = True
    never = np.zeros_like(known)
    never[:SHORE] = True
    return behind_uprights(lab, known, never, *slopes(lab))


def test_water_goes_on_behind_a_mast() -> None:
    found = seen_from_the_left(river(mast=8, bank=170))
    assert found[SHORE + 4 : 166, 220:].mean() > 0.95


def test_water_ends_at_what_is_wide() -> None:
    assert not seen_from_the_left(river(mast=60, bank=170))[:, 200:].any()


def test_mud_like_the_water_but_beyond_a_bank_is_not_water() -> None:
    found = seen_from_the_left(river(mast=8, bank=150))
    assert found[SHORE + 4 : 146, 220:].mean() > 0.95
    assert found[156:, 220:].mean() < 0.05


def moored(*, ground: float) -> tuple[Rgb, Mask, Map]:
    """A lake, two hulls at its near shore, and what lies between them: dark, of some noise.

    Returns the picture, the lake that is known, and the hulls' saliency.
    """
    noise = np.random.default_rng(8)
    picture = lake().astype(float)
    picture[180:] = np.array([70, 75, 82]) + noise.normal(0, 30, (HEIGHT - 180, WIDTH, 1))
    picture[180:220, 120:150] = np.array([24, 26, 30]) + noise.normal(0, ground, (40, 30, 1))
    salient: Map = np.zeros((HEIGHT, WIDTH), dtype=np.float32)
    for hull in (slice(100, 120), slice(150, 170)):
        picture[170:225, hull] = (140, 70, 30)
        salient[170:225, hull] = 1.0
    known = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    known[SHORE + 1 : 180] = True
    known &= salient < HALF
    return np.clip(picture, 0, 255).astype(np.uint8), known, salient


def bay_of(*, ground: float) -> Mask:
    """What is found when the lake's own colours are known."""
    picture, known, salient = moored(ground=ground)
    never = np.zeros_like(known)
    never[:SHORE] = True
    return with_bays(picture, known, salient, never, known)


def test_dark_water_between_two_hulls_is_water_but_neither_hulls_nor_gravel_are() -> None:
    found = bay_of(ground=0.5)
    assert found[184:216, 124:146].mean() > 0.9
    assert found[172:222, 103:117].mean() < 0.05
    assert found[190:, :95].mean() < 0.01
    assert found[190:, 175:].mean() < 0.01


def test_what_is_as_grainy_as_gravel_between_two_hulls_is_no_water() -> None:
    assert bay_of(ground=30.0)[190:].mean() < 0.01


def test_a_bold_outline_has_no_grain_but_gravel_has() -> None:
    light = np.full((60, 120), 20.0, dtype=np.float32)
    light[:, 40:] = 80.0
    light[:, 80:] += np.random.default_rng(9).normal(0, 10, (60, 40)).astype(np.float32)
    found = grain(light)
    assert found[:, :70].max() < 1.0
    assert found[:, 90:].min() > 2.0
