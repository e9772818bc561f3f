"""Moves of the camera, and which thing a direction such as "to the left" is said of."""

from typing import Final, cast

from story.generation import CameraMove, Heading
from story.vocabulary.clauses import Clause
from story.vocabulary.lexicon import Term
from story.vocabulary.notes import Notes

#: A camera word with a direction is a move.
_COURSES: Final[dict[tuple[str, str], CameraMove]] = {
    ("zoom", "back"): "pull_out", ("zoom", "away"): "pull_out", ("zoom", ""): "push_in",
    ("pan", "left"): "pan_left", ("pan", "right"): "pan_right", ("pan", ""): "pan_right",
    ("pan", "up"): "tilt_up", ("pan", "down"): "tilt_down",
    ("tilt", "up"): "tilt_up", ("tilt", "down"): "tilt_down", ("tilt", ""): "tilt_up",
    ("tilt", "left"): "pan_left", ("tilt", "right"): "pan_right",
    ("camera", "left"): "pan_left", ("camera", "right"): "pan_right",
    ("camera", "up"): "tilt_up", ("camera", "down"): "tilt_down",
    ("camera", "forward"): "push_in", ("camera", "towards"): "push_in",
    ("camera", "back"): "pull_out", ("camera", "away"): "pull_out",
}  # fmt: skip
#: These need a direction, or have a usual one; other camera words are moves themselves.
_VAGUE: Final = frozenset({"zoom", "pan", "tilt"})


def is_camera(term: Term) -> bool:
    """Whether a term is the camera or something that it does."""
    return term.kind == "camera" or _is_the_camera(term)


def note_camera(clause: Clause, notes: Notes) -> None:
    """Note the moves of a clause, and the headings of what else it moves."""
    courses = _courses(clause, notes)
    for index, term in enumerate(clause.terms):
        if not clause.plain(index) or not is_camera(term):
            continue
        if term.value == "none":
            notes.fixed = True
        elif term.kind == "camera" and term.value not in _VAGUE:
            notes.moves.append(cast("CameraMove", term.value))
        elif (term.value, courses.get(index, "")) in _COURSES:
            notes.moves.append(_COURSES[term.value, courses.get(index, "")])
        elif term.value in _VAGUE:
            notes.moves.append(_COURSES[term.value, ""])


def _courses(clause: Clause, notes: Notes) -> dict[int, str]:
    """The direction of each camera word; directions of other things become headings."""
    courses: dict[int, str] = {}
    for index in clause.indices("heading", "course"):
        term = clause.terms[index]
        owner = _owner(clause, index)
        if not clause.plain(index):
            continue
        if owner is not None and is_camera(clause.terms[owner]):
            courses[owner] = term.value
        elif term.kind == "heading" and _may_head(clause, owner):
            notes.headings.append(cast("Heading", term.value))
    return courses


def _owner(clause: Clause, at: int) -> int | None:
    """The nearest thing before a direction that can have one, else the nearest after it."""
    able = [
        index
        for index, term in enumerate(clause.terms)
        if is_camera(term) or term.kind in {"motion", "gesture", "thing"}
    ]
    cameras = [index for index in able if clause.terms[index].kind == "camera"]
    if clause.terms[at].kind == "course":
        able = [index for index in able if is_camera(clause.terms[index])]
    before = [index for index in able if index < at]
    owner = before[-1] if before else next(iter(able), None)
    if owner is not None and cameras and _is_the_camera(clause.terms[owner]):
        # "Pan the camera left": the word that names the move has the direction.
        return cameras[-1]
    return owner


def _may_head(clause: Clause, owner: int | None) -> bool:
    """Whether a direction is one that scenery moves in, not where somebody stands or looks."""
    if owner is None:
        return "move" in clause
    return clause.terms[owner].kind in {"motion", "gesture"} and clause.terms[owner].value != "gaze"


def _is_the_camera(term: Term) -> bool:
    return term.kind == "thing" and term.value == "camera"
