"""A face in its own directions: where its features are, in plate pixels."""

from dataclasses import dataclass

import numpy as np

from model_endpoint.engines.motion.stage import (
    FIELD_PX,
    FaceMarks,
    LayerName,
    NothingToMove,
    Patch,
    Stage,
)
from model_endpoint.pixels import Map, as_map
from model_endpoint.scene.model import SUBJECT

#: A face read less surely is left as it is; so are more faces than anybody looks at in a clip.
SURELY = 0.6
MOST_FACES = 6
#: Part of a face that the subject's mask must cover before it is taken to be the subject's.
COVERED = 0.6
#: MediaPipe's Face Mesh; right and left are the person's own. Lids run from the outer corner.
RIGHT_OUTER, RIGHT_INNER, LEFT_OUTER, LEFT_INNER = 33, 133, 263, 362
RIGHT_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_LOWER = (33, 7, 163, 144, 145, 153, 154, 155, 133)
RIGHT_BROW = (46, 53, 52, 65, 55)
LEFT_UPPER = (263, 466, 388, 387, 386, 385, 384, 398, 362)
LEFT_LOWER = (263, 249, 390, 373, 374, 380, 381, 382, 362)
LEFT_BROW = (276, 283, 282, 295, 285)
FOREHEAD, CHIN, RIGHT_SIDE, LEFT_SIDE = 10, 152, 234, 454
RIGHT_MOUTH, LEFT_MOUTH = 61, 291
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """A face that was read surely.

    points (468, 2) plate pixels; across: unit vector from the right eye to the left, which is to
    the picture's right; down: towards the chin; eyes: between the eyes' outer corners, pixels;
    tall: from forehead to chin; wide: from side to side.
    """

    points: Map
    layer: LayerName
    across: Map
    down: Map
    eyes: float
    tall: float
    wide: float

    def own(self, x: Map, y: Map, origin: Map) -> tuple[Map, Map]:
        """Plate places as (across, down) from an origin, in plate pixels."""
        dx, dy = x - origin[0], y - origin[1]
        return (
            as_map(dx * self.across[0] + dy * self.across[1]),
            as_map(dx * self.down[0] + dy * self.down[1]),
        )

    def on_plate(self, across: Map, down: Map) -> Map:
        """Displacements along the face's own directions as (…, 2) in plate directions."""
        return as_map(across[..., None] * self.across + down[..., None] * self.down)


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye in its head's own directions, pixels from its centre.

    upper, lower (9, 2) and brow (5, 2): (across, down) by growing across; wide: between the
    corners; open: between the lids in the middle.
    """

    centre: Map
    upper: Map
    lower: Map
    brow: Map
    wide: float
    open: float

    def patch(
        self, stage: Stage, sideways: float, upwards: float, downwards: float
    ) -> Patch | None:
        """The patch around this eye, by so many of its widths; None when it is off the plate."""
        return patch_around(
            stage,
            float(self.centre[0] - sideways * self.wide),
            float(self.centre[1] - upwards * self.wide),
            float(self.centre[0] + sideways * self.wide),
            float(self.centre[1] + downwards * self.wide),
        )


def patch_around(
    stage: Stage, left: float, top: float, right: float, bottom: float
) -> Patch | None:
    """The patch that holds a rectangle of the plate, None when that is less than a few squares."""
    height, width = stage.plate.shape[:2]
    x0, y0 = (max(0, int(edge) // FIELD_PX) for edge in (left, top))
    x1 = min(-(-width // FIELD_PX), int(right) // FIELD_PX + 1)
    y1 = min(-(-height // FIELD_PX), int(bottom) // FIELD_PX + 1)
    if x1 - x0 < 3 or y1 - y0 < 3:  # noqa: PLR2004 a border on each side and something between
        return None
    return Patch(x0 * FIELD_PX, y0 * FIELD_PX, (x1 - x0) * FIELD_PX, (y1 - y0) * FIELD_PX)


def heads(stage: Stage) -> tuple[Head, ...]:
    """The faces that were read surely, the largest first.

    Raises:
        NothingToMove: there is none.
    """
    found = [head_of(face, stage) for face in stage.faces if face.confidence >= SURELY]
    if not found:
        raise NothingToMove("no face was read surely")
    return tuple(sorted(found, key=lambda head: head.eyes, reverse=True)[:MOST_FACES])


def head_of(face: FaceMarks, stage: Stage) -> Head:
    """A face with its directions and sizes."""
    points = face.points
    line = points[LEFT_OUTER] - points[RIGHT_OUTER]
    eyes = float(np.linalg.norm(line))
    across = as_map(line / max(eyes, 1e-6))
    return Head(
        points=points,
        layer=layer_of(face, stage),
        across=across,
        down=as_map([-across[1], across[0]]),
        eyes=eyes,
        tall=float(np.linalg.norm(points[CHIN] - points[FOREHEAD])),
        wide=float(np.linalg.norm(points[LEFT_SIDE] - points[RIGHT_SIDE])),
    )


def layer_of(face: FaceMarks, stage: Stage) -> LayerName:
    """The layer that shows the face: the subject's when its mask covers most of the points."""
    mask = stage.masks.get(SUBJECT)
    if mask is None:
        return "ground"
    columns = np.clip(np.rint(face.points[:, 0]), 0, mask.shape[1] - 1).astype(int)
    rows = np.clip(np.rint(face.points[:, 1]), 0, mask.shape[0] - 1).astype(int)
    return "subject" if float(mask[rows, columns].mean()) >= COVERED else "ground"


def eyes_of(head: Head) -> tuple[Eye, Eye]:
    """The person's right and left eye."""
    right = eye_of(head, RIGHT_UPPER, RIGHT_LOWER, RIGHT_BROW)
    left = eye_of(head, LEFT_UPPER, LEFT_LOWER, LEFT_BROW)
    return right, left


def eye_of(
    head: Head, upper: tuple[int, ...], lower: tuple[int, ...], brow: tuple[int, ...]
) -> Eye:
    """An eye from the indices of its lids and of its brow's lower edge."""
    corners = head.points[[upper[0], upper[-1]]]
    centre = as_map(corners.mean(axis=0))
    lines = [rising(head, indices, centre) for indices in (upper, lower, brow)]
    return Eye(
        centre=centre,
        upper=lines[0],
        lower=lines[1],
        brow=lines[2],
        wide=float(np.linalg.norm(corners[1] - corners[0])),
        open=float(lines[1][len(lower) // 2, 1] - lines[0][len(upper) // 2, 1]),
    )


def rising(head: Head, indices: tuple[int, ...], centre: Map) -> Map:
    """Points in the head's directions, sorted from the picture's left to its right."""
    points = head.points[list(indices)]
    across, down = head.own(points[:, 0], points[:, 1], centre)
    line = np.stack([across, down], axis=1)
    return as_map(line[np.argsort(line[:, 0])])
