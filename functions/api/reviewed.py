"""A story's records as a reviewer may see them: pure."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from story import review
from story.review_view import (
    EvidenceLink,
    PastDecision,
    ReviewAppeal,
    ReviewFinding,
    ReviewReport,
    ReviewSummary,
    ReviewVerdict,
    ReviewView,
)
from story.view import Reason

_FRAME = re.compile(r"take(\d)-frame(\d+)\.jpg")
_NAMED: dict[str, Literal["photo", "video", "poster"]] = {
    "photo.jpg": "photo",
    "story.mp4": "video",
    "poster.jpg": "poster",
}
_ALLOW = "allow"


def summary(
    record: Mapping[str, Any],
    reports: Iterable[Mapping[str, Any]],
    *,
    reviewer: str,
    now: datetime,
) -> ReviewSummary:
    """A story in the queue, which waits."""
    return ReviewSummary(**_summary(record, reports, reviewer=reviewer, now=now))


def _summary(
    record: Mapping[str, Any],
    reports: Iterable[Mapping[str, Any]],
    *,
    reviewer: str,
    now: datetime,
) -> dict[str, Any]:
    holder = review.claimed_by(record, now)
    return {
        "id": record["story_id"],
        "kind": review.kind(record),
        "severity": int(record["review_queue"]),
        "status": record["status"],
        "waiting_since": record["review_since"],
        "reports": len(list(reports)),
        "claimed_by": holder,
        "claimed_until": record["claim_until"] if holder else None,
        "conflict": review.conflict(record, reviewer),
    }


def fired(record: Mapping[str, Any], verdicts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The categories that decided against the attempt that waits."""
    return review.fired(
        json.loads(each["detail"])
        for each in _of_attempt(record, verdicts)
        if each["verdict"] != _ALLOW
    )


def view(
    record: Mapping[str, Any],
    *,
    verdicts: Iterable[Mapping[str, Any]],
    reports: Iterable[Mapping[str, Any]],
    sign: Callable[[str], str],
    reviewer: str,
    now: datetime,
) -> ReviewView:
    """All that there is to decide by; `sign` makes a link to something that is kept."""
    kept, known = list(verdicts), list(reports)
    kind = review.kind(record)
    appealed = kind == "appeal"
    return ReviewView(
        **_summary(record, known, reviewer=reviewer, now=now),
        attempt=int(record["attempt"]),
        prompt=record.get("prompt"),
        caption=record.get("caption"),
        people_consent=bool(record.get("people_consent", False)),
        visibility=record.get("visibility"),
        posted_at=record.get("posted_at"),
        verdicts=tuple(
            _verdict(each)
            for each in sorted(kept, key=lambda each: (each["sk"][:4], each["decided_at"]))
        ),
        report_list=tuple(
            ReviewReport(
                reason=each["reason"],
                text=each.get("text"),
                anonymous=bool(each["anonymous"]),
                reported_at=each["reported_at"],
            )
            for each in known
        ),
        appeal=(
            ReviewAppeal(text=record["appeal_text"], appealed_at=record["appeal_at"])
            if appealed
            else None
        ),
        decisions=tuple(
            PastDecision(
                **{name: each[name] for name in ("id", "decision", "reason", "by", "at")},
                categories=tuple(each["categories"]),
            )
            for each in record.get("decisions", [])
        ),
        evidence=tuple(
            EvidenceLink(name=name, kind=_kind(name), url=sign(name))
            for name in sorted(record.get("evidence", []), key=_order)
            if name in _NAMED or _FRAME.fullmatch(name)
        ),
        possible=tuple(sorted(review.DECISIONS[kind])) if kind else (),
        fired=fired(record, kept),
    )


def _of_attempt(
    record: Mapping[str, Any], verdicts: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    this = f"{int(record['attempt']):04d}#"
    return [each for each in verdicts if str(each["sk"]).startswith(this)]


def _verdict(record: Mapping[str, Any]) -> ReviewVerdict:
    detail = json.loads(record["detail"])
    codes = {reason["code"] for reason in detail["reasons"]}
    return ReviewVerdict(
        gate=record["gate"],
        attempt=int(str(record["sk"]).partition("#")[0]),
        verdict=record["verdict"],
        reasons=tuple(
            Reason(code=each["code"], message=each["message"]) for each in detail["reasons"]
        ),
        findings=tuple(_finding(record["gate"], each, codes) for each in detail["findings"]),
        models=tuple(detail["models"]),
        policy=record["policy"],
        decided_at=record["decided_at"],
    )


def _finding(gate: str, found: Mapping[str, Any], codes: set[str]) -> ReviewFinding:
    """A verdict of a policy whose rows had no names is told by gate, category and label."""
    category, label = str(found["category"]), str(found["label"])
    parts = [gate, category, *([label] if label != category else [])]
    return ReviewFinding(
        category=category,
        label=label,
        confidence=found["confidence"],
        review_at=found["review_at"],
        reject_at=found["reject_at"],
        row=found.get("row") or "/".join(parts),
        fired=review.code_of(category) in codes,
        scores=tuple(found.get("scores", ())),
    )


def _kind(name: str) -> Literal["photo", "frame", "video", "poster"]:
    return _NAMED.get(name, "frame")


def _order(name: str) -> tuple[int, str]:
    """Photo, frames in their order, poster, video."""
    places = {"photo.jpg": 0, "poster.jpg": 2, "story.mp4": 3}
    return places.get(name, 1), name
