"""Sky and water on stages drawn by hand: what moves, how far, and where it must not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from model_endpoint.engines.motion.effects import (
    clouds,
    falling,
    heavens,
    reflections,
    smoke,
    water,
)
from model_endpoint.engines.motion.effects.region import way_to_border
from model_endpoint.engines.motion.planes import NEUTRAL, Planes
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    Light,
    Maker,
    NothingToMove,
    Part,
    Spot,
    Stage,
    Warp,
)
from model_endpoint.pixels import Map, as_map, as_rgb
from story.generation import Heading, Motion

FPS = 24
MAKERS: dict[Motion, Maker] = {
    **clouds.MAKERS,
    **heavens.MAKERS,
    **water.MAKERS,
    **reflections.MAKERS,
    **falling.MAKERS,
    **smoke.MAKERS,
}
PHASES = (0.0, 0.07, 0.21, 0.4, 0.5, 0.66, 0.83, 0.97, 1.0)


class Straight:
    """A camera that stands still on the plate."""

    def place(self, x: Map, y: Map, depth: Map | float) -> tuple[Map, Map, float]:
        del depth
        return x, y, 1.0


def texture(width: int, height: int, cell: float, seed: int = 5) -> Map:
    """Smooth hills, 0..1."""
    noise = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), cell)
    return as_map(np.clip(0.5 + 0.2 * smooth / smooth.std(), 0.0, 1.0))


def band(width: int, height: int, top: float, bottom: float) -> Map:
    mask = np.zeros((height, width), dtype=np.float32)
    mask[round(top * height) : round(bottom * height)] = 1.0
    return mask


def coast(
    width: int = 180, height: int = 320, *, night: bool = False, loop: bool = True, **fields: object
) -> Stage:
    """Cloudy sky above a sea that ends on a beach: sky to 45 %, water to 85 %."""
    plate = np.empty((height, width, 3), dtype=np.uint8)
    hills = texture(width, height, 0.02 * height)
    for channel, (low, high) in enumerate(((90, 240), (130, 240), (190, 245))):
        plate[..., channel] = (low + (high - low) * hills).astype(np.uint8)
    if night:
        plate[: round(0.45 * height)] = (12, 16, 34)
    plate[round(0.85 * height) :] = (150, 130, 100)
    stage = Stage(
        plate=as_rgb(plate),
        home=(0, 0),
        size=(width, height),
        horizon=0.45 * height,
        depth=as_map(np.repeat(np.linspace(1, 0, height)[:, None], width, axis=1)),
        masks={
            "sky": band(width, height, 0.0, 0.45),
            "water": band(width, height, 0.45, 0.85),
        },
        flows={},
        faces=(),
        sources=(),
        kind="sea",
        seconds=5.0,
        fps=FPS,
        loop=loop,
    )
    return replace(stage, **fields)  # type: ignore[arg-type]


def gorge(width: int = 180, height: int = 320) -> Stage:
    """A fall in the middle, with a pool below it."""
    fall = np.zeros((height, width), dtype=np.float32)
    fall[height // 4 : height // 2, width // 3 : 2 * width // 3] = 1.0
    pool = band(width, height, 0.5, 0.7)
    flow = np.zeros((height, width, 2), dtype=np.float32)
    flow[..., 1] = fall
    base = coast(width, height)
    return replace(
        base,
        masks={"water": as_map(np.maximum(fall, pool)), "falling_water": fall},
        flows={"falling_water": flow},
        horizon=None,
        kind="stream",
    )


def part(motion: Motion, seed: int = 3, heading: Heading | None = None, **numbers: float) -> Part:
    strength, speed = numbers.get("strength", 1.0), numbers.get("speed", 1.0)
    return Part(motion, strength, speed, heading, np.random.default_rng(seed))


def make(motion: Motion, stage: Stage, **wishes: float) -> Effect:
    return MAKERS[motion](stage, part(motion, **wishes))


def plate_scene(motion: Motion, width: int = 180, height: int = 320) -> Stage:
    """A stage that shows what a motion needs."""
    if motion == "falling_water":
        return gorge(width, height)
    if motion == "smoke":
        puff = np.zeros((height, width), dtype=np.float32)
        cv2.circle(puff, (width // 2, height // 2), width // 4, 1.0, cv2.FILLED)
        return replace(coast(width, height), masks={"smoke": puff})
    if motion == "sun_glow":
        sun = Spot("sun", 0.4 * width, 0.3 * height, 0.03 * height, 1.0, 1.0)
        return coast(width, height, sources=(sun,))
    return coast(width, height, night=motion == "stars")


ALL: tuple[Motion, ...] = tuple(MAKERS)


def inside(mask: Map, warp: Warp) -> Map:
    return as_map(way_to_border(mask, warp.patch) > 0.0)


def nothing(light: Light, phase: float) -> bool:
    values = light.at(phase)
    return bool(np.allclose(values, np.broadcast_to(as_map([1, 0, 0]), values.shape), atol=2e-4))


def lengths(field: Map) -> Map:
    return as_map(np.linalg.norm(field, axis=2))


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


def dusk_picture(width: int, height: int) -> Planes:
    half = (height // 2, width // 2)
    return Planes(
        as_rgb(np.full((height, width), 40, np.uint8)),
        as_rgb(np.full(half, round(NEUTRAL), np.uint8)),
        as_rgb(np.full(half, round(NEUTRAL), np.uint8)),
    )


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


def test_a_clear_sky_has_no_clouds() -> None:
    stage = coast()
    plate = stage.plate.copy()
    plate[:144] = np.linspace(120, 200, 144)[:, None, None]
    with pytest.raises(NothingToMove, match="the sky is clear"):
        make("clouds", replace(stage, plate=as_rgb(plate)))


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


@pytest.mark.parametrize("motion", ["waves", "reflections"])
def test_the_seam_of_a_loop_cannot_be_told_by_its_pace(motion: Motion) -> None:
    stage = coast(360, 640)
    (warp,) = make(motion, stage).warps
    frame = 1.0 / (stage.seconds * FPS)
    before = warp.at(1.0) - warp.at(1.0 - frame)
    after = warp.at(frame) - warp.at(0.0)
    change = lengths(after - before).mean()
    assert change < 0.5 * lengths(after).mean()


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
