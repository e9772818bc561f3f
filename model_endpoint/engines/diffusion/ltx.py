"""LTX-2: one transformer that draws pictures and sound together, of which the pictures are kept."""

from typing import Any

import torch
from PIL import Image

from model_endpoint.engines.diffusion.frames import as_frames
from model_endpoint.engines.diffusion.model import Drawn, Stepped, Wanted, unread
from story.cards import Trained

#: The pipeline's defaults are those of the model that was not distilled: they draw every step up to
#: twice more and mend what comes of it, in ways that the distilled one has never been drawn.
UNGUIDED = {
    "stg_scale": 0.0,
    "audio_stg_scale": 0.0,
    "spatio_temporal_guidance_blocks": None,
    "modality_scale": 1.0,
    "audio_modality_scale": 1.0,
    "guidance_rescale": 0.0,
    "audio_guidance_rescale": 0.0,
}


class LtxModel:
    """An LTX-2 pipeline; where its card says so, each of its models waits while another works.

    Its sound is drawn, since the pictures hang on it, and dropped: the gates judge pictures and
    words, and none would hear what it lets somebody in a photo say. The scene's is heard instead.
    """

    def __init__(self, pipeline: Any, trained: Trained, device: torch.device) -> None:
        """Hold the pipeline as the card says."""
        self._trained = trained
        self._pipeline = pipeline
        if trained.memory.offload == "models":
            pipeline.enable_model_cpu_offload(device=device)
        else:
            pipeline.to(device)

    def draw(self, wanted: Wanted, stepped: Stepped) -> Drawn:
        """Read the prompt, take away the noise, decode; see model.py."""
        sampling = self._trained.sampling
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
            # Fewer steps than listed, as in a warm-up, are the first of them.
            sigmas=list(sampling.noise[: wanted.steps]) or None,
            guidance_scale=sampling.guidance,
            audio_guidance_scale=sampling.guidance,
            generator=torch.Generator("cpu").manual_seed(wanted.seed),
            callback_on_step_end=after,
            max_sequence_length=self._trained.prompt.max_tokens,
            output_type="pt",
            **UNGUIDED,
        )
        beyond = unread(self._pipeline.tokenizer, wanted.prompt, self._trained.prompt.max_tokens)
        return Drawn(as_frames(drawn.frames[0]), beyond)

    def give_up(self) -> None:
        """Put back the models that were in turn."""
        self._pipeline.maybe_free_model_hooks()
