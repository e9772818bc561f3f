"""What is written in a picture: lines, and the words in them.

RapidOCR's PP-OCRv6 finds lines of any script and reads Latin, Chinese, Japanese and Greek letters.
A line that it cannot read surely is shown to Tesseract's readers of Russian, Arabic and Hindi, and
the surest reader is believed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from local.standins import weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rapidocr import RapidOCR
    from tesserocr import PyTessBaseAPI

    from local.standins.pictures import Rgb

#: Names the models to whoever reads a verdict; nobody shall take it for Rekognition's.
TEXT_MODEL = "local: PP-OCRv6 small, Tesseract 5"

_SIDE_PX = 960
_THREADS = 2
#: From here on RapidOCR's reading is taken as it is; of another script's line it is less sure.
_SURE_PERCENT = 90.0
#: Rekognition gives no line that it is less sure of.
_LEAST_PERCENT = 50.0
#: Both readers are used to lines of this height, margins and all.
_LINE_HEIGHT_PX = 48
_LEAST_SIDE_PX = 8
#: A box so much higher than wide is a line that was turned.
_COLUMN = 1.5
#: Rekognition reads no more than this in one image.
MAX_WORDS = 100

Corners = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Written:
    """A line or a word, with its corners as (4, 2) fractions of the width and the height."""

    text: str
    confidence_percent: float
    corners: Corners

    def words(self) -> list[Written]:
        """The words, each with its share of the line by the number of its characters."""
        parts, length, found = self.text.split(), len(self.text), []
        at = 0
        for part in parts:
            at = self.text.index(part, at)
            begin, end = at / length, (at + len(part)) / length
            top_left, top_right, bottom_right, bottom_left = self.corners
            corners = np.array(
                [
                    top_left + begin * (top_right - top_left),
                    top_left + end * (top_right - top_left),
                    bottom_left + end * (bottom_right - bottom_left),
                    bottom_left + begin * (bottom_right - bottom_left),
                ]
            )
            found.append(Written(part, self.confidence_percent, corners))
            at += len(part)
        return found


class Reader:
    """The readers, each loaded when it is first needed."""

    def __init__(self) -> None:
        """Raises weights.WeightsError for a missing or foreign file."""
        for path in weights.READERS.values():
            weights.checked(path)
        self._one_at_a_time = threading.Lock()

    @cached_property
    def _rapid(self) -> RapidOCR:
        from rapidocr import RapidOCR  # noqa: PLC0415 - a second of imports, only if asked

        return RapidOCR(
            params={
                "Global.log_level": "error",
                "Det.limit_type": "max",
                "Det.limit_side_len": _SIDE_PX,
                "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            }
        )

    @cached_property
    def _others(self) -> Mapping[str, PyTessBaseAPI]:
        from tesserocr import OEM, PSM, PyTessBaseAPI  # noqa: PLC0415 - only if asked

        return {
            language: PyTessBaseAPI(
                path=str(path.parent), lang=language, psm=PSM.RAW_LINE, oem=OEM.LSTM_ONLY
            )
            for language, path in weights.READERS.items()
        }

    def warm(self) -> None:
        """Load everything now."""
        with self._one_at_a_time:
            for loaded in (self._rapid, self._others):
                assert loaded  # noqa: S101 - to ask for it loads it

    def lines(self, picture: Rgb) -> list[Written]:
        """Every line that somebody reads, from the top."""
        if min(picture.shape[:2]) < _LEAST_SIDE_PX:
            return []
        with self._one_at_a_time:
            # It drops lines without a letter that it knows: so lines are found first, then read.
            found: Any = self._rapid(
                np.ascontiguousarray(picture[:, :, ::-1]),
                use_det=True,
                use_cls=False,
                use_rec=False,
            )
            boxes = [] if found.boxes is None else [np.asarray(box, float) for box in found.boxes]
            # No more lines than words are told: of more, the largest.
            boxes.sort(key=lambda box: -cv2.contourArea(box.astype(np.float32)))
            read = [self._read(picture, box) for box in boxes[:MAX_WORDS]]
        sure = [each for each in read if each.text and each.confidence_percent >= _LEAST_PERCENT]
        return sorted(sure, key=lambda line: (float(line.corners[:, 1].min()), line.text))

    def _read(self, picture: Rgb, box: Corners) -> Written:
        """The line in a box (4, 2) of pixels, as the surest reader reads it."""
        height, width = picture.shape[:2]
        line = _straight(picture, box)
        found: Any = self._rapid(
            np.ascontiguousarray(line[:, :, ::-1]), use_det=False, use_cls=True, use_rec=True
        )
        texts, scores = found.txts or ("",), found.scores or (0.0,)
        best = Written(str(texts[0]).strip(), 100 * float(scores[0]), box / (width, height))
        if best.confidence_percent >= _SURE_PERCENT:
            return best
        if not best.text:
            best = Written("", 0.0, best.corners)
        for reader in self._others.values():
            reader.SetImage(Image.fromarray(line))
            text = reader.GetUTF8Text().strip()
            confidence = float(reader.MeanTextConf())
            if text and confidence > best.confidence_percent:
                best = Written(text, confidence, best.corners)
        return best


def _straight(picture: Rgb, box: Corners) -> Rgb:
    """The box (4, 2) in pixels, clockwise from the top left, as a level line; a column is laid."""
    top, right, bottom, left = np.linalg.norm(np.roll(box, -1, axis=0) - box, axis=1).tolist()
    across, down = max(top, bottom, 1.0), max(left, right, 1.0)
    if down >= _COLUMN * across:
        return _straight(picture, np.roll(box, -1, axis=0))
    width, height = max(_LEAST_SIDE_PX, round(across * _LINE_HEIGHT_PX / down)), _LINE_HEIGHT_PX
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turned = cv2.getPerspectiveTransform(box.astype(np.float32), corners)
    return np.asarray(
        cv2.warpPerspective(picture, turned, (width, height), borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
