"""The motion engine: looks at the photo, decides what may move, draws and encodes the clip."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from pathlib import Path as FilePath

import cv2
import numpy as np

from model_endpoint.engines.motion.camera import Lens, kept, plan_path
from model_endpoint.engines.motion.camera import Path as CameraPath
from model_endpoint.engines.motion.card import surround
from model_endpoint.engines.motion.encoders import X264, Encoder
from model_endpoint.engines.motion.framing import Framing, Rect
from model_endpoint.engines.motion.memory import give_back, share_one_arena
from model_endpoint.engines.motion.movie import Movie
from model_endpoint.engines.motion.plan import Plan, choose_camera, decide, reported
from model_endpoint.engines.motion.planes import Planes
from model_endpoint.engines.motion.render import Begun, Renderer
from model_endpoint.engines.motion.soundtrack import soundtrack
from model_endpoint.engines.motion.staging import Staged, prepare
from model_endpoint.engines.motion.surfaces import Surfaces
from model_endpoint.engines.protocol import Card, Progress, no_progress
from model_endpoint.pixels import Map, Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.model import Scene
from story.generation import CameraMove, Direction, EngineName, Report

CARD = Card(
    engine=EngineName(family="procedural", name="enliven-motion", version="2.0.0"),
    max_seconds=10.0,
    rates=(24, 25, 30),
    sizes=((720, 1280), (960, 960), (1280, 720), (1080, 1920)),
    any_size=True,
)
#: Parts of the whole time, for progress.
SCENE_DONE = 0.15
LAYERS_DONE = 0.2
#: The phase in which a camera that comes back is farthest.
HALF_WAY = 0.5


@dataclass(frozen=True, slots=True)
class Production:
    """One clip before its frames are drawn: what was seen, decided and prepared.

    sound: (samples, 2) float32; see soundtrack. None for silence.
    """

    scene: Scene
    staged: Staged
    move: CameraMove
    plan: Plan
    renderer: Renderer
    sound: Map | None


def produce(photo: Rgb, direction: Direction, scene: Scene) -> Production:
    """Decide and prepare a clip; frames are then drawn one by one, at any phase."""
    move = choose_camera(direction, scene.kind)
    staged = prepare(photo, scene, direction, move)
    # What taking apart needed for a moment; of a large clip that is more than what is kept of it.
    give_back()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside") as beside:
        # What is drawn does not depend on what moves, nor what is heard on what is drawn.
        made = beside.submit(Surfaces.of, staged)
        plan = decide(direction, staged.stage, move)
        composed = beside.submit(soundtrack, direction, staged.stage, plan.effects)
        lens, path = camera(staged, direction, move)
        renderer = Renderer(staged, made.result(), lens, path, plan.effects)
        return Production(scene, staged, move, plan, renderer, composed.result())


def frames(renderer: Renderer, direction: Direction) -> Iterator[Planes]:
    """Every frame of the clip, drawn when it is asked for: one finishes while the next begins."""
    size = (direction.width, direction.height)

    def finished(begun: Begun) -> Planes:
        return surround(renderer.finish(begun), size)

    with (
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="sky") as sky,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="finisher") as finisher,
    ):
        before: Future[Planes] | None = None
        for index in range(direction.frames):
            begun = renderer.begin(index / direction.frames, beside=sky)
            following = finisher.submit(finished, begun)
            if before is not None:
                yield before.result()
            before = following
        if before is not None:
            yield before.result()


class MotionEngine:
    """Camera with parallax over a photo taken apart; deterministic for a seed."""

    def __init__(self, encoder: Encoder = X264) -> None:
        """encoder: what writes the clips."""
        self._encoder = encoder
        share_one_arena()

    @property
    def card(self) -> Card:
        """What it can make."""
        return CARD

    def warm_up(self) -> None:
        """Make a tiny clip."""
        grey = np.full((256, 256, 3), 128, dtype=np.uint8)
        direction = Direction(
            story_id="0" * 32, inference_id="warm-up", prompt="", negative_prompt="",
            camera="push_in", ambience="wind", seed=0, seconds=1.0, fps=8, width=64, height=64,
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            self.generate(grey, direction, FilePath(folder) / "warm.mp4", no_progress)

    def generate(
        self, photo: Rgb, direction: Direction, destination: Path, progress: Progress
    ) -> Report:
        """Write one MP4; see engines/protocol.py."""
        self.card.require(direction)
        started = time.perf_counter()
        # What the clip before left: the networks of the analysis need much for a moment.
        give_back()
        progress(0.0, "scene")
        scene = analyse(photo, direction.faces, direction.tags, direction.wishes.named)
        seen = time.perf_counter()
        give_back()
        progress(SCENE_DONE, "layers")
        production = produce(photo, direction, scene)
        plan, framing, move = production.plan, production.staged.framing, production.move
        crop, fit = framing.crop, framing.fit
        regions = reported(scene, plan.effects)
        sound = production.sound
        # Frames need none of what was staged and seen: of a large clip that is as much memory as
        # the encoder will take.
        renderer = production.renderer
        del production, framing, scene
        give_back()
        prepared = time.perf_counter()
        progress(LAYERS_DONE, "render")
        with (
            one_thread(),
            Movie(
                destination,
                width=direction.width,
                height=direction.height,
                fps=direction.fps,
                sound=sound,
                encoder=self._encoder,
            ) as movie,
        ):
            for index, picture in enumerate(frames(renderer, direction), start=1):
                movie.add(picture)
                done = index / direction.frames
                progress(LAYERS_DONE + (1.0 - LAYERS_DONE) * done, "render")
        finished = time.perf_counter()
        return Report(
            inference_id=direction.inference_id,
            engine=self.card.engine,
            seed=direction.seed,
            seconds=direction.frames / direction.fps,
            fps=direction.fps,
            frames=direction.frames,
            width=direction.width,
            height=direction.height,
            has_sound=sound is not None,
            crop=crop,
            fit=fit,
            camera=move,
            understood=plan.understood,
            unmet=plan.unmet,
            regions=regions,
            timings={
                "scene": round(seen - started, 3),
                "layers": round(prepared - seen, 3),
                "render": round(finished - prepared, 3),
            },
        )


@contextmanager
def one_thread() -> Iterator[None]:
    """Let OpenCV draw in one thread: the encoder, which runs at the same time, has the others.

    Sharing every small step between threads costs more than it gains while all cores are busy
    (measured on two: a sixth of the whole).
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def camera(staged: Staged, direction: Direction, move: CameraMove) -> tuple[Lens, CameraPath]:
    """The lens and the way of a camera move over a staged photo."""
    framing, layers = staged.framing, staged.layers
    (left, top), (width, height) = framing.home, framing.size
    rows, columns = framing.plate.shape[:2]
    pivot = layers.subject.share if layers.subject else float(np.median(layers.share))
    path = plan_path(
        move,
        size=framing.size,
        room=(left, top, columns - width - left, rows - height - top),
        spread=float(np.abs(layers.share - pivot).max()),
        seconds=direction.frames / direction.fps,
        loop=direction.loop,
        strength=direction.wishes.strength,
        random=np.random.default_rng([direction.seed, 0]),
    )
    centre = zoom_centre(framing, move)
    if framing.heads is None:
        return Lens(centre, pivot), path
    return keeping_heads(framing.heads, framing.size, Lens(centre, pivot), path)


def keeping_heads(
    heads: Rect, size: tuple[int, int], lens: Lens, path: CameraPath
) -> tuple[Lens, CameraPath]:
    """The same, but no nearer and not elsewhere than leaves all heads in the picture."""
    nearest = path.at(HALF_WAY if path.loop else 1.0).zoom * lens.pivot
    if nearest <= 0.0:
        return lens, path
    spans = ((heads.left, heads.left + heads.width), (heads.top, heads.top + heads.height))
    growth = 1.0 + nearest
    for span, length in zip(spans, size, strict=True):
        _, growth = kept(span, length, growth, 0.0)
    x, y = (
        kept(span, length, growth, wished)[0]
        for span, length, wished in zip(spans, size, lens.centre, strict=True)
    )
    nearer = max(0.0, growth - 1.0) / nearest
    return Lens((x, y), lens.pivot), replace(path, strength=path.strength * nearer)


def zoom_centre(framing: Framing, move: CameraMove) -> tuple[float, float]:
    """What a push goes towards: the focus; a pull widens around the middle, where the room is."""
    width, height = framing.size
    if move == "pull_out":
        return (width - 1) / 2, (height - 1) / 2
    x, y = framing.focus
    return min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
