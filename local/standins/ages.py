"""How old a face may be: an estimate of dlib's age predictor, which proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from local.standins import weights

if TYPE_CHECKING:
    from local.standins.pictures import Rgb

AGES_MODEL = "local: dlib age predictor v1"

_SIDE_PX = 64
#: The network's own means and scale, red first.
_MEANS = np.array([122.781998, 117.000999, 104.297997], np.float32)
_SCALE = 256.0
#: Where dlib's five-point face has the middles of its eyes, with its chips' margin of a fifth.
_MARGIN = 0.2
_EYE_LEFT, _EYE_RIGHT = (0.2273, 0.2214), (0.7528, 0.2212)
#: The range leaves out this much of the probability at each end.
_TAIL = 0.1
#: A warp shrinks by no more than this.
_FINEST, _ROUNDING = 2, 0.1
_YEARS = np.arange(81)


class Ages:
    """The network, loaded once."""

    def __init__(self) -> None:
        """Raises weights.WeightsError for a missing or foreign file."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._network = onnxruntime.InferenceSession(
            str(weights.checked(weights.AGES)), options, providers=["CPUExecutionProvider"]
        )

    def of(self, picture: Rgb, eyes: npt.NDArray[np.float64]) -> tuple[int, int]:
        """The ages between which four of five guesses lie.

        eyes (2, 2): pixels of the middles of the eye further left in the picture and the other.
        """
        chip = _chip(picture, eyes).astype(np.float32)
        network_input = ((chip - _MEANS) / _SCALE).transpose(2, 0, 1)[np.newaxis]
        (answers,) = self._network.run(None, {"images": network_input})
        reached = np.cumsum(np.asarray(answers[0], float))
        low, high = np.searchsorted(reached, (_TAIL * reached[-1], (1 - _TAIL) * reached[-1]))
        return int(_YEARS[low]), int(_YEARS[min(high, len(_YEARS) - 1)])


def _chip(picture: Rgb, eyes: npt.NDArray[np.float64]) -> Rgb:
    """(64, 64, 3) the face, turned and scaled so that its eyes are where dlib has them."""
    wanted = (np.array([_EYE_LEFT, _EYE_RIGHT]) + _MARGIN) / (2 * _MARGIN + 1) * _SIDE_PX
    # As complex numbers a turn, a scale and a shift are one factor and one summand.
    have = eyes[:, 0] + 1j * eyes[:, 1]
    want = wanted[:, 0] + 1j * wanted[:, 1]
    factor = (want[1] - want[0]) / (have[1] - have[0])
    if abs(factor) < 1 / (_FINEST + _ROUNDING):
        # Averaged first: a warp picks single pixels out of a large face.
        size = [max(1, round(side * _FINEST * abs(factor))) for side in picture.shape[1::-1]]
        shrunk = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        return _chip(np.asarray(shrunk, np.uint8), eyes * size / picture.shape[1::-1])
    shift = want[0] - factor * have[0]
    matrix = np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    )
    return np.asarray(
        cv2.warpAffine(picture, matrix, (_SIDE_PX, _SIDE_PX), flags=cv2.INTER_LINEAR), np.uint8
    )
