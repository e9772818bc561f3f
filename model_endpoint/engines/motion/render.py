"""Drawing a frame: the layers moved by the camera and laid over each other."""

from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.camera import Path, Pose
from model_endpoint.engines.motion.framing import Framing
from model_endpoint.engines.motion.layers import Layers
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: The camera's field varies slowly: it is computed on every n-th pixel and interpolated.
FIELD_STEP_PX = 8


@dataclass(frozen=True, slots=True)
class Lens:
    """How a pose moves pixels.

    centre: of the zoom, (x, y) in the picture. pivot: the share that an orbit turns around.
    """

    centre: tuple[float, float]
    pivot: float

    def source(self, x: Map, y: Map, share: Map | float, pose: Pose) -> tuple[Map, Map]:
        """Which pixels of the first frame are seen at x, y, for things of a share.

        A place at s of share w is seen at u = c + (s - c)(1 + zoom·w) + shift·w + turn·(w - pivot);
        this is its inverse.
        """
        growth = 1.0 + pose.zoom * share
        turn = share - self.pivot
        shift_x = pose.x * share + pose.turn_x * turn
        shift_y = pose.y * share + pose.turn_y * turn
        centre_x, centre_y = self.centre
        return (
            as_map(centre_x + (x - centre_x - shift_x) / growth),
            as_map(centre_y + (y - centre_y - shift_y) / growth),
        )


def over(layer: Rgb, below: Rgb) -> Rgb:
    """P + (1 - a)·B; layer (h, w, 4), below (h, w, 3)."""
    through = cv2.cvtColor(255 - layer[..., 3], cv2.COLOR_GRAY2RGB)
    dimmed = cv2.multiply(below, through, scale=1.0 / 255.0)
    return as_rgb(cv2.add(np.ascontiguousarray(layer[..., :3]), dimmed))


class Renderer:
    """Draws any frame of one clip."""

    def __init__(self, framing: Framing, layers: Layers, lens: Lens, path: Path) -> None:
        """Prepare what all frames share."""
        self._home = framing.home
        self._size = framing.size
        self._layers = layers
        self._lens = lens
        self._path = path
        width, height = self._size
        columns = np.arange(width, dtype=np.float32)
        rows = np.arange(height, dtype=np.float32)
        self._x, self._y = np.meshgrid(columns, rows)
        # Centres of the coarse cells, in picture pixels.
        coarse = (-(-width // FIELD_STEP_PX), -(-height // FIELD_STEP_PX))
        coarse_x, coarse_y = np.meshgrid(
            (np.arange(coarse[0]) + 0.5) * width / coarse[0] - 0.5,
            (np.arange(coarse[1]) + 0.5) * height / coarse[1] - 0.5,
        )
        self._coarse_x, self._coarse_y = as_map(coarse_x), as_map(coarse_y)
        home_x, home_y = self._home
        at_home = layers.share[home_y : home_y + height, home_x : home_x + width]
        self._coarse_share = as_map(cv2.resize(at_home, coarse, interpolation=cv2.INTER_AREA))

    def draw(self, phase: float) -> Rgb:
        """The frame at phase 0..1 of the clip: (h, w, 3) uint8. Phase 0 is the photo's crop."""
        pose = self._path.at(phase)
        picture = self._ground(pose)
        return self._with_subject(picture, pose)

    def _ground(self, pose: Pose) -> Rgb:
        source_x, source_y = self._lens.source(
            self._coarse_x, self._coarse_y, self._coarse_share, pose
        )
        shift_x = cv2.resize(source_x - self._coarse_x, self._size, interpolation=cv2.INTER_LINEAR)
        shift_y = cv2.resize(source_y - self._coarse_y, self._size, interpolation=cv2.INTER_LINEAR)
        map_x = cv2.add(shift_x, self._x) + self._home[0]
        map_y = cv2.add(shift_y, self._y) + self._home[1]
        drawn = cv2.remap(
            self._layers.ground,
            map_x,
            map_y,
            interpolation=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        return as_rgb(drawn)

    def _with_subject(self, below: Rgb, pose: Pose) -> Rgb:
        subject = self._layers.subject
        if subject is None:
            return below
        share = subject.share
        # A single share: the inverse is affine, so that the subject keeps its shape.
        origin = as_map([[0.0]])
        x0, y0 = (float(v[0, 0]) for v in self._lens.source(origin, origin, share, pose))
        scale = 1.0 / (1.0 + pose.zoom * share)
        matrix = np.array(
            [[scale, 0.0, x0 + self._home[0]], [0.0, scale, y0 + self._home[1]]], dtype=np.float64
        )
        moved = cv2.warpAffine(
            subject.pixels,
            matrix,
            self._size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return over(as_rgb(moved), below)
