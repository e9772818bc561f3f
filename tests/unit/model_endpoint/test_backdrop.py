"""Sky-coloured regions that are a sky, and ones that are a wall, a lamp or out of focus."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from model_endpoint.pixels import Map, Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.backdrop import UNKNOWN, Place, blueness, doubt, softness, under
from model_endpoint.scene.kind import leaning, place_of
from model_endpoint.scene.model import SKY, Face
from model_endpoint.scene.outlines import Mask
from model_endpoint.scene.sky import find_sky
from story.generation import Box, Tag

Photo = Callable[[str], Rgb]

HEIGHT, WIDTH = 170, 256
EDGE = 90
NOTHING_STANDS_OUT: Map = np.zeros((8, 8), dtype=np.float32)
OVERCAST = (228, 229, 230)
CLEAR = (90, 150, 220)
GRASS = (70, 90, 50)
ROOM = Place(indoors=0.6)
VIEW = Place(view=0.6, outdoors=0.6)
SURE, REFUTED = 0.99, 0.62


def over(
    ground: tuple[int, int, int], above: tuple[int, int, int] = OVERCAST, *, blur: float = 0.0
) -> Rgb:
    """One colour above EDGE and one below it, with a camera's noise; blur in pixels."""
    picture = np.empty((HEIGHT, WIDTH, 3), dtype=np.float32)
    picture[:EDGE], picture[EDGE:] = above, ground
    if blur:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), dtype=np.float32)
    noise = np.random.default_rng(4).normal(0.0, 1.0, picture.shape)
    return np.asarray(np.clip(picture + noise, 0, 255), dtype=np.uint8)


def upper(rows: int = EDGE) -> Mask:
    sky = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    sky[:rows] = True
    return sky


def nowhere() -> Mask:
    return np.zeros((HEIGHT, WIDTH), dtype=np.bool_)


def left(picture: Rgb, place: Place = UNKNOWN, standing: Mask | None = None) -> float:
    return doubt(picture, upper(), nowhere() if standing is None else standing, place).left


def test_an_overcast_sky_over_dim_ground_is_not_doubted() -> None:
    assert left(over(GRASS)) > SURE
    assert find_sky(over(GRASS), (WIDTH, HEIGHT), NOTHING_STANDS_OUT) is not None


def test_a_soft_border_is_a_backdrop_out_of_focus() -> None:
    lit_alike = (110, 118, 96)
    assert doubt(over(lit_alike), upper(), nowhere()).focus > SURE
    assert doubt(over(lit_alike, blur=5.0), upper(), nowhere()).focus == 0.0


def test_mist_in_a_known_view_may_hide_the_border() -> None:
    assert doubt(over((110, 118, 96), blur=5.0), upper(), nowhere(), VIEW).focus == 1.0


def test_haze_hides_a_level_horizon_under_blue_but_not_under_white() -> None:
    for above, focus in ((CLEAR, 1.0), (OVERCAST, 0.0)):
        picture = over((110, 118, 96), above, blur=5.0)
        assert doubt(picture, upper(), nowhere(), level=True).focus == focus
        assert doubt(picture, upper(), nowhere()).focus == 0.0


def test_a_blurred_border_against_the_light_is_still_a_sky() -> None:
    assert doubt(over((30, 34, 20), blur=5.0), upper(), nowhere()).focus > SURE


def test_softness_is_what_a_lens_does_and_not_how_high_the_step_is() -> None:
    for ground in ((40, 40, 40), (190, 190, 190)):
        luma = over(ground)[..., 1].astype(np.float32)
        blurred = over(ground, blur=6.0)[..., 1].astype(np.float32)
        assert softness(luma, upper()) < 0.1
        assert softness(blurred, upper()) > 0.9
    assert softness(luma, ~nowhere()) == 0.0


def test_under_a_white_sky_nothing_is_brighter() -> None:
    picture = over(GRASS)
    picture[120:140, 100:150] = 250
    assert left(picture) < REFUTED
    assert left(picture, VIEW) > SURE


def test_ground_as_bright_as_the_white_above_it_is_lit_by_something_else() -> None:
    assert left(over((190, 185, 180))) < REFUTED


