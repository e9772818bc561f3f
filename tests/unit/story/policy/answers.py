"""Answers of the providers, in their own form, for tests of the policy."""

from typing import Any


def seen(*labels: tuple[str, str, float]) -> dict[str, Any]:
    """A DetectModerationLabels answer: (name, parent, percent)."""
    return {
        "ModerationModelVersion": "7.0",
        "ModerationLabels": [
            {"Name": name, "ParentName": parent, "Confidence": confidence}
            for name, parent, confidence in labels
        ],
    }


def words(action: str, *filters: dict[str, str]) -> dict[str, Any]:
    """An ApplyGuardrail answer."""
    return {"action": action, "assessments": [{"contentPolicy": {"filters": list(filters)}}]}


def said(kind: str, action: str = "BLOCKED", confidence: str = "HIGH") -> dict[str, str]:
    """One content filter of it."""
    return {"type": kind, "action": action, "confidence": confidence}


def face(low: int, high: int = 60, confidence: float = 99.0) -> dict[str, Any]:
    """One face of a DetectFaces answer with AGE_RANGE."""
    return {
        "BoundingBox": {"Left": 0.4, "Top": 0.1, "Width": 0.2, "Height": 0.2},
        "AgeRange": {"Low": low, "High": high},
        "Confidence": confidence,
    }
