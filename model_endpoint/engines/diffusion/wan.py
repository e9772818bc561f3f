"""Wan 2.2: one transformer (TI2V-5B) or two that share the noise (I2V-A14B)."""

from typing import Any

import torch
from PIL import Image

from model_endpoint.engines.diffusion.frames import as_frames
from model_endpoint.engines.diffusion.model import Drawn, Stepped, Wanted, unread
from story.cards import Trained


class WanModel:
    """A Wan pipeline; the reader of prompts waits in the computer's memory while it draws."""

    def __init__(self, pipeline: Any, trained: Trained, device: torch.device) -> None:
        """Take the pipeline apart into a reader and a painter, and move the painter to `device`."""
        self._trained = trained
        self._device = device
        #: A pipeline finds its device by its first part: the painter must not have the reader.
        self._tokenizer = pipeline.tokenizer
        self._encoder = pipeline.text_encoder
        self._reader = pipeline
        self._painter = type(pipeline)(
            **{**pipeline.components, "tokenizer": None, "text_encoder": None},
            boundary_ratio=pipeline.config.boundary_ratio,
            expand_timesteps=pipeline.config.expand_timesteps,
        )
        self._painter.set_progress_bar_config(disable=True)
        self._painter.to(device)
        if trained.memory.offload == "none":
            self._encoder.to(device)

    def draw(self, wanted: Wanted, stepped: Stepped) -> Drawn:
        """Read the prompt, take away the noise, decode; see model.py."""
        sampling = self._trained.sampling
        asked, refused = self._read(wanted)
        height, width = wanted.picture.shape[:2]
        picture = Image.fromarray(wanted.picture)

        def after(_pipeline: Any, step: int, _time: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            stepped(step + 1, wanted.steps)
            return tensors

        more: dict[str, Any] = {}
        if self._painter.config.boundary_ratio is not None:
            more["guidance_scale_2"] = sampling.guidance_low
        if wanted.returns:
            more["last_image"] = picture
        drawn = self._painter(
            image=picture,
            prompt_embeds=asked,
            negative_prompt_embeds=refused,
            height=height,
            width=width,
            num_frames=wanted.frames,
            num_inference_steps=wanted.steps,
            guidance_scale=sampling.guidance,
            generator=torch.Generator("cpu").manual_seed(wanted.seed),
            callback_on_step_end=after,
            output_type="pt",
            **more,
        )
        beyond = unread(self._tokenizer, wanted.prompt, self._trained.prompt.max_tokens)
        return Drawn(as_frames(drawn.frames[0]), beyond)

    def give_up(self) -> None:
        """The reader back to where it waits."""
        if self._trained.memory.offload != "none":
            self._encoder.to("cpu")

    def _read(self, wanted: Wanted) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The prompts as the transformer takes them; no negative one where it has no effect."""
        try:
            self._encoder.to(self._device)
            with torch.no_grad():
                asked, refused = self._reader.encode_prompt(
                    prompt=wanted.prompt,
                    negative_prompt=wanted.negative_prompt,
                    do_classifier_free_guidance=self._trained.sampling.reads_negative,
                    max_sequence_length=self._trained.prompt.max_tokens,
                    device=self._device,
                )
        finally:
            if self._trained.memory.offload != "none":
                self._encoder.to("cpu")
        return asked, refused
