"""The photo made ready: framed, taken apart, and described to the effects in plate pixels."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.framing import Framing, cut, frame
from model_endpoint.engines.motion.layers import Layers, take_apart
from model_endpoint.engines.motion.stage import FaceMarks, Spot, Stage
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb
from model_endpoint.scene.model import FOLIAGE, SUBJECT, Scene
from story.generation import CameraMove, Direction

#: A direction shorter than this has been averaged away at a mask's border.
NO_DIRECTION = 1e-3
#: A place belongs to a region from this coverage on.
INSIDE = 0.5
#: Gaps of a close-up's foliage up to this size, part of the picture's longer side, go with it.
GAP = 0.12


@dataclass(frozen=True, slots=True)
class Staged:
    """The crop, its layers, and the stage that effects see."""

    framing: Framing
    layers: Layers
    stage: Stage


def prepare(photo: Rgb, scene: Scene, direction: Direction, move: CameraMove) -> Staged:
    """Frame a photo (H, W, 3) for a camera move and take it apart."""
    height, width = photo.shape[:2]
    framing = frame(photo, scene, direction, move)
    layers = take_apart(framing, scene, (width, height))
    masks = layers.masks
    if scene.kind == "flower" and FOLIAGE in masks:
        masks = without_gaps(masks, max(framing.size))
    rows, columns = framing.plate.shape[:2]
    scale = rows / framing.source.height

    def on_plate(points: Map) -> Map:
        """Fractions of the photo (n, 2) as plate pixels."""
        origin = as_map([framing.source.left, framing.source.top])
        return as_map((points * as_map([width, height]) - origin) * scale - 0.5)

    flows = {
        region.kind: unit(cut(region.flow, (width, height), framing.source, (columns, rows)))
        for region in scene.regions
        if region.flow is not None and region.kind in layers.masks
    }
    spots = []
    for source in scene.sources:
        x, y = on_plate(as_map([[source.x, source.y]]))[0]
        radius = source.radius * max(width, height) * scale
        if -radius <= x <= columns + radius and -radius <= y <= rows + radius:
            spots.append(
                Spot(
                    kind=source.kind,
                    x=float(x),
                    y=float(y),
                    radius=float(radius),
                    confidence=source.confidence,
                    strength=source.strength,
                )
            )
    stage = Stage(
        plate=framing.plate,
        home=framing.home,
        size=framing.size,
        horizon=horizon_row(framing, scene),
        depth=layers.depth,
        masks=masks,
        flows=flows,
        faces=tuple(
            FaceMarks(on_plate(face.points), face.confidence)
            for face in scene.faces
            if face.points is not None
        ),
        sources=tuple(spots),
        kind=scene.kind,
        seconds=direction.frames / direction.fps,
        fps=direction.fps,
        loop=direction.loop,
    )
    return Staged(framing, layers, stage)


def unit(directions: Map) -> Map:
    """Directions (h, w, 2) of length 1, or 0 where there is none."""
    length = np.linalg.norm(directions, axis=2, keepdims=True)
    known = length > NO_DIRECTION
    return as_map(np.where(known, directions / np.where(known, length, 1.0), 0.0))


def horizon_row(framing: Framing, scene: Scene) -> float | None:
    """The horizon's row on the plate, which may lie outside it."""
    if scene.horizon is None:
        return None
    row = scene.horizon * framing.photo_height
    return float((row - framing.source.top) * framing.plate.shape[0] / framing.source.height)


def without_gaps(masks: Mapping[str, Map], longer: int) -> dict[str, Map]:
    """The masks of a close-up of a flower, the small gaps in its foliage closed.

    A stem is one with what is blurred beside it: where that stood still, it would have a kink.
    longer: the picture's longer side.
    """
    mask = masks[FOLIAGE]
    there = np.maximum(mask, masks[SUBJECT]) if SUBJECT in masks else mask
    gaps = as_rgb((there <= INSIDE).astype(np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(gaps, connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    small = (sides < GAP * longer)[labels] & (gaps > 0)
    return {**masks, FOLIAGE: as_map(np.where(small, 1.0, mask))}