def test_a_clear_sky_may_be_darker_than_what_the_sun_lights() -> None:
    picture = over((235, 230, 220), CLEAR)
    assert blueness(picture, upper()) > SURE
    assert left(picture) > SURE


def test_white_that_comes_down_to_the_lower_edge_is_no_sky_but_blue_may_be() -> None:
    aside = ~nowhere()
    aside[:, :90] = False
    white, blue = over(OVERCAST), over(CLEAR, CLEAR)
    for picture in (white, blue):
        picture[:, :90] = (80, 60, 40)
    assert doubt(white, aside, nowhere()).above < REFUTED
    assert doubt(blue, aside, nowhere()).above > SURE


def test_white_that_meets_nothing_but_the_subject_is_what_it_was_put_before() -> None:
    assert left(over(GRASS), standing=~upper()) < REFUTED
    assert left(over(GRASS, CLEAR), standing=~upper()) > SURE


def test_in_a_room_nothing_is_a_sky_not_even_what_is_blue() -> None:
    assert left(over(GRASS), ROOM) < REFUTED
    assert left(over(GRASS, CLEAR), ROOM) < REFUTED


def test_white_behind_people_who_stand_near_is_doubted_unless_it_is_a_view() -> None:
    assert left(over(GRASS), Place(company=1.0)) < REFUTED
    assert left(over(GRASS), Place(view=0.6, outdoors=0.6, company=1.0)) > SURE
    assert left(over(GRASS, CLEAR), Place(company=1.0)) > SURE


def test_what_lies_under_a_sky_is_asked_column_by_column() -> None:
    sky = upper()
    sky[40:, :128] = False
    sky[:, 200:] = False
    below = under(sky)
    assert below[40:, :128].all()
    assert not below[:EDGE, 128:200].any()
    assert below[EDGE:, 128:200].all()
    assert below[:, 200:].any()
    assert not below[:40].any()


@pytest.mark.parametrize(
    ("name", "confidence", "possible"), [("Living Room", 0.98, 0.0), ("Sky", 0.98, 1.0)]
)
def test_tags_tell_a_room_from_the_open(name: str, confidence: float, possible: float) -> None:
    tags = (Tag(name=name, confidence=confidence),)
    place = place_of(leaning(np.full(1000, 1e-6), tags), tags)
    assert place.possible == possible
    assert (place.open > SURE) == (possible > 0.0)


def test_grass_and_flowers_are_outdoors_but_no_view() -> None:
    tags = (Tag(name="Grass", confidence=0.98), Tag(name="Flower", confidence=0.98))
    place = place_of(leaning(np.full(1000, 1e-6), tags), tags)
    assert place.possible > SURE
    assert place.open == 0.0


def test_a_passer_by_is_no_company() -> None:
    nothing = leaning(np.zeros(1000))
    near, far = (Face(Box(left=0.4, top=0.1, width=0.2, height=height)) for height in (0.4, 0.03))
    assert place_of(nothing, people=(near,)).company == 1.0
    assert place_of(nothing, people=(far,)).company == 0.0
    assert place_of(nothing).company == 0.0


@pytest.mark.parametrize("name", ["face_astronaut", "pets_dogs", "coffee_cup"])
@pytest.mark.parametrize("gain", [1.1, 1.25])
def test_a_brighter_print_of_a_room_has_no_sky(photo: Photo, name: str, gain: float) -> None:
    bright = np.clip(photo(name).astype(np.float32) * gain, 0, 255).astype(np.uint8)
    assert analyse(bright).region(SKY) is None


@pytest.mark.parametrize("name", ["mountain_meadow", "dandelions", "temple_lake_china"])
@pytest.mark.parametrize("gain", [0.8, 1.25])
def test_a_darker_or_brighter_print_of_a_white_sky_keeps_it(
    photo: Photo, name: str, gain: float
) -> None:
    changed = np.clip(photo(name).astype(np.float32) * gain, 0, 255).astype(np.uint8)
    found = analyse(changed).region(SKY)
    as_it_is = analyse(photo(name)).region(SKY)
    assert found is not None
    assert as_it_is is not None
    both = (found.mask > 0.5) & (as_it_is.mask > 0.5)
    assert both.sum() > 0.6 * (as_it_is.mask > 0.5).sum()
