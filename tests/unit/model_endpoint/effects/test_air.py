"""Air, weather and light on stages drawn by hand: what shows, how fast it moves, and when not."""

from dataclasses import replace
from typing import get_args

import cv2
import numpy as np
import pytest

from model_endpoint.engines.motion.effects import fire, light, motes, petals, steam, weather
from model_endpoint.engines.motion.effects.fire import Flames
from model_endpoint.engines.motion.effects.particles import (
    Brush,
    Sprites,
    inks,
    lay_over,
    lay_scaled,
    soft,
)
from model_endpoint.engines.motion.effects.paths import Lives, Wander, arch
from model_endpoint.engines.motion.effects.plume import Plume
from model_endpoint.engines.motion.effects.rain import wrapped
from model_endpoint.engines.motion.effects.snow import SNOW, Snow
from model_endpoint.engines.motion.planes import BLACK, WHITE, Planes, packed, planes
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    Maker,
    NothingToMove,
    Part,
    Spot,
    Stage,
)
from model_endpoint.pixels import Map, as_map, as_rgb
from model_endpoint.scene.model import SceneKind
from story.generation import Heading, Motion

FPS = 24
MARGIN = 12
MAKERS: dict[Motion, Maker] = {
    **weather.MAKERS,
    **petals.MAKERS,
    **motes.MAKERS,
    **steam.MAKERS,
    **fire.MAKERS,
    **light.MAKERS,
}
MOTIONS = tuple(MAKERS)
#: Asked for by name, they may be there from the first frame.
FROM_THE_START = ("rain", "snow")
#: The others waver or pass: what is left of them at the end is chance.
STEADY = tuple(
    motion for motion in MOTIONS if motion not in {"twinkle", "fire", "exhaust", "light_sweep"}
)
HUGE, SMALL = (1080, 1920), (180, 320)


class Still:
    """A camera that stands at home."""

    def __init__(self, home: tuple[int, int], shift: float = 0.0) -> None:
        self.home, self.shift = home, shift

    def place(self, x: Map, y: Map, depth: Map | float) -> tuple[Map, Map, float]:
        del depth
        return as_map(x - self.home[0] + self.shift), as_map(y - self.home[1]), 1.0


