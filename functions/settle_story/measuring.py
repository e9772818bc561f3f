"""What an ended story adds to the metrics: its outcome, its time, its cost, the objective."""

from __future__ import annotations

from typing import Any

from cloud import paces, stories, telemetry
from settle_story import objective
from story import limits, progress, receipt
from story.states import Status


def tell(story_id: str, attempt: int) -> None:
    """Emit the metrics of a story that has ended, from its records; a retry counts for itself."""
    story = stories.get(
        story_id,
        "status",
        "reasons",
        "claimed_at",
        "prompted_at",
        "ready_at",
        "updated_at",
        "seconds",
    )
    outcome = str(story["status"])
    telemetry.emit("Stories", 1, outcome=outcome)
    seconds = objective.took(story)
    if seconds is not None:
        telemetry.emit("StorySeconds", seconds, outcome=outcome)
    met = objective.is_met(story)
    if met is not None:
        telemetry.emit("WithinObjective", 1 if met else 0)
    this = f"{attempt:04d}#"
    lines = [
        {**line, "state": str(line["sk"]).removeprefix(this)}
        for line in stories.partition("TIMELINE", story_id)
        if str(line["sk"]).startswith(this)
    ]
    telemetry.emit("StoryCost", cost(lines))
    if outcome == Status.READY:
        ready_at = str(story.get("ready_at", story["updated_at"]))
        clip_seconds = float(story.get("seconds", limits.CLIP_SECONDS))
        paces.add(progress.spans(lines, ready_at), clip_seconds)


def cost(lines: list[dict[str, Any]]) -> float:
    """US dollars of a story at list prices; of one that ended early at most this.

    The receipt counts the workflow's own transitions as a READY story has them.
    """
    return receipt.of_story(lines).total
