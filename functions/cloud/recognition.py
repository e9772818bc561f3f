"""What a clean photo shows, as Rekognition names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloud.clients import answers, client
from story.generation import Box, Tag

if TYPE_CHECKING:
    from story.contracts import ObjectRef

_MAX_TAGS = 12
_MIN_TAG_CONFIDENCE_PERCENT = 60
_MIN_FACE_CONFIDENCE_PERCENT = 90


def tags(photo: ObjectRef) -> tuple[Tag, ...]:
    """What the photo shows, the most certain first."""
    with answers("Rekognition"):
        answer = client("rekognition").detect_labels(
            Image=_image(photo), MaxLabels=_MAX_TAGS, MinConfidence=_MIN_TAG_CONFIDENCE_PERCENT
        )
    return tuple(
        Tag(name=label["Name"], confidence=min(1.0, label["Confidence"] / 100))
        for label in answer["Labels"]
    )


def faces(photo: ObjectRef) -> tuple[Box, ...]:
    """Where the faces of people are."""
    with answers("Rekognition"):
        answer = client("rekognition").detect_faces(Image=_image(photo))
    return tuple(
        _box(face["BoundingBox"])
        for face in answer["FaceDetails"]
        if face["Confidence"] >= _MIN_FACE_CONFIDENCE_PERCENT
    )


def _image(photo: ObjectRef) -> dict[str, Any]:
    return {"S3Object": {"Bucket": photo.bucket, "Name": photo.key}}


def _box(found: dict[str, float]) -> Box:
    """Rekognition's box, clipped: a face at the border may reach outside the picture."""
    left, top = max(0.0, found["Left"]), max(0.0, found["Top"])
    right = min(1.0, found["Left"] + found["Width"])
    bottom = min(1.0, found["Top"] + found["Height"])
    return Box(left=left, top=top, width=max(0.0, right - left), height=max(0.0, bottom - top))
