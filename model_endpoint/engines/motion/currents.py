"""Flows without an end: a region drawn from two carried copies, each invisible when it starts over.

Mixing two unlike copies everywhere at once shows both and halves the contrast's power: clouds
pulse and look soft. Here every place changes over from one copy to the other in a short time of its
own, after a smooth random field, so that nearly all of the region shows one copy at any moment.
After Holynski et al., Animating Pictures with Eulerian Motion Fields, CVPR 2021, eq. 7.
"""

import cv2
import numpy as np

from model_endpoint.engines.motion.fields import looked_up
from model_endpoint.engines.motion.fill import push_pull
from model_endpoint.engines.motion.grid import Rect, around, block, enlarged, part
from model_endpoint.engines.motion.sampling import sample_map, scaled
from model_endpoint.engines.motion.stage import FIELD_PX, Current, Patch
from model_endpoint.engines.motion.textures import Texture, texture
from model_endpoint.engines.motion.tiles import Squares, asked, rects, tiled
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: Part of a period that a place takes to change over.
CHANGE = 0.3
#: Size of the places that change together, as a part of the patch's shorter side.
PLACE = 0.09
#: What is as good as nothing of a mask.
TRACE = 0.004
#: What is as good as all of a copy.
FULLY = 1.0 - TRACE
#: A region in more pieces than this is drawn as one.
MAX_PIECES = 12
#: Chance here only decides which places change over first: one arrangement serves all clips.
SEED = 7


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
        self._mask = as_map(np.clip(current.mask, 0.0, 1.0))
        shape = current.patch.field_shape[::-1]
        self._field_mask = as_map(cv2.resize(self._mask, shape, interpolation=cv2.INTER_AREA))
        self._pieces = pieces(self._field_mask, current.patch)

    @classmethod
    def over(cls, current: Current, layer: Rgb) -> "Stream":
        """A current on a layer (H, W, 4): what lies outside it is never carried in.

        The texture is the layer's patch with everything outside the mask filled from inside.
        """
        patch = current.patch
        colours = layer[..., :3]
        whole = np.zeros((patch.height, patch.width, 3), dtype=np.float32)
        bottom, right = patch.top + patch.height, patch.left + patch.width
        cutting = colours[patch.top : bottom, patch.left : right]
        whole[: cutting.shape[0], : cutting.shape[1]] = cutting
        inside = as_map(current.mask > TRACE)
        filled = push_pull(whole, inside) if inside.any() else whole
        pixels = as_rgb(np.rint(np.clip(filled, 0.0, 255.0)).astype(np.uint8))
        fine = texture(pixels)
        return cls(current, Texture(fine.pixels, patch.left, patch.top))

    def draw(self, phase: float, places: Map, rect: Rect) -> Rgb:
        """(h, w, 4) of a rectangle of the picture, whose camera grid sees plate pixels `places`."""
        patch, here = self._current.patch, block(places, rect)
        (first_weight, first), (second_weight, second) = self._current.copies(phase)
        drawn = []
        for weight, field in ((first_weight, first), (second_weight, second)):
            if weight > 0.0:
                carried = as_map(here + looked_up(field, here, patch.left, patch.top))
                drawn.append(self._source.sample(enlarged(self._source.own(carried), rect)))
        if len(drawn) == 1:
            return drawn[0]
        share = looked_up(changed(second_weight, self._when), here, patch.left, patch.top)
        late = enlarged(share, rect)
        return as_rgb(cv2.blendLinear(drawn[0], drawn[1], as_map(1.0 - late), late))

    def draw_tiles(
        self, drawn: Rgb, phase: float, places: Map, within: Rect, tiles: Squares
    ) -> None:
        """Draw the tiles of a rectangle (h, w, 4) of the picture, in place; see `draw`.

        Each copy is only drawn where it is seen: of a whole sky that saves most of one.
        """
        patch = self._current.patch
        (_, first), (weight, second) = self._current.copies(phase)
        late = looked_up(changed(weight, self._when), places, patch.left, patch.top)
        early, later = asked(late) < FULLY, asked(late) > TRACE
        early_tiles, late_tiles = tiles & tiled(early), tiles & tiled(later)
        ways = [
            self._source.own(as_map(places + looked_up(field, places, patch.left, patch.top)))
            for field in (first, second)
        ]
        for only, way in zip(
            (early_tiles & ~late_tiles, late_tiles & ~early_tiles), ways, strict=True
        ):
            for rect in rects(only, within):
                self._source.draw_bent(part(drawn, rect, within), way, rect)
        for rect in rects(early_tiles & late_tiles, within):
            one, other = (self._source.drawn_bent(way, rect) for way in ways)
            share = enlarged(block(late, rect), rect)
            part(drawn, rect, within)[:] = cv2.blendLinear(one, other, as_map(1.0 - share), share)

    def lay(self, below: Rgb, phase: float, places: Map, drawn_rect: Rect) -> None:
        """Draw the current over a rectangle `below` (h, w, 4) of the picture, in place."""
        patch = self._current.patch
        for piece in self._pieces:
            rect = around(seen(piece, places), drawn_rect)
            if rect is None:
                continue
            here = scaled(block(places, rect), 1.0, -float(patch.left), -float(patch.top))
            cover = sample_map(self._mask, enlarged(here, rect), cv2.BORDER_CONSTANT)
            under = part(below, rect, drawn_rect)
            drawn = self.draw(phase, places, rect)
            drawn[..., 3] = under[..., 3]
            under[:] = cv2.blendLinear(
                drawn, np.ascontiguousarray(under), cover, as_map(1.0 - cover)
            )

    def displacement(self, phase: float, places: Map) -> Map:
        """(rows, columns, 2) of the copy that each place shows most, 0 outside the mask."""
        patch = self._current.patch
        (_, first), (weight, second) = self._current.copies(phase)
        late = changed(weight, self._when)[..., None] > 0.5  # noqa: PLR2004 the other copy by half
        shown = np.where(late, second, first) * (self._field_mask[..., None] > TRACE)
        return looked_up(as_map(shown), places, patch.left, patch.top)


def pieces(mask: Map, patch: Patch) -> tuple[Patch, ...]:
    """The parts of a patch that a field's mask fills, apart from each other: at most MAX_PIECES.

    A stream is a few small falls: drawing all that lies between them would cost more than they do.
    """
    near = cv2.dilate((mask > TRACE).astype(np.uint8), np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    boxes = stats[1:, :4]
    if len(boxes) > MAX_PIECES or len(boxes) == 0:
        return (patch,)
    return tuple(
        Patch(
            patch.left + int(left) * FIELD_PX,
            patch.top + int(top) * FIELD_PX,
            int(width) * FIELD_PX,
            int(height) * FIELD_PX,
        )
        for left, top, width, height in boxes
    )


def seen(patch: Patch, places: Map) -> Map:
    """Which squares of the camera's grid see a patch: (rows, columns), above 0 where so."""
    x, y = cv2.split(places)
    right, bottom = patch.left + patch.width, patch.top + patch.height
    inside = (x >= patch.left) & (x <= right) & (y >= patch.top) & (y <= bottom)
    return as_map(inside)
