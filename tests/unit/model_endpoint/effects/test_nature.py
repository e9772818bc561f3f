"""What every motion of sky and water keeps to."""

from dataclasses import replace

import numpy as np
import pytest

from model_endpoint.engines.motion.stage import (
    NothingToMove,
)
from model_endpoint.pixels import as_rgb
from story.generation import Motion
from tests.unit.model_endpoint.effects.nature_stages import (
    ALL,
    PHASES,
    Straight,
    coast,
    dusk_picture,
    lengths,
    make,
    nothing,
    plate_scene,
)


@pytest.mark.parametrize("motion", ALL)
def test_a_clip_begins_and_ends_with_the_photo(motion: Motion) -> None:
    effect = make(motion, plate_scene(motion))
    assert effect.warps or effect.currents or effect.lights or effect.veils
    for phase in (0.0, 1.0):
        for warp in effect.warps:
            assert np.abs(warp.at(phase)).max() < 1e-3
        for light in effect.lights:
            assert nothing(light, phase)
        for current in effect.currents:
            shown = [field for weight, field in current.copies(phase) if weight > 0.0]
            assert len(shown) == 1
            assert np.abs(shown[0]).max() < 1e-3
        for veil in effect.veils:
            picture = dusk_picture(180, 320)
            before = picture.y.copy()
            veil.over(picture, phase, Straight())
            assert np.array_equal(picture.y, before)


@pytest.mark.parametrize("motion", ALL)
def test_the_same_chance_makes_the_same_motion(motion: Motion) -> None:
    stage = plate_scene(motion)
    one, other = make(motion, stage), make(motion, stage)
    for first, second in zip(one.warps, other.warps, strict=True):
        assert np.array_equal(first.at(0.3), second.at(0.3))
    for first, second in zip(one.lights, other.lights, strict=True):
        assert np.array_equal(first.at(0.3), second.at(0.3))
    for first, second in zip(one.currents, other.currents, strict=True):
        assert np.array_equal(first.copies(0.3)[0][1], second.copies(0.3)[0][1])


@pytest.mark.parametrize("motion", ALL)
@pytest.mark.parametrize("phase", PHASES)
def test_every_field_is_finite_and_fits_its_patch(motion: Motion, phase: float) -> None:
    effect = make(motion, plate_scene(motion), strength=2.0, speed=4.0)
    for warp in effect.warps:
        assert warp.at(phase).shape == (*warp.patch.field_shape, 2)
        assert np.isfinite(warp.at(phase)).all()
    for light in effect.lights:
        assert light.at(phase).shape == (*light.patch.field_shape, 3)
        assert np.isfinite(light.at(phase)).all()
    for current in effect.currents:
        copies = current.copies(phase)
        assert sum(weight for weight, _ in copies) == pytest.approx(1.0)
        for _, field in copies:
            assert field.shape == (*current.patch.field_shape, 2)
            assert np.isfinite(field).all()
        assert current.mask.shape == (current.patch.height, current.patch.width)


@pytest.mark.parametrize("motion", ALL)
def test_a_photo_of_none_of_it_is_left_as_it_is(motion: Motion) -> None:
    plate = np.full((320, 180, 3), 120, dtype=np.uint8)
    with pytest.raises(NothingToMove):
        make(motion, replace(coast(), masks={}, flows={}, plate=as_rgb(plate)))


@pytest.mark.parametrize("motion", ["clouds", "waves", "reflections", "falling_water", "smoke"])
def test_a_speck_is_left_as_it_is_or_moves_finitely(motion: Motion) -> None:
    stage = plate_scene(motion)
    speck = np.zeros((320, 180), dtype=np.float32)
    speck[100:108, 80:88] = 1.0
    masks = dict.fromkeys(("sky", "water", "falling_water", "smoke"), speck)
    flow = np.zeros((320, 180, 2), dtype=np.float32)
    flow[..., 1] = speck
    tiny = replace(stage, masks=masks, flows={"falling_water": flow})
    try:
        effect = make(motion, tiny)
    except NothingToMove as reason:
        assert "found" in str(reason) or "clear" in str(reason)  # noqa: PT017 both are right
        return
    for warp in effect.warps:
        assert np.isfinite(warp.at(0.4)).all()
    for current in effect.currents:
        assert np.isfinite(current.copies(0.4)[0][1]).all()


@pytest.mark.parametrize("motion", ["clouds", "falling_water", "smoke"])
def test_a_current_never_jumps_while_it_is_seen(motion: Motion) -> None:
    stage = plate_scene(motion)
    (current,) = make(motion, stage).currents
    steps = 400
    for step in range(steps):
        for copy in (0, 1):
            (weight, one) = current.copies(step / steps)[copy]
            (later, other) = current.copies((step + 1) / steps)[copy]
            # A copy starts over when it is not seen at all.
            if min(weight, later) > 0.08:
                assert lengths(other - one).max() < 0.012 * max(stage.size)
