"""What is kept of each clip that became READY, by its mark: enough to know a copy again.

    MARK#{id}  STORY    label_video makes it, the workflow completes it before a story is READY,
                        settle_story lets it end two years after the story, or with its DELETE

It names the story and holds neither whose it is, nor words, nor pictures. The index `provenance`
has the complete ones, by the month in which they were completed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cloud import marks
from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings
from story.checks import ProvenanceRecord
from story.fingerprints import Fingerprints
from story.generation import EngineName

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Nothing was recorded before.
FIRST_MONTH: Final = (2026, 11)
_INDEX: Final = "provenance"
#: In the place of an end, of a record whose story is kept.
_NEVER: Final = 2**62
_CONDITION_FAILED: Final = "ConditionalCheckFailedException"


def find(mark_id: str) -> ProvenanceRecord | None:
    """The record of a mark; None if there is none (any more), or its story never became READY.

    DynamoDB removes what is over within days; it is not told of in the meantime.
    """
    with answers("DynamoDB"):
        answer = client("dynamodb").get_item(
            TableName=load(TableSettings).stories_table,
            Key=marks.key(mark_id),
            ConsistentRead=True,
        )
    item = from_item(answer["Item"]) if "Item" in answer else {}
    if "recorded_at" not in item or int(item.get("ttl", _NEVER)) <= datetime.now(UTC).timestamp():
        return None
    return ProvenanceRecord(
        mark_id=mark_id,
        key_version=int(item["key_version"]),
        story_id=item["story_id"],
        made_at=item["made_at"],
        engine=EngineName.model_validate_json(item["engine"]),
        language=item["language"],
        digest=item["digest"],
        manifest_id=item["manifest_id"],
        fingerprints=Fingerprints.model_validate_json(item["fingerprints"]),
    )


def newest(now: datetime) -> Iterator[tuple[str, Fingerprints]]:
    """Mark and fingerprints of every record, the newest first."""
    for month in _months(now):
        start: dict[str, Any] = {}
        while True:
            with answers("DynamoDB"):
                answer = client("dynamodb").query(
                    TableName=load(TableSettings).stories_table,
                    IndexName=_INDEX,
                    KeyConditionExpression="recorded_in = :month",
                    ExpressionAttributeValues=to_item({":month": month}),
                    ScanIndexForward=False,
                    **start,
                )
            for item in map(from_item, answer["Items"]):
                mark_id = str(item["pk"]).removeprefix("MARK#")
                yield mark_id, Fingerprints.model_validate_json(item["fingerprints"])
            if "LastEvaluatedKey" not in answer:
                break
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def outlive(mark_id: str, story_id: str, over: datetime) -> None:
    """Let a record end two years after its story was over; one that has its end keeps it."""
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=load(TableSettings).stories_table,
                Key=marks.key(mark_id),
                UpdateExpression="SET #ttl = :ttl",
                ConditionExpression="story_id = :story AND attribute_not_exists(#ttl)",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues=to_item(
                    {":story": story_id, ":ttl": int((over + marks.LASTS).timestamp())}
                ),
            )
    except ClientError as error:
        if error_code(error) != _CONDITION_FAILED:
            raise


def _months(now: datetime) -> Iterator[str]:
    year, month = now.astimezone(UTC).year, now.astimezone(UTC).month
    while (year, month) >= FIRST_MONTH:
        yield f"{year:04d}-{month:02d}"
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
