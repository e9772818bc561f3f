"""Who is in a picture, and what follows: consent, stillness of faces, public figures, block lists.

An age is an estimate: it makes the gates stricter and never proves anything.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from story.errors import ModerationUnanswered
from story.generation import Box, Contract, Tag
from story.policy import rows
from story.policy.labels import percent
from story.policy.rows import RECOGNISED, REQUIRED, Row
from story.policy.verdicts import Finding, Verdict, decide, finding

FACES_MODEL: Final = "rekognition faces"
CELEBRITIES_MODEL: Final = "rekognition celebrities"
#: What DetectLabels calls somebody, seen from whichever side.
_PERSON: Final = "Person"
_MAX_TAGS: Final = 12
_MIN_TAG_PERCENT: Final = 60
_CERTAIN: Final = 100.0
_MINOR: Final = Row(id="photo/minor", category="Minors")


class Face(Contract):
    """One face, and how old its person may be, years."""

    box: Box
    age_low: Annotated[int, Field(ge=0)]
    age_high: Annotated[int, Field(ge=0)]


class Seen(Contract):
    """Who and what is in a picture: kept with the story, so that it is asked once."""

    #: People who show no face included.
    people: Annotated[int, Field(ge=0)]
    faces: tuple[Face, ...]
    tags: tuple[Tag, ...]
    model: str = FACES_MODEL

    @property
    def may_be_minor(self) -> bool:
        """Whether a face may be a minor's, by the row of today."""
        below = rows.gate("photo").numbers["minor"]["below_years"]
        return any(face.age_low < below for face in self.faces)


def who_is_there(detected_faces: dict[str, Any], detected_labels: dict[str, Any]) -> Seen:
    """Who is in a picture, from a DetectFaces answer with AGE_RANGE and a DetectLabels answer.

    Raises ModerationUnanswered if one of them is not in Rekognition's form.
    """
    limits = rows.gate("photo").numbers["people"]
    faces = read_faces(detected_faces)
    try:
        labels = [
            (str(each["Name"]), percent(each["Confidence"]), each.get("Instances", ()))
            for each in detected_labels["Labels"]
        ]
        persons = [
            _fills(instance, limits)
            for name, sure, instances in labels
            if name == _PERSON and sure >= limits["person_percent"]
            # Without a place nobody knows how small somebody is, so it counts.
            for instance in (instances or [None])
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModerationUnanswered(f"DetectLabels gave no readable labels: {error!r}") from error
    return Seen(
        people=max(len(faces), sum(persons)),
        faces=faces,
        tags=tuple(
            Tag(name=name, confidence=sure / 100)
            for name, sure, _ in labels
            if sure >= _MIN_TAG_PERCENT
        )[:_MAX_TAGS],
    )


def _fills(instance: Any, limits: Mapping[str, float]) -> bool:
    """Whether a person is large enough in the picture to be known."""
    if instance is None:
        return True
    box = instance["BoundingBox"]
    sure = percent(instance.get("Confidence", _CERTAIN)) >= limits["person_percent"]
    return sure and float(box["Width"]) * float(box["Height"]) >= limits["least_area"]


def read_faces(answer: dict[str, Any]) -> tuple[Face, ...]:
    """The faces that are sure enough to be people's. Raises ModerationUnanswered."""
    least = rows.gate("photo").numbers["people"]["face_percent"]
    try:
        return tuple(
            Face(
                box=_box(face["BoundingBox"]),
                age_low=int(face["AgeRange"]["Low"]),
                age_high=int(face["AgeRange"]["High"]),
            )
            for face in answer["FaceDetails"]
            if percent(face["Confidence"]) >= least
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModerationUnanswered(f"DetectFaces gave no readable faces: {error!r}") from error


def read_lines(answer: dict[str, Any], gate: str) -> tuple[tuple[str, ...], str]:
    """The lines that can be read surely enough, from a DetectText answer, and the model's name.

    Raises ModerationUnanswered if it is not in Rekognition's form.
    """
    least = rows.gate(gate).numbers["reading"]["line_percent"]
    try:
        lines = tuple(
            str(found["DetectedText"])
            for found in answer["TextDetections"]
            if found["Type"] == "LINE" and percent(found["Confidence"]) >= least
        )
        return lines, f"rekognition text {answer['TextModelVersion']}"
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModerationUnanswered(f"DetectText gave no readable lines: {error!r}") from error


def _box(found: dict[str, float]) -> Box:
    """Rekognition's box, clipped: a face at the border may reach outside the picture."""
    left, top = max(0.0, found["Left"]), max(0.0, found["Top"])
    right = min(1.0, found["Left"] + found["Width"])
    bottom = min(1.0, found["Top"] + found["Height"])
    return Box(left=left, top=top, width=max(0.0, right - left), height=max(0.0, bottom - top))


def note_minors(faces: tuple[Face, ...]) -> Verdict:
    """That faces may be minors': it rejects nothing, and what made gates stricter is kept."""
    below = rows.gate("photo").numbers["minor"]["below_years"]
    found = [
        finding(_MINOR, "face", label=f"age {face.age_low} to {face.age_high}", confidence=_CERTAIN)
        for face in faces
        if face.age_low < below
    ]
    return decide([(each, _MINOR) for each in found], [FACES_MODEL])


def judge_consent(
    people: int, *, stated: bool, overridden: frozenset[str] = frozenset()
) -> Verdict:
    """People may be animated if the creator says that they agreed."""
    row = rows.gate("words").rows["consent"][REQUIRED]
    if not people:
        return decide([], [])
    said = "consent stated" if stated else "no consent stated"
    found = finding(
        row, "person", label=f"{people} people, {said}", confidence=0.0 if stated else _CERTAIN
    )
    return decide([(found, row)], [], overridden)


def judge_figures(answer: dict[str, Any], *, overridden: frozenset[str] = frozenset()) -> Verdict:
    """The verdict on public figures, from a RecognizeCelebrities answer."""
    row = rows.gate("photo").rows["celebrity"][RECOGNISED]
    try:
        found: list[tuple[Finding, Row]] = [
            (
                finding(
                    row,
                    "celebrity",
                    label=str(face["Name"]),
                    confidence=percent(face["MatchConfidence"]),
                ),
                row,
            )
            for face in answer["CelebrityFaces"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModerationUnanswered(
            f"RecognizeCelebrities gave no readable faces: {error!r}"
        ) from error
    return decide(found, [CELEBRITIES_MODEL], overridden)


def judge_blocked(
    listed: Literal["illegal", "banned"], how: str, *, overridden: frozenset[str] = frozenset()
) -> Verdict:
    """A photo is on an operator's list; `how` says by what, e.g. "pdq, 4 of 256 bits"."""
    row = rows.gate("photo").rows["blocked"][listed]
    found = finding(row, "blocked", label=how, confidence=_CERTAIN)
    return decide([(found, row)], ["block list"], overridden)
