"""What each gate asks of whom, and the one verdict that it comes to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from cloud import guardrail, recognition
from cloud.environment import Environment, load
from story import policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from story.contracts import ObjectRef

Pictures = Literal["photo", "video"]
#: As long as what one call to the guardrail takes in any tier: 25 text units.
_MAX_TEXT_CHARACTERS: Final = 25_000


class FigureSettings(Environment):
    """Whether public figures are looked for."""

    recognize_celebrities: Literal["on", "off"]


class Photo(NamedTuple):
    """Gate 1's first half: its verdict, and who and what it saw."""

    verdict: policy.Verdict
    seen: policy.Seen


def judge_photo(photo: ObjectRef, overridden: frozenset[str]) -> Photo:
    """The photo: what it shows, what can be read in it, who is in it."""
    least = policy.gate("photo").least_percent
    asked: list[Callable[[], dict[str, Any]]] = [
        partial(recognition.faces, photo),
        partial(recognition.labels, photo),
        partial(recognition.moderation, photo, least),
        partial(recognition.text, photo),
    ]
    faces, labels, moderation, text = recognition.together(asked)
    seen = policy.who_is_there(faces, labels)
    minor = seen.may_be_minor
    verdicts = [
        policy.judge_labels([moderation], "photo", minor=minor, overridden=overridden),
        policy.note_minors(seen.faces),
        *_read([text], "photo", minor=minor, overridden=overridden),
    ]
    if seen.faces and load(FigureSettings).recognize_celebrities == "on":
        figures = recognition.celebrities(photo)
        verdicts.append(policy.judge_figures(figures, overridden=overridden))
    return Photo(policy.join(verdicts), seen)


def judge_words(
    words: Iterable[str],
    seen: policy.Seen | None,
    *,
    consent: bool,
    overridden: frozenset[str],
) -> policy.Verdict:
    """The words, and whether the people in the photo agreed, as its creator states."""
    minor = seen is not None and seen.may_be_minor
    people = 0 if seen is None else seen.people
    return policy.join(
        [
            guardrail.judge(words, minor=minor, overridden=overridden),
            policy.judge_consent(people, stated=consent, overridden=overridden),
        ]
    )


def judge_video(
    frames: Sequence[ObjectRef],
    seen: policy.Seen | None,
    known: frozenset[str],
    overridden: frozenset[str],
) -> policy.Verdict:
    """The frames of a video; text and, if the photo has people, faces in the first and the last.

    `known` are the categories that the photo had.
    """
    least = policy.gate("video").least_percent
    ends = frames if len(frames) == 1 else (frames[0], frames[-1])
    looked_at = ends if seen is not None and seen.people else ()
    asked: list[Callable[[], dict[str, Any]]] = [
        *(partial(recognition.moderation, frame, least) for frame in frames),
        *(partial(recognition.text, frame) for frame in ends),
        *(partial(recognition.faces, frame) for frame in looked_at),
    ]
    answers = recognition.together(asked)
    moderation, rest = answers[: len(frames)], answers[len(frames) :]
    texts, faces = rest[: len(ends)], rest[len(ends) :]
    found = tuple(face for answer in faces for face in policy.read_faces(answer))
    now = None if seen is None else seen.model_copy(update={"faces": (*seen.faces, *found)})
    minor = now is not None and now.may_be_minor
    return policy.join(
        [
            policy.judge_labels(
                moderation, "video", minor=minor, known=known, overridden=overridden
            ),
            policy.note_minors(found),
            *_read(texts, "video", minor=minor, overridden=overridden),
        ]
    )


def _read(
    answers: Sequence[dict[str, Any]], gate: Pictures, *, minor: bool, overridden: frozenset[str]
) -> list[policy.Verdict]:
    """The verdict on what can be read in pictures, all lines together; none without a line."""
    found = [policy.read_lines(answer, gate) for answer in answers]
    # Lines that frames repeat are read once; a sentence may go over several.
    lines = list(dict.fromkeys(line for read, _ in found for line in read if line.strip()))
    if not lines:
        return []
    text = "\n".join(lines)[:_MAX_TEXT_CHARACTERS]
    verdict = guardrail.judge([text], gate, kind="text", minor=minor, overridden=overridden)
    models = {model for _, model in found} | set(verdict.models)
    return [verdict.model_copy(update={"models": tuple(sorted(models))})]
