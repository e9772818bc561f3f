"""Drawing a frame: the layers bent by their effects, moved by the camera, laid over each other.

Places are computed on a grid of FIELD_PX and interpolated: a camera and all fields are smoother
than that. The grid has one square more on each side, so that interpolation never runs out.
"""

from concurrent.futures import Executor, Future
from dataclasses import dataclass

import cv2
import numpy as np

from model_endpoint.engines.motion.camera import FAR_SHARE, Lens, Path, Pose, share_of
from model_endpoint.engines.motion.currents import Stream
from model_endpoint.engines.motion.fields import Fields, looked_up
from model_endpoint.engines.motion.focus import Defocus
from model_endpoint.engines.motion.grid import Rect, block, centres, enlarged, part
from model_endpoint.engines.motion.layers import Cutout
from model_endpoint.engines.motion.lighting import Lighting, colourfulness
from model_endpoint.engines.motion.planes import Planes, add_behind, lay_over, unpacked
from model_endpoint.engines.motion.sampling import sample_map
from model_endpoint.engines.motion.stage import FIELD_PX, Effect, Patch
from model_endpoint.engines.motion.staging import Staged
from model_endpoint.engines.motion.textures import COVERAGE, Texture, texture
from model_endpoint.engines.motion.tiles import TILE_PX, Squares, asked, extremes, rects, tiled
from model_endpoint.pixels import Map, Rgb, as_map

#: Coverage and masks below this are none.
TRACE = 0.004
#: How far the camera may move a row, as a part of the picture's height.
CAMERA_REACH = 0.17


@dataclass(frozen=True, slots=True)
class Seen:
    """The camera's view at one moment; see stage.View."""

    lens: Lens
    pose: Pose
    home: tuple[int, int]

    def place(self, x: Map, y: Map, depth: Map | float) -> tuple[Map, Map, float]:
        """Picture pixels of plate pixels, and the growth of things there."""
        share = share_of(depth)
        column, row = self.lens.seen(x - self.home[0], y - self.home[1], share, self.pose)
        middle = float(share.mean()) if share.size else FAR_SHARE
        return column, row, float(self.lens.growth(middle, self.pose))


@dataclass(frozen=True, slots=True)
class Figure:
    """The subject as it is drawn: its texture, where that is on the plate, and its share."""

    texture: Texture
    patch: Patch
    share: float
    #: The most and the least coverage (0..1) around each square of a field of the whole plate.
    most: Map
    least: Map

    @classmethod
    def of(cls, cutout: Cutout | None) -> "Figure | None":
        """A cutout's figure; None for none, or for one that covers nothing."""
        if cutout is None:
            return None
        patch = Patch.around(as_map(cutout.pixels[..., COVERAGE]), margin_px=FIELD_PX)
        if patch is None:
            return None
        most, least = coverages(cutout.pixels)
        return cls(texture(cutout.pixels, patch), patch, cutout.share, most, least)


@dataclass(frozen=True, slots=True)
class Begun:
    """A frame of which the ground and the sky are drawn.

    figure: plate pixels (rows, columns, 2) that the grid sees of the subject, if there is one.
    """

    picture: Planes
    figure: Map | None
    phase: float


