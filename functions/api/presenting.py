"""A story's records as its creator may see them: pure."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from story import limits, progress, receipt
from story.contracts import Credential
from story.generation import EngineName, Report
from story.states import ENDED, Status
from story.view import Cost, Reason, StoryView, TimelineEntry, VerdictView

#: Signs a key of the stories bucket; called only for a story that is READY.
Sign = Callable[[Literal["video", "poster"]], str]


def effective_status(record: Mapping[str, Any], now: datetime) -> Status:
    """The status as of now: a form that nobody used in time has expired, whoever noticed."""
    status = Status(record["status"])
    if status is Status.AWAITING_PHOTO and datetime.fromisoformat(record["expires_at"]) <= now:
        return Status.EXPIRED
    return status


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
    pace: progress.Pace = progress.USUAL_PACE,
    queue_position: int | None = None,
    now: datetime | None = None,
) -> StoryView:
    """One story for its creator, from its META record, timeline lines and verdicts."""
    now = now or datetime.now(UTC)
    named: list[dict[str, Any]] = [
        {**line, "state": str(line["sk"]).split("#", 1)[1]} for line in lines
    ]
    judged = tuple(
        verdict_view(verdict) for verdict in sorted(verdicts, key=lambda v: str(v["decided_at"]))
    )
    status = effective_status(record, now)
    ready = status is Status.READY
    report = _report(named) if ready else None
    at_work = status is Status.PROCESSING
    # Of a story that is over: where it stopped, at the moment when it did.
    position = progress.locate(
        current(record, named),
        now if at_work else datetime.fromisoformat(record["updated_at"]),
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
        prompt=record["prompt"],
        caption=record.get("caption"),
        created_at=record["created_at"],
        updated_at=record["updated_at"],
        expires_at=record["expires_at"] if status is Status.AWAITING_PHOTO else None,
        stage=position.stage if at_work else None,
        progress=1.0 if "credential" in record else round(position.fraction, 3),
        eta_seconds=position.eta_seconds if at_work else None,
        queue_position=queue_position if at_work else None,
        reasons=tuple(reasons),
        verdicts=judged,
        timeline=timeline_entries(named, over=status in ENDED),
        engine=EngineName.model_validate_json(record["engine"]) if ready else None,
        seed=report.seed if report else None,
        understood=report.understood if report else (),
        unmet=report.unmet if report else (),
        alt_text=_noted(named, "DirectScene", "alt_text") if ready else None,
        video_url=sign("video") if ready else None,
        poster_url=sign("poster") if ready else None,
        credential=Credential.model_validate_json(record["credential"]) if ready else None,
        cost=_cost(named, report) if report else None,
    )


def current(
    record: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """The lines of the attempt that is at work, each with its `state`."""
    this = f"{int(record['attempt']):04d}#"
    return [
        {**line, "state": str(line["sk"]).removeprefix(this)}
        for line in lines
        if str(line["sk"]).startswith(this)
    ]


def _noted(lines: list[dict[str, Any]], state: str, name: str) -> str | None:
    for line in lines:
        if line["state"] == state:
            found = line.get(name)
            return str(found) if found is not None else None
    return None


def _report(lines: list[dict[str, Any]]) -> Report | None:
    noted = _noted(lines, "InspectVideo", "report")
    return Report.model_validate_json(noted) if noted else None


def _cost(lines: list[dict[str, Any]], report: Report) -> Cost:
    return receipt.itemise(lines, engine_seconds=sum(report.timings.values()))
