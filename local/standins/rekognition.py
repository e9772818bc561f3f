"""Rekognition's wire format (JSON 1.1): moderation labels, labels, faces, words, public figures."""

import threading
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from local.standins import pictures, wire
from local.standins.quota import Quota
from local.standins.reading import MAX_WORDS, TEXT_MODEL, Reader, Written
from local.standins.vision import LABELS_MODEL, MODERATION_MODEL, Face, Found, Vision
from local.standins.wire import Refusal

_TARGET = "RekognitionService."
_DEFAULT_MODERATION_PERCENT = 50.0
_DEFAULT_LABELS_PERCENT = 55.0
_DEFAULT_MAX_LABELS = 1_000
#: What DetectFaces may be asked for here. Rekognition's ALL has more, which no model here tells.
_FACE_ATTRIBUTES = frozenset({"DEFAULT", "ALL", "AGE_RANGE"})
#: The quota of a large region, and how many calls the stand-in takes before it says no.
QUOTA = Quota(calls_a_second=50, at_once=64)

Operation = Callable[[dict[str, Any]], dict[str, Any]]


class Rekognition:
    """The operations, over one set of networks."""

    def __init__(self, vision: Vision, reader: Reader, s3: Any, quota: Quota = QUOTA) -> None:
        """`s3` is a boto3 client of the local AWS."""
        self._vision = vision
        self._reader = reader
        self._s3 = s3
        self._quota = quota
        # OpenCV's detector holds state between its calls; and two cores gain nothing from more.
        self._one_at_a_time = threading.Lock()
        self._operations: dict[str, Operation] = {
            "DetectModerationLabels": self._detect_moderation_labels,
            "DetectLabels": self._detect_labels,
            "DetectFaces": self._detect_faces,
            "DetectText": self._detect_text,
            "RecognizeCelebrities": self._recognize_celebrities,
        }

    async def handle(self, request: Request) -> Response:
        """Answer one call; what is not here is refused by name."""
        target = request.headers.get("x-amz-target", "")
        name = target.removeprefix(_TARGET)
        if name == target or name not in self._operations:
            raise Refusal(
                "UnknownOperationException",
                f"the local stand-in has no operation {target or '(none named)'}; "
                f"it has {', '.join(_TARGET + known for known in self._operations)}",
            )
        body = await wire.json_object(request)
        result = await run_in_threadpool(self.answer, name, body)
        wire.log(name, bucket=(body["Image"].get("S3Object") or {}).get("Bucket"))
        return wire.answer(result)

    def answer(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """What one operation says. Raises Refusal."""
        with self._quota.one_call(name):
            return self._operations[name](body)

    def _picture(self, body: dict[str, Any]) -> pictures.Rgb:
        return pictures.load(body.get("Image"), self._s3)

    def _detect_moderation_labels(self, body: dict[str, Any]) -> dict[str, Any]:
        least = _percent(body, "MinConfidence", _DEFAULT_MODERATION_PERCENT)
        picture = self._picture(body)
        with self._one_at_a_time:
            found = self._vision.moderation(picture)
        return {
            "ModerationLabels": [
                {
                    "Name": label.name,
                    "ParentName": label.parents[0] if label.parents else "",
                    "Confidence": label.confidence_percent,
                    "TaxonomyLevel": 1 + len(label.parents),
                }
                for label in found
                if label.confidence_percent >= least
            ],
            "ModerationModelVersion": MODERATION_MODEL,
            "ContentTypes": [],
        }

    def _detect_labels(self, body: dict[str, Any]) -> dict[str, Any]:
        for unsupported in ("Features", "Settings"):
            if unsupported in body:
                raise Refusal(
                    "InvalidParameterException", f"the local stand-in knows no {unsupported}"
                )
        least = _percent(body, "MinConfidence", _DEFAULT_LABELS_PERCENT)
        limit = body.get("MaxLabels", _DEFAULT_MAX_LABELS)
        if not isinstance(limit, int) or limit < 0:
            raise Refusal("InvalidParameterException", f"MaxLabels {limit!r} is no count")
        picture = self._picture(body)
        with self._one_at_a_time:
            found = self._vision.labels(picture)
        sure = [label for label in found if label.confidence_percent >= least][:limit]
        return {"Labels": [_label(label) for label in sure], "LabelModelVersion": LABELS_MODEL}

    def _detect_faces(self, body: dict[str, Any]) -> dict[str, Any]:
        attributes = body.get("Attributes", ["DEFAULT"])
        if not isinstance(attributes, list) or not set(attributes) <= _FACE_ATTRIBUTES:
            raise Refusal(
                "InvalidParameterException",
                f"Attributes {attributes!r}: the local stand-in has {sorted(_FACE_ATTRIBUTES)}",
            )
        picture = self._picture(body)
        details = []
        with self._one_at_a_time:
            for face in self._vision.faces(picture):
                detail = _face(face)
                if set(attributes) != {"DEFAULT"}:
                    low, high = self._vision.age(picture, face)
                    detail["AgeRange"] = {"Low": low, "High": high}
                details.append(detail)
        return {"FaceDetails": details}

    def _recognize_celebrities(self, body: dict[str, Any]) -> dict[str, Any]:
        """Nobody is known here: every face is an unrecognised one."""
        picture = self._picture(body)
        with self._one_at_a_time:
            faces = self._vision.faces(picture)
        return {"CelebrityFaces": [], "UnrecognizedFaces": [_face(face) for face in faces]}

    def _detect_text(self, body: dict[str, Any]) -> dict[str, Any]:
        if "Filters" in body:
            raise Refusal("InvalidParameterException", "the local stand-in knows no Filters")
        lines: list[dict[str, Any]] = []
        words: list[tuple[Written, int]] = []
        for number, line in enumerate(self._reader.lines(self._picture(body))):
            parts = line.words()
            if len(words) + len(parts) > MAX_WORDS:
                break
            lines.append(_written(line, "LINE", number))
            words += [(word, number) for word in parts]
        return {
            "TextDetections": lines
            + [
                _written(word, "WORD", len(lines) + at) | {"ParentId": line}
                for at, (word, line) in enumerate(words)
            ],
            "TextModelVersion": TEXT_MODEL,
        }


def _face(face: Face) -> dict[str, Any]:
    return {
        "BoundingBox": {
            "Left": face.left,
            "Top": face.top,
            "Width": face.width,
            "Height": face.height,
        },
        "Confidence": face.confidence_percent,
        "Landmarks": [{"Type": name, "X": x, "Y": y} for name, x, y in face.landmarks],
    }


def _written(written: Written, kind: str, number: int) -> dict[str, Any]:
    left, top = written.corners.min(axis=0).tolist()
    right, bottom = written.corners.max(axis=0).tolist()
    return {
        "DetectedText": written.text,
        "Type": kind,
        "Id": number,
        "Confidence": written.confidence_percent,
        "Geometry": {
            "BoundingBox": {
                "Left": left,
                "Top": top,
                "Width": right - left,
                "Height": bottom - top,
            },
            "Polygon": [{"X": x, "Y": y} for x, y in written.corners.tolist()],
        },
    }


def _label(label: Found) -> dict[str, Any]:
    return {
        "Name": label.name,
        "Confidence": label.confidence_percent,
        "Instances": [],
        "Parents": [{"Name": parent} for parent in label.parents],
        "Aliases": [],
        "Categories": [],
    }


def _percent(body: dict[str, Any], name: str, default: float) -> float:
    value = body.get(name, default)
    if not isinstance(value, int | float) or not 0 <= value <= 100:  # noqa: PLR2004 - percent
        raise Refusal("InvalidParameterException", f"{name} {value!r} is not 0 to 100")
    return float(value)
