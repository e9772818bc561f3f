"""A check as anybody may see it: pure. It says what was found, and never more than that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from story import labels
from story.checks import ANSWER_SECONDS, Check, CheckedStory, Conclusion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from story.checks import ProvenanceRecord

_LATE: Final = "Something failed on our side: there is no answer within two minutes. Try again."
#: What follows "Made with Enliven …", by the answer.
_UNCHANGED: Final = "It has not been changed since it was signed."
_UNKNOWN: Final = (
    "Nothing in this file says that it was made with Enliven. How it was made, that does not say."
)
_RECOVERED: Final = {
    "absent": "Its metadata had been removed; the hidden mark survived.",
    "unreadable": "Its metadata could not be read; the hidden mark could.",
    "untrusted": "Its Content Credentials are by somebody unknown; the hidden mark is ours.",
    "trusted": "Its Content Credentials are by somebody else; the hidden mark is ours.",
}
_INVALID: Final = "The Content Credentials in this file do not hold: it is not what was signed."


def tell(
    check_id: str,
    record: Mapping[str, Any],
    now: datetime,
    *,
    posted: bool,
    shown: tuple[str | None, str] | None = None,
) -> Check:
    """A check for whoever has its id.

    posted: whether the story was ever seen by others; of any other nothing is told but that it was
    made here. shown: its name and where its poster is, if they may be told.
    """
    status = record["status"]
    if status == "checking" and _since(record, "claimed_at", now) > ANSWER_SECONDS:
        return Check(id=check_id, status="failed", detail=_LATE)
    if status == "failed":
        return Check(id=check_id, status="failed", detail=record["detail"])
    if status != "done":
        return Check(id=check_id, status=status)
    found = conclusion_of(record)
    story = _story(found.record, shown) if posted and found.record else None
    return Check(
        id=check_id,
        status="done",
        answer=found.answer,
        sentence=sentence(found, story),
        credential=found.credential,
        mark=found.mark,
        fingerprint=found.fingerprint,
        story=story,
        checked_at=found.checked_at,
    )


def conclusion_of(record: Mapping[str, Any]) -> Conclusion:
    """What was concluded of a check that is done."""
    return Conclusion.model_validate_json(record["conclusion"])


def sentence(found: Conclusion, story: CheckedStory | None) -> str:
    """What to say first."""
    made = f"Made with Enliven{_when(story)}."
    if found.answer == "verified":
        return f"{made} {_UNCHANGED}"
    if found.answer == "recovered":
        return f"{made} {_RECOVERED[found.credential.state]}"
    if found.answer == "similar":
        return (
            f"It looks like a clip that was made with Enliven{_when(story)}. Nothing else in it"
            " says so."
        )
    if found.answer == "invalid":
        ours = found.mark.state == "found" and found.record is not None
        return f"{_INVALID} A hidden mark says: {made[0].lower()}{made[1:]}" if ours else _INVALID
    return _unknown(found)


def _unknown(found: Conclusion) -> str:
    if found.mark.state == "found":
        return "This file carries a hidden mark of Enliven, and we cannot say of which clip."
    if found.credential.state == "trusted":
        signer = found.credential.signed_by or "somebody"
        return (
            f"Its Content Credentials, which hold, are by {signer}. Nothing in this file says that"
            " it was made with Enliven."
        )
    return _UNKNOWN


def _when(story: CheckedStory | None) -> str:
    if story is None:
        return ""
    made = datetime.fromisoformat(story.made_at).astimezone(UTC)
    return f" from a photo on {made.day} {made:%B %Y}"


def _story(record: ProvenanceRecord, shown: tuple[str | None, str] | None) -> CheckedStory:
    name, poster = shown or (None, None)
    return CheckedStory(
        engine=record.engine,
        made_at=record.made_at,
        label=labels.for_engine(record.engine).words[record.language],
        name=name,
        poster_url=poster,
    )


def _since(record: Mapping[str, Any], moment: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(record[moment])) / timedelta(seconds=1)
