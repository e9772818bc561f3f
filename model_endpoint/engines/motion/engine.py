"""The motion engine: looks at the photo, decides what may move, draws and encodes the clip."""

import time
from pathlib import Path

import numpy as np

from model_endpoint.engines.motion.camera import plan_path
from model_endpoint.engines.motion.framing import Framing, frame
from model_endpoint.engines.motion.layers import take_apart
from model_endpoint.engines.motion.movie import Movie
from model_endpoint.engines.motion.render import Lens, Renderer
from model_endpoint.engines.protocol import Card, Progress
from model_endpoint.pixels import Rgb
from model_endpoint.scene.analysis import analyse
from story.generation import Direction, EngineName, Report

CARD = Card(
    engine=EngineName(family="procedural", name="enliven-motion", version="1.0.0"),
    max_seconds=10.0,
    rates=(24, 25, 30),
    sizes=((720, 1280), (1280, 720), (1080, 1080)),
    any_size=True,
)
#: Parts of the whole time, for progress.
SCENE_DONE = 0.15
LAYERS_DONE = 0.2


class MotionEngine:
    """Camera with parallax over a photo taken apart; deterministic for a seed."""

    @property
    def card(self) -> Card:
        """What it can make."""
        return CARD

    def generate(
        self, photo: Rgb, direction: Direction, destination: Path, progress: Progress
    ) -> Report:
        """Write one MP4; see engines/protocol.py."""
        self.card.require(direction)
        started = time.perf_counter()
        progress(0.0, "scene")
        scene = analyse(photo, direction.faces)
        framing = frame(photo, scene, direction)
        seen = time.perf_counter()
        progress(SCENE_DONE, "layers")
        layers = take_apart(framing, scene, (photo.shape[1], photo.shape[0]))
        home_x = framing.home[0]
        room = (home_x, framing.plate.shape[1] - framing.size[0] - home_x)
        pivot = layers.subject.share if layers.subject else float(np.median(layers.share))
        spread = float(np.abs(layers.share - pivot).max())
        path = plan_path(
            direction.camera,
            width=framing.size[0],
            room=room,
            spread=spread,
            loop=direction.loop,
        )
        renderer = Renderer(framing, layers, Lens(zoom_centre(framing, direction), pivot), path)
        prepared = time.perf_counter()
        progress(LAYERS_DONE, "render")
        with Movie(
            destination,
            width=direction.width,
            height=direction.height,
            fps=direction.fps,
            sound=None,
        ) as movie:
            for index in range(direction.frames):
                movie.add(renderer.draw(index / direction.frames))
                progress(LAYERS_DONE + (1 - LAYERS_DONE) * (index + 1) / direction.frames, "render")
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
            has_sound=False,
            crop=framing.crop,
            fit=direction.fit,
            camera=direction.camera,
            understood=(),
            unmet=(),
            regions=(),
            timings={
                "scene": round(seen - started, 3),
                "layers": round(prepared - seen, 3),
                "render": round(finished - prepared, 3),
            },
        )


def zoom_centre(framing: Framing, direction: Direction) -> tuple[float, float]:
    """What a push goes towards: the focus; a pull widens around the middle, where the room is."""
    width, height = framing.size
    if direction.camera == "pull_out":
        return (width - 1) / 2, (height - 1) / 2
    x, y = framing.focus
    return min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
