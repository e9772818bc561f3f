"""The networks' weights: read once, checked against the digests that weights/README.md lists."""

import hashlib
from functools import cache
from pathlib import Path

import cv2
import onnxruntime

from story.errors import SettingInvalid

FOLDER = Path(__file__).resolve().parent.parent / "weights"
SUBJECT_FILE = "u2netp.onnx"
FACES_FILE = "face_detection_yunet_2023mar.onnx"
SHA256 = {
    SUBJECT_FILE: "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
    FACES_FILE: "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
}
NETWORK_THREADS = 2


def weight_file(name: str, folder: Path = FOLDER) -> Path:
    """The path of a weight file whose digest was checked.

    Raises:
        SettingInvalid: the file is missing or is not the file that was released.
    """
    path = folder / name
    if not path.is_file():
        raise SettingInvalid(f"weights missing: {name} is not in {folder}; see weights/README.md")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256[name]:
        raise SettingInvalid(f"{name} has SHA-256 {digest}; expected {SHA256[name]}")
    return path


@cache
def subject_network() -> onnxruntime.InferenceSession:
    """U²-Net-p: (1, 3, 320, 320) in, seven (1, 1, 320, 320) maps out, the first the finest."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = NETWORK_THREADS
    return onnxruntime.InferenceSession(
        str(weight_file(SUBJECT_FILE)), options, providers=["CPUExecutionProvider"]
    )


@cache
def face_network() -> cv2.FaceDetectorYN:
    """YuNet: `setInputSize` first; `detect` gives x, y, w, h, ten landmark numbers and a score."""
    level = cv2.utils.logging.getLogLevel()
    # OpenCV 5 warns that its new graph engine has a single target, which is the one we use.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        return cv2.FaceDetectorYN.create(str(weight_file(FACES_FILE)), "", (320, 320))
    finally:
        cv2.utils.logging.setLogLevel(level)
