"""The gates of a story: each verdict with its scores, beside the pictures it was given on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from cli import media
from story.contracts import Gate
from story.limits import CLIP_FPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.dossier import Dossier

TITLES = {
    "photo": "The photo",
    "words": "The words",
    "video": "The video",
    "posting": "The words again, before others saw it",
}
#: Gate 3 is beyond the workflow, and judges no pictures.
STATE_OF = {"photo": "ModeratePhoto", "words": "ModerateWords", "video": "ModerateVideo"}
FRAME = re.compile(r"frame(\d+)\.jpg$")
#: Below this the provider is not asked to name a category (functions/moderate).
NAMED_FROM_PERCENT = 40


class Score(NamedTuple):
    """A category's confidence against its thresholds, all in percent."""

    category: str
    label: str
    percent: float
    review_at: float | None
    reject_at: float | None

    @property
    def level(self) -> str:
        """What it led to by itself: reject, review or allow."""
        if self.reject_at is not None and self.percent >= self.reject_at:
            return "reject"
        if self.review_at is not None and self.percent >= self.review_at:
            return "review"
        return "allow"

    @property
    def limits(self) -> str:
        """The thresholds in words."""
        told = [
            f"{word} from {limit:g}%"
            for word, limit in (("review", self.review_at), ("reject", self.reject_at))
            if limit is not None
        ]
        return ", ".join(told) or "counts for nothing in this policy"


class Judged(NamedTuple):
    """One picture that was judged."""

    title: str
    #: Where in the clip it stands; empty for the photo.
    at: str
    key: str
    said: str
    scores: tuple[Score, ...]


class GateView(NamedTuple):
    """One gate."""

    gate: str
    title: str
    verdict: str
    decided: str
    models: str
    policy: str
    reasons: tuple[str, ...]
    scores: tuple[Score, ...]
    pictures: tuple[Judged, ...]
    #: Scores were kept per picture only since records have them.
    per_picture: bool


def gates(dossier: Dossier, shown: Mapping[str, str]) -> list[GateView]:
    """Every gate that has judged. shown: picture's name -> from where it is shown, if it is."""
    views = []
    for gate in get_args(Gate):
        verdict = dossier.verdicts.get(gate)
        if verdict is None:
            continue
        findings = verdict["findings"]
        names = _names(dossier, gate)
        views.append(
            GateView(
                gate=gate,
                title=TITLES[gate],
                verdict=verdict["verdict"],
                decided=media.when(verdict["decided_at"]),
                models=", ".join(verdict["models"]),
                policy=verdict["policy"],
                reasons=tuple(f"{each['message']} ({each['code']})" for each in verdict["reasons"]),
                scores=tuple(_score(each, each["confidence"]) for each in findings),
                pictures=tuple(
                    Judged(*_titled(name), name, shown.get(name, ""), _scores_of(findings, index))
                    for index, name in enumerate(names)
                ),
                per_picture=all("scores" in each for each in findings),
            )
        )
    return views


def _names(dossier: Dossier, gate: str) -> list[str]:
    """The pictures that a gate judged, in its order, by the history."""
    if gate not in STATE_OF:
        return []
    run = dossier.history.of(STATE_OF[gate]) if dossier.history else None
    if run is None or run.payload is None:
        return ["photo.jpg"] if gate == "photo" else []
    return [each["key"].rsplit("/", 1)[1] for each in run.payload.get("images", ())]


def _titled(name: str) -> tuple[str, str]:
    found = FRAME.search(name)
    if found is None:
        return "The clean photo", ""
    index = int(found[1])
    return f"Frame {index}", f"at {index / CLIP_FPS:.2f} s"


def _scores_of(findings: list[dict[str, Any]], index: int) -> tuple[Score, ...]:
    scores = []
    for each in findings:
        given = each.get("scores", ())
        if index < len(given) and given[index] is not None:
            scores.append(_score(each, given[index]))
    return tuple(scores)


def _score(finding: dict[str, Any], percent: float) -> Score:
    return Score(
        finding["category"],
        finding["label"],
        float(percent),
        finding["review_at"],
        finding["reject_at"],
    )


def frame_indices(names: list[str]) -> dict[str, int]:
    """Where in the clip those pictures stand that are frames of it, by their names."""
    return {name: int(found[1]) for name in names if (found := FRAME.search(name))}
