from collections.abc import Callable

import cv2
import numpy as np
import pytest

from model_endpoint.pixels import Rgb
from model_endpoint.scene.model import SKY, SUBJECT, Region, Scene
from model_endpoint.scene.sources import (
    Hints,
    find_exhaust,
    find_fire,
    find_lights,
    find_sun,
    find_windows,
)
from model_endpoint.scene.steam import find_steam

Photo = Callable[[str], Rgb]
Look = Callable[[str], Scene]

#: The lamps of night_rocket.jpg, as a person reads them off, fractions of the photo.
LAMPS = ((0.128, 0.82), (0.17, 0.98), (0.235, 0.885), (0.303, 0.925), (0.567, 0.93),
         (0.677, 0.925), (0.703, 0.98))  # fmt: skip


def hints(kind: str, *, night: float = 0.0, fire: float = 0.0, hot: float = 0.0) -> Hints:
    return Hints(kind=kind, night=night, fire=fire, hot=hot)  # type: ignore[arg-type]


def region(kind: str, mask: np.ndarray) -> Region:
    return Region(kind=kind, mask=mask.astype(np.float32), confidence=1.0)


def evening() -> tuple[Rgb, Region]:
    """A sun over dark hills in a sky that yellows towards it."""
    rows, columns = np.mgrid[:200, :300]
    away = np.hypot(rows - 90, columns - 200)
    glow = np.exp(-away / 45)[..., None]
    picture = np.array([70, 95, 140]) * (1 - glow) + np.array([255, 235, 190]) * glow
    picture[away < 9] = 255
    picture[130:] = (30, 25, 20)
    return np.clip(picture, 0, 255).astype(np.uint8), region(SKY, rows < 130)


def test_the_setting_sun_is_found_where_it_stands(look: Look) -> None:
    (sun,) = look("sunset_hills").sources_of("sun")
    assert sun.x == pytest.approx(0.5, abs=0.02)
    assert sun.y == pytest.approx(0.42, abs=0.03)
    assert 0.015 < sun.radius < 0.06


def test_a_painted_sun_is_found_and_a_white_wall_is_not() -> None:
    picture, sky = evening()
    sun = find_sun(picture, sky)
    assert sun is not None
    assert (sun.x, sun.y) == (pytest.approx(200 / 300, abs=0.02), pytest.approx(0.45, abs=0.02))
    wall = np.full_like(picture, 255)
    assert find_sun(wall, sky) is None
    assert find_sun(picture, None) is None


@pytest.mark.parametrize(
    "name",
    ["mountain_clouds", "mountain_meadow", "temple_lake_china", "sky_sea_bridge", "night_rocket",
     "coffee_cup", "face_astronaut", "interior_drum"],
)  # fmt: skip
def test_no_cloud_and_no_white_thing_is_a_sun(look: Look, name: str) -> None:
    assert look(name).sources_of("sun") == ()


def test_the_lamps_of_the_launch_pad_are_found_and_nothing_else(look: Look) -> None:
    found = look("night_rocket").sources_of("light")
    for x, y in LAMPS:
        assert any(np.hypot(lamp.x - x, lamp.y - y) < 0.025 for lamp in found)
    assert len(found) <= len(LAMPS) + 1
    assert all(lamp.y > 0.75 for lamp in found)


@pytest.mark.parametrize(
    "name", ["dandelions", "flower_dahlia", "coffee_cup", "sunset_hills", "face_astronaut"]
)
def test_dew_glints_and_buds_are_no_lamps(look: Look, name: str) -> None:
    assert look(name).sources_of("light") == ()


def test_a_star_is_no_lamp() -> None:
    night = np.full((200, 300, 3), 12, np.uint8)
    night[50, 60] = night[80, 200] = 255
    cv2.circle(night, (150, 150), 4, (255, 244, 235), -1)
    (lamp,) = find_lights(night, hints("night", night=1.0))
    assert (lamp.x, lamp.y) == (pytest.approx(0.5, abs=0.01), pytest.approx(0.75, abs=0.01))


@pytest.mark.parametrize("change", [1.0, 0.75])
def test_steam_rises_from_the_coffee(photo: Photo, look: Look, change: float) -> None:
    subject = look("coffee_cup").region(SUBJECT)
    picture = (photo("coffee_cup") * change).astype(np.uint8)
    steam = find_steam(picture, subject, hints("drink", hot=1.0))
    assert steam is not None
    # The surface of the coffee: (0.476, 0.38), its half width 0.13, read off by a person.
    assert steam.x == pytest.approx(0.476, abs=0.03)
    assert steam.y == pytest.approx(0.38, abs=0.05)
    assert steam.radius == pytest.approx(0.13, abs=0.03)


def test_nothing_cold_steams(photo: Photo, look: Look) -> None:
    assert look("food_fig").sources_of("steam") == ()
    subject = look("coffee_cup").region(SUBJECT)
    assert find_steam(photo("coffee_cup"), subject, hints("drink", hot=0.1)) is None
    assert find_steam(photo("coffee_cup"), subject, hints("interior", hot=1.0)) is None


@pytest.mark.parametrize("name", ["food_fig", "flower_dahlia"])
def test_a_bowl_without_a_round_rim_does_not_steam_even_when_hot(
    photo: Photo, look: Look, name: str
) -> None:
    subject = look(name).region(SUBJECT)
    assert find_steam(photo(name), subject, hints("food", hot=1.0)) is None


def candle() -> Rgb:
    picture = np.full((200, 200, 3), (25, 18, 14), np.uint8)
    cv2.ellipse(picture, (100, 90), (14, 34), 0, 0, 360, (250, 150, 30), -1)
    cv2.ellipse(picture, (100, 98), (8, 20), 0, 0, 360, (255, 245, 215), -1)
    return picture


def test_a_flame_is_found_where_something_tells_of_fire() -> None:
    (flame,) = find_fire(candle(), hints("interior", fire=0.9))
    assert (flame.x, flame.y) == (pytest.approx(0.5, abs=0.02), pytest.approx(0.45, abs=0.04))
    assert find_fire(candle(), hints("interior", fire=0.1)) == ()


@pytest.mark.parametrize("kind", ["fire", "exhaust", "window"])
def test_no_photo_here_has_fire_exhaust_or_a_bright_window(look: Look, kind: str) -> None:
    for name in ("coffee_cup", "night_rocket", "sunset_hills", "interior_drum", "food_fig"):
        assert look(name).sources_of(kind) == ()  # type: ignore[arg-type]


def test_a_bright_window_is_found_in_a_room_and_only_there() -> None:
    room = np.full((200, 300, 3), 90, np.uint8)
    room[40:120, 180:250] = 245
    (window,) = find_windows(room, hints("interior"))
    assert (window.x, window.y) == (pytest.approx(0.715, abs=0.02), pytest.approx(0.4, abs=0.02))
    assert find_windows(room, hints("landscape")) == ()


def test_a_flame_under_a_rocket_is_its_exhaust() -> None:
    picture = np.full((300, 200, 3), (20, 30, 60), np.uint8)
    mask = np.zeros((300, 200))
    mask[60:160, 92:108] = 1
    picture[mask > 0] = (200, 200, 205)
    assert find_exhaust(picture, hints("rocket"), region(SUBJECT, mask)) is None
    cv2.ellipse(picture, (100, 205), (11, 45), 0, 0, 360, (255, 244, 200), -1)
    exhaust = find_exhaust(picture, hints("rocket"), region(SUBJECT, mask))
    assert exhaust is not None
    assert exhaust.x == pytest.approx(0.5, abs=0.02)
    assert exhaust.y == pytest.approx(160 / 300, abs=0.03)
