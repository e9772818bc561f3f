"""Filling what was hidden: what may lie behind a subject, once a clip."""

from collections.abc import Iterator

import cv2
import numpy as np

from model_endpoint.pixels import Map, Rgb, as_map

#: Weight below which a place counts as unknown.
EPS = 1e-4
#: What is made up is smooth: it is filled at this part of the resolution.
COARSER = 4


def push_pull(values: Map | Rgb, known: Map) -> Map | Rgb:
    """Fill unknown places smoothly from the known around them, which stay as they are.

    values (h, w, c), given back as they are if all are known and as float32 otherwise; known (h, w)
    0..1. Pushes weighted means up a pyramid until every place is known, then pulls them down into
    the gaps.
    Gortler et al., The Lumigraph, SIGGRAPH 1996, sec. 3.4.
    """
    if float(known.min()) >= 1.0 - EPS:
        return values
    height, width = known.shape
    rows, columns = max(2, -(-height // COARSER)), max(2, -(-width // COARSER))
    size = (columns, rows)
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    # One channel after the other: at full resolution that is what takes memory.
    few = [
        cv2.resize(cv2.multiply(channel, known), size, interpolation=cv2.INTER_AREA)
        for channel in channels_of(values)
    ]
    level = as_map(np.dstack([*few, weight]))
    coarse = _pull(as_map(_with_colour(level)))
    # Where some is known nearby the gap begins with its colour, not with a mean of the far.
    unknown, mixed = as_map(1.0 - known), np.empty(values.shape, np.float32)
    for index, channel in enumerate(channels_of(values)):
        filled = cv2.resize(
            np.ascontiguousarray(coarse[..., index]),
            (width, height),
            interpolation=cv2.INTER_LINEAR,
        )
        mixed[..., index] = cv2.blendLinear(channel, filled, known, unknown)
    return mixed


def channels_of(values: Map | Rgb) -> Iterator[Map]:
    """Each channel (h, w) of values (h, w, c), when it is asked for."""
    for index in range(values.shape[2]):
        yield np.ascontiguousarray(values[..., index], dtype=np.float32)


def _with_colour(level: Map) -> Map:
    """A level of weighted values whose known places all count fully, whatever their weight."""
    weight = level[..., -1:]
    counted = np.minimum(1.0, weight * COARSER)
    return as_map(level / np.maximum(weight, EPS) * counted)


def _pull(level: Map) -> Map:
    """Resolve a level of weighted values: (h, w, c + 1), the last channel the weight."""
    weight = level[..., -1:]
    own = level / np.maximum(weight, EPS)
    height, width = level.shape[:2]
    if float(weight.min()) >= 1.0 - EPS or min(height, width) <= 2:  # noqa: PLR2004 the pyramid's top
        return as_map(own)
    smaller = as_map(cv2.pyrDown(level))
    # A place with some knowledge below counts as known above, or gaps would fade to black.
    smaller *= np.minimum(1.0, 1.0 / np.maximum(smaller[..., -1:], EPS))
    saturation = np.minimum(1.0, smaller[..., -1:] * 4.0)
    smaller = as_map(smaller / np.maximum(smaller[..., -1:], EPS) * saturation)
    coarse = cv2.pyrUp(_pull(smaller), dstsize=(width, height))
    share = np.clip(weight, 0.0, 1.0)
    return as_map(own * share + coarse * (1.0 - share))
