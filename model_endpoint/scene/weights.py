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
CLASSES_FILE = "efflite0.onnx"
LANDMARKS_FILE = "face_landmark.tflite"
PEOPLE_FILE = "selfie_segmentation.tflite"
SHA256 = {
    SUBJECT_FILE: "3f27826ada71ff0ed268ce01abd0e2e19daf8d8498ed662260b937dfdf5491a9",
    FACES_FILE: "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    CLASSES_FILE: "fa1c7265ff8e097752af6199cef8f2b9a32374c57a0e8a9645007f9336107135",
    LANDMARKS_FILE: "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    PEOPLE_FILE: "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
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
    return _session(SUBJECT_FILE)


@cache
def class_network() -> onnxruntime.InferenceSession:
    """EfficientNet-Lite0: "x" (1, 3, 32h, 32w) in, (1, 1000, h - 6, w - 6) out.

    Logits of ImageNet's classes for each square of 224 pixels, 32 apart.
    """
    return _session(CLASSES_FILE)


def _session(name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = NETWORK_THREADS
    # A thread without work would spin for the next, on a core that what runs beside a network
    # needs: a fifth of an analysis's processor time.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # An arena keeps what a network needed at its widest for as long as the process lives, which is
    # more than a whole clip needs.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(
        str(weight_file(name)), options, providers=["CPUExecutionProvider"]
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


@cache
def landmark_network() -> cv2.dnn.Net:
    """Face Mesh: (1, 3, 192, 192) in; "conv2d_21" 468 × (x, y, z), "conv2d_31" the presence."""
    return _lite(LANDMARKS_FILE)


@cache
def people_network() -> cv2.dnn.Net:
    """Selfie Segmentation: (1, 3, 256, 256) in, (1, 1, 256, 256) out, 1 where a person is."""
    return _lite(PEOPLE_FILE)


def _lite(name: str) -> cv2.dnn.Net:
    # The newer graph engine keeps a single output of a network; Face Mesh has two.
    return cv2.dnn.readNetFromTFLite(str(weight_file(name)), cv2.dnn.ENGINE_CLASSIC)
