"""What people did about a story, from its records into the trail, and what follows for its creator.

Reports, appeals and decisions are written by whoever takes them, in the story's own records. Their
lines of the trail and the creator's strikes are made from those, here and again by the sweep; each
is the same however often it is written.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from cloud import audit, stories, users
from story import feed, review, strikes

if TYPE_CHECKING:
    from collections.abc import Mapping

_MESSAGES = {
    "reject": "A reviewer has rejected a story of yours.",
    "remove": "A reviewer has removed a story that you had posted.",
}


def record(story_id: str, story: Mapping[str, Any]) -> None:
    """Write every line that is not there yet, and give or take back the strikes."""
    for each in stories.partition("REPORT", story_id):
        audit.append(
            story_id, "reported", at=each["reported_at"], by=each["sk"], reason=each["reason"]
        )
    if "held_at" in story:
        audit.append(story_id, "hidden", at=story["held_at"], by="reports")
    if "appeal_at" in story:
        audit.append(story_id, "appealed", at=story["appeal_at"], by=story["creator"])
    decisions = story.get("decisions", [])
    for index, each in enumerate(decisions):
        audit.append(
            story_id,
            f"decided {each['decision']}",
            at=each["at"],
            by=each["by"],
            decision=each["id"],
            reason=each["reason"],
            categories=each["categories"],
        )
        overturned = next(
            (later for later in decisions[index + 1 :] if later["decision"] == "overturn"), None
        )
        _strike(story_id, str(story["creator"]), each, overturned)


def _strike(
    story_id: str,
    creator: str,
    decision: Mapping[str, Any],
    overturned: Mapping[str, Any] | None,
) -> None:
    expires = strikes.expires(decision["decision"], datetime.fromisoformat(decision["at"]))
    if expires is None:
        return
    named = [
        review.WEIGHTS[review.ReportReason(each)].told
        for each in decision["categories"]
        if each in set(review.ReportReason)
    ]
    users.put_strike(
        creator,
        story_id,
        {
            "code": f"story_{_PARTICIPLE[decision['decision']]}",
            "message": " ".join([_MESSAGES[decision["decision"]], *named]),
            "given_at": decision["at"],
            "expires_at": feed.iso(expires),
        },
        overturned=overturned is not None,
    )
    audit.append(story_id, "strike given", at=decision["at"], by=decision["by"])
    if overturned is not None:
        audit.append(story_id, "strike taken back", at=overturned["at"], by=overturned["by"])


_PARTICIPLE = {"reject": "rejected", "remove": "removed"}
