"""Ripples on water: what lies under a moving surface is seen displaced, and the surface glints."""

import cv2
import numpy as np

from model_endpoint.pixels import Map, as_map

#: Waves: cycles in a clip (whole, so that the clip loops), waves across the picture at its lower
#: edge, waves along the view for each e-fold of distance, and share of the amplitude.
WAVES = (
    (3, 2.3, 37.0, 0.24),
    (4, -4.1, 49.0, 0.2),
    (5, 6.3, 67.0, 0.16),
    (2, -2.7, 23.0, 0.16),
    (4, 5.4, 31.0, 0.14),
    (3, -7.3, 58.0, 0.1),
)
#: Greatest displacement at the lower edge as a part of the plate's height; sideways less.
AMPLITUDE = 0.006
SIDEWAYS = 0.45
#: Grey levels by which a wave's slope brightens or darkens.
GLINT = 5.0
#: Distance of the nearest rows from the horizon that still counts, as a part of the height: at
#: the horizon itself waves would be infinitely fine.
NEAR_HORIZON = 0.05


class Ripples:
    """The waves of one clip, on the plate.

    Each wave displaces by sin(P - 2π n t) - sin(P): nothing at t = 0, when the photo is seen.
    """

    def __init__(self, mask: Map, *, horizon: float, seed: int) -> None:
        """Mask (h, w) 0..1 on the plate; horizon: its row there."""
        height, width = mask.shape
        rows = np.flatnonzero((mask > 0.01).any(axis=1))  # noqa: PLR2004 a trace of water
        #: The plate's rows that have water.
        self.top, self.bottom = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
        part = mask[self.top : self.bottom]
        y = np.arange(self.top, self.bottom, dtype=np.float32)[:, None]
        x = (np.arange(width, dtype=np.float32)[None, :] - width / 2) / width
        # Distance on a plane goes as 1 / (y - horizon): waves of one length look the shorter, the
        # nearer to the horizon they are.
        lean = np.maximum((y - horizon) / height, NEAR_HORIZON)
        angles = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, len(WAVES))
        self._waves = []
        for (cycles, across, along, share), angle in zip(WAVES, angles, strict=True):
            phase = 2.0 * np.pi * across * x / lean**0.35 + along * np.log(lean) + angle
            sine, cosine = np.sin(phase), np.cos(phase)
            self._waves.append((cycles, as_map(share * sine), as_map(share * cosine)))
        near = np.clip(lean * 3.0, 0.12, 1.0)
        self._reach = as_map(part * near * AMPLITUDE * height)
        self._glint = as_map(part * near * GLINT)

    def field(self, phase: float) -> Map:
        """(rows, w, 3): displacement x, y in pixels and brightening, for rows top..bottom."""
        height = np.zeros_like(self._reach)
        slope = np.zeros_like(self._reach)
        for cycles, sine, cosine in self._waves:
            angle = 2.0 * np.pi * cycles * phase
            turned, rest = np.float32(np.sin(angle)), np.float32(np.cos(angle) - 1.0)
            height += rest * sine - turned * cosine
            slope += rest * cosine + turned * sine
        return as_map(
            cv2.merge([SIDEWAYS * self._reach * slope, self._reach * height, self._glint * slope])
        )
