"""Model files, checked against their published digests before they are used."""

import hashlib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]

LABELS = _ROOT / "model_endpoint/weights/efflite0.onnx"
FACES = _ROOT / "model_endpoint/weights/face_detection_yunet_2023mar.onnx"

_SHA256 = {
    LABELS: "b7cc8c2ead848ebcae571ad9784336bb86b898319d8ef4134123eb22434c8d6a",
    FACES: "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
}


class WeightsError(Exception):
    """A model file is missing or is not the one that was measured."""


def checked(path: Path) -> Path:
    """The path, if its file is there and has the digest of its README.

    Raises WeightsError.
    """
    if not path.is_file():
        raise WeightsError(f"{path} is missing; see the README.md beside it")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != _SHA256[path]:
        raise WeightsError(f"{path} has SHA-256 {digest}; expected {_SHA256[path]}")
    return path
