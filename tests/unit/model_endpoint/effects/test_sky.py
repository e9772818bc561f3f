"""Clouds, light and stars: where they go, and how calm they stay."""

from dataclasses import replace

import numpy as np
import pytest

from model_endpoint.engines.motion.effects import clouds
from model_endpoint.engines.motion.stage import FIELD_PX, NothingToMove, Spot
from model_endpoint.pixels import Map, as_map, as_rgb
from story.generation import Heading, Motion
from tests.unit.model_endpoint.effects.nature_stages import (
    FPS,
    PHASES,
    Straight,
    coast,
    dusk_picture,
    lengths,
    make,
    part,
    plate_scene,
)


def test_clouds_go_where_they_are_asked_to() -> None:
    ways: dict[Heading, Map] = {}
    for heading in ("left", "right", "towards", "away"):
        (current,) = clouds.clouds(coast(), part("clouds", heading=heading)).currents
        # What is seen at p comes from p + d: clouds go where d does not.
        ways[heading] = -current.copies(0.2)[0][1]
    assert ways["right"][..., 0].mean() > 1.0
    assert ways["left"][..., 0].mean() < -1.0
    middle = ways["towards"].shape[1] // 2
    assert ways["towards"][:6, : middle // 2, 0].mean() < 0 < ways["towards"][:6, -9:, 0].mean()
    assert ways["towards"][:6, :, 1].mean() < 0 < ways["away"][:6, :, 1].mean()


def test_clouds_are_slower_near_the_horizon() -> None:
    (current,) = make("clouds", coast()).currents
    moved = lengths(current.copies(0.2)[0][1])
    high, low = moved[2:8].mean(), moved[28:34].mean()
    assert 0.2 * high < low < 0.75 * high


def test_clouds_drift_at_a_natural_pace_and_are_never_carried_far() -> None:
    stage = coast(720, 1280)
    (current,) = make("clouds", stage).currents
    frames = round(stage.seconds * FPS)
    one, other = (current.copies((frame + 0.5) / frames)[0][1] for frame in (10, 11))
    pace = lengths(other - one)
    sky = pace[: round(0.45 * 1280) // FIELD_PX]
    assert float((sky > 0.3).mean()) > 0.5
    assert float(sky.max()) < 2.0
    farthest = max(lengths(field).max() for p in PHASES for _, field in current.copies(p))
    assert farthest < 0.07 * 1280


def test_a_longer_clip_shows_the_same_pace_of_clouds() -> None:
    def pace(seconds: float) -> float:
        (current,) = make("clouds", coast(360, 640, seconds=seconds)).currents
        frame = 1.0 / (seconds * FPS)
        first, second = (current.copies(0.001 + k * frame)[0][1] for k in (0, 1))
        return float(lengths(second - first).mean())

    assert pace(10.0) == pytest.approx(pace(3.0), rel=0.4)


def test_the_sun_stands_still_among_clouds() -> None:
    sun = Spot("sun", 90.0, 60.0, 8.0, 1.0, 1.0)
    (current,) = make("clouds", coast(sources=(sun,))).currents
    moved = lengths(current.copies(0.4)[0][1])
    row, column = (60 - current.patch.top) // FIELD_PX, (90 - current.patch.left) // FIELD_PX
    assert moved[row, column] < 0.2
    assert moved[2, 2] > 1.0


def test_a_few_small_clouds_are_enough_to_drift() -> None:
    stage = coast(360, 640)
    plate = stage.plate.copy()
    plate[:288] = (110, 160, 220)
    for column in (90, 210, 240):
        plate[200:212, column : column + 26] = 235
    (current,) = make("clouds", replace(stage, plate=as_rgb(plate))).currents
    assert lengths(current.copies(0.4)[0][1]).max() > 1.0


def test_what_is_near_the_sky_and_like_it_is_lit_as_the_sky_is() -> None:
    stage = coast(kind="landscape")
    plate = stage.plate.copy()
    plate[:144] = (150, 180, 215)
    plate[144:160, :90] = (150, 180, 215)
    plate[144:160, 90:] = (60, 50, 40)
    lit = make("sky_hues", replace(stage, plate=as_rgb(plate))).lights
    ground = next(light for light in lit if light.layer is None).at(0.6)
    row = 148 // FIELD_PX
    alike, unlike = np.abs(ground[row, 4:20, 1:]).mean(), np.abs(ground[row, 26:42, 1:]).mean()
    assert alike > 2.0 * unlike


def test_a_clear_sky_has_no_clouds() -> None:
    stage = coast()
    plate = stage.plate.copy()
    plate[:144] = np.linspace(120, 200, 144)[:, None, None]
    with pytest.raises(NothingToMove, match="the sky is clear"):
        make("clouds", replace(stage, plate=as_rgb(plate)))


@pytest.mark.parametrize(
    "motion", ["clouds", "sky_hues", "sun_glow", "waves", "reflections", "stars"]
)
def test_lights_never_flash(motion: Motion) -> None:
    stage = plate_scene(motion)
    frames = round(stage.seconds * FPS)
    luma = as_map(stage.plate.mean(axis=2))
    for light in make(motion, stage).lights:
        patch = light.patch
        there = luma[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
        means = []
        for frame in range(frames + 1):
            gain = light.at(frame / frames)[..., 0].repeat(FIELD_PX, 0).repeat(FIELD_PX, 1)
            change = (gain[: there.shape[0], : there.shape[1]] - 1.0) * there
            means.append(luma.mean() + change.sum() / luma.size)
        assert np.abs(np.diff(means)).max() / luma.mean() < 0.02


def test_evening_is_warm_at_the_horizon_and_darker_overhead() -> None:
    stage = coast(360, 640)
    sky = next(light for light in make("sky_hues", stage).lights if light.layer == "sky")
    evening = sky.at(0.6)
    high, low = evening[4:12].mean(axis=(0, 1)), evening[62:70].mean(axis=(0, 1))
    assert high[0] < 0.95
    assert low[2] > high[2] + 2.0
    assert low[1] < high[1] - 2.0


def test_the_glow_is_around_the_sun_and_dies_away() -> None:
    stage = plate_scene("sun_glow", 360, 640)
    (light,) = make("sun_glow", stage).lights
    gains = as_map(np.stack([light.at(phase)[..., 0] for phase in PHASES]))
    strongest = gains.max(axis=0)
    (sun,) = stage.sources
    row, column = (
        int((place - edge) / FIELD_PX)
        for place, edge in ((sun.y, light.patch.top), (sun.x, light.patch.left))
    )
    assert strongest[row, column] > 1.06
    x, y = light.patch.coordinates()
    far = np.hypot(x - sun.x, y - sun.y) > sun.radius + 0.43 * 640
    assert far.any()
    assert np.abs(gains[:, far] - 1.0).max() < 1e-3


def test_stars_come_out_only_in_the_open_sky() -> None:
    stage = coast(360, 640, night=True)
    effect = make("stars", stage)
    (veil,) = effect.veils
    picture = dusk_picture(360, 640)
    veil.over(picture, 0.5, Straight())
    rows, columns = np.nonzero(picture.y > 60)
    assert len(rows) > 10
    assert rows.max() < 0.45 * 640 - 10
    assert len(columns) < 0.01 * picture.y.size


def test_a_bright_sky_has_no_stars() -> None:
    with pytest.raises(NothingToMove, match="not dark"):
        make("stars", coast())
