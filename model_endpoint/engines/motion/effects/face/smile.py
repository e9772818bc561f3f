"""A smile that comes and goes: the mouth's corners go out and up, and the cheeks with them.

Lips are never opened or closed: a closed mouth smiles closed, an open one only widens.
"""

from dataclasses import dataclass

import numpy as np

from model_endpoint.engines.motion.effects.bend import taper
from model_endpoint.engines.motion.effects.face.clock import Episode
from model_endpoint.engines.motion.effects.face.mesh import (
    LEFT_MOUTH,
    LEFT_OUTER,
    RIGHT_MOUTH,
    RIGHT_OUTER,
    Head,
    heads,
    patch_around,
)
from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    Effect,
    LayerName,
    NothingToMove,
    Part,
    Patch,
    Stage,
    Warp,
)
from model_endpoint.pixels import Map, as_map

#: How far a corner goes out and up, and a cheek up, parts of the mouth's width.
OUT, UP, CHEEK = 0.034, 0.036, 0.016
#: How far this reaches around a corner and around a cheek, the same unit (deviation).
CORNER_REACH, CHEEK_REACH = 0.2, 0.26
#: Where a cheek is, from the mouth's corner (0) to the eye's (1).
CHEEK_AT = 0.45
#: Seconds of its coming and going; it stays for this part of the rest of the clip.
COMING_S, GOING_S = 0.7, 0.9
STAYS = 0.55
#: A clip this short gives it so much of itself at most.
MOST_OF_CLIP = 0.4
#: A mouth narrower than this many plate pixels is left as it is.
MIN_MOUTH_PX = 5.0 * FIELD_PX
#: A patch around the mouth, in its widths: to each side, above and below.
SIDEWAYS, UPWARDS, DOWNWARDS = 1.25, 1.5, 0.9


@dataclass(frozen=True, slots=True)
class Smile:
    """The warp of one mouth; see stage.Warp. way (rows, columns, 2): of the full smile."""

    layer: LayerName
    patch: Patch
    way: Map
    episode: Episode

    def at(self, phase: float) -> Map:
        """(rows, columns, 2) float32 plate pixels."""
        return as_map(self.way * np.float32(self.episode.at(phase)))


def smile(stage: Stage, part: Part) -> Effect:
    """Everybody smiles a little more for a while."""
    warps: list[Warp] = []
    for head in heads(stage):
        right, left = head.points[RIGHT_MOUTH], head.points[LEFT_MOUTH]
        wide = float(np.linalg.norm(left - right))
        middle = (right + left) / 2.0
        patch = patch_around(
            stage,
            float(middle[0] - SIDEWAYS * wide),
            float(middle[1] - UPWARDS * wide),
            float(middle[0] + SIDEWAYS * wide),
            float(middle[1] + DOWNWARDS * wide),
        )
        if patch is None or wide < MIN_MOUTH_PX:
            continue
        way = as_map(way_of(head, patch, wide) * part.strength)
        warps.append(Smile(head.layer, patch, way, when(stage, part)))
    if not warps:
        raise NothingToMove("no mouth is large enough")
    return Effect("smile", "a smile", warps=tuple(warps))


def way_of(head: Head, patch: Patch, wide: float) -> Map:
    """(rows, columns, 2): the displacement of the full smile."""
    x, y = patch.coordinates()
    out, up = np.zeros(patch.field_shape, np.float32), np.zeros(patch.field_shape, np.float32)
    sides = ((-1.0, RIGHT_MOUTH, RIGHT_OUTER), (1.0, LEFT_MOUTH, LEFT_OUTER))
    for side, mouth, eye in sides:
        corner = head.points[mouth]
        cheek = as_map(corner + CHEEK_AT * (head.points[eye] - corner))
        near = around(head, x, y, corner, CORNER_REACH * wide)
        out += as_map(side * OUT * wide * near)
        up += as_map(UP * wide * near)
        up += as_map(CHEEK * wide * around(head, x, y, cheek, CHEEK_REACH * wide))
    calm = taper(patch, 0.25 * wide)
    return head.on_plate(as_map(-out * calm), as_map(up * calm))


def around(head: Head, x: Map, y: Map, place: Map, reach: float) -> Map:
    """1 at a place, falling like a bell."""
    across, down = head.own(x, y, place)
    return as_map(np.exp(-0.5 * (np.square(across) + np.square(down)) / reach**2))


def when(stage: Stage, part: Part) -> Episode:
    """One person's smile, at a time of its own."""
    coming = min(COMING_S / stage.seconds, 0.5 * MOST_OF_CLIP)
    going = min(GOING_S / stage.seconds, 0.5 * MOST_OF_CLIP)
    rest = 1.0 - coming - going
    staying = STAYS * rest * float(part.random.uniform(0.7, 1.0))
    start = (rest - staying) * float(part.random.uniform(0.15, 0.85))
    return Episode(start, coming, staying, going)
