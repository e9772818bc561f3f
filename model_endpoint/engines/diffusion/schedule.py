"""The steps of models that were distilled to a few of them."""

from typing import Any

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler


class EvenSchedule(FlowMatchEulerDiscreteScheduler):  # type: ignore[misc]  # diffusers is untyped
    """Noise that falls from all of it in even steps, bent by the shift, and Euler's method.

    With n steps the share of noise before step k is s = 1 - k / n, bent to f·s / (1 + (f - 1)·s)
    for the shift f: Lipman et al., Flow Matching, ICLR 2023; Esser et al., Scaling Rectified Flow
    Transformers, ICML 2024, section 5.3.2. The parent's own steps end at another share, where a
    distilled model has never been.
    """

    def set_timesteps(
        self, num_inference_steps: int, device: str | torch.device | None = None, **_: Any
    ) -> None:
        """Set the steps; pipelines call it with their number alone."""
        even = np.linspace(1.0, 0.0, num_inference_steps + 1)[:-1]
        super().set_timesteps(sigmas=even.tolist(), device=device)
