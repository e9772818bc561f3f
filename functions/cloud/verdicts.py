"""Keeping what a gate decided, so that it can be explained, appealed and counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from cloud import stories, telemetry, timeline
from story.policy import Seen

if TYPE_CHECKING:
    from story.contracts import Gate
    from story.policy import Verdict

logger = Logger(service="verdicts")


def keep(
    story_id: str, attempt: int, gate: Gate, verdict: Verdict, *, seen: Seen | None = None
) -> None:
    """Store a verdict with its reasons, and who and what was seen, if that was asked.

    Raises StoryMissing for a story that was deleted.
    """
    stories.put_verdict(
        story_id,
        attempt,
        gate,
        {
            "gate": gate,
            "verdict": verdict.verdict,
            "decided_at": timeline.now(),
            "policy": verdict.policy,
            "detail": verdict.model_dump_json(),
            "age_restriction": verdict.restriction and verdict.restriction.age,
            "seen": seen and seen.model_dump_json(),
        },
    )
    telemetry.emit("Verdicts", 1, gate=gate, verdict=verdict.verdict)
    logger.info(
        "verdict",
        gate=gate,
        verdict=verdict.verdict,
        categories=json.dumps([reason.code for reason in verdict.reasons]),
    )


def seen(story_id: str, attempt: int) -> Seen | None:
    """Who and what gate 1 saw in the photo of an attempt; None if it has not looked."""
    kept = stories.verdict(story_id, attempt, "photo")
    return Seen.model_validate_json(kept["seen"]) if kept and "seen" in kept else None
