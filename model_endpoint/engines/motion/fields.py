"""All warps of a layer as one field, seen through the camera."""

from collections.abc import Sequence

import numpy as np

from model_endpoint.engines.motion.sampling import sample_map, scaled
from model_endpoint.engines.motion.stage import FIELD_PX, Warp
from model_endpoint.pixels import Map, as_map


def field_places(places: Map, left: int = 0, top: int = 0) -> Map:
    """Plate pixels (…, 2) as indices of a field that begins at (left, top)."""
    x, y = (0.5 - left) / FIELD_PX - 0.5, (0.5 - top) / FIELD_PX - 0.5
    return scaled(places, 1.0 / FIELD_PX, x, y)


def looked_up(field: Map, places: Map, left: int = 0, top: int = 0) -> Map:
    """A field's values at plate pixels (…, 2); outside it, its border's, which are nothing."""
    return sample_map(field, field_places(places, left, top))


#: Warps of at most this part of the plate are details: an eye blinks where the head has turned to.
DETAIL = 0.12


class Fields:
    """Some warps on a plate of a size (width, height): first the large ones, then the details."""

    def __init__(self, warps: Sequence[Warp], plate: tuple[int, int]) -> None:
        """Warps whose patches reach beyond the plate are cut to it."""
        area = DETAIL * plate[0] * plate[1]
        self._large = [warp for warp in warps if warp.patch.width * warp.patch.height > area]
        self._details = [warp for warp in warps if warp.patch.width * warp.patch.height <= area]
        rows, columns = -(-plate[1] // FIELD_PX) + 1, -(-plate[0] // FIELD_PX) + 1
        self._sum = np.zeros((rows, columns, 2), dtype=np.float32)

    def __bool__(self) -> bool:
        """Whether anything is bent."""
        return bool(self._large or self._details)

    def at(self, phase: float, places: Map) -> Map:
        """(rows, columns, 2) plate pixels, for the plate pixels that a camera's grid sees."""
        moved = np.zeros_like(places)
        for warps in (self._large, self._details):
            if warps:
                moved += looked_up(self._summed(warps, phase), as_map(places + moved))
        return moved

    def _summed(self, warps: Sequence[Warp], phase: float) -> Map:
        self._sum[:] = 0.0
        for warp in warps:
            patch = warp.patch
            row, column = patch.top // FIELD_PX, patch.left // FIELD_PX
            field = warp.at(phase)
            part = self._sum[row : row + field.shape[0], column : column + field.shape[1]]
            np.add(part, field[: part.shape[0], : part.shape[1]], out=part)
        return self._sum
