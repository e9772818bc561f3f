"""Vapour that rises: threads of it, carried upwards by eddies, that fold, spread and thin out.

What is seen of smoke and steam are streaklines: where everything is by now that has left one place
since. Each thread leaves its own place at the foot; all are carried by one flow, a rise with curls
(Bridson et al., Curl-Noise for Procedural Fluid Flow, SIGGRAPH 2007) that rise as well and repeat
with the clip. A flow without sinks gathers no threads, so that they cross and fold as sheets do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.engines.motion.effects.harmonics import smoothstep
from model_endpoint.engines.motion.effects.particles import lay_scaled
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.stage import View
from model_endpoint.pixels import Map, as_map, as_rgb

#: Cells across and up of a plume; it is laid over the picture softly.
CELLS = 176
MOST_ROWS = 256
#: Room around a plume's axis, in half widths of its foot.
ROOM = 2.2
#: Threads of a plume, and how many parts of each are followed a second.
THREADS = 64
PARTS_HZ = 30.0
#: What a thread is made of at most and at least: the exponent of its share among all of them.
UNEVEN = 4.0
#: Where a thread leaves wanders so far, half widths, in so many harmonics of the clip; how much
#: what leaves there varies, and the height of the ellipse that a rim is.
WANDER, WANDERS, PUFFS, RIM = 0.22, 4, 0.5, 0.28
#: The eddies' flow: its side in cells, a power of two, and more whole sides than anything goes.
NOISE = 128
WHOLE_TURNS = np.float32(256 * NOISE)
#: Of each octave of eddies the half widths in which it repeats, its waves in that, its speed and
#: how fast it rises, both relative to the plume's rise.
EDDIES = (
    (4.4, (1.0, 4.0), 0.3, 0.72),
    (2.2, (1.5, 4.5), 0.22, 0.86),
    (1.3, (1.5, 4.5), 0.11, 0.94),
)
SPECTRUM = -1.5
#: Half widths above the foot where eddies have half their speed: what leaves a foot is smooth.
STEADY = 0.7
#: Softness of threads young and old, cells if there were SOFT_CELLS; haze is softer by so much.
SOFT = (1.5, 1.3, 3.4)
SOFT_CELLS = 120.0
HAZY = 1.6
#: Parts of a life in which vapour becomes visible, and the exponent with which it thins out.
RISE, THINNING = 0.34, 0.95
#: Seconds in which a plume begins, and in a loop in which it ends before the clip does.
BEGIN_S, END_S = 0.5, (1.7, 0.5)
FULL = 255.0


@dataclass(frozen=True, slots=True)
class Growth:
    """A plume's form. Lengths in half widths of its foot.

    height; widths: half widths at the foot and the top; lean: how far the top is to the right;
    speed: a second; cover: optical density where it is dense; threads: their share beside haze.
    """

    height: float
    widths: tuple[float, float]
    lean: float
    speed: float
    cover: float
    threads: float


class Eddies:
    """One octave of curls that rises by whole repeats a clip."""

    def __init__(
        self,
        random: np.random.Generator,
        octave: tuple[float, tuple[float, float], float, float],
        *,
        rise: float,
        seconds: float,
    ) -> None:
        """rise: half widths a second of the plume; octave: see EDDIES."""
        span, (lowest, highest), share, climbing = octave
        across = np.fft.rfftfreq(NOISE) * NOISE
        along = np.fft.fftfreq(NOISE)[:, None] * NOISE
        frequency = np.hypot(along, across[None, :])
        inside = (frequency >= lowest) & (frequency <= highest)
        amplitude = np.where(inside, np.maximum(frequency, 1.0) ** SPECTRUM, 0.0)
        angles = random.uniform(0.0, 2.0 * np.pi, amplitude.shape)
        stream = amplitude * np.exp(1j * angles)
        # (∂ψ/∂up, -∂ψ/∂across), of deviation 1 together.
        flow = np.stack(
            [
                np.fft.irfft2(1j * along * stream, s=(NOISE, NOISE)),
                np.fft.irfft2(-1j * across[None, :] * stream, s=(NOISE, NOISE)),
            ],
            axis=2,
        )
        flow *= share * rise / np.sqrt(np.square(flow).mean())
        self._across, self._up = (as_map(flow[..., axis].ravel()) for axis in (0, 1))
        self._cells = NOISE / span
        self._repeats = max(1, round(climbing * rise * seconds / span))
        self._seconds = seconds

    def at(self, x: Map, up: Map, moment_s: Map) -> tuple[Map, Map]:
        """Half widths a second to the right and up, each (n,), of n places at n moments."""
        carried = moment_s * (self._repeats * NOISE / self._seconds)
        # Moved by WHOLE_TURNS nothing is negative, and cutting off is rounding down.
        column = (x * self._cells + WHOLE_TURNS).astype(np.intp) & (NOISE - 1)
        row = (up * self._cells - carried + WHOLE_TURNS).astype(np.intp) & (NOISE - 1)
        cell = row * NOISE + column
        return as_map(self._across.take(cell)), as_map(self._up.take(cell))


class Plume:
    """Vapour over one place."""

    def __init__(
        self,
        random: np.random.Generator,
        growth: Growth,
        *,
        place: tuple[float, float, float],
        radius: float,
        ink: Map,
        seconds: float,
        loop: bool,
        behind_subject: bool,
    ) -> None:
        """place: x, y of its foot on the plate and its depth; radius: half the foot's width."""
        self.behind_subject = behind_subject
        self._place, self._radius, self._ink = place, radius, ink
        self._room = ROOM * max(1.0, growth.widths[1] / 1.5) + abs(growth.lean)
        self._cell = 2.0 * self._room / CELLS
        self._rows = min(MOST_ROWS, math.ceil(growth.height / self._cell))
        self._seconds, self._loop = seconds, loop
        life = min(growth.height / growth.speed, 0.8 * seconds)
        self._ages = max(2, round(life * PARTS_HZ))
        births = math.ceil(seconds * PARTS_HZ) + 1
        moments = as_map(np.arange(births) / PARTS_HZ)
        self._given = self._leaving(random, growth, moments)
        self._ways = self._streaks(random, growth, moments)
        age = as_map((np.arange(self._ages) + 0.5) / self._ages)
        self._age = age
        self._shown = as_map(smoothstep(0.0, RISE, age) * (1.0 - age) ** THINNING)
        haze = 1.0 + HAZY * (1.0 - growth.threads)
        self._softness = tuple(haze * each * CELLS / SOFT_CELLS for each in SOFT)
        # So many parts fall on a cell where the plume is dense.
        passing = THREADS * PARTS_HZ * self._cell / growth.speed
        across = 2.0 * growth.widths[0] / self._cell
        self._density = growth.cover * across / passing

    def _leaving(self, random: np.random.Generator, growth: Growth, moments: Map) -> Map:
        """(births, THREADS): how much leaves each place at each moment, of mean about 1."""
        share = random.uniform(0.0, 1.0, THREADS) ** (UNEVEN * growth.threads)
        turn = 2.0 * np.pi * moments[:, None] / self._seconds
        puffs = np.zeros((len(moments), THREADS))
        for cycles in range(2, 2 + WANDERS):
            puffs += np.sin(cycles * turn + random.uniform(0.0, 2.0 * np.pi, THREADS))
        given = share / share.mean() * np.clip(1.0 + PUFFS * puffs / math.sqrt(WANDERS / 2), 0, 3)
        given *= smoothstep(0.0, BEGIN_S, moments)[:, None]
        if self._loop:
            ends = self._seconds - np.array(END_S)
            given *= 1.0 - smoothstep(float(ends[0]), float(ends[1]), moments)[:, None]
        return as_map(given)

    def _streaks(self, random: np.random.Generator, growth: Growth, moments: Map) -> Map:
        """(ages + 1, births, THREADS, 2): where each part of each thread is at each age.

        In half widths to the right and up: Euler's integration of the flow, from each birth.
        """
        rise = growth.speed
        eddies = [Eddies(random, octave, rise=rise, seconds=self._seconds) for octave in EDDIES]
        # As many leave everywhere between the rim's ends.
        start = np.sin(0.5 * np.pi * np.linspace(-0.94, 0.94, THREADS)) * growth.widths[0]
        turn = 2.0 * np.pi * moments[:, None] / self._seconds
        from_x = np.repeat(start[None, :], len(moments), axis=0)
        for cycles in range(1, 1 + WANDERS):
            angles = random.uniform(0.0, 2.0 * np.pi, THREADS)
            from_x += WANDER / cycles * np.sin(cycles * turn + angles)
        x = as_map(from_x.ravel())
        up = as_map(np.tile(random.uniform(0.0, RIM, THREADS), len(moments)))
        born = np.repeat(moments, THREADS)
        narrow, wide = growth.widths
        spread = (wide - narrow) / growth.height
        ways = np.empty((self._ages + 1, len(x), 2), dtype=np.float32)
        ways[0, :, 0], ways[0, :, 1] = x, up
        step = np.float32(1.0 / PARTS_HZ)
        for age in range(self._ages):
            free = up / (up + STEADY)
            moment = as_map(born + age * step)
            right, higher = np.zeros_like(x), np.zeros_like(x)
            for each in eddies:
                across, along = each.at(x, up, moment)
                right += across * free
                higher += along * free
            width = narrow + spread * np.clip(up, 0.0, growth.height)
            sideways = rise * (growth.lean / growth.height + x * spread / width)
            x = as_map(x + step * (right + sideways))
            up = as_map(up + step * (higher + rise))
            ways[age + 1, :, 0], ways[age + 1, :, 1] = x, up
        return as_map(ways.reshape(self._ages + 1, len(moments), THREADS, 2))

    def coverage(self, phase: float) -> Map:
        """(rows, columns) 0..1: how much the vapour hides."""
        now = phase * self._seconds * PARTS_HZ
        latest, since = int(now), np.float32(now - int(now))
        ages = np.arange(min(self._ages, latest + 1))
        births = latest - ages
        younger, older = self._ways[ages, births], self._ways[ages + 1, births]
        at = younger + since * (older - younger)
        given = self._given[births] * self._shown[ages][:, None]
        # Halfway between neighbours of one thread as well: no thread falls into beads.
        at = np.concatenate([at, 0.5 * (at[1:] + at[:-1])])
        given = 0.5 * np.concatenate([given, 0.5 * (given[1:] + given[:-1])])
        age = self._age[ages]
        age = np.concatenate([age, 0.5 * (age[1:] + age[:-1])])
        total = np.zeros((self._rows, CELLS), np.float32)
        middle = 0.5
        weights = (
            np.clip(1.0 - age / middle, 0.0, 1.0),
            1.0 - np.abs(age - middle) / middle,
            np.clip(age / middle - 1.0, 0.0, 1.0),
        )
        corner, shares = self._corners(at)
        for softness, weight in zip(self._softness, weights, strict=True):
            some = weight > 0.0
            value = given[some] * weight[some][:, None]
            layer = self._scattered(corner[some], [share[some] * value for share in shares])
            total += cv2.GaussianBlur(layer, (0, 0), softness, borderType=cv2.BORDER_CONSTANT)
        total *= -self._density * self._ending(phase)
        cv2.exp(total, dst=total)
        return as_map(1.0 - total)

    def _corners(self, at: Map) -> tuple[NDArray[np.intp], tuple[Map, ...]]:
        """The first of the four cells nearest to each place (n, THREADS), and the four's shares.

        What is not inside has shares of nothing, in cells that are there.
        """
        column = (at[..., 0] + self._room) / self._cell - 0.5
        row = self._rows - at[..., 1] / self._cell - 0.5
        left, top = np.floor(column), np.floor(row)
        inside = (left >= 0) & (left < CELLS - 1) & (top >= 0) & (top < self._rows - 1)
        right, down = column - left, row - top
        corner = np.where(inside, top * CELLS + left, 0.0).astype(np.intp)
        here, below = (1.0 - down) * inside, down * inside
        return corner, ((1.0 - right) * here, right * here, (1.0 - right) * below, right * below)

    def _scattered(self, corner: NDArray[np.intp], values: Sequence[Map]) -> Map:
        """(rows, CELLS): what lies in each cell; see _corners."""
        cells, places = self._rows * CELLS, corner.ravel()
        total = np.zeros(cells)
        for step, value in zip((0, 1, CELLS, CELLS + 1), values, strict=True):
            total += np.bincount(places + step, value.ravel(), cells)
        return as_map(total.reshape(self._rows, CELLS))

    def _ending(self, phase: float) -> float:
        """1, but in a loop 0 at its end: what is left by then goes."""
        if not self._loop:
            return 1.0
        left = (1.0 - phase) * self._seconds
        return float(smoothstep(0.0, 2.0 * END_S[1], as_map(left)))

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the vapour on the picture."""
        x, y, depth = self._place
        seen_x, seen_y, growth = view.place(as_map([x]), as_map([y]), depth)
        scale = self._cell * self._radius * growth
        coverage = cv2.convertScaleAbs(self.coverage(phase), alpha=FULL)
        left = float(seen_x[0]) - CELLS / 2.0 * scale
        top = float(seen_y[0]) - self._rows * scale
        lay_scaled(picture, as_rgb(coverage), (left, top), scale, self._ink)
