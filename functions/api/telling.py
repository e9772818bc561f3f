"""A check as anybody may see it: pure. It says what was found, and never more than that."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from api.verify_words import UNSPACED, apart, day, say
from story import labels
from story.checks import (
    ANSWER_SECONDS,
    Check,
    CheckedStory,
    Conclusion,
    CredentialLamp,
    FingerprintLamp,
    MarkLamp,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from story.checks import ProvenanceRecord
    from story.labels import Language

_LATE: Final = "Something failed on our side: there is no answer within two minutes. Try again."


def tell(
    check_id: str,
    record: Mapping[str, Any],
    now: datetime,
    *,
    posted: bool,
    shown: tuple[str | None, str] | None = None,
    language: Language = labels.DEFAULT_LANGUAGE,
) -> Check:
    """A check for whoever has its id, in words of one of the languages.

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
        sentence=sentence(found, story, language),
        credential=CredentialLamp(
            **found.credential.model_dump(),
            says=say(language, f"says_credential_{found.credential.reason}"),
        ),
        mark=MarkLamp(
            **found.mark.model_dump(), says=say(language, f"says_mark_{found.mark.reason}")
        ),
        fingerprint=FingerprintLamp(
            **found.fingerprint.model_dump(),
            says=say(
                language,
                f"says_fingerprint_{found.fingerprint.reason}",
                latest=f"{found.fingerprint.latest or 0:,}",
            ),
        ),
        story=story,
        checked_at=found.checked_at,
    )


def conclusion_of(record: Mapping[str, Any]) -> Conclusion:
    """What was concluded of a check that is done."""
    return Conclusion.model_validate_json(record["conclusion"])


def sentence(
    found: Conclusion,
    story: CheckedStory | None,
    language: Language = labels.DEFAULT_LANGUAGE,
) -> str:
    """What to say first."""

    def about_ours(which: str) -> str:
        if story is None:
            return say(language, which)
        return say(language, f"{which}_when", when=day(language, story.made_at))

    if found.answer == "verified":
        parts = [about_ours("made"), say(language, "unchanged")]
    elif found.answer == "recovered":
        parts = [about_ours("made"), say(language, f"recovered_{found.credential.state}")]
    elif found.answer == "similar":
        parts = [about_ours("similar")]
    elif found.answer == "invalid":
        parts = [say(language, f"invalid_{found.credential.reason}")]
        if found.mark.state == "found" and found.record is not None:
            parts.append(about_ours("marked"))
    else:
        parts = [_unknown(found, language)]
    return (" " if language not in UNSPACED else "").join(parts)


def _unknown(found: Conclusion, language: Language) -> str:
    if found.mark.state == "found":
        return say(language, "unknown_marked")
    if found.credential.state == "trusted":
        signer = found.credential.signed_by
        named = say(language, "somebody") if signer is None else apart(language, signer)
        return say(language, "unknown_trusted", signer=named)
    return say(
        language, "unknown_untrusted" if found.credential.state == "untrusted" else "unknown"
    )


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
