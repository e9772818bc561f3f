"""A layer bent by a sum of whole cycles, and what keeps a bend within its bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model_endpoint.engines.motion.effects.harmonics import Cycles, smoothstep
from model_endpoint.engines.motion.stage import FIELD_PX, LayerName, Patch
from model_endpoint.pixels import Map, as_map

#: A displacement is at most this part of the way to its region's border.
BORDER_SHARE = 0.5
#: A displacement changes by less than this a pixel: places never pass one another.
MAX_SLOPE = 0.5
#: Moments of the clip at which a bend's reach is looked at.
MOMENTS = 13


@dataclass(frozen=True, slots=True)
class Bend:
    """A warp made of cycles: see stage.Warp."""

    layer: LayerName
    patch: Patch
    cycles: Cycles

    def at(self, phase: float) -> Map:
        """(rows, columns, 2) float32 plate pixels."""
        return self.cycles.at(phase)


@dataclass(frozen=True, slots=True)
class Wave:
    """One harmonic of a bend: count cycles in the clip.

    way (rows, columns, 2): its amplitude in plate pixels; lag (rows, columns): radians by which
    each place is behind.
    """

    count: int
    way: Map
    lag: Map


def sum_of(waves: Sequence[Wave]) -> Cycles:
    """Σ way·(cos(2πn t - lag) - cos lag), as cycles."""
    return Cycles(
        tuple(wave.count for wave in waves),
        [as_map(wave.way * np.cos(wave.lag)[..., None]) for wave in waves],
        [as_map(wave.way * np.sin(wave.lag)[..., None]) for wave in waves],
    )


def within(waves: Sequence[Wave], reach: Map | None = None) -> Cycles:
    """The waves' sum, made smaller where it would be longer than reach, and nowhere steep.

    reach (rows, columns): the longest displacement each place may have, or None for any.
    """
    free = sum_of(waves)
    moments = [free.at(moment / MOMENTS) for moment in range(1, MOMENTS)]
    gain = np.ones(waves[0].lag.shape, dtype=np.float32)
    if reach is not None:
        longest = np.zeros_like(gain)
        for field in moments:
            np.maximum(longest, np.square(field[..., 0]) + np.square(field[..., 1]), out=longest)
        # A soft limit: no plateau where the bound begins.
        gain = as_map(reach / np.sqrt(np.square(reach) + longest + 1e-6))
    slope = max(steepness(as_map(field * gain[..., None])) for field in moments)
    gain *= min(1.0, MAX_SLOPE / max(slope, 1e-6))
    return sum_of(
        [Wave(wave.count, as_map(wave.way * gain[..., None]), wave.lag) for wave in waves]
    )


def reach_of(way_to_border: Map) -> Map:
    """The longest displacement at so many pixels from a region's border (see region.py).

    It rises from 0 a square inside the border, where a field begins, so that nothing tears there.
    """
    return as_map(BORDER_SHARE * np.maximum(way_to_border - FIELD_PX, 0.0))


def steepness(field: Map) -> float:
    """The largest change of a field (rows, columns, 2) between neighbours, per plate pixel."""
    steps = [np.abs(np.diff(field, axis=axis)) for axis in (0, 1) if field.shape[axis] > 1]
    return max((float(step.max()) for step in steps), default=0.0) / FIELD_PX


def counts(hertz: Sequence[float], seconds: float, speed: float) -> tuple[int, ...]:
    """Whole numbers of cycles in a clip that come near to these rates, each at most once."""
    found: list[int] = []
    for rate in hertz:
        count = max(1, round(rate * seconds * speed))
        while count in found:
            count += 1
        found.append(count)
    return tuple(found)


def taper(patch: Patch, width_px: float) -> Map:
    """1 inside a patch, falling to exactly 0 on its border over a width in plate pixels."""
    rows, columns = patch.field_shape
    down = np.minimum(np.arange(rows), np.arange(rows)[::-1])[:, None]
    across = np.minimum(np.arange(columns), np.arange(columns)[::-1])[None, :]
    way = as_map(np.minimum(down, across)) * FIELD_PX
    return smoothstep(0.0, max(width_px, float(FIELD_PX)), way)
