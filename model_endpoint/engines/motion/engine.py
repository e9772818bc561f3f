"""The motion engine: looks at the photo, decides what may move, draws and encodes the clip."""

import time
from pathlib import Path

import numpy as np

from model_endpoint.engines.motion.air import Motes, PassingLight
from model_endpoint.engines.motion.camera import plan_path
from model_endpoint.engines.motion.card import surround
from model_endpoint.engines.motion.clouds import Clouds
from model_endpoint.engines.motion.framing import Framing, frame
from model_endpoint.engines.motion.layers import Layers, take_apart
from model_endpoint.engines.motion.movie import Movie
from model_endpoint.engines.motion.plan import Plan, decide
from model_endpoint.engines.motion.render import Effects, Lens, Renderer
from model_endpoint.engines.motion.ripples import Ripples
from model_endpoint.engines.motion.sound import compose
from model_endpoint.engines.protocol import Card, Progress
from model_endpoint.pixels import Rgb
from model_endpoint.scene.analysis import analyse
from model_endpoint.scene.model import Scene
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
        plan = decide(direction, scene, layers)
        renderer = stage(framing, layers, scene, plan, direction)
        sound = compose(
            direction.ambience,
            direction.frames / direction.fps,
            seed=direction.seed,
            loop=direction.loop,
        )
        prepared = time.perf_counter()
        progress(LAYERS_DONE, "render")
        size = (direction.width, direction.height)
        with Movie(
            destination, width=size[0], height=size[1], fps=direction.fps, sound=sound
        ) as movie:
            for index in range(direction.frames):
                movie.add(surround(renderer.draw(index / direction.frames), size))
                done = (index + 1) / direction.frames
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
            crop=framing.crop,
            fit=direction.fit,
            camera=direction.camera,
            understood=plan.understood,
            unmet=plan.unmet,
            regions=plan.regions,
            timings={
                "scene": round(seen - started, 3),
                "layers": round(prepared - seen, 3),
                "render": round(finished - prepared, 3),
            },
        )


def stage(
    framing: Framing, layers: Layers, scene: Scene, plan: Plan, direction: Direction
) -> Renderer:
    """Everything in its place: lens, camera path and effects. Chance comes from the seed."""
    random = np.random.default_rng(direction.seed)
    heading = 1 if random.integers(2) else -1
    wave_seed, mote_seed = (int(seed) for seed in random.integers(2**32, size=2))
    home_x = framing.home[0]
    plate_width = framing.plate.shape[1]
    pivot = layers.subject.share if layers.subject else float(np.median(layers.share))
    path = plan_path(
        direction.camera,
        width=framing.size[0],
        room=(home_x, plate_width - framing.size[0] - home_x),
        spread=float(np.abs(layers.share - pivot).max()),
        loop=direction.loop,
    )
    horizon = horizon_row(framing, scene)
    effects = Effects(
        clouds=(
            Clouds(layers.sky, horizon=horizon, heading=heading, loop=direction.loop)
            if plan.clouds and layers.sky is not None
            else None
        ),
        ripples=(
            Ripples(layers.water_mask, horizon=horizon, seed=wave_seed)
            if plan.ripples and layers.water_mask is not None
            else None
        ),
        light=PassingLight(framing.size, heading=heading) if plan.light else None,
        motes=(Motes(framing.size, seed=mote_seed, loop=direction.loop) if plan.motes else None),
    )
    lens = Lens(zoom_centre(framing, direction), pivot)
    return Renderer(framing, layers, lens, path, effects)


def horizon_row(framing: Framing, scene: Scene) -> float:
    """The horizon's row on the plate; without one, the plate's lower edge."""
    height = float(framing.plate.shape[0])
    if scene.horizon is None:
        return height
    row = scene.horizon * framing.photo_height
    return (row - framing.source.top) * height / framing.source.height


def zoom_centre(framing: Framing, direction: Direction) -> tuple[float, float]:
    """What a push goes towards: the focus; a pull widens around the middle, where the room is."""
    width, height = framing.size
    if direction.camera == "pull_out":
        return (width - 1) / 2, (height - 1) / 2
    x, y = framing.focus
    return min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
