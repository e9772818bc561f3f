"""Waves, mirrored light and falls: how they move, and where they must not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from model_endpoint.engines.motion.effects.region import way_to_border
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
)
from model_endpoint.pixels import as_rgb
from story.generation import Motion
from tests.unit.model_endpoint.effects.nature_stages import (
    FPS,
    PHASES,
    Straight,
    coast,
    dusk_picture,
    gorge,
    inside,
    lengths,
    make,
)


@pytest.mark.parametrize("motion", ["waves", "reflections"])
@pytest.mark.parametrize("size", [(180, 320), (360, 640)])
def test_water_never_draws_in_what_is_not_water(motion: Motion, size: tuple[int, int]) -> None:
    stage = coast(*size)
    (warp,) = make(motion, stage, strength=2.0).warps
    way = way_to_border(stage.masks["water"], warp.patch)
    for phase in PHASES:
        moved = lengths(warp.at(phase))
        assert moved[way == 0.0].max() == 0.0
        assert (moved <= 0.6 * way + 1e-4).all()
        assert moved[[0, -1]].max() == 0.0
        assert moved[:, [0, -1]].max() == 0.0


@pytest.mark.parametrize("motion", ["waves", "reflections"])
def test_water_never_folds(motion: Motion) -> None:
    (warp,) = make(motion, coast(360, 640)).warps
    for phase in PHASES:
        field = warp.at(phase)
        for axis in (0, 1):
            assert np.abs(np.diff(field, axis=axis)).max() / FIELD_PX < 0.6


def test_waves_are_seen_to_move_but_never_rush() -> None:
    stage = coast(720, 1280)
    (warp,) = make("waves", stage).warps
    there = inside(stage.masks["water"], warp) > 0
    frames = stage.seconds * FPS
    paces = [
        lengths(warp.at((frame + 1) / frames) - warp.at(frame / frames))[there]
        for frame in range(0, 110, 10)
    ]
    assert float((np.stack(paces) > 0.3).mean()) > 0.5
    assert float(np.percentile(paces, 99)) < 2.5


def test_waves_are_smaller_towards_the_horizon() -> None:
    (warp,) = make("waves", coast(360, 640)).warps
    moved = np.mean([lengths(warp.at(phase)) for phase in PHASES[1:-1]], axis=0)
    rows = len(moved)
    assert moved[rows // 8 : rows // 4].mean() < 0.7 * moved[rows // 2 : 3 * rows // 4].mean()


def test_waves_of_a_small_picture_look_like_those_of_a_large_one() -> None:
    def reach(width: int, height: int) -> float:
        (warp,) = make("waves", coast(width, height)).warps
        return float(np.mean([lengths(warp.at(phase)).mean() for phase in PHASES])) / height

    assert reach(270, 480) == pytest.approx(reach(720, 1280), rel=0.35)


def test_what_stands_in_the_water_does_not_wave() -> None:
    stage = coast(360, 640)
    plate = stage.plate.copy()
    plate[340:420, 176:184] = (20, 15, 10)
    (warp,) = make("waves", replace(stage, plate=as_rgb(plate))).warps
    row, column = (380 - warp.patch.top) // FIELD_PX, (180 - warp.patch.left) // FIELD_PX
    post = [lengths(warp.at(phase))[row, column] for phase in PHASES]
    water_beside = [lengths(warp.at(phase))[row, column + 20] for phase in PHASES]
    assert max(post) < 0.25
    assert max(water_beside) > 1.0


def test_the_surf_swells_with_the_foam_on_the_shore() -> None:
    effect = make("waves", coast(360, 640))
    assert effect.sound is not None
    assert len(effect.sound) == 5 * FPS
    assert effect.sound[0] == pytest.approx(0.0, abs=1e-6)
    assert float(effect.sound.max()) > 0.6
    assert float(effect.sound.min()) >= 0.0
    (light,) = effect.lights
    shore_row = (round(0.85 * 640) - light.patch.top) // FIELD_PX - 3
    brightness = [float(light.at(k / 40)[shore_row, :, 0].mean()) for k in range(40)]
    swell = effect.sound[:: len(effect.sound) // 40][:40]
    assert float(np.corrcoef(brightness, swell)[0, 1]) > 0.6


def test_falling_water_falls_within_its_banks() -> None:
    stage = gorge(360, 640)
    (current,) = make("falling_water", stage).currents
    for phase in (0.013, 0.05, 0.33, 0.71):
        (_, back), (_, ahead) = current.copies(phase)
        assert (back[..., 1] <= 1e-3).all()
        assert (ahead[..., 1] >= -1e-3).all()
    outside = cv2.dilate(current.mask, np.ones((3, 3), np.uint8)) == 0.0
    rows, columns = current.patch.field_shape
    still = outside.reshape(rows, FIELD_PX, columns, FIELD_PX).all(axis=(1, 3))
    assert still.any()
    assert lengths(current.copies(0.3)[0][1])[still].max() == 0.0


def test_falling_water_is_fast() -> None:
    stage = gorge(720, 1280)
    (current,) = make("falling_water", stage).currents
    frames = stage.seconds * FPS
    one, other = (current.copies((frame + 0.01) / frames)[0][1] for frame in (0, 1))
    top = (1280 // 4 - current.patch.top) // FIELD_PX + 10
    bottom = (1280 // 2 - current.patch.top) // FIELD_PX - 10
    middle = current.patch.field_shape[1] // 2
    pace = lengths(other - one)[top:bottom, middle - 10 : middle + 10]
    assert 2.0 < float(np.median(pace)) < 6.0


def test_water_that_falls_does_not_wave() -> None:
    stage = gorge(360, 640)
    (warp,) = make("waves", stage).warps
    fall = way_to_border(stage.masks["falling_water"], warp.patch) > 0.0
    assert all(np.abs(warp.at(phase))[fall].max() == 0.0 for phase in PHASES if fall.any())
    assert max(np.abs(warp.at(phase)).max() for phase in PHASES) > 0.3


def test_sparkles_lie_on_the_water() -> None:
    stage = coast(360, 640)
    (veil,) = make("reflections", stage).veils
    lit = np.zeros((640, 360), dtype=bool)
    for phase in PHASES:
        picture = dusk_picture(360, 640)
        veil.over(picture, phase, Straight())
        lit |= picture.y > 50
    assert lit.any()
    assert not (lit & (cv2.dilate(stage.masks["water"], np.ones((7, 7), np.uint8)) == 0.0)).any()


@pytest.mark.parametrize("motion", ["waves", "reflections"])
def test_the_seam_of_a_loop_cannot_be_told_by_its_pace(motion: Motion) -> None:
    stage = coast(360, 640)
    (warp,) = make(motion, stage).warps
    frame = 1.0 / (stage.seconds * FPS)
    before = warp.at(1.0) - warp.at(1.0 - frame)
    after = warp.at(frame) - warp.at(0.0)
    change = lengths(after - before).mean()
    assert change < 0.5 * lengths(after).mean()
