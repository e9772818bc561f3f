"""A region on the coarse grid of an effect: how much of it there is, and how far its border is."""

import cv2
import numpy as np

from model_endpoint.engines.motion.stage import FIELD_PX, NothingToMove, Patch, Stage
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.model import SKY

#: A place belongs to a region from this coverage on.
INSIDE = 0.5
#: Surely sky, and part of the first frame that a sky must fill.
SURELY = 0.9
MIN_SKY = 0.01
#: The way counts from here on: a field cannot set in steeply between two of its values.
SET_IN_PX = 1.5 * FIELD_PX


def seen(mask: Map, stage: Stage, threshold: float = INSIDE) -> float:
    """Which part of the first frame a mask (H, W) fills, 0..1; the margin does not count."""
    (left, top), (width, height) = stage.home, stage.size
    return float((mask[top : top + height, left : left + width] > threshold).mean())


def full(mask: Map, patch: Patch) -> Map:
    """A plate's mask on the patch, (height, width), 0 where it reaches beyond the plate."""
    part = mask[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
    below, right = patch.height - part.shape[0], patch.width - part.shape[1]
    return as_map(
        cv2.copyMakeBorder(as_map(part), 0, below, 0, right, cv2.BORDER_CONSTANT, value=0.0)
    )


def coarse(mask: Map, patch: Patch) -> Map:
    """A plate's mask as a field of the patch: means of squares, (rows, columns)."""
    rows, columns = patch.field_shape
    return as_map(cv2.resize(full(mask, patch), (columns, rows), interpolation=cv2.INTER_AREA))


def colours(plate: Rgb, patch: Patch) -> Rgb:
    """The plate as a field of the patch, (rows, columns, 3); beyond it the nearest pixels."""
    part = plate[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
    below, right = patch.height - part.shape[0], patch.width - part.shape[1]
    padded = cv2.copyMakeBorder(part, 0, below, 0, right, cv2.BORDER_REPLICATE)
    rows, columns = patch.field_shape
    return as_rgb(cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA))


def way_to_border(mask: Map, patch: Patch) -> Map:
    """Plate pixels from each value of a field to the region's border, (rows, columns) float32.

    The plate's own edge is a border as well. The least way within the value's square counts, and 0
    of squares that are not wholly inside: no displacement up to this long leaves the region, which
    leaves some to spare.
    """
    inside = as_rgb((full(mask, patch) > INSIDE).astype(np.uint8))
    framed = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    way = as_map(cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_5))[1:-1, 1:-1]
    rows, columns = patch.field_shape
    least = way.reshape(rows, FIELD_PX, columns, FIELD_PX).min(axis=(1, 3))
    # The renderer interpolates between values: one next to the outside must be 0 as well, or some
    # of it would reach across the border.
    least[cv2.erode(as_rgb((least > 0).astype(np.uint8)), np.ones((3, 3), np.uint8)) == 0] = 0.0
    np.maximum(least - SET_IN_PX, 0.0, out=least)
    least[[0, -1], :] = 0.0
    least[:, [0, -1]] = 0.0
    return as_map(least)


def known_sky(stage: Stage) -> Map:
    """The sky's mask (H, W); raises when the photo shows none."""
    sky = stage.masks.get(SKY)
    if sky is None or seen(sky, stage, SURELY) < MIN_SKY:
        raise NothingToMove("no sky found")
    return sky
