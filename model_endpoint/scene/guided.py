"""Edge-keeping smoothing: fits a coarse map to the edges of the picture it belongs to."""

import cv2
import numpy as np

from model_endpoint.pixels import Map, as_map


def guided_filter(guide: Map, source: Map, *, radius: int, eps: float) -> Map:
    """Smooth `source` so that its edges fall on the edges of `guide`.

    Both (h, w) float32 0..1. radius in pixels; eps is the variance of the guide below which it
    counts as flat. In each window q = a·I + b, fitted by least squares; a and b are then averaged.
    He, Sun, Tang, Guided Image Filtering, ECCV 2010, eq. 5 and 6.
    """
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(values: Map) -> Map:
        return as_map(cv2.blur(values, size, borderType=cv2.BORDER_REFLECT))

    guide_mean, source_mean = mean(guide), mean(source)
    slope = (mean(guide * source) - guide_mean * source_mean) / (
        mean(guide * guide) - guide_mean * guide_mean + eps
    )
    offset = source_mean - slope * guide_mean
    fitted = mean(as_map(slope)) * guide + mean(as_map(offset))
    return as_map(np.clip(fitted, 0.0, 1.0))