def night(
    size: tuple[int, int] = SMALL,
    *,
    seconds: float = 5.0,
    loop: bool = True,
    kind: SceneKind = "other",
    spots: bool = True,
) -> Stage:
    """A dark room with a fire, a cup, a window and two lamps."""
    width, height = size[0] + 2 * MARGIN, size[1] + 2 * MARGIN
    plate = np.full((height, width, 3), (46, 44, 40), np.uint8)
    plate[:, : width // 2] += 12
    unit = max(size)
    sources = []
    if spots:
        for name, x, y, radius in (
            ("fire", 0.5, 0.75, 0.08),
            ("steam", 0.3, 0.6, 0.06),
            ("window", 0.9, 0.2, 0.05),
            ("light", 0.2, 0.4, 0.008),
            ("light", 0.75, 0.42, 0.01),
        ):
            at = (width * x, height * y)
            sources.append(Spot(name, *at, radius * unit, 0.9, 0.9))
            if name in {"fire", "light"}:
                cv2.circle(
                    plate, (round(at[0]), round(at[1])), round(radius * unit), (255, 180, 60), -1
                )
    mask = np.zeros((height, width), np.float32)
    mask[height // 5 : height * 9 // 10, width * 2 // 5 : width * 3 // 5] = 1.0
    return Stage(
        plate=as_rgb(plate),
        home=(MARGIN, MARGIN),
        size=size,
        horizon=0.4 * height,
        depth=as_map(np.linspace(1.0, 0.0, height)[:, None].repeat(width, axis=1)),
        masks={"subject": mask} if kind == "rocket" else {},
        flows={},
        faces=(),
        sources=tuple(sources),
        kind=kind,
        seconds=seconds,
        fps=FPS,
        loop=loop,
    )


def part(motion: Motion, seed: int = 3, heading: Heading | None = None, speed: float = 1.0) -> Part:
    return Part(motion, 1.0, speed, heading, np.random.default_rng(seed))


def made(motion: Motion, stage: Stage, seed: int = 3) -> Effect:
    return MAKERS[motion](stage, part(motion, seed))


def blank(stage: Stage) -> Planes:
    left, top = stage.home
    width, height = stage.size
    return planes(packed(stage.plate[top : top + height, left : left + width].copy()))


def drawn(effect: Effect, stage: Stage, phase: float) -> Planes:
    picture = blank(stage)
    for veil in effect.veils:
        veil.over(picture, phase, Still(stage.home))
    return picture


def difference(one: Planes, other: Planes) -> int:
    return max(
        int(cv2.absdiff(a, b).max())
        for a, b in ((one.y, other.y), (one.u, other.u), (one.v, other.v))
    )


def stage_for(motion: Motion, size: tuple[int, int] = SMALL, seconds: float = 5.0) -> Stage:
    return night(size, seconds=seconds, kind="rocket" if motion == "exhaust" else "other")


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize("phase", [0.0, 1.0])
def test_the_photo_is_as_it_was_at_the_clips_ends(motion: Motion, phase: float) -> None:
    stage = stage_for(motion)
    effect = made(motion, stage)
    if motion not in FROM_THE_START:
        assert difference(drawn(effect, stage, phase), blank(stage)) == 0
    for each in effect.lights:
        assert np.abs(each.at(phase) - as_map([1.0, 0.0, 0.0])).max() < 1e-4
    for warp in effect.warps:
        assert np.abs(warp.at(phase)).max() < 1e-3


@pytest.mark.parametrize("motion", FROM_THE_START)
def test_weather_ends_where_it_began(motion: Motion) -> None:
    stage = night()
    effect = made(motion, stage)
    begin, end = (drawn(effect, stage, phase) for phase in (0.0, 1.0))
    assert float((cv2.absdiff(begin.y, end.y) > 2).mean()) < 0.001


@pytest.mark.parametrize("motion", MOTIONS)
def test_something_is_seen_in_the_middle_of_the_clip(motion: Motion) -> None:
    stage = stage_for(motion)
    effect = made(motion, stage)
    change = max(difference(drawn(effect, stage, phase), blank(stage)) for phase in (0.4, 0.5))
    lit = max((float(np.abs(a.at(0.5)[..., 0] - 1.0).max()) for a in effect.lights), default=0.0)
    assert change > 20 or lit > 0.1


@pytest.mark.parametrize("motion", MOTIONS)
def test_the_same_seed_makes_the_same_picture(motion: Motion) -> None:
    stage = stage_for(motion)
    one, same, other = (made(motion, stage, seed) for seed in (3, 3, 4))
    assert difference(drawn(one, stage, 0.43), drawn(same, stage, 0.43)) == 0
    if one.veils:
        assert difference(drawn(one, stage, 0.43), drawn(other, stage, 0.43)) > 0


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize(("size", "seconds"), [((64, 64), 1.0), ((320, 180), 10.0), (HUGE, 3.0)])
def test_any_size_and_length_can_be_drawn(
    motion: Motion, size: tuple[int, int], seconds: float
) -> None:
    stage = stage_for(motion, size, seconds)
    effect = made(motion, stage)
    drawn(effect, stage, 0.37)
    for each in effect.lights:
        field = each.at(0.37)
        assert field.shape == (*each.patch.field_shape, 3)
        assert field.dtype == np.float32
        assert np.isfinite(field).all()
        assert field[..., 0].min() > 0.3


@pytest.mark.parametrize("motion", MOTIONS)
def test_nothing_flashes(motion: Motion) -> None:
    stage = stage_for(motion, seconds=3.0)
    effect = made(motion, stage)
    frames = round(stage.seconds * FPS)
    before = None
    for index in range(frames + 1):
        phase = index / frames
        now = float(drawn(effect, stage, phase).y.mean()) - BLACK
        gain = 1.0
        for each in effect.lights:
            covered = each.patch.width * each.patch.height
            whole = stage.plate.shape[0] * stage.plate.shape[1]
            gain += float((each.at(phase)[..., 0] - 1.0).mean()) * min(1.0, covered / whole)
        now *= gain
        if before is not None:
            assert abs(now - before) <= 0.02 * before + 0.05
        before = now


@pytest.mark.parametrize("motion", STEADY)
def test_a_clip_that_is_no_loop_is_not_emptied_at_its_end(motion: Motion) -> None:
    stage = replace(stage_for(motion), loop=False)
    effect = made(motion, stage)
    shown = difference(drawn(effect, stage, 0.99), blank(stage))
    lit = max((float(np.abs(a.at(0.99)[..., 0] - 1.0).max()) for a in effect.lights), default=0.0)
    assert shown > 10 or lit > 0.1


@pytest.mark.parametrize(
    ("motion", "message"),
    [
        ("steam", "nothing hot found"),
        ("fire", "no fire found"),
        ("exhaust", "no rocket found"),
        ("twinkle", "no lights found"),
        ("light_trails", "no row of lights found"),
    ],
)
def test_what_the_photo_lacks_is_left_out(motion: Motion, message: str) -> None:
    with pytest.raises(NothingToMove, match=message):
        made(motion, night(spots=False))


def test_trails_need_a_night() -> None:
    stage = night()
    with pytest.raises(NothingToMove, match="no night"):
        made("light_trails", replace(stage, plate=as_rgb(np.full_like(stage.plate, 200))))


def test_a_landscape_has_no_windows_light() -> None:
    sky = replace(night(spots=False), masks={"sky": np.ones((344, 204), np.float32)})
    with pytest.raises(NothingToMove, match="no room"):
        made("window_light", sky)


def test_every_motion_of_the_air_has_a_maker() -> None:
    mine = {
        "steam", "fire", "exhaust", "rain", "snow", "petals", "fireflies", "dust", "pollen",
        "bokeh", "light_sweep", "window_light", "twinkle", "light_trails",
    }  # fmt: skip
    assert mine == set(MAKERS)
    assert mine <= set(get_args(Motion))


def test_lights_are_nothing_on_the_border_of_their_patch_but_at_the_plates_own() -> None:
    stage = stage_for("exhaust")
    height, width = stage.plate.shape[:2]
    for motion in ("twinkle", "fire", "exhaust"):
        for each in made(motion, stage).lights:
            field, patch = np.abs(each.at(0.4) - as_map([1.0, 0.0, 0.0])), each.patch
            if patch.left > 0:
                assert field[:, 0].max() < 0.02
            if patch.top > 0:
                assert field[0].max() < 0.02
            if patch.left + patch.width < width:
                assert field[:, -1].max() < 0.02
            if patch.top + patch.height < height:
                assert field[-1].max() < 0.02


def test_motes_move_as_slowly_as_things_that_float() -> None:
    stage = night((720, 1280))
    for motion in ("dust", "pollen", "fireflies", "bokeh"):
        for veil in made(motion, stage).veils:
            assert isinstance(veil, motes.Swarm)
            # A hundredth of a frame: within it none is born and none goes.
            step = 0.01 / (stage.seconds * FPS)
            one, two = (veil.sprites(phase, Still(stage.home)) for phase in (0.5, 0.5 + step))
            way = np.hypot(two.x - one.x, two.y - one.y) / 0.01
            assert 0.1 < float(np.median(way)) < 3.0
            assert float(way.max()) < 9.0


def test_motes_follow_the_camera() -> None:
    stage = night()
    veil = made("dust", stage).veils[1]
    assert isinstance(veil, motes.Swarm)
    home = veil.sprites(0.5, Still(stage.home))
    aside = veil.sprites(0.5, Still(stage.home, shift=7.0))
    np.testing.assert_allclose(aside.x - home.x, 7.0, atol=1e-3)


def test_wind_carries_pollen_where_it_is_asked_to() -> None:
    stage = night((720, 1280))
    ways = {}
    for heading in ("left", "right"):
        veil = MAKERS["pollen"](stage, part("pollen", heading=heading)).veils[0]
        assert isinstance(veil, motes.Swarm)
        ways[heading] = float(veil._way_x.mean())
    assert ways["left"] < 0.0 < ways["right"]


def test_snow_falls_faster_the_nearer_it_is() -> None:
    stage = night((720, 1280))
    ways = []
    for fall in SNOW:
        veil = Snow(stage, part("snow"), fall, 0.0)
        one, two = veil.flakes(0.5), veil.flakes(0.5 + 1.0 / (5 * FPS))
        assert (two.reach == one.reach).all()
        ways.append(float(np.median(two.y - one.y)))
    assert ways == sorted(ways)
    assert ways[0] > 1.0
    assert ways[-1] < 30.0


def test_each_flake_ends_where_the_one_before_it_began() -> None:
    stage = night()
    veil = Snow(stage, part("snow"), SNOW[1], 0.1)
    begin, end = veil.flakes(0.0), veil.flakes(1.0)
    ways = int(veil._way.max()) + 1
    np.testing.assert_allclose(end.x[:-ways], begin.x[ways:], atol=0.05)
    np.testing.assert_allclose(end.y[:-ways], begin.y[ways:], atol=0.05)


def test_snow_fills_the_picture_evenly() -> None:
    stage = night((720, 1280))
    flakes = Snow(stage, part("snow"), SNOW[0], 0.3).flakes(0.4)
    seen = (flakes.x > 0) & (flakes.x < 720) & (flakes.y > 0) & (flakes.y < 1280)
    rows = np.histogram(flakes.y[seen], 4, (0, 1280))[0]
    columns = np.histogram(flakes.x[seen], 4, (0, 720))[0]
    assert rows.min() > 0.5 * rows.mean()
    assert columns.min() > 0.5 * columns.mean()


def test_a_sheet_of_rain_has_no_seam() -> None:
    sheet = np.zeros((60, 50), np.uint8)
    cv2.line(sheet, (8, 4), (12, 16), 200, 1)
    inner = wrapped(as_rgb(sheet), 10)
    assert inner.shape == (40, 30)
    assert int((inner > 0).sum()) == int((sheet > 0).sum())


def test_rain_streaks_stand_in_the_way_they_fall() -> None:
    stage = night((360, 640))
    effect = MAKERS["rain"](stage, part("rain", heading="right"))
    front = effect.veils[-1]
    first = blank(stage)
    front.over(first, 0.0, Still(stage.home))
    streaks = as_map(first.y) - as_map(blank(stage).y)
    along = np.abs(cv2.Sobel(streaks, cv2.CV_32F, 0, 1)).sum()
    across = np.abs(cv2.Sobel(streaks, cv2.CV_32F, 1, 0)).sum()
    assert across > 1.5 * along


def test_steam_rises_from_its_foot_and_thins_out() -> None:
    stage = night((720, 1280))
    (plume,) = made("steam", stage).veils
    assert isinstance(plume, Plume)
    rows = np.mean([plume.coverage(phase).mean(axis=1) for phase in np.linspace(0.3, 0.7, 9)], 0)
    top, middle = rows[: len(rows) // 6].mean(), rows[len(rows) // 3 : -len(rows) // 4].mean()
    assert middle > 2.5 * top
    assert rows[-1] < 0.2 * middle
    early = plume.coverage(0.06).mean(axis=1)
    assert early[: len(early) // 2].sum() < 0.1 * early.sum()


def test_steam_is_carried_upwards() -> None:
    stage = night((720, 1280))
    (plume,) = made("steam", stage).veils
    assert isinstance(plume, Plume)
    usual = np.mean([plume.coverage(phase) for phase in np.linspace(0.3, 0.7, 21)], axis=0)
    one, two = (plume.coverage(phase) - usual for phase in (0.5, 0.53))
    body = slice(len(one) // 4, -len(one) // 4)
    scores = {
        shift: float((one[body] * np.roll(two, shift, axis=0)[body]).sum())
        for shift in range(-6, 7)
    }
    assert max(scores, key=lambda shift: scores[shift]) > 0


def test_steam_is_no_sheet_but_threads_with_gaps() -> None:
    stage = night((720, 1280))
    (plume,) = made("steam", stage).veils
    assert isinstance(plume, Plume)
    cover = plume.coverage(0.5)
    line = cover[int(len(cover) * 0.6)]
    inside = line[line > 0.02]
    assert inside.std() > 0.35 * inside.mean()


def test_flames_stay_within_the_flame() -> None:
    stage = night((720, 1280))
    effect = made("fire", stage)
    (flame,) = effect.warps
    assert isinstance(flame, Flames)
    assert flame.layer == "ground"
    spot = stage.spots("fire")[0]
    x, y = flame.patch.coordinates()
    off = np.hypot(x - spot.x, y - spot.y)
    longest = 0.0
    for phase in np.linspace(0.0, 1.0, 24):
        field = flame.at(float(phase))
        length = np.hypot(field[..., 0], field[..., 1])
        assert (length[off > spot.radius + FIELD_PX] == 0.0).all()
        assert (length <= 1.3 * np.maximum(0.0, spot.radius - off + FIELD_PX)).all()
        steep = np.abs(np.diff(field[..., 0], axis=0)).max() / FIELD_PX
        assert steep < 0.9
        longest = max(longest, float(length.max()))
    assert longest > 2.0


def test_a_light_sweep_comes_and_goes() -> None:
    stage = night()
    (sweep,) = made("light_sweep", stage).lights
    gains = [float(sweep.at(phase)[..., 0].mean()) for phase in np.linspace(0.0, 1.0, 41)]
    assert max(gains) > 1.05
    assert gains[0] == pytest.approx(1.0, abs=1e-4)
    assert abs(int(np.argmax(gains)) - 20) < 8


def test_a_windows_light_has_bars_and_a_dark_room_around() -> None:
    (window,) = made("window_light", night((360, 640))).lights
    gain = window.at(0.5)[..., 0]
    assert gain.max() > 1.3
    assert 0.8 < gain.min() < 0.99


def test_fireflies_wait_for_dusk_only_in_a_bright_photo() -> None:
    stage = night()
    day = replace(stage, plate=as_rgb(np.full_like(stage.plate, 170)))
    assert float(made("fireflies", day).lights[0].at(0.5)[..., 0].mean()) < 0.75
    for seconds in (1.0, 3.0, 10.0):
        (dusk,) = made("fireflies", replace(day, seconds=seconds)).lights
        frames = round(seconds * FPS)
        gains = np.array([dusk.at(i / frames)[..., 0].mean() for i in range(frames + 1)])
        assert (np.abs(np.diff(gains)) <= 0.0205 * gains[:-1]).all()
    assert float(made("fireflies", stage).lights[0].at(0.5)[..., 0].mean()) > 0.95


def grey(value: int = 60, size: tuple[int, int] = (64, 48)) -> Planes:
    height, width = size[1], size[0]
    half = (height // 2, width // 2)
    return Planes(
        np.full((height, width), value, np.uint8),
        np.full(half, 128, np.uint8),
        np.full(half, 128, np.uint8),
    )


def one(x: float, y: float, reach: float, cover: float = 1.0) -> Sprites:
    values = (as_map([value]) for value in (x, y, reach, cover))
    return Sprites(*values, ink=inks((255.0, 255.0, 255.0)))


def test_a_sprite_is_where_it_is_put_to_a_part_of_a_pixel() -> None:
    for x in (20.0, 20.25, 20.5, 21.3):
        picture = grey()
        sprite = one(x, 24.0, 5.0)
        Brush().draw(picture, sprite, soft(sprite.reach))
        light = as_map(picture.y) - 60.0
        middle = float((light.sum(axis=0) * np.arange(64)).sum() / light.sum())
        assert middle == pytest.approx(x, abs=0.05)


def test_sprites_may_lie_partly_or_wholly_outside() -> None:
    for x, y in ((-3.0, 10.0), (66.0, 47.0), (30.0, -2.0), (-400.0, 900.0)):
        picture = grey()
        sprite = one(x, y, 6.0)
        Brush().draw(picture, sprite, soft(sprite.reach))
        inside = -6.0 < x < 70.0 and -6.0 < y < 54.0
        assert bool((picture.y > 60).any()) == inside


def test_sprites_that_overlap_cut_no_notch_and_do_not_clip() -> None:
    picture, alone = grey(), grey()
    both = Sprites(
        as_map([20.0, 24.0]), as_map([20.0, 20.0]), as_map([8.0, 8.0]), as_map([1.0, 1.0]),
        inks((255.0, 255.0, 255.0), (255.0, 255.0, 255.0)),
    )  # fmt: skip
    Brush().draw(picture, both, soft(both.reach))
    sprite = one(20.0, 20.0, 8.0)
    Brush().draw(alone, sprite, soft(sprite.reach))
    assert (picture.y >= alone.y).all()
    assert picture.y.max() <= WHITE


def test_a_brush_leaves_no_trace_of_the_batch_before() -> None:
    brush, sprite = Brush(), one(20.0, 20.0, 8.0)
    first, second = grey(), grey()
    for picture in (first, second):
        brush.draw(picture, sprite, soft(sprite.reach))
    assert difference(first, second) == 0


def test_a_batch_of_one_ink_is_drawn_as_one_of_many_inks() -> None:
    pictures = []
    for last in ((255.0, 255.0, 255.0), (255.0, 250.0, 255.0)):
        # The last sprite is outside: it only decides whether all inks are alike.
        sprites = Sprites(
            as_map([20.0, 25.0, 63.0]), as_map([20.0, 22.0, 47.0]), as_map([8.0, 6.0, 1.0]),
            as_map([0.8, 0.5, 0.01]), inks((255.0, 255.0, 255.0), (255.0, 255.0, 255.0), last),
        )  # fmt: skip
        picture = grey()
        Brush().draw(picture, sprites, soft(sprites.reach))
        pictures.append(picture)
    assert difference(*pictures) <= 1


def test_a_coverage_of_nothing_changes_nothing() -> None:
    picture = grey(77)
    lay_over(picture, np.zeros((20, 20), np.uint8), 10, 10, inks((255.0, 0.0, 0.0))[:, 0])
    assert difference(picture, grey(77)) == 0


def test_a_scaled_coverage_glides() -> None:
    middles = []
    for left in (10.0, 10.3, 10.6):
        picture = grey()
        coverage = np.zeros((6, 6), np.uint8)
        coverage[1:5, 1:5] = 200
        ink = inks((255.0, 255.0, 255.0))[:, 0]
        lay_scaled(picture, coverage, (left, 8.0), 4.0, ink)
        light = as_map(picture.y) - 60.0
        middles.append(float((light.sum(axis=0) * np.arange(64)).sum() / light.sum()))
    np.testing.assert_allclose(np.diff(middles), 0.3, atol=0.1)


@pytest.mark.parametrize("seconds", [1.0, 3.0, 10.0])
def test_a_wander_returns_with_the_velocity_it_began_with(seconds: float) -> None:
    wander = Wander(np.random.default_rng(1), 40, seconds=seconds, slowest_hz=0.3)
    np.testing.assert_allclose(wander.at(0.0), wander.at(1.0), atol=1e-4)
    step = 1e-3
    begin = (wander.at(step) - wander.at(0.0)) / step
    end = (wander.at(1.0) - wander.at(1.0 - step)) / step
    np.testing.assert_allclose(begin, end, atol=0.12 * float(np.abs(begin).max()))
    spread = np.stack([wander.at(phase) for phase in np.linspace(0, 1, 200)]).std()
    assert 0.7 < float(spread) < 1.3


def test_lives_of_a_loop_lie_within_it() -> None:
    lives = Lives(np.random.default_rng(2), 200, seconds=3.0, life_s=(1.0, 6.0), loop=True)
    assert float(lives.born.min()) > 0.0
    assert float((lives.born + lives.span).max()) < 1.0


def test_an_arch_is_nothing_before_and_after_life() -> None:
    ages = as_map([-0.5, 0.0, 0.5, 1.0, 1.5])
    np.testing.assert_allclose(arch(ages, 0.3, 0.3), [0, 0, 1, 0, 0], atol=1e-6)
