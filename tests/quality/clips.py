"""One photo's clip, made once a session: what was decided, its frames, and its MP4s."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray
from PIL import Image

from model_endpoint.engines.motion.engine import MotionEngine, Production, produce
from model_endpoint.engines.motion.movie import Movie
from model_endpoint.engines.motion.planes import Planes, rgb
from model_endpoint.photo import read_photo
from model_endpoint.pixels import Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.model import Scene
from story.generation import Direction, Report
from tests.quality.truth import Kind, Mask, Truth, load

PHOTOS = Path(__file__).parents[2] / "photos"
#: A folder of further photos, which are not the repository's to give away.
EXTRA = "ENLIVEN_EXTRA_PHOTOS"
#: The photos whose clips are judged, separated by commas; all, if it is not set.
ONLY = "ENLIVEN_CLIPS_OF"

#: Half the sides of a story's usual clip: lengths said "at 720 px wide" count double here.
SIZE = (360, 640)
FULL_WIDTH = 720
#: A pixel of these clips at the usual size.
TO_FULL = FULL_WIDTH / SIZE[0]
SECONDS, FPS = 5.0, 24
#: A clip of a standing camera is drawn at so many moments, evenly over its whole length.
MOMENTS = 48
#: Moments of a clip at which two neighbouring frames are compared.
SAMPLED = 8
#: A pixel is within a drawn region when all of it is: what rounding leaves.
WHOLE = 0.999


def photos() -> tuple[Path, ...]:
    """Every photo of the repository, and of the folder that the environment may name."""
    found = {path.stem: path for path in PHOTOS.glob("*.jpg")}
    if EXTRA in os.environ:
        folder = Path(os.environ[EXTRA])
        further = {path.stem: path for path in folder.glob("*.jpg")}
        if not further:
            raise FileNotFoundError(f"{EXTRA}={folder} has no photos")
        found = further | found
    return tuple(found[name] for name in sorted(found))


def clip_photos() -> tuple[Path, ...]:
    """The photos whose clips are judged: `make test` names some of them, `make quality` none."""
    if ONLY not in os.environ:
        return photos()
    named = os.environ[ONLY].split(",")
    found = {path.stem: path for path in photos()}
    if unknown := set(named) - found.keys():
        raise FileNotFoundError(f"{ONLY} names {sorted(unknown)}; there are {sorted(found)}")
    return tuple(found[name] for name in named)


def directed(**changes: object) -> Direction:
    """The direction of a story about which nothing was said, but half as large."""
    return Direction.model_validate(
        {
            "story_id": "0" * 32,
            "inference_id": "0" * 32 + "-1-1",
            "prompt": "",
            "negative_prompt": "",
            "camera": "auto",
            "ambience": "auto",
            "seed": 1,
            "seconds": SECONDS,
            "fps": FPS,
            "width": SIZE[0],
            "height": SIZE[1],
            **changes,
        }
    )


@dataclass
class Clip:
    """A photo and what the engine makes of it; each part is made when it is first asked for.

    `standing` is the production without a camera move: whatever moves in it is the scene's own.
    """

    path: Path
    folder: Path

    @cached_property
    def jpeg(self) -> bytes:
        return self.path.read_bytes()

    @cached_property
    def photo(self) -> Rgb:
        return read_photo(self.jpeg)

    @cached_property
    def truth(self) -> Truth:
        return load(self.path.stem)

    @cached_property
    def scene(self) -> Scene:
        return analyse(self.photo)

    @cached_property
    def standing(self) -> Production:
        return produce(self.photo, directed(camera="none"), self.scene)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of what moves: all of the clip, or a card in it that shows everyone."""
        return self.standing.staged.framing.size

    @property
    def of_clip(self) -> float:
        """The part of the clip's pixels that it has."""
        return self.size[0] * self.size[1] / (SIZE[0] * SIZE[1])

    @cached_property
    def moving(self) -> Production:
        """As a story would get it: the camera that suits the scene."""
        return produce(self.photo, directed(), self.scene)

    @cached_property
    def moments(self) -> tuple[Planes, ...]:
        """MOMENTS frames of the standing clip, evenly over its length."""
        draw = self.standing.renderer.draw
        return tuple(draw(index / MOMENTS) for index in range(MOMENTS))

    @cached_property
    def fields(self) -> tuple[NDArray[np.float32], ...]:
        """How far the standing clip's pixels are from their places, (h, w), at SAMPLED phases."""
        displacement = self.standing.renderer.displacement
        return tuple(
            np.asarray(np.linalg.norm(displacement(index / SAMPLED), axis=2), np.float32)
            for index in range(SAMPLED)
        )

    @cached_property
    def standing_mp4(self) -> Path:
        """The moments as the engine's encoder writes them."""
        path = self.folder / f"{self.path.stem}_standing.mp4"
        width, height = self.size
        with Movie(path, width=width, height=height, fps=FPS, sound=None) as movie:
            for picture in self.moments:
                movie.add(picture)
        return path

    @cached_property
    def generated(self) -> tuple[Path, Report]:
        """The clip that a story without a word would get, and its report."""
        path = self.folder / f"{self.path.stem}.mp4"
        report = MotionEngine().generate(self.photo, directed(), path, lambda _part, _stage: None)
        return path, report

    @cached_property
    def cropped(self) -> Rgb:
        """The part of the photo that the standing clip begins with, resized by Pillow alone."""
        box = self.standing.staged.framing.crop.in_pixels(self.photo.shape[1], self.photo.shape[0])
        crop = Image.fromarray(self.photo).resize(self.size, Image.Resampling.LANCZOS, box=box)
        return np.asarray(crop, np.uint8)

    def drawn(self, kind: Kind) -> Mask:
        """Pixels of the standing clip that lie wholly in what was drawn by hand: (h, w) bool."""
        box = self.standing.staged.framing.crop.in_pixels(self.truth.width, self.truth.height)
        mask = Image.fromarray(self.truth.mask(kind).astype(np.float32))
        return np.asarray(mask.resize(self.size, Image.Resampling.BOX, box=box)) >= WHOLE


def neighbours(production: Production) -> list[tuple[Planes, Planes]]:
    """SAMPLED pairs of neighbouring frames, evenly over the clip; the last is its seam."""
    ends = [round(directed().frames * (index + 1) / SAMPLED) for index in range(SAMPLED)]
    return [following(production, end) for end in ends]


def around_seam(production: Production) -> list[tuple[Planes, Planes]]:
    """The pair that ends before the seam, the seam's own, and the pair that begins after it."""
    frames = directed().frames
    return [following(production, end) for end in (frames - 1, frames, 1)]


def following(production: Production, end: int) -> tuple[Planes, Planes]:
    """Frame end - 1 and the one that follows it, which after the last is the first."""
    frames, draw = directed().frames, production.renderer.draw
    return draw((end - 1) / frames), draw(end % frames / frames)


def luma8(picture: Planes) -> NDArray[np.uint8]:
    """Y' of a frame, 0..255 from black to white, (h, w) uint8."""
    stretched = (picture.y.astype(np.float32) - 16.0) * (255.0 / 219.0)
    return np.rint(np.clip(stretched, 0.0, 255.0)).astype(np.uint8)


def shown(picture: Planes) -> Rgb:
    """A frame as (h, w, 3) sRGB."""
    return rgb(picture)


def decoded(path: Path) -> Iterator[Rgb]:
    """Every frame of an MP4 as (h, w, 3) sRGB, read as BT.709."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            plain = frame.reformat(format="rgb24", src_colorspace=Colorspace.ITU709)
            yield np.asarray(plain.to_ndarray(), np.uint8)
