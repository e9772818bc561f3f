"""Vapour that rises: threads and veils of it, carried upwards, curling and thinning out.

Noise that repeats upwards is carried up through a plume's outline. The places where it is read are
first bent by other noise that rises at another speed (domain warping), the more the higher: that
curls the threads, which are the lines along which the noise is zero.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.effects.particles import lay_scaled
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.stage import View
from model_endpoint.pixels import Map, as_map, as_rgb

#: Cells across and up of a plume; it is laid over the picture softly.
CELLS = 110
MOST_ROWS = 200
#: Noise: its side in cells, and the exponent of its spectrum.
NOISE = 256
SPECTRUM = -1.6
#: Frequencies of the threads, of the haze and of what bends them: the lowest and the highest in
#: cycles a side across, and how many times slower they vary upwards. Threads stand.
THREADS, HAZE, BENDS = (2.0, 12.0, 5.0), (1.0, 9.0, 2.6), (1.0, 5.0, 1.2)
#: Copies of the noise side by side, so that few places are read beyond their border.
COPIES = 3
#: Room around a plume's axis, in half widths of its foot.
ROOM = 2.2
#: Threads: how fast they fade beside the line where noise is zero, in deviations of the noise.
THREAD = 0.75
#: How far noise is bent at the top, in half widths of the foot; what the bending noise spans.
BEND, BEND_SPAN = 0.6, 3.2
#: Half widths of the foot that the noise's side spans across.
SPAN = 2.4
#: The other speeds of rising, of the plume's own: the second noise and the bending noise.
SECOND_SPEED, BEND_SPEED = 1.4, 0.75
#: A noise repeats after about so many half widths of the foot.
REPEAT = 3.6
#: The sway of the whole plume: cycles of it along its height, and how far at the top.
SWAY_ALONG, SWAY = 0.8, 0.32
SWAY_HARMONICS = ((1, 1.0), (2, 0.55), (3, 0.35))
#: Softness of the front that rises through an empty plume, and of its end, parts of its height.
FRONT = 0.55
FULL = 255.0


@dataclass(frozen=True, slots=True)
class Growth:
    """A plume's form. Lengths in half widths of its foot.

    height; widths: half widths at the foot and the top; lean: how far the top is to the right;
    speed: a second; cover: of its densest threads, cut at 1; threads: their share beside haze.
    """

    height: float
    widths: tuple[float, float]
    lean: float
    speed: float
    cover: float
    threads: float


def noise(random: np.random.Generator, band: tuple[float, float, float]) -> Map:
    """(NOISE, NOISE) of deviation 1 that repeats on all sides, with a falling spectrum."""
    lowest, highest, standing = band
    across = np.fft.rfftfreq(NOISE) * NOISE
    along = np.fft.fftfreq(NOISE) * NOISE * standing
    frequency = np.hypot(along[:, None], across[None, :])
    inside = (frequency >= lowest) & (frequency <= highest)
    amplitude = np.where(inside, np.maximum(frequency, 1.0) ** SPECTRUM, 0.0)
    angles = random.uniform(0.0, 2.0 * np.pi, amplitude.shape)
    values = np.fft.irfft2(amplitude * np.exp(1j * angles), s=(NOISE, NOISE))
    return as_map(values / values.std())


class Rising:
    """A noise that is carried upwards by whole repeats a clip."""

    def __init__(self, values: Map, *, speed: float, seconds: float, span: float) -> None:
        """speed: half widths a second; span: half widths across which the noise repeats."""
        self._repeats = max(1, round(speed * seconds / REPEAT))
        #: Rows of noise for each half width of the foot, exact for the speed.
        self.rows = NOISE * self._repeats / (speed * seconds)
        self.columns = NOISE / span
        # Read without regard to its borders: wide enough for a plume and its bends.
        self._values = np.concatenate([values] * COPIES, axis=0)
        self._values = as_map(np.concatenate([self._values] * COPIES, axis=1))
        self._middle = NOISE * COPIES / 2.0

    def read(self, across: Map, up: Map, phase: float) -> Map:
        """The noise at places in columns and rows, (rows, columns); up is counted upwards."""
        shift = (phase * self._repeats % 1.0) * NOISE
        # What is seen at a height was lower before: it is read below where it is now.
        y = up - np.float32(shift - NOISE / 2.0)
        x = across + np.float32(self._middle)
        return as_map(cv2.remap(self._values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


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
        rows = min(MOST_ROWS, math.ceil(growth.height / self._cell))
        self._rows = rows
        up = 1.0 - (np.arange(rows, dtype=np.float32)[:, None] + 0.5) / rows
        across = (np.arange(CELLS, dtype=np.float32)[None, :] + 0.5) * self._cell - self._room
        self._up, self._across = up, across
        self._stretch = growth.height / (rows * self._cell)
        narrow, wide = growth.widths
        self._width = as_map(narrow + (wide - narrow) * up**0.8)
        self._lean = as_map(growth.lean * up**1.4)
        edge = np.minimum(1.0, (1.0 - np.abs(across) / self._room) * 5.0)
        fade = np.clip(up / 0.16, 0.0, 1.0) * (1.0 - up) ** 0.9
        self._shape = as_map(fade * edge * growth.cover)
        self._bend = as_map(BEND * up**0.6)
        speed = growth.speed
        first, second, bend = (noise(random, band) for band in (THREADS, HAZE, BENDS))
        self._first = Rising(first, speed=speed, seconds=seconds, span=SPAN)
        self._second = Rising(second, speed=speed * SECOND_SPEED, seconds=seconds, span=SPAN * 1.3)
        self._bending = Rising(bend, speed=speed * BEND_SPEED, seconds=seconds, span=BEND_SPAN)
        height = as_map(up * growth.height)
        self._height = np.repeat(height, CELLS, axis=1)
        self._wide = np.repeat(across, rows, axis=0)
        self._threads = growth.threads
        self._angles = random.uniform(0.0, 2.0 * np.pi, len(SWAY_HARMONICS))
        # The front passes the plume's whole height and its own softness.
        self._rise = min(0.4, growth.height / (speed * 1.6) / seconds)
        self._loop = loop
        self._seconds = seconds

    def coverage(self, phase: float) -> Map:
        """(rows, columns) 0..1: how much the vapour hides."""
        lean = self._lean.copy()
        for (cycles, weight), angle in zip(SWAY_HARMONICS, self._angles, strict=True):
            turn = 2.0 * math.pi * (SWAY_ALONG * cycles * self._up - cycles * phase) + angle
            lean += SWAY * weight * self._up**1.3 * np.sin(turn)
        x = as_map(self._wide - lean)
        outline = x / self._width
        outline *= outline
        outline *= -1.0
        cv2.exp(outline, dst=outline)
        outline *= self._shape
        outline *= self._present(phase)
        bend = self._bending
        bent = bend.read(as_map(x * bend.columns), as_map(self._height * bend.rows), phase)
        bent *= self._bend
        first, second = self._first, self._second
        x += bent
        y = self._height + bent * 0.6
        threads = first.read(as_map(x * first.columns), as_map(y * first.rows), phase)
        haze = second.read(as_map(x * second.columns), as_map(y * second.rows), phase)
        # Threads where the first noise is about zero, and only where the haze is not thin.
        threads *= threads
        threads *= -1.0 / THREAD**2
        cv2.exp(threads, dst=threads)
        haze *= 0.45
        haze += 0.6
        np.clip(haze, 0.0, 1.0, out=haze)
        threads *= self._threads
        threads += 1.0 - self._threads
        threads *= haze
        threads *= outline
        return threads

    def _present(self, phase: float) -> Map:
        """(rows, 1): the plume begins at its foot and in a loop ends there, and rises away."""
        reach = 1.0 + FRONT
        begun = np.clip((phase / self._rise * reach - self._up) / FRONT, 0.0, 1.0)
        if self._loop:
            left = (1.0 - phase) / self._rise * reach
            begun *= np.clip((left - (1.0 - self._up)) / FRONT, 0.0, 1.0)
        return as_map(begun * begun * (3.0 - 2.0 * begun))

    def over(self, picture: Planes, phase: float, view: View) -> None:
        """Draw the vapour on the picture."""
        x, y, depth = self._place
        seen_x, seen_y, growth = view.place(as_map([x]), as_map([y]), depth)
        scale = self._cell * self._radius * growth
        coverage = cv2.convertScaleAbs(self.coverage(phase), alpha=FULL)
        left = float(seen_x[0]) - CELLS / 2.0 * scale
        top = float(seen_y[0]) - self._rows * scale
        lay_scaled(picture, as_rgb(coverage), (left, top), scale, self._ink)
