"""Drawing a frame: the layers moved by the camera and laid over each other."""

from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.air import Motes, PassingLight
from model_endpoint.engines.motion.camera import FAR_SHARE, Path, Pose
from model_endpoint.engines.motion.clouds import Clouds
from model_endpoint.engines.motion.framing import Framing
from model_endpoint.engines.motion.layers import TRACE, Layers
from model_endpoint.engines.motion.ripples import Ripples
from model_endpoint.pixels import Map, Rgb, as_map, as_rgb

#: The camera's field varies slowly: it is computed on every n-th pixel and interpolated.
FIELD_STEP_PX = 8
#: How much finer than the plate the layers are sampled.
FINER = 2
#: How far the camera may move a row, as a part of the picture's height.
CAMERA_REACH = 0.17


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
    return as_rgb(cv2.add(cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB), dimmed))


def four(picture: Rgb) -> Rgb:
    """The picture with a fourth channel, full: OpenCV samples four channels fastest by far."""
    if picture.shape[2] == 4:  # noqa: PLR2004 has it already
        return picture
    return as_rgb(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA))


def oversampled(layer: Rgb) -> Rgb:
    """A layer at FINER times its resolution: pixel FINER·i is the layer's pixel i.

    Once for the clip, with cubics; every frame may then be sampled linearly and stays sharp.
    """
    height, width = layer.shape[:2]
    matrix = np.array([[1.0 / FINER, 0.0, 0.0], [0.0, 1.0 / FINER, 0.0]])
    finer = cv2.warpAffine(
        layer,
        matrix,
        (FINER * (width - 1) + 1, FINER * (height - 1) + 1),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    if layer.shape[2] == 4:  # noqa: PLR2004 colour times coverage, and coverage
        # Cubics overshoot: no colour may exceed its coverage.
        finer[..., :3] = np.minimum(finer[..., :3], finer[..., 3:])
    return as_rgb(finer)


@dataclass(frozen=True, slots=True)
class Effects:
    """What moves besides the camera; None where nothing does."""

    clouds: Clouds | None = None
    ripples: Ripples | None = None
    light: PassingLight | None = None
    motes: Motes | None = None


class Renderer:
    """Draws any frame of one clip."""

    def __init__(
        self, framing: Framing, layers: Layers, lens: Lens, path: Path, effects: Effects
    ) -> None:
        """Prepare what all frames share."""
        self._home = framing.home
        self._size = framing.size
        self._layers = layers
        self._ground = oversampled(four(layers.ground))
        self._subject = oversampled(layers.subject.pixels) if layers.subject else None
        self._sky = four(layers.sky) if layers.sky is not None else None
        self._lens = lens
        self._path = path
        self._effects = effects
        width, height = self._size
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        self._x, self._y = as_map(columns), as_map(rows)
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
        #: Rows that may show sky: below them the sky need not be drawn.
        self._sky_rows = self._rows_of_sky()

    def draw(self, phase: float) -> Rgb:
        """The frame at phase 0..1 of the clip: (h, w, 3) uint8. Phase 0 is the photo's crop."""
        pose = self._path.at(phase)
        picture = self._with_ground(self._open_sky(pose, phase), pose, phase)
        if self._effects.motes is not None:
            picture = self._effects.motes.over(picture, phase)
        picture = self._with_subject(picture, pose)
        if self._effects.light is not None:
            picture = self._effects.light.over(picture, phase)
        return picture

    def _rows_of_sky(self) -> int:
        mask = self._layers.sky_mask
        if mask is None:
            return 0
        height = self._size[1]
        rows = np.flatnonzero((mask > TRACE).any(axis=1))
        lowest = int(rows[-1]) + 1 - self._home[1] if len(rows) else 0
        return int(np.clip(lowest + CAMERA_REACH * height, 0, height))

    def _open_sky(self, pose: Pose, phase: float) -> Rgb | None:
        if self._sky is None or self._sky_rows == 0:
            return None
        x, y = self._x[: self._sky_rows], self._y[: self._sky_rows]
        map_x, map_y = self._lens.source(x, y, FAR_SHARE, pose)
        map_x, map_y = map_x + self._home[0], map_y + self._home[1]
        if self._effects.clouds is not None:
            return self._effects.clouds.draw(phase, map_x, map_y)
        seen = cv2.remap(
            self._sky, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        return as_rgb(cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB))

    def _with_ground(self, sky: Rgb | None, pose: Pose, phase: float) -> Rgb:
        source_x, source_y = self._lens.source(
            self._coarse_x, self._coarse_y, self._coarse_share, pose
        )
        shift_x = cv2.resize(source_x - self._coarse_x, self._size, interpolation=cv2.INTER_LINEAR)
        shift_y = cv2.resize(source_y - self._coarse_y, self._size, interpolation=cv2.INTER_LINEAR)
        map_x = as_map(cv2.add(shift_x, self._x)) + np.float32(self._home[0])
        map_y = as_map(cv2.add(shift_y, self._y)) + np.float32(self._home[1])
        glint = self._ripple(map_x, map_y, phase)
        drawn = as_rgb(
            cv2.remap(
                self._ground,
                map_x * np.float32(FINER),
                map_y * np.float32(FINER),
                interpolation=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101,
            )
        )
        if glint is not None:
            top, light = glint
            part = drawn[top : top + light.shape[0], :, :3]
            lit = as_map(part) + light[..., None]
            drawn[top : top + light.shape[0], :, :3] = np.rint(np.clip(lit, 0, 255))
        if sky is None:
            return as_rgb(cv2.cvtColor(drawn, cv2.COLOR_RGBA2RGB))
        rows = self._sky_rows
        picture = np.empty((drawn.shape[0], drawn.shape[1], 3), dtype=np.uint8)
        picture[:rows] = over(drawn[:rows], sky)
        if rows < drawn.shape[0]:
            picture[rows:] = cv2.cvtColor(drawn[rows:], cv2.COLOR_RGBA2RGB)
        return picture

    def _ripple(self, map_x: Map, map_y: Map, phase: float) -> tuple[int, Map] | None:
        """Displace the maps in place where water is seen; the first row and its brightening."""
        ripples = self._effects.ripples
        if ripples is None:
            return None
        rows = np.flatnonzero(
            (map_y.max(axis=1) >= ripples.top) & (map_y.min(axis=1) <= ripples.bottom)
        )
        if len(rows) == 0:
            return None
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        seen = as_map(
            cv2.remap(
                ripples.field(phase),
                map_x[top:bottom],
                map_y[top:bottom] - np.float32(ripples.top),
                interpolation=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
            )
        )
        map_x[top:bottom] += seen[..., 0]
        map_y[top:bottom] += seen[..., 1]
        return top, as_map(seen[..., 2])

    def _with_subject(self, below: Rgb, pose: Pose) -> Rgb:
        subject = self._layers.subject
        if subject is None or self._subject is None:
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
            self._subject,
            FINER * matrix,
            self._size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return over(as_rgb(moved), below)
