"""pack_records: on a schedule, so that a clip is found by its looks within the hour.

What was deleted meanwhile is in the file until then; whoever finds it there looks whether its
record is still there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from cloud import packs, records, timeline
from story import packed
from story.checks import PackRecordsOutput

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="pack_records")


def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Pack the records of the newest clips."""
    header, body = packed.pack(records.newest(datetime.now(UTC)), timeline.now())
    packs.write(body)
    if header.complete:
        logger.info("packed", records=header.records)
    else:
        logger.warning("packed_in_part", records=header.records)
    return PackRecordsOutput(records=header.records, complete=header.complete).model_dump()
