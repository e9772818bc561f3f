"""Smoke that the photo shows rises and curls on its way."""

import numpy as np

from model_endpoint.engines.motion.effects.falling import run
from model_endpoint.engines.motion.effects.harmonics import curl, smooth_noise, smoothstep
from model_endpoint.engines.motion.effects.region import full, seen, way_to_border
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    Maker,
    NothingToMove,
    Part,
    Patch,
    Stage,
)
from model_endpoint.pixels import as_map
from model_endpoint.scene.model import SKY, SMOKE
from story.generation import Heading, Motion

#: How fast smoke rises, parts of the picture's longer side a second: about a pixel a frame.
SPEED = 0.02
#: Where the wind carries it: sideways as a part of upwards, by heading.
LEANING: dict[Heading, float] = {"left": -0.8, "right": 0.8}
#: How much it curls relative to its rise, and the size of its eddies, part of the longer side.
CURL = 0.45
EDDY = 0.05
#: Seconds of a period, and the width over which smoke is slower at its border, part of the longer
#: side.
PERIOD_SECONDS = 1.7
BORDER = 0.012
#: Coverage of the sky from which on it shows through.
THROUGH = 0.004
#: Part of the first frame that smoke must fill.
MIN_AREA = 0.002


def smoke(stage: Stage, part: Part) -> Effect:
    """The smoke of the photo rises; none is made up."""
    there = stage.masks.get(SMOKE)
    if there is None or seen(there, stage) < MIN_AREA:
        raise NothingToMove("no smoke found")
    if SKY in stage.masks:
        # Where the sky shows through its haze, the ground's layer is not all of the picture.
        there = as_map(np.where(stage.masks[SKY] > THROUGH, 0.0, there))
    longer = max(stage.size)
    patch = Patch.around(there, FIELD_PX)
    if patch is None:
        raise NothingToMove("no smoke found")
    cell = EDDY * longer / FIELD_PX
    eddies = curl(smooth_noise(patch.field_shape, (cell, cell), part.random)) * cell
    deviation = float(np.sqrt(np.mean(np.square(eddies))))
    lean = LEANING[part.heading] if part.heading in LEANING else part.random.uniform(-0.25, 0.25)
    rise = as_map([lean, -1.0]) + eddies * (CURL / max(deviation, 1.0))
    speed = SPEED * longer * part.speed * (0.5 + 0.5 * part.strength)
    slower = smoothstep(0.0, 1.0, as_map(way_to_border(there, patch) / (BORDER * longer)))
    flow = as_map(rise * (speed * slower)[..., None])
    running = run(stage, patch, full(there, patch), flow, PERIOD_SECONDS / part.speed)
    return Effect("smoke", "smoke rises", currents=(running,))


MAKERS: dict[Motion, Maker] = {"smoke": smoke}
