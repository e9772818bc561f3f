"""Conclude: both readings and what is kept of our clips, as one answer, kept with the check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger

from cloud import checks, packs, records, telemetry, timeline
from conclude import answering, scanning
from story.checks import ConcludeInput, ConcludeOutput

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from conclude.answering import Match, Searched
    from story.checks import MarkReading

logger = Logger(service="conclude")

#: Clips of one photo look alike; of so many, the one whose mark is in the file is looked for.
_CANDIDATES: Final = 16


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Look the mark up, search for the looks where that did not settle it, keep the answer."""
    request = ConcludeInput.model_validate(event)
    with telemetry.about(check_id=request.check_id):
        credential, mark = request.credential, request.mark
        named = _named(mark)
        settled = answering.is_credential_enough(credential) or (
            named is not None and named.marked and named.alike
        )
        similar, searched = (None, None) if settled else _search(mark)
        conclusion = answering.conclude(
            credential,
            mark,
            named=named,
            similar=similar,
            searched=searched,
            now=timeline.now(),
        )
        if conclusion is None:
            checks.give_up(request.check_id, f"The file could not be read: {mark.detail}.")
            logger.info("check_failed", credential=credential.detail, mark=mark.detail)
            return ConcludeOutput(answer=None).model_dump()
        checks.conclude(request.check_id, conclusion)
        logger.info("check_done", answer=conclusion.answer)
        return ConcludeOutput(answer=conclusion.answer).model_dump()


def _named(mark: MarkReading) -> Match | None:
    """The clip whose mark was decoded, if there is such a clip."""
    record = records.find(mark.mark_id) if mark.mark_id is not None else None
    return answering.match(mark, record) if record is not None else None


def _search(mark: MarkReading) -> tuple[Match | None, Searched | None]:
    """The clip that the file looks like, the one whose mark it carries before others."""
    if mark.fingerprints is None:
        return None, None
    pack = packs.read()
    if pack is None:
        return None, answering.Searched(0, complete=True)
    near = [
        each
        for prints in (mark.fingerprints, mark.mirrored)
        if prints is not None
        for each in scanning.nearest(pack.rows, prints, most=_CANDIDATES)
    ]
    # What was deleted since the file was packed has no record any more.
    kept = [found for each in near if (found := records.find(each.mark_id)) is not None]
    matches = [found for found in (answering.match(mark, each) for each in kept) if found.alike]
    matches.sort(key=lambda each: (not each.marked, not each.similar, each.looks))
    best = matches[0] if matches else None
    return best, answering.Searched(pack.header.records, complete=pack.header.complete)
