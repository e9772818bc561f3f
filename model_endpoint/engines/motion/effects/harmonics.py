"""Motions made of whole cycles: they begin and end with nothing and are never a single sine."""

import cv2
import numpy as np

from model_endpoint.pixels import Map, as_map


def weighted(weights: Map, fields: Map) -> Map:
    """Σ wᵢ·fᵢ of weights (n,) and fields (n, rows, columns[, channels]).

    Not a matrix product: that would wake threads, which cost more than this takes while the
    encoder has the cores.
    """
    total = np.zeros(fields.shape[1:], dtype=np.float32)
    for weight, field in zip(weights.tolist(), fields, strict=True):
        if weight != 0.0:
            cv2.scaleAdd(field, weight, total, total)
    return total


class Cycles:
    """A sum of turning fields less itself at the clip's start.

    s(t) = Σ (cos 2πn t - 1)·C + sin 2πn t·S for whole numbers n, so s(0) = s(1) = 0 and the
    motion runs on through the loop's seam. Each C, S: (…) float32, all of one shape.
    """

    def __init__(self, counts: tuple[int, ...], cosines: list[Map], sines: list[Map]) -> None:
        """counts: the cycles in a clip of each pair of fields."""
        self._turns = 2.0 * np.pi * np.array(counts, dtype=np.float64)
        self._basis = as_map(np.stack([*cosines, *sines]))

    def at(self, phase: float) -> Map:
        """The field at a phase 0..1, of the shape of one field."""
        angles = self._turns * (phase % 1.0)
        return weighted(as_map(np.concatenate([np.cos(angles) - 1.0, np.sin(angles)])), self._basis)

    def slope(self, phase: float) -> Map:
        """The same waves a quarter of a cycle on: where a wave rises and falls."""
        angles = self._turns * (phase % 1.0)
        return weighted(
            as_map(np.concatenate([-np.sin(angles), np.cos(angles) - 1.0])), self._basis
        )

    def peak(self, moments: int) -> tuple[Map, Map]:
        """How far the field and its slope ever come from 0, seen at so many moments."""
        field = np.zeros(self._basis.shape[1:], dtype=np.float32)
        slope = field.copy()
        for moment in range(1, moments):
            np.maximum(field, np.abs(self.at(moment / moments)), out=field)
            np.maximum(slope, np.abs(self.slope(moment / moments)), out=slope)
        return field, slope


def smooth_noise(
    shape: tuple[int, int], cell: tuple[float, float], random: np.random.Generator
) -> Map:
    """Smooth noise of mean 0 and deviation about 1, (rows, columns) float32.

    cell: (height, width) of its hills in values of the field.
    """
    rows, columns = (max(2, round(side / step) + 2) for side, step in zip(shape, cell, strict=True))
    coarse = as_map(random.standard_normal((rows, columns)))
    grown = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return as_map(grown)


def curl(stream: Map) -> Map:
    """(rows, columns, 2): the flow (∂ψ/∂y, -∂ψ/∂x) that a stream function drives; it has no sinks.

    Bridson et al., Curl-Noise for Procedural Fluid Flow, SIGGRAPH 2007.
    """
    down, across = np.gradient(stream) if min(stream.shape) > 1 else (0.0 * stream, 0.0 * stream)
    return as_map(np.stack([down, -np.asarray(across)], axis=2))


def smoothstep(low: float, high: float, values: Map) -> Map:
    """0 below low, 1 above high, 3t² - 2t³ between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return as_map(t * t * (3.0 - 2.0 * t))
