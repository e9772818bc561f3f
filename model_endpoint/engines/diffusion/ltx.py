"""LTX-2: pictures and sound drawn together."""

from typing import Any

import numpy as np
import torch
from PIL import Image

from model_endpoint.engines.diffusion.frames import as_frames
from model_endpoint.engines.diffusion.model import Drawn, ModelFailed, Stepped, Wanted
from model_endpoint.engines.motion.movie import SOUND_RATE_HZ
from model_endpoint.pixels import Map, as_map
from story.cards import Trained

STEREO = 2


class LtxModel:
    """An LTX-2 pipeline; each of its models waits in the computer's memory while another works."""

    def __init__(self, pipeline: Any, trained: Trained, device: torch.device) -> None:
        """Hold the pipeline as the card says."""
        self._trained = trained
        self._pipeline = pipeline
        if trained.memory.offload == "models" and device.type != "cpu":
            pipeline.enable_model_cpu_offload(device=device)
        else:
            pipeline.to(device)

    def draw(self, wanted: Wanted, stepped: Stepped) -> Drawn:
        """Read the prompt, take away the noise, decode; see model.py."""
        height, width = wanted.picture.shape[:2]

        def after(_pipeline: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            stepped(step + 1, wanted.steps)
            return tensors

        drawn = self._pipeline(
            image=Image.fromarray(wanted.picture),
            prompt=wanted.prompt,
            negative_prompt=wanted.negative_prompt,
            height=height,
            width=width,
            num_frames=wanted.frames,
            frame_rate=float(wanted.fps),
            num_inference_steps=wanted.steps,
            guidance_scale=self._trained.sampling.guidance,
            generator=torch.Generator("cpu").manual_seed(wanted.seed),
            callback_on_step_end=after,
            max_sequence_length=self._trained.prompt.max_tokens,
            output_type="pt",
        )
        rate = int(self._pipeline.vocoder.config.output_sampling_rate)
        return Drawn(
            as_frames(drawn.frames[0]),
            as_sound(drawn.audio[0], rate),
            self._unread(wanted.prompt),
        )

    def give_up(self) -> None:
        """Put back the models that were in turn."""
        self._pipeline.maybe_free_model_hooks()

    def _unread(self, prompt: str) -> int:
        tokens = len(self._pipeline.tokenizer(prompt).input_ids)
        return int(max(0, tokens - self._trained.prompt.max_tokens))


def as_sound(drawn: torch.Tensor, rate: int) -> Map:
    """(channels, samples) at `rate` as (samples, 2) float32 at 48 kHz, within -1..1.

    Between two samples the signal is taken as straight: what a model makes at 24 kHz has next to
    nothing where that would be heard.

    Raises:
        ModelFailed: some samples are no numbers.
    """
    if not bool(torch.isfinite(drawn).all()):
        raise ModelFailed("the sound is not of numbers: the model's precision overflowed")
    channels = drawn.float().clamp(-1.0, 1.0).cpu().numpy()
    stereo = np.repeat(channels[:1], STEREO, axis=0) if len(channels) == 1 else channels[:STEREO]
    if rate == SOUND_RATE_HZ:
        return as_map(stereo.T)
    there = np.arange(stereo.shape[1]) / rate
    here = np.arange(round(stereo.shape[1] * SOUND_RATE_HZ / rate)) / SOUND_RATE_HZ
    return as_map(np.stack([np.interp(here, there, channel) for channel in stereo], axis=1))
