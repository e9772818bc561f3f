"""What EfficientNet-Lite0 takes a photo for: the probabilities of ImageNet's thousand classes."""

import json
from functools import cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from model_endpoint.pixels import Rgb
from model_endpoint.scene.weights import class_network

NETWORK_SIDE_PX = 224
CLASSES = 1000
#: The network's own normalisation: (value - 127) / 128.
CENTRE = 127.0
SCALE = 128.0
KINDS_FILE = Path(__file__).resolve().parent / "kinds.json"


def classify(photo: Rgb) -> NDArray[np.float64]:
    """(1000,) probabilities: the mean over the whole photo, squeezed, and its central square.

    Tan and Le, EfficientNet, ICML 2019; the Lite variant without squeeze-and-excitation.
    """
    height, width = photo.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    views = [photo]
    if height != width:
        views.append(photo[top : top + side, left : left + side])
    return np.asarray(np.mean([look(view) for view in views], axis=0))


def look(view: Rgb) -> NDArray[np.float64]:
    """The softmax of the network's logits for one view, squeezed into a square."""
    size = (NETWORK_SIDE_PX, NETWORK_SIDE_PX)
    small = cv2.resize(view, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    planes = ((small - CENTRE) / SCALE).transpose(2, 0, 1)[None]
    answer = np.asarray(class_network().run(None, {"x": planes})[0], dtype=np.float64)
    logits = answer[0, :, 0, 0]
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())


@cache
def tables() -> dict[str, dict[str, dict[str, float]]]:
    """kinds.json: "classes" and "things" by name, each a span of class indices → weight."""
    content = json.loads(KINDS_FILE.read_text(encoding="utf-8"))
    return {name: content[name] for name in ("classes", "things")}


@cache
def tag_kinds() -> dict[str, str]:
    """Which kind of scene a tag's name speaks for."""
    return cast("dict[str, str]", json.loads(KINDS_FILE.read_text(encoding="utf-8"))["tags"])


@cache
def weights_of(table: str, name: str) -> NDArray[np.float64]:
    """(1000,) how much each class speaks for a name of a table."""
    weights = np.zeros(CLASSES)
    for span, weight in tables()[table][name].items():
        first, _, last = span.partition("-")
        weights[int(first) : int(last or first) + 1] = weight
    return weights


def share_of(probabilities: NDArray[np.float64], table: str, name: str) -> float:
    """How much the classes speak for a name of a table, 0..1."""
    return float(probabilities @ weights_of(table, name))