class Renderer:
    """Draws any frame of one clip."""

    def __init__(self, staged: Staged, lens: Lens, path: Path, effects: tuple[Effect, ...]) -> None:
        """Prepare what all frames share."""
        framing, layers = staged.framing, staged.layers
        self._home, self._size = framing.home, framing.size
        self._lens, self._path = lens, path
        height = self._size[1]
        self._grid_x, self._grid_y = centres(self._size)
        self._share = on_grid(
            layers.share, self._grid_x + self._home[0], self._grid_y + self._home[1]
        )

        warps = [warp for effect in effects for warp in effect.warps]
        plate_size = (framing.plate.shape[1], framing.plate.shape[0])
        self._fields = {
            layer: Fields([warp for warp in warps if warp.layer == layer], plate_size)
            for layer in ("ground", "subject")
        }
        self._sky_rows = self._rows_of_sky(layers.masks.get("sky"))
        currents = [current for effect in effects for current in effect.currents]
        self._ground = texture(layers.ground)
        self._most, self._least = coverages(layers.ground)
        self._sky = None
        if layers.sky is not None and self._sky_rows:
            reach = min(
                plate_size[1], self._home[1] + self._sky_rows + round(CAMERA_REACH * height)
            )
            self._sky = texture(layers.sky, Patch(0, 0, plate_size[0], reach))
        self._sky_streams = [
            Stream(current, self._sky)
            for current in currents
            if current.layer == "sky" and self._sky is not None
        ]
        self._ground_streams = [
            Stream.over(c, layers.ground) for c in currents if c.layer == "ground"
        ]
        self._subject = Figure.of(layers.subject)
        #: The share of what is seen, the subject included: lights fall on what is in front.
        self._share_in_front = self._share
        if self._subject is not None:
            plate_x, plate_y = self._grid_x + self._home[0], self._grid_y + self._home[1]
            cover = on_grid(layers.masks["subject"], as_map(plate_x), as_map(plate_y))
            self._share_in_front = as_map(self._share * (1.0 - cover) + self._subject.share * cover)
        seconds = staged.stage.seconds
        lights = [light for effect in effects for light in effect.lights]
        colour = colourfulness(framing.plate)
        self._sky_lighting, self._lighting = (
            Lighting([a for a in lights if a.layer == layer], plate_size, seconds, colour)
            for layer in ("sky", None)
        )
        self._veils = [veil for effect in effects for veil in effect.veils]
        #: Where a layer is drawn before it is laid over those behind it: each may be drawn in a
        #: thread of its own.
        self._canvas, self._sky_canvas, self._front_canvas = (
            np.zeros((height if layer is not None else 0, self._size[0], 4), dtype=np.uint8)
            for layer in (self._ground, self._sky, self._subject)
        )
        self._defocus = Defocus(self._ground) if path.move == "rack_focus" else None

    def draw(self, phase: float) -> Planes:
        """The frame at phase 0..1 of the clip. Phase 0 is the photo's crop."""
        return self.finish(self.begin(phase))

    def begin(self, phase: float, beside: Executor | None = None) -> Begun:
        """What is behind everything at a phase: the ground and the sky.

        One frame may begin while another one finishes, in another thread, and the sky be drawn
        `beside` the ground: they share nothing that is written to.
        """
        pose = self._path.at(phase)
        figure = self._figure_places(pose, phase)
        picture = self._ground_and_sky(pose, phase, self._behind(figure), beside)
        return Begun(picture, figure, phase)

    def finish(self, begun: Begun) -> Planes:
        """The whole frame, in the picture begun: what is in front, and the light."""
        picture, phase = begun.picture, begun.phase
        pose = self._path.at(phase)
        view = Seen(self._lens, pose, self._home)
        for veil in self._veils:
            if veil.behind_subject:
                veil.over(picture, phase, view)
        self._lay_subject(picture, pose, begun.figure)
        if self._lighting:
            places = self._places(self._share_in_front, pose)
            self._lighting.apply(picture, phase, places)
        for veil in self._veils:
            if not veil.behind_subject:
                veil.over(picture, phase, view)
        return picture

    def displacement(self, phase: float) -> Map:
        """(h, w, 2) plate pixels that effects move the picture's places by, camera aside.

        Currents count with the copy that is seen most. For tests and for explaining.
        """
        width, height = self._size
        places = self._places(self._share, self._path.at(0.0))
        whole = self._whole()
        total = self._fields["ground"].at(phase, places)
        for stream in self._ground_streams:
            total = total + stream.displacement(phase, places)
        full = self._full(as_map(total), whole)
        if self._sky_streams:
            drift = self._full(as_map(self._sky_streams[0].displacement(phase, places)), whole)
            seen = self._ground.sample(self._full(self._ground.own(places), whole))
            hidden = seen[..., COVERAGE, None] > 127  # noqa: PLR2004 half of 255
            full = as_map(np.where(hidden, full, drift))
        if self._subject is not None:
            own_places = self._full(self._subject.texture.own(places), (0, 0, width, height))
            drawn = self._subject.texture.sample(own_places, cv2.BORDER_CONSTANT)
            cover = as_map(drawn[..., COVERAGE])
            own = self._full(self._fields["subject"].at(phase, places), (0, 0, width, height))
            full = as_map(np.where(cover[..., None] > 127.0, own, full))  # noqa: PLR2004 half of 255
        return full

    def _rows_of_sky(self, mask: Map | None) -> int:
        """Rows of the picture that may show sky: below them it need not be drawn."""
        if mask is None:
            return 0
        height = self._size[1]
        rows = np.flatnonzero((mask > TRACE).any(axis=1))
        lowest = int(rows[-1]) + 1 - self._home[1] if len(rows) else 0
        return 2 * round(float(np.clip(lowest + CAMERA_REACH * height, 0, height)) / 2)

    def _whole(self) -> Rect:
        return 0, 0, self._size[0], self._size[1]

    def _cleared(self, rect: Rect, canvas: Rgb, tiles: Squares) -> Rgb:
        """A canvas's rectangle, empty but for the tiles, which will be drawn."""
        canvas = part(canvas, rect, self._whole())
        for bare in rects(~tiles, rect):
            part(canvas, bare, rect)[:] = 0
        return canvas

    def _places(self, share: Map | float, pose: Pose) -> Map:
        """Plate pixels (rows, columns, 2) that the grid sees, for things of a share."""
        grid_x, grid_y = self._grid_x, self._grid_y
        if not isinstance(share, np.ndarray):
            # Of one share all rows are alike, and all columns.
            grid_x, grid_y = grid_x[:1], grid_y[:, :1]
        x, y = self._lens.source(grid_x, grid_y, share, pose)
        places = np.empty((*self._grid_x.shape, 2), dtype=np.float32)
        np.add(x, self._home[0], out=places[..., 0])
        np.add(y, self._home[1], out=places[..., 1])
        return places

    @staticmethod
    def _full(places: Map, rect: Rect) -> Map:
        """A grid's values at every pixel of a rectangle."""
        return enlarged(block(places, rect), rect)

    def _figure_places(self, pose: Pose, phase: float) -> Map | None:
        """Plate pixels that the grid sees of the subject, bent by its warps."""
        if self._subject is None:
            return None
        places = self._places(self._subject.share, pose)
        return as_map(places + self._fields["subject"].at(phase, places))

    def _behind(self, figure: Map | None) -> Squares:
        """The tiles that show more than the subject."""
        if figure is None or self._subject is None:
            return tiled(asked(self._grid_x) > -np.inf)
        return tiled(looked_up(self._subject.least, asked(figure)) < 1.0)

    def _ground_and_sky(
        self, pose: Pose, phase: float, behind: Squares, beside: Executor | None
    ) -> Planes:
        width, height = self._size
        places = self._places(self._share, pose)
        bent = as_map(places + self._fields["ground"].at(phase, places))
        of_ground, of_sky = behind, np.zeros_like(behind)
        if self._sky is not None:
            most, least = (looked_up(values, asked(bent)) for values in (self._most, self._least))
            of_ground, of_sky = behind & tiled(most > TRACE), behind & tiled(least < 1.0 - TRACE)
        picture = Planes(
            np.zeros((height, width), np.uint8),
            np.zeros((height // 2, width // 2), np.uint8),
            np.zeros((height // 2, width // 2), np.uint8),
        )
        sky_bottom = below_last(of_sky, height)
        sky_rect = (0, 0, width, sky_bottom)
        sky: Future[Planes] | None = None
        if sky_bottom and beside is not None:
            sky = beside.submit(self._open_sky, pose, phase, sky_rect, of_sky)
        through = np.full((sky_bottom, width), 255, np.uint8)
        top, bottom = above_first(of_ground, height), below_last(of_ground, height)
        if top < bottom:
            rect = (0, top, width, bottom)
            ground, cover = self._draw_ground(bent, rect, of_ground, pose, phase)
            below = picture.part(rect)
            below.y[:], below.u[:], below.v[:] = ground.y, ground.u, ground.v
            if top < sky_bottom:
                shared = cover[: sky_bottom - top]
                through[top : top + len(shared)] = cv2.bitwise_not(shared)
        if sky_bottom:
            drawn_sky = sky.result() if sky else self._open_sky(pose, phase, sky_rect, of_sky)
            add_behind(picture.part(sky_rect), drawn_sky, through)
        return picture

    def _draw_ground(
        self, places: Map, rect: Rect, tiles: Squares, pose: Pose, phase: float
    ) -> tuple[Planes, Rgb]:
        """The ground's rectangle with what flows on it, and its coverage; nothing where not needed.

        Out of focus it is taken plane by plane: chroma has a quarter of the pixels.
        """
        drawn, parts = self._cleared(rect, self._canvas, tiles), rects(tiles, rect)
        self._ground.draw(drawn, rect, places, parts)
        for stream in self._ground_streams:
            stream.lay(drawn, phase, places, rect)
        ground, cover = unpacked(drawn)
        if self._defocus is not None and pose.defocus > 0.0:
            through = cover if self._sky is not None else None
            own = self._ground.own(places)
            self._defocus.ground(ground, through, rect, own, parts, amount=pose.defocus)
        return ground, cover

    def _open_sky(self, pose: Pose, phase: float, rect: Rect, tiles: Squares) -> Planes:
        sky = self._sky
        if sky is None:
            raise AssertionError("no sky to draw")
        places = self._places(FAR_SHARE, pose)
        blurs = self._defocus is not None and pose.defocus > 0.0
        if blurs:
            # A blur looks at what is around.
            tiles = np.ones_like(tiles)
        drawn = self._cleared(rect, self._sky_canvas, tiles)
        if self._sky_streams:
            self._sky_streams[0].draw_tiles(drawn, phase, places, rect, tiles)
        else:
            sky.draw_even(drawn, rect, places, rects(tiles, rect))
        if blurs:
            drawn = Defocus.blurred(drawn, pose.defocus)
        picture, _ = unpacked(drawn)
        if self._sky_lighting:
            self._sky_lighting.apply(picture, phase, places)
        return picture

    def _lay_subject(self, picture: Planes, pose: Pose, places: Map | None) -> None:
        subject = self._subject
        if subject is None or places is None:
            return
        rect = self._seen_rect(subject.patch, subject.share, pose)
        if rect is None:
            return
        tiles = tiled(looked_up(subject.most, asked(places)) > TRACE)
        drawn = self._cleared(rect, self._front_canvas, tiles)
        draw = subject.texture.draw if self._fields["subject"] else subject.texture.draw_even
        draw(drawn, rect, places, rects(tiles, rect), cv2.BORDER_CONSTANT)
        layer, cover = unpacked(drawn)
        lay_over(picture.part(rect), layer, cover)

    def _seen_rect(self, patch: Patch, share: float, pose: Pose) -> Rect | None:
        """The even rectangle of the picture in which a patch of a share is seen."""
        x = as_map([patch.left, patch.left + patch.width]) - self._home[0]
        y = as_map([patch.top, patch.top + patch.height]) - self._home[1]
        columns, rows = self._lens.seen(x, y, share, pose)
        width, height = self._size
        left, right = max(0, int(columns[0]) - 2), min(width, int(columns[1]) + 3)
        top, bottom = max(0, int(rows[0]) - 2), min(height, int(rows[1]) + 3)
        left, top, right, bottom = left // 2 * 2, top // 2 * 2, right // 2 * 2, bottom // 2 * 2
        return (left, top, right, bottom) if left < right and top < bottom else None


def above_first(tiles: Squares, height: int) -> int:
    """The first row of pixels of the first true tile; the picture's height if there is none."""
    rows = np.flatnonzero(tiles.any(axis=1))
    return int(rows[0]) * TILE_PX if len(rows) else height


def below_last(tiles: Squares, height: int) -> int:
    """The row of pixels below the last true tile; 0 if there is none."""
    rows = np.flatnonzero(tiles.any(axis=1))
    return min(height, (int(rows[-1]) + 1) * TILE_PX) if len(rows) else 0


def on_grid(values: Map, x: Map, y: Map) -> Map:
    """A plate's values (H, W) at plate pixels x, y, averaged over the squares of the grid."""
    smooth = cv2.blur(values, (FIELD_PX, FIELD_PX))
    return sample_map(as_map(smooth), np.dstack([as_map(x), as_map(y)]))


def coverages(layer: Rgb) -> tuple[Map, Map]:
    """The most and the least coverage (0..1) around each square of a field, of a packed layer."""
    if layer.shape[2] <= COVERAGE:
        full = np.ones((-(-layer.shape[0] // FIELD_PX), -(-layer.shape[1] // FIELD_PX)), np.float32)
        return full, full
    most, least = extremes(as_map(layer[..., COVERAGE]))
    return as_map(most / np.float32(255.0)), as_map(least / np.float32(255.0))
