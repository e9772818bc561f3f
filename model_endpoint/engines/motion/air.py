"""What is in the air: a light that passes over the picture, and motes that float in it."""

import math

import cv2
import numpy as np

from model_endpoint.pixels import Rgb, as_map, as_rgb

#: The passing light: greatest brightening, its width as a part of the diagonal, its lean.
LIGHT = 0.16
LIGHT_WIDTH = 0.16
LIGHT_ANGLE = math.radians(28.0)
#: Tint of light and motes, red, green, blue.
WARM = (1.0, 0.94, 0.82)
FIELD_STEP_PX = 16

MOTES = 46
#: Radius of a mote as a part of the picture's longer side, from and to; large ones are faint.
MOTE_RADIUS = (0.0016, 0.007)
MOTE_LIGHT = 105.0
#: A mote's way in a clip as a part of the picture's height: sideways at most, and upwards.
MOTE_DRIFT = 0.05
MOTE_RISE = (0.02, 0.09)
#: Part of the clip in which the motes appear, and in a loop fade again.
APPEARANCE = 0.14


class PassingLight:
    """A soft band of light that crosses the picture once; it starts and ends outside of it."""

    def __init__(self, size: tuple[int, int], *, heading: int) -> None:
        """Size (width, height); heading: 1 to the right, -1 to the left."""
        self._size = size
        coarse = (max(2, size[0] // FIELD_STEP_PX), max(2, size[1] // FIELD_STEP_PX))
        x = np.linspace(0.0, size[0], coarse[0], dtype=np.float32)[None, :]
        y = np.linspace(0.0, size[1], coarse[1], dtype=np.float32)[:, None]
        along = heading * x * math.cos(LIGHT_ANGLE) + y * math.sin(LIGHT_ANGLE)
        diagonal = math.hypot(*size)
        self._along = as_map(along / diagonal)
        self._from = float(self._along.min()) - 3.0 * LIGHT_WIDTH
        self._to = float(self._along.max()) + 3.0 * LIGHT_WIDTH

    def over(self, picture: Rgb, phase: float) -> Rgb:
        """The picture with the light where it is at a phase 0..1."""
        place = self._from + (self._to - self._from) * phase
        band = np.exp(-(((self._along - place) / LIGHT_WIDTH) ** 2))
        tinted = np.stack([255.0 * LIGHT * tint * band for tint in WARM], axis=2)
        light = cv2.resize(
            as_rgb(np.rint(tinted).astype(np.uint8)), self._size, interpolation=cv2.INTER_LINEAR
        )
        return as_rgb(cv2.add(picture, cv2.multiply(picture, light, scale=1.0 / 255.0)))


class Motes:
    """Dust in the light: soft discs that rise slowly, each with its own life."""

    def __init__(self, size: tuple[int, int], *, seed: int, loop: bool) -> None:
        """Size (width, height) of the picture."""
        width, height = size
        random = np.random.default_rng(seed)
        self._size = size
        self._loop = loop
        self._x = random.uniform(0.0, width, MOTES)
        self._y = random.uniform(0.0, height, MOTES)
        self._drift = random.uniform(-MOTE_DRIFT, MOTE_DRIFT, MOTES) * height
        self._rise = random.uniform(*MOTE_RISE, MOTES) * height
        grown = random.uniform(0.0, 1.0, MOTES) ** 2
        self._radius = max(size) * (MOTE_RADIUS[0] + (MOTE_RADIUS[1] - MOTE_RADIUS[0]) * grown)
        self._light = MOTE_LIGHT * (0.35 + 0.65 * (1.0 - grown))
        self._born = random.uniform(0.0, 1.0, MOTES)

    def over(self, picture: Rgb, phase: float) -> Rgb:
        """The picture with the motes at a phase 0..1; none at phase 0, when the photo is seen."""
        shown = min(1.0, (min(phase, 1.0 - phase) if self._loop else phase) / APPEARANCE)
        if shown <= 0.0:
            return picture
        lit = picture.copy()
        for index in range(MOTES):
            age = (phase + self._born[index]) % 1.0
            light = self._light[index] * shown * math.sin(math.pi * age) ** 2
            x = self._x[index] + self._drift[index] * (age - 0.5)
            y = self._y[index] - self._rise[index] * (age - 0.5)
            add_disc(lit, x, y, float(self._radius[index]), light)
        return lit


def add_disc(picture: Rgb, x: float, y: float, radius: float, light: float) -> None:
    """Add a soft warm disc around (x, y): a Gaussian of deviation `radius`, cut at three."""
    reach = math.ceil(3.0 * radius)
    left, right = max(0, int(x) - reach), min(picture.shape[1], int(x) + reach + 1)
    top, bottom = max(0, int(y) - reach), min(picture.shape[0], int(y) + reach + 1)
    if left >= right or top >= bottom:
        return
    across = np.exp(-(((np.arange(left, right) - x) / radius) ** 2) / 2.0)
    along = np.exp(-(((np.arange(top, bottom) - y) / radius) ** 2) / 2.0)
    disc = light * along[:, None, None] * across[None, :, None] * np.array(WARM)
    part = picture[top:bottom, left:right]
    part[:] = np.minimum(255.0, np.rint(part + disc))
