"""Flows without an end: a region drawn from two carried copies, each invisible when it starts over.

Mixing two unlike copies everywhere at once shows both and halves the contrast's power: clouds
pulse and look soft. Here every place changes over from one copy to the other in a short time of its
own, after a smooth random field, so that nearly all of the region shows one copy at any moment.
After Holynski et al., Animating Pictures with Eulerian Motion Fields, CVPR 2021, eq. 7.
"""

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np

from model_endpoint.engines.motion.fields import looked_up
from model_endpoint.engines.motion.fill import push_pull
from model_endpoint.engines.motion.sampling import sample_map, scaled
from model_endpoint.engines.motion.stage import FIELD_PX, Current
from model_endpoint.engines.motion.textures import Texture, texture
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: Part of a period that a place takes to change over.
CHANGE = 0.3
#: Size of the places that change together, as a part of the patch's shorter side.
PLACE = 0.09
#: What is as good as nothing of a mask.
TRACE = 0.004
#: Chance here only decides which places change over first: one arrangement serves all clips.
SEED = 7

Rect: TypeAlias = tuple[int, int, int, int]
#: Enlarges a camera grid's values for a rectangle of the picture.
Enlarge: TypeAlias = Callable[[Map, Rect], Map]


def turns(shape: tuple[int, int]) -> Map:
    """When each place changes over, 0..1, smooth and evenly spread: (rows, columns)."""
    noise = np.random.default_rng(SEED).standard_normal(shape).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), max(1.0, PLACE * min(shape)))
    order = np.empty(smooth.size, dtype=np.float32)
    order[np.argsort(smooth, axis=None)] = np.linspace(0.0, 1.0, smooth.size, dtype=np.float32)
    return as_map(order.reshape(shape))


def changed(weight: float, when: Map) -> Map:
    """How far each place has changed over, 0..1, when `weight` of a period has passed."""
    t = np.clip((weight * (1.0 + CHANGE) - when) / CHANGE, 0.0, 1.0)
    return as_map(t * t * (3.0 - 2.0 * t))


class Stream:
    """One current, drawn from the texture that it carries."""

    def __init__(self, current: Current, source: Texture) -> None:
        """source: the layer, filled wherever the current may carry it from."""
        self._current = current
        self._source = source
        self._when = turns(current.patch.field_shape)
        mask = current.mask
        self._mask = as_map(np.clip(mask, 0.0, 1.0))
        self._field_mask = as_map(
            cv2.resize(mask, current.patch.field_shape[::-1], interpolation=cv2.INTER_AREA)
        )

    @classmethod
    def over(cls, current: Current, layer: Rgb) -> "Stream":
        """A current on a layer (H, W, 4): what lies outside it is never carried in.

        The texture is the layer's patch with everything outside the mask filled from inside.
        """
        patch = current.patch
        colours = layer[..., :3]
        part = np.zeros((patch.height, patch.width, 3), dtype=np.float32)
        bottom, right = patch.top + patch.height, patch.left + patch.width
        cutting = colours[patch.top : bottom, patch.left : right]
        part[: cutting.shape[0], : cutting.shape[1]] = cutting
        inside = as_map(current.mask > TRACE)
        filled = push_pull(part, inside) if inside.any() else part
        pixels = as_rgb(np.rint(np.clip(filled, 0.0, 255.0)).astype(np.uint8))
        fine = texture(pixels)
        return cls(current, Texture(fine.pixels, patch.left, patch.top))

    def draw(self, phase: float, places: Map, rect: Rect, enlarge: Enlarge) -> Rgb:
        """(h, w, 4) of a rectangle of the picture, whose camera grid sees plate pixels `places`."""
        patch = self._current.patch
        (first_weight, first), (second_weight, second) = self._current.copies(phase)
        drawn = [
            self._source.sample(
                enlarge(
                    self._source.own(places + looked_up(field, places, patch.left, patch.top)), rect
                )
            )
            if weight > 0.0
            else None
            for weight, field in ((first_weight, first), (second_weight, second))
        ]
        one, other = drawn
        if one is None or other is None:
            return next(copy for copy in drawn if copy is not None)
        share = looked_up(changed(second_weight, self._when), places, patch.left, patch.top)
        late = enlarge(share, rect)
        return as_rgb(cv2.blendLinear(one, other, as_map(1.0 - late), late))

    def lay(
        self, below: Rgb, phase: float, places: Map, drawn_rect: Rect, enlarge: Enlarge
    ) -> None:
        """Draw the current over a rectangle `below` (h, w, 4) of the picture, in place."""
        rect = self._seen(places, drawn_rect)
        if rect is None:
            return
        patch = self._current.patch
        left, top, right, bottom = rect
        on_mask = enlarge(scaled(places, 1.0, -float(patch.left), -float(patch.top)), rect)
        cover = sample_map(self._mask, on_mask, cv2.BORDER_CONSTANT)
        rows = slice(top - drawn_rect[1], bottom - drawn_rect[1])
        part = below[rows, left - drawn_rect[0] : right - drawn_rect[0]]
        drawn = self.draw(phase, places, rect, enlarge)
        drawn[..., 3] = part[..., 3]
        part[:] = cv2.blendLinear(drawn, np.ascontiguousarray(part), cover, as_map(1.0 - cover))

    def displacement(self, phase: float, places: Map) -> Map:
        """(rows, columns, 2) of the copy that each place shows most, 0 outside the mask."""
        patch = self._current.patch
        (_, first), (weight, second) = self._current.copies(phase)
        late = changed(weight, self._when)[..., None] > 0.5  # noqa: PLR2004 the other copy by half
        shown = np.where(late, second, first) * (self._field_mask[..., None] > TRACE)
        return looked_up(as_map(shown), places, patch.left, patch.top)

    def _seen(self, places: Map, within: Rect) -> Rect | None:
        """The even rectangle of the picture, within another, in which the patch is seen."""
        patch = self._current.patch
        inside = (
            (places[..., 0] >= patch.left)
            & (places[..., 0] <= patch.left + patch.width)
            & (places[..., 1] >= patch.top)
            & (places[..., 1] <= patch.top + patch.height)
        )
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        if len(rows) == 0:
            return None
        left, right = (int(columns[0]) - 2) * FIELD_PX, (int(columns[-1]) + 1) * FIELD_PX
        top, bottom = (int(rows[0]) - 2) * FIELD_PX, (int(rows[-1]) + 1) * FIELD_PX
        left, top = max(within[0], left), max(within[1], top)
        right, bottom = min(within[2], right), min(within[3], bottom)
        return (left, top, right, bottom) if left < right and top < bottom else None
