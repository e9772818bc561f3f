"""Stages with sky and water, drawn by hand, and what their tests share."""

from dataclasses import replace

import cv2
import numpy as np

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
    Effect,
    Light,
    Maker,
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


def dusk_picture(width: int, height: int) -> Planes:
    half = (height // 2, width // 2)
    return Planes(
        as_rgb(np.full((height, width), 40, np.uint8)),
        as_rgb(np.full(half, round(NEUTRAL), np.uint8)),
        as_rgb(np.full(half, round(NEUTRAL), np.uint8)),
    )
