"""Erasing a story that was deleted: its media, then its records, and of them all but the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import audit, executions, stories
from settle_story import charging, clearing, outliving, recording

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = Logger(service="settle_story")

#: Partitions of a story besides its META record, whoever writes them.
_KINDS = ("VERDICT", "TIMELINE", "GENERATION", "DRAFT", "REPORT")


def erase(story_id: str, record: Mapping[str, Any]) -> None:
    """Erase a story whose creator has deleted it; every step can be repeated.

    The META record goes last: whatever is interrupted before is found by it and done again. Under
    a legal hold it stays, nobody's to read, with the evidence and the verdicts on it; the sweep
    erases them once the hold is lifted.
    """
    if "execution_arn" in record:
        executions.stop(record["execution_arn"])
    held = bool(record.get("legal_hold"))
    charging.settle_deleted(story_id, record)
    recording.record(story_id, record)
    audit.append(story_id, "deleted", at=record["deleted_at"], by=record["deleted_by"])
    clearing.clear_uploads(story_id)
    clearing.clear_work(story_id, through=clearing.ALL_ATTEMPTS)
    clearing.clear_published(story_id)
    if not held:
        clearing.clear_evidence(story_id)
    outliving.forget(story_id)
    for kind in _KINDS:
        if not (held and kind == "VERDICT"):
            _forget(kind, story_id)
    if not held:
        _forget("STORY", story_id)
    logger.info("erased", held=held)


def erase_remains(story_id: str) -> None:
    """What is left of a story without a record: late work of functions that were stopped."""
    clearing.clear_uploads(story_id)
    clearing.clear_work(story_id, through=clearing.ALL_ATTEMPTS)
    clearing.clear_published(story_id)
    clearing.clear_evidence(story_id)
    outliving.forget(story_id)
    for kind in _KINDS:
        _forget(kind, story_id)


def _forget(kind: str, story_id: str) -> None:
    for item in stories.partition(kind, story_id):
        stories.forget(item)
