"""A model's tensors as pictures."""

import numpy as np
import torch

from model_endpoint.engines.diffusion.model import ModelFailed
from model_endpoint.pixels import Rgb

LEVELS = 255


def as_frames(drawn: torch.Tensor) -> Rgb:
    """(N, 3, H, W) in 0..1 as (N, H, W, 3) uint8, a frame at a time: they are most of a clip.

    Raises:
        ModelFailed: some are no numbers, as a half precision that overflowed leaves them.
    """
    count, _, height, width = drawn.shape
    frames = np.empty((count, height, width, 3), dtype=np.uint8)
    for index, frame in enumerate(drawn):
        if not bool(torch.isfinite(frame).all()):
            raise ModelFailed(
                f"frame {index} of {count} is not of numbers: the model's precision overflowed"
            )
        levels = (frame.float().clamp(0.0, 1.0) * LEVELS).round().to(torch.uint8)
        frames[index] = levels.permute(1, 2, 0).cpu().numpy()
    return frames
