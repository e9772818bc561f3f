"""The diffusion engine: a trained model draws the clip from the photo and a prompt."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from model_endpoint import metrics
from model_endpoint.engines.diffusion import memory
from model_endpoint.engines.diffusion.loading import load
from model_endpoint.engines.diffusion.model import Drawn, Model, ModelFailed, Stepped, Wanted
from model_endpoint.engines.diffusion.scene import Opening, opening
from model_endpoint.engines.motion.encoders import X264, Encoder
from model_endpoint.engines.motion.movie import Movie
from model_endpoint.engines.motion.planes import packed, planes
from model_endpoint.engines.protocol import Card, Progress
from model_endpoint.manifest import WeightsRefused
from model_endpoint.pixels import Map, Rgb
from story.cards import Card as ModelCard
from story.cards import Trained
from story.errors import GenerationFailed
from story.generation import CameraMove, Direction, RegionReport, Report

#: Parts of the whole time, for progress: the scene, the model's steps, its decoding.
SCENE_DONE, STEPS_DONE, DRAWN_DONE = 0.04, 0.85, 0.95
LOG = logging.getLogger("enliven.endpoint")


class DiffusionEngine:
    """One trained model, loaded once; deterministic for a seed on one kind of graphics card."""

    def __init__(self, described: ModelCard, folder: Path, encoder: Encoder = X264) -> None:
        """Verify and load the weights in `folder`. Raises WeightsRefused."""
        if described.trained is None:
            raise WeightsRefused(f"{described.engine.name} is no diffusion engine")
        self._described = described
        self._trained: Trained = described.trained
        self._encoder = encoder
        self._model: Model = load(folder, described)
        self._card = Card(
            engine=described.engine,
            max_seconds=described.form.max_seconds,
            rates=(described.form.fps,),
            sizes=tuple(described.form.sizes.values()),
            any_size=False,
        )

    @property
    def card(self) -> Card:
        """What it can make."""
        return self._card

    def warm_up(self) -> None:
        """One step, at every size if layers are compiled for it, else at the largest.

        Memory that is too small shows here, and not with somebody's story.

        Raises:
            GenerationFailed: the model cannot draw, or not within this card's memory.
        """
        largest = max(self._card.sizes, key=lambda size: size[0] * size[1])
        for width, height in self._card.sizes if self._trained.memory.compile else (largest,):
            grey = np.full((height, width, 3), 128, dtype=np.uint8)
            self._draw(
                Wanted(
                    picture=grey,
                    prompt="",
                    negative_prompt="",
                    frames=self._trained.sampling.frames,
                    fps=self._described.form.fps,
                    steps=1,
                    seed=0,
                    returns=False,
                ),
                lambda _done, _of: None,
            )

    def generate(
        self, photo: Rgb, direction: Direction, destination: Path, progress: Progress
    ) -> Report:
        """Write one MP4; see engines/protocol.py."""
        self.card.require(direction)
        started = time.perf_counter()
        memory.start_measuring()
        progress(0.0, "scene")
        opened = opening(photo, direction)
        seen = time.perf_counter()
        progress(SCENE_DONE, "model")
        stepped_at = [time.perf_counter()]

        def stepped(done: int, of: int) -> None:
            stepped_at.append(time.perf_counter())
            progress(SCENE_DONE + (STEPS_DONE - SCENE_DONE) * done / of, "model")

        returns = direction.loop and self._returns(direction)
        sampling = self._trained.sampling
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sound") as beside:
            composed = beside.submit(opened.compose)
            drawn = self._draw(
                Wanted(
                    picture=opened.picture,
                    prompt=direction.prompt,
                    negative_prompt=direction.negative_prompt,
                    frames=sampling.frames,
                    fps=direction.fps,
                    steps=sampling.steps,
                    seed=direction.seed,
                    returns=returns,
                ),
                stepped,
            )
            sound = composed.result()
        finished = time.perf_counter()
        progress(DRAWN_DONE, "encode")
        self._write(drawn.frames, direction, sound, destination, progress)
        steps_seconds = stepped_at[-1] - stepped_at[0]
        timings = {
            "scene": round(seen - started, 3),
            "steps": round(steps_seconds, 3),
            "decode": round(finished - stepped_at[-1], 3),
            "encode": round(time.perf_counter() - finished, 3),
        }
        self._log(direction, sampling.steps / steps_seconds)
        return self._report(direction, opened, drawn, sound is not None, timings)

    def _log(self, direction: Direction, steps_per_second: float) -> None:
        measured: dict[str, tuple[float, metrics.Unit]] = {
            "StepsPerSecond": (round(steps_per_second, 4), "Count/Second")
        }
        if (peak := memory.peak_gib()) is not None:
            measured["VramPeak"] = (peak, "Gigabytes")
        metrics.log(
            LOG, "drawn", self.card.engine.name, measured, inference_id=direction.inference_id
        )

    def _returns(self, direction: Direction) -> bool:
        """Whether the model can end this clip where it began: only one of its whole length."""
        if self._described.form.loops == "always":
            return True
        # The last frame drawn is the first again, so that the clip is all before it.
        whole = self._trained.sampling.frames - 1
        return self._described.form.loops == "whole" and direction.frames == whole

    def _draw(self, wanted: Wanted, stepped: Stepped) -> Drawn:
        """Draw, and whatever happens leave the memory as it was.

        Raises:
            GenerationFailed: not enough memory, or no pictures. What `stepped` raises goes through.
        """
        failed: str | None = None
        try:
            return self._model.draw(wanted, stepped)
        except ModelFailed as error:
            failed = str(error)
        except (RuntimeError, MemoryError) as error:
            if not memory.ran_out(error):
                raise
            height, width = wanted.picture.shape[:2]
            failed = (
                f"out of memory at {width} by {height} px, {wanted.frames} frames:"
                f" peak {memory.peak_gib()} of {memory.size_gib()} GiB of the graphics card"
                if memory.size_gib() is not None
                else f"out of memory at {width} by {height} px, {wanted.frames} frames"
            )
        finally:
            self._model.give_up()
            memory.release()
        # Here, since an error that is being handled holds the tensors of the drawing.
        memory.release()
        raise GenerationFailed(failed)

    def _write(
        self,
        frames: Rgb,
        direction: Direction,
        sound: Map | None,
        destination: Path,
        progress: Progress,
    ) -> None:
        """The first frames, as many as were directed, at the rate they were drawn for."""
        with Movie(
            destination,
            width=direction.width,
            height=direction.height,
            fps=direction.fps,
            sound=sound,
            encoder=self._encoder,
        ) as movie:
            for index, picture in enumerate(frames[: direction.frames], start=1):
                movie.add(planes(packed(picture)))
                progress(DRAWN_DONE + (1.0 - DRAWN_DONE) * index / direction.frames, "encode")

    def _report(
        self,
        direction: Direction,
        opened: Opening,
        drawn: Drawn,
        has_sound: bool,
        timings: dict[str, float],
    ) -> Report:
        """What was done, and what is known not to have been.

        A model tells nobody what it understood: `understood` is what it was asked for.
        """
        wishes = direction.wishes
        camera: CameraMove = "none"
        if direction.camera != "auto":
            camera = direction.camera
        elif wishes.camera is not None:
            camera = wishes.camera
        unmet = []
        if direction.loop and not self._returns(direction):
            unmet.append("a loop: this model does not end a clip of this length where it began")
        if drawn.unread:
            unmet.append(f"the last {drawn.unread} tokens of the prompt: the model reads no more")
        return Report(
            inference_id=direction.inference_id,
            engine=self.card.engine,
            seed=direction.seed,
            seconds=direction.frames / direction.fps,
            fps=direction.fps,
            frames=direction.frames,
            width=direction.width,
            height=direction.height,
            has_sound=has_sound,
            crop=opened.crop,
            fit=opened.fit,
            camera=camera,
            understood=("the model was asked for what the prompt says",),
            unmet=tuple(unmet),
            regions=tuple(
                RegionReport(
                    kind=region.kind,
                    confidence=round(min(1.0, region.confidence), 3),
                    area=round(region.area, 3),
                    motion="as the model moves it",
                )
                for region in opened.regions
            ),
            timings=timings,
        )
