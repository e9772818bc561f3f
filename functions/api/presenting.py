"""A story's records as its creator may see them: pure."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from api import showing
from story import limits, progress, receipt, review
from story.contracts import Credential, ObjectRef
from story.generation import EngineName, Report
from story.states import ENDED, Status, effective
from story.view import Reason, StoryView, TimelineEntry, VerdictView

#: Signs a key of the stories bucket; called only for a story that is READY or POSTED.
Sign = Callable[[Literal["video", "poster"]], str]


def timeline_entries(
    lines: Iterable[Mapping[str, Any]], *, over: bool
) -> tuple[TimelineEntry, ...]:
    """The lines in the order in which their states began.

    When the story is over, a state that never came to write its own end was stopped.
    """
    entries = []
    for line in sorted(lines, key=lambda line: str(line["began_at"])):
        ended = line.get("ended_at")
        span = (
            datetime.fromisoformat(ended) - datetime.fromisoformat(line["began_at"])
            if ended
            else None
        )
        entries.append(
            TimelineEntry(
                state=line["state"],
                began_at=line["began_at"],
                ended_at=ended,
                ms=round(span.total_seconds() * 1000) if span is not None else None,
                outcome="stopped" if over and line["outcome"] == "running" else line["outcome"],
            )
        )
    return tuple(entries)


def verdict_view(record: Mapping[str, Any]) -> VerdictView:
    """A stored verdict without the scores, which would teach how to pass."""
    detail = json.loads(record["detail"])
    return VerdictView(
        gate=record["gate"],
        verdict=record["verdict"],
        reasons=tuple(Reason(**reason) for reason in detail["reasons"]),
        models=tuple(detail["models"]),
        policy=record["policy"],
        decided_at=record["decided_at"],
    )


def present(
    record: Mapping[str, Any],
    *,
    lines: Iterable[Mapping[str, Any]] = (),
    verdicts: Iterable[Mapping[str, Any]] = (),
    sign: Sign,
    share_url: str | None = None,
    pace: progress.Pace = progress.USUAL_PACE,
    queue_position: int | None = None,
    now: datetime | None = None,
) -> StoryView:
    """One story for its creator, from its META record, timeline lines and verdicts.

    What was found out about a video stays told when its time is over; the video is gone then.
    """
    now = now or datetime.now(UTC)
    # An attempt is shown for itself: what an earlier one came to is no progress of this one.
    this = f"{int(record['attempt']):04d}#"
    verdicts = tuple(verdicts)
    named = current(record, lines)
    judged = tuple(
        verdict_view(verdict)
        for verdict in sorted(_of(this, verdicts), key=lambda v: str(v["decided_at"]))
    )
    status = effective(record, now)
    waits = status is Status.AWAITING_PROMPT
    posted = status is Status.POSTED
    ready = status is Status.READY or "posted_at" in record
    linked = showing.link_seconds(record, now) > 0
    report = _report(named) if ready else None
    engine = EngineName.model_validate_json(record["engine"]) if ready else None
    at_work = status is Status.PROCESSING
    # Of a story that is over: where it stopped, at the moment when it did.
    moment = now if at_work else datetime.fromisoformat(record["updated_at"])
    position = progress.locate(
        named if at_work else progress.stopped(named, moment),
        moment,
        clip_seconds=float(record.get("seconds", limits.CLIP_SECONDS)),
        pace=pace,
        before=queue_position,
    )
    reasons = [Reason(code=r["code"], message=r["message"]) for r in record.get("reasons", [])]
    if status in {Status.REJECTED, Status.UNDER_REVIEW}:
        decisive = [verdict for verdict in judged if verdict.verdict != "allow"]
        reasons += [reason for verdict in decisive for reason in verdict.reasons]
    return StoryView(
        id=record["story_id"],
        status=status,
        prompt=record.get("prompt"),
        caption=record.get("caption"),
        created_at=record["created_at"],
        updated_at=record["updated_at"],
        expires_at=(
            record["expires_at"]
            if status is Status.AWAITING_PHOTO or "posted_at" in record
            else None
        ),
        prompt_until=record["prompt_until"] if waits else None,
        tags=tuple(record["tags"]) if waits else (),
        people=int(record["people"]) if waits else None,
        suggestions=tuple(record["suggestions"]) if waits else (),
        attempt=int(record["attempt"]),
        stage=position.stage if at_work else None,
        progress=1.0 if ready else round(position.fraction, 3),
        eta_seconds=position.eta_seconds if at_work else None,
        queue_position=queue_position if at_work else None,
        reasons=tuple(reasons),
        verdicts=judged,
        timeline=timeline_entries(named, over=status in ENDED),
        engine=engine,
        seed=report.seed if report else None,
        understood=report.understood if report else (),
        unmet=(*report.unmet, *_directed(named), *_replaced(engine)) if report else (),
        alt_text=_noted(named, "DirectScene", "alt_text") if ready else None,
        video_url=sign("video") if linked else None,
        poster_url=sign("poster") if linked else None,
        credential=Credential.model_validate_json(record["credential"]) if ready else None,
        video_sha256=_digest(record) if ready else None,
        cost=receipt.of_story(named) if report else None,
        age_restriction=max(
            (
                int(each["age_restriction"])
                for each in _of(this, verdicts)
                if "age_restriction" in each
            ),
            default=None,
        ),
        visibility=record.get("visibility"),
        posted_at=record.get("posted_at"),
        share_url=share_url if posted else None,
        appeal_until=review.appealable(record, now),
        appeal=record.get("appeal_outcome"),
    )


def _of(attempt: str, records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [record for record in records if str(record["sk"]).startswith(attempt)]


def _digest(record: Mapping[str, Any]) -> str | None:
    """Of the signed video; a story that was made before digests were kept has none."""
    kept = record.get("video")
    return ObjectRef.model_validate_json(kept).sha256 if kept else None


def current(record: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The lines of the attempt that is at work, each with its `state`."""
    this = f"{int(record['attempt']):04d}#"
    return [{**line, "state": str(line["sk"]).removeprefix(this)} for line in _of(this, lines)]


def _noted(lines: list[dict[str, Any]], state: str, name: str) -> str | None:
    for line in lines:
        if line["state"] == state:
            found = line.get(name)
            return str(found) if found is not None else None
    return None


def _directed(lines: list[dict[str, Any]]) -> tuple[str, ...]:
    """What DirectScene itself has left out of what was asked."""
    noted = _noted(lines, "DirectScene", "unmet")
    return (noted,) if noted else ()


def _replaced(engine: EngineName | None) -> tuple[str, ...]:
    """That another engine was to make it."""
    if engine is None or engine.instead_of is None:
        return ()
    return (f"a clip by {engine.instead_of}: its takes had defects, so {engine.name} made this",)


def _report(lines: list[dict[str, Any]]) -> Report | None:
    noted = _noted(lines, "InspectVideo", "report")
    return Report.model_validate_json(noted) if noted else None
