import cv2
import numpy as np
import pytest

from model_endpoint.pixels import Rgb
from model_endpoint.scene.blurred import within_half_light
from model_endpoint.scene.dusk import dark_clouds, is_night, under_glare
from model_endpoint.scene.lattice import find_lattice
from model_endpoint.scene.outlines import Mask

HEIGHT, WIDTH = 300, 512
NIGHT_SKY = (40, 60, 100)


def plain(colour: tuple[int, int, int]) -> Rgb:
    return np.full((HEIGHT, WIDTH, 3), colour, dtype=np.uint8)


def nowhere() -> Mask:
    return np.zeros((HEIGHT, WIDTH), dtype=np.bool_)


def tower() -> Rgb:
    """Two posts, 36 px apart, with crossed bars between them, before a clear sky."""
    picture = plain((150, 180, 230))
    for x in (220, 256):
        cv2.line(picture, (x, 20), (x, HEIGHT), (60, 60, 60), 2)
    for y in range(20, HEIGHT, 24):
        cv2.line(picture, (220, y), (256, y + 24), (60, 60, 60), 2)
        cv2.line(picture, (256, y), (220, y + 24), (60, 60, 60), 2)
    return picture


def test_a_lattice_is_solid_and_what_is_beside_it_is_sky() -> None:
    lattice = find_lattice(tower(), ~nowhere(), nowhere())
    assert lattice[40:280, 224:252].mean() > 0.95
    assert not lattice[:, :200].any()
    assert not lattice[:, 276:].any()


def test_a_single_wire_is_no_lattice() -> None:
    picture = plain((150, 180, 230))
    cv2.line(picture, (0, 80), (WIDTH, 200), (40, 40, 40), 2)
    assert not find_lattice(picture, ~nowhere(), nowhere()).any()


def test_clouds_are_no_lattice() -> None:
    noise = np.random.default_rng(5).normal(0, 1, (HEIGHT, WIDTH))
    cloud = cv2.GaussianBlur(noise, (0, 0), 6)
    picture = plain((120, 150, 200)) + (cloud / cloud.std() * 40)[..., None]
    assert not find_lattice(np.clip(picture, 0, 255).astype(np.uint8), ~nowhere(), nowhere()).any()


def at_night(*, below: tuple[int, int, int], blur: float) -> tuple[Rgb, Mask]:
    """A night sky over something darker, and which part was recognised as sky: the upper half."""
    picture = plain(NIGHT_SKY)
    picture[HEIGHT // 2 :] = below
    sky = nowhere()
    sky[: HEIGHT // 2] = True
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), dtype=np.uint8), sky


def test_a_dark_bank_with_a_soft_edge_is_a_cloud_of_the_night_sky() -> None:
    picture, sky = at_night(below=(25, 32, 50), blur=6)
    assert is_night(picture, sky)
    assert dark_clouds(picture, sky, nowhere())[HEIGHT // 2 + 4 :].mean() > 0.95


@pytest.mark.parametrize(
    ("below", "blur"), [((20, 25, 38), 0.5), ((2, 2, 3), 6.0), ((60, 45, 25), 6.0)]
)
def test_a_sharp_a_black_and_a_warm_land_are_no_clouds(
    below: tuple[int, int, int], blur: float
) -> None:
    picture, sky = at_night(below=below, blur=blur)
    assert dark_clouds(picture, sky, nowhere())[HEIGHT // 2 + 16 :].mean() < 0.05


def test_a_day_is_no_night() -> None:
    assert not is_night(plain((150, 180, 230)), ~nowhere())
    assert not is_night(plain(NIGHT_SKY), nowhere())


def test_a_lamp_before_the_night_sky_leaves_no_hole_in_it() -> None:
    picture = plain(NIGHT_SKY)
    cv2.circle(picture, (256, 100), 4, (255, 255, 255), -1)
    sky = ~nowhere()
    sky[92:109, 248:265] = False
    assert under_glare(picture, sky, nowhere()).all()
    hidden = ~sky
    assert not under_glare(picture, sky, hidden)[hidden].any()


@pytest.mark.parametrize("blur", [4.0, 6.0])
def test_a_blurred_border_lies_where_half_of_the_light_is_left(blur: float) -> None:
    edge = 60
    light = np.full((HEIGHT, WIDTH, 3), 0.05, dtype=np.float32)
    light[:edge] = 0.7
    light = np.asarray(cv2.GaussianBlur(light, (0, 0), blur), dtype=np.float32)
    picture = (light ** (1 / 2.2) * 255).astype(np.uint8)
    sky = nowhere()
    sky[: edge + 10] = True
    found = within_half_light(picture, sky).sum(axis=0)
    assert np.abs(found - edge).max() <= 3


def test_a_sharp_border_stays_where_it_is() -> None:
    picture = plain((40, 60, 30))
    picture[:60] = (200, 220, 240)
    sky = nowhere()
    sky[:62] = True
    assert (within_half_light(picture, sky) == sky).all()


def test_glare_below_a_burnt_out_sky_is_not_sky() -> None:
    rows = np.arange(HEIGHT)[:, None, None]
    picture = np.clip(255 - 4.0 * np.maximum(rows - 50, 0), 40, 255)
    picture = np.broadcast_to(picture, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    sky = nowhere()
    sky[:62] = True
    assert np.abs(within_half_light(picture, sky).sum(axis=0) - 52).max() <= 3
