"""Water that falls: it runs down along its streaks, fast where it is steep, slower in pools.

A steady flow v moves what is at p to where dp/dt = v(p) leads: Euler integration, forwards for the
copy that is on its way to a period's end and backwards for the one that has come from its start.
Holynski et al., Animating Pictures with Eulerian Motion Fields, CVPR 2021, eq. 2 and 7.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.harmonics import smoothstep
from model_endpoint.engines.motion.effects.region import coarse, colours, full, seen, way_to_border
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    LayerName,
    Maker,
    NothingToMove,
    Part,
    Patch,
    Stage,
)
from model_endpoint.pixels import Map, as_map
from model_endpoint.scene.model import FALLING_WATER, WATER
from story.generation import Motion

#: Speed of steep white water in a fall of HIGH, parts of the picture's longer side a second: about
#: 4 pixels a frame; of level and of smooth water relative to that.
SPEED = 0.08
HIGH = 0.15
LEVEL = 0.35
SMOOTH = 0.7
#: What falls from height h has the speed √(2gh): a lower fall is slower, within these limits.
SLOWEST, FASTEST = 0.4, 1.3
#: Way in a period: a part of the fall's height, or another fall's picture or none would be seen in
#: it; and a part of the longer side at most.
WAY = 0.45
MAX_WAY = 0.04
#: Seconds of a period from and to.
PERIOD_SECONDS = (0.35, 1.2)
#: Steps of the integration over a period; between two of them the way is straight.
STEPS = 12
#: Width over which the water is slower at its banks, and how far above and below the fall water
#: still moves with it, parts of the longer side.
BANK = 0.006
OVER = 0.01
#: Values of a field over which directions are smoothed and carried on.
DIRECTIONS = 2.0
#: Luma, 0..1, at which water is not white at all, and is all white.
WHITE = (0.3, 0.75)
LUMA_MAX = 255.0
#: Part of the first frame that falling water must fill.
MIN_AREA = 0.0008
INSIDE = 0.5
#: A direction shorter than this is none.
NO_DIRECTION = 0.05


def velocity(stage: Stage, patch: Patch, reach: Map, falls: Map, flow: Map) -> Map:
    """(rows, columns, 2) plate pixels a second.

    reach (H, W): what may move, at its border nothing does; falls (rows, columns): what falls;
    flow (H, W, 2): where to.
    """
    weight = falls[..., None]
    ways = np.stack([coarse(as_map(flow[..., axis]), patch) for axis in (0, 1)], axis=2) * weight
    known = as_map(cv2.GaussianBlur(as_map(ways), (0, 0), DIRECTIONS))
    length = np.linalg.norm(known, axis=2, keepdims=True)
    direction = np.where(length > NO_DIRECTION, known / np.maximum(length, NO_DIRECTION), 0.0)
    luma = as_map(cv2.cvtColor(colours(stage.plate, patch), cv2.COLOR_RGB2GRAY) / LUMA_MAX)
    white = smoothstep(*WHITE, as_map(cv2.GaussianBlur(luma, (0, 0), DIRECTIONS)))
    steep = np.clip(direction[..., 1], 0.0, 1.0) ** 2
    pace = (LEVEL + (1.0 - LEVEL) * steep) * (SMOOTH + (1.0 - SMOOTH) * white)
    pace *= np.clip(np.sqrt(heights(falls) / (HIGH * max(stage.size))), SLOWEST, FASTEST)
    banks = smoothstep(0.0, 1.0, as_map(way_to_border(reach, patch) / (BANK * max(stage.size))))
    return as_map(direction * (SPEED * max(stage.size) * pace * banks)[..., None])


def heights(falls: Map) -> Map:
    """How high the fall at each value of a field is, plate pixels: its run of rows, smoothed."""
    inside = falls > INSIDE
    above = np.zeros(falls.shape, dtype=np.float32)
    below = above.copy()
    for row in range(1, len(falls)):
        above[row] = (above[row - 1] + 1.0) * inside[row]
        below[-1 - row] = (below[-row] + 1.0) * inside[-1 - row]
    high = as_map((above + below) * (FIELD_PX * inside))
    there = cv2.GaussianBlur(as_map(inside), (0, 0), 2.0 * DIRECTIONS)
    return as_map(cv2.GaussianBlur(high, (0, 0), 2.0 * DIRECTIONS) / np.maximum(there, 1e-3))


def period_of(falls: Map, flow: Map, longer: int) -> float:
    """Seconds after which a flow (rows, columns, 2) has gone as far as its falls allow."""
    inside = falls > INSIDE
    if not inside.any():
        return PERIOD_SECONDS[0]
    speed = np.linalg.norm(flow, axis=2)[inside]
    reach = np.minimum(WAY * heights(falls)[inside], MAX_WAY * longer)
    # The fastest tenth may go a little farther.
    return float(np.clip(np.percentile(reach / np.maximum(speed, 1e-3), 10), *PERIOD_SECONDS))


def ways(flow: Map, seconds: float, steps: int) -> Map:
    """Where a steady flow leads in equal steps: (steps + 1, rows, columns, 2) plate pixels.

    flow (rows, columns, 2): plate pixels a second; seconds may be negative, back to the origin.
    """
    rows, columns = flow.shape[:2]
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    place = as_map(np.stack([x, y], axis=2))
    way = np.zeros((steps + 1, rows, columns, 2), dtype=np.float32)
    for step in range(steps):
        there = place + way[step] * np.float32(1.0 / FIELD_PX)
        seen = cv2.remap(
            flow,
            as_map(there[..., 0]),
            as_map(there[..., 1]),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        cv2.scaleAdd(as_map(seen), seconds / steps, way[step], way[step + 1])
    return way


@dataclass(frozen=True, slots=True)
class Running:
    """A flow on its way: see stage.Current.

    back, ahead (steps + 1, rows, columns, 2): see ways, over one period; periods: in a clip.
    """

    layer: LayerName
    patch: Patch
    mask: Map
    back: Map
    ahead: Map
    periods: int

    def copies(self, phase: float) -> tuple[tuple[float, Map], ...]:
        """One copy that has come from where the period began, one that goes where it ends."""
        since = (phase * self.periods) % 1.0
        return (
            (1.0 - since, _between(self.back, since)),
            (since, _between(self.ahead, 1.0 - since)),
        )


def _between(steps: Map, part: float) -> Map:
    position = part * (len(steps) - 1)
    step = min(int(position), len(steps) - 2)
    rest = position - step
    return as_map(cv2.addWeighted(steps[step], 1.0 - rest, steps[step + 1], rest, 0.0))


def run(stage: Stage, patch: Patch, mask: Map, flow: Map, period: float) -> Running:
    """A current of a velocity (see velocity) that starts over after about `period` seconds."""
    periods = max(1, round(stage.seconds / period))
    lasting = stage.seconds / periods
    return Running(
        "ground", patch, mask, ways(flow, -lasting, STEPS), ways(flow, lasting, STEPS), periods
    )


def falling_water(stage: Stage, part: Part) -> Effect:
    """Falls and rapids run down without an end."""
    falls, flow = stage.masks.get(FALLING_WATER), stage.flows.get(FALLING_WATER)
    if falls is None or flow is None or seen(falls, stage) < MIN_AREA:
        raise NothingToMove("no falling water found")
    longer = max(stage.size)
    margin = max(2, round(2 * OVER * longer))
    patch = Patch.around(falls, margin)
    if patch is None:
        raise NothingToMove("no falling water found")
    reach = reach_of(stage, falls)
    there = coarse(falls, patch)
    speed = part.speed * (0.5 + 0.5 * part.strength)
    moved = as_map(velocity(stage, patch, reach, there, flow) * np.float32(speed))
    period = period_of(there, moved, longer)
    running = run(stage, patch, full(reach, patch), moved, period)
    return Effect("falling_water", "water falls", currents=(running,))


def reach_of(stage: Stage, falls: Map) -> Map:
    """(H, W): the falls and the water right above and below them, where they start and end."""
    side = 2 * max(1, round(OVER * max(stage.size))) + 1
    grown = cv2.dilate(falls, np.ones((side, side), np.uint8))
    reach = np.minimum(grown, np.maximum(falls, stage.masks.get(WATER, falls)))
    # At its border nothing moves: it needs no soft outline, under which the renderer would have to
    # make up water.
    return as_map(reach > INSIDE)


MAKERS: dict[Motion, Maker] = {"falling_water": falling_water}
