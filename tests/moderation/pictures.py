"""A photo through the models of the local gate 1, as the stand-in's operations answer."""

import base64
import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from local.standins.reading import Reader
from local.standins.rekognition import Rekognition
from local.standins.vision import Vision
from local.standins.words import WordJudge

PHOTOS = Path(__file__).resolve().parents[2] / "photos"
#: Guardrails' confidences at which the policy rejects words in a picture.
_REJECTED = ("MEDIUM", "HIGH")
_LEAST_LINE_PERCENT = 60
_CLIP_PX = (720, 1280)


@dataclass(frozen=True)
class Looked:
    """What the gate sees in one photo."""

    #: Moderation labels of at least 50 percent.
    labels: dict[str, float]
    lines: list[str]
    #: The lines whose words would be rejected.
    threats: list[str]


class Gate:
    """The operations that gate 1 asks for, one after the other."""

    def __init__(self, judge: WordJudge) -> None:
        """Load the models."""
        self._judge = judge
        self._reader = Reader()
        self._reader.warm()
        self._rekognition = Rekognition(Vision(), self._reader, None)

    def look(self, content: bytes) -> Looked:
        """One JPEG or PNG."""
        image = {"Image": {"Bytes": base64.b64encode(content).decode()}}
        labels = self._ask("DetectModerationLabels", image)["ModerationLabels"]
        self._ask("DetectLabels", image)
        self._ask("DetectFaces", image | {"Attributes": ["ALL"]})
        lines = [
            found["DetectedText"]
            for found in self._ask("DetectText", image)["TextDetections"]
            if found["Type"] == "LINE" and found["Confidence"] >= _LEAST_LINE_PERCENT
        ]
        self._judge.judge("make this photo come alive")
        return Looked(
            labels={label["Name"]: label["Confidence"] for label in labels},
            lines=lines,
            threats=[line for line in lines if self._is_rejected(line)],
        )

    def look_at_clip(self, frames: list[bytes]) -> Looked:
        """What gate 2 asks for of a clip with people, the JPEGs in order; a call a core at once."""
        images = [{"Image": {"Bytes": base64.b64encode(frame).decode()}} for frame in frames]
        ends = [images[0], images[-1]]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            moderation = [pool.submit(self._ask, "DetectModerationLabels", each) for each in images]
            texts = [pool.submit(self._ask, "DetectText", each) for each in ends]
            for each in ends:
                pool.submit(self._ask, "DetectFaces", each | {"Attributes": ["ALL"]})
        labels: dict[str, float] = {}
        for label in (each for done in moderation for each in done.result()["ModerationLabels"]):
            labels[label["Name"]] = max(label["Confidence"], labels.get(label["Name"], 0.0))
        lines = list(
            dict.fromkeys(
                found["DetectedText"]
                for done in texts
                for found in done.result()["TextDetections"]
                if found["Type"] == "LINE" and found["Confidence"] >= _LEAST_LINE_PERCENT
            )
        )
        return Looked(labels, lines, [line for line in lines if self._is_rejected(line)])

    def _is_rejected(self, line: str) -> bool:
        return any(found.confidence in _REJECTED for found in self._judge.judge(line))

    def _ask(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._rekognition.answer(operation, body)


def panned(photo: bytes, frames: int) -> list[bytes]:
    """A clip of 720 by 1280 whose camera goes over a photo, as so many JPEGs."""
    with Image.open(io.BytesIO(photo)) as opened:
        scale = 1.2 * max(_CLIP_PX[0] / opened.width, _CLIP_PX[1] / opened.height)
        size = (round(opened.width * scale), round(opened.height * scale))
        whole = opened.convert("RGB").resize(size)
    made = []
    for index in range(frames):
        left, top = (
            round((side - shown) * index / max(1, frames - 1))
            for side, shown in zip(size, _CLIP_PX, strict=True)
        )
        shot = io.BytesIO()
        whole.crop((left, top, left + _CLIP_PX[0], top + _CLIP_PX[1])).save(shot, "JPEG")
        made.append(shot.getvalue())
    return made


def photos() -> list[Path]:
    """The repository's photos and those of ENLIVEN_EXTRA_PHOTOS, each name once."""
    folders = [PHOTOS, *(Path(part) for part in [os.environ.get("ENLIVEN_EXTRA_PHOTOS")] if part)]
    found = {path.name: path for folder in folders for path in sorted(folder.glob("*.jpg"))}
    return [found[name] for name in sorted(found)]
