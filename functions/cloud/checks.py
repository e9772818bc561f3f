"""Checks of files: what is kept of each, and its file while it is looked at.

    CHECK#{id}   META    the API makes it, the verify workflow claims it, Conclude writes its answer

It does not say who asked, and DynamoDB removes it within a day or two of its hour.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cloud.clients import answers, client, error_code
from cloud.environment import load
from cloud.stories import from_item, to_item
from cloud.timeline import TableSettings
from story import checks, quota
from story.errors import FileMissing

if TYPE_CHECKING:
    from pathlib import Path

    from story.checks import Conclusion, FileRef

_CONDITION_FAILED: Final = "ConditionalCheckFailedException"
_GONE: Final = frozenset({"NoSuchKey", "404", "PreconditionFailed", "412"})
_CHUNK_BYTES: Final = 1024 * 1024


def create(check_id: str, now: datetime) -> None:
    """A check that waits for its file."""
    told = now + timedelta(seconds=checks.TOLD_SECONDS)
    record = {
        "status": "waiting",
        "created_at": quota.iso(now),
        "form_until": quota.iso(now + timedelta(seconds=checks.FORM_SECONDS)),
        "told_until": quota.iso(told),
        "ttl": int(told.timestamp()),
    }
    with answers("DynamoDB"):
        client("dynamodb").put_item(
            TableName=load(TableSettings).stories_table,
            Item={**to_item(record), **_key(check_id)},
            ConditionExpression="attribute_not_exists(pk)",
        )


def find(check_id: str, now: datetime) -> dict[str, Any] | None:
    """A check, read consistently; None if there is none (any more)."""
    with answers("DynamoDB"):
        answer = client("dynamodb").get_item(
            TableName=load(TableSettings).stories_table, Key=_key(check_id), ConsistentRead=True
        )
    if "Item" not in answer:
        return None
    record = from_item(answer["Item"])
    return record if datetime.fromisoformat(record["told_until"]) > now else None


def conclude(check_id: str, conclusion: Conclusion) -> bool:
    """Keep a check's answer; False if it is not one that is looked at now."""
    return _end(check_id, status="done", conclusion=conclusion.model_dump_json())


def give_up(check_id: str, detail: str) -> bool:
    """Keep that, and why, a file could not be looked at; False as above."""
    return _end(check_id, status="failed", detail=detail)


def fetch(file: FileRef, path: Path) -> None:
    """Write exactly the file that the event named to a path of ours, at most MAX_FILE_BYTES.

    Raises FileMissing if it is not there as it was announced.
    """
    if file.size > checks.MAX_FILE_BYTES:
        raise FileMissing(f"{file.size} bytes; at most {checks.MAX_FILE_BYTES} are looked at")
    try:
        with answers("S3"):
            answer = client("s3").get_object(Bucket=file.bucket, Key=file.key, IfMatch=file.etag)
            with path.open("wb") as target:
                for chunk in answer["Body"].iter_chunks(_CHUNK_BYTES):
                    target.write(chunk)
                    if target.tell() > checks.MAX_FILE_BYTES:
                        raise FileMissing(f"{file.key} has more than was announced")
    except ClientError as error:
        if error_code(error) in _GONE:
            raise FileMissing(
                f"{file.key} is not in the bucket as it was announced (ETag {file.etag})"
            ) from error
        raise


def _end(check_id: str, **fields: str) -> bool:
    names = {f"#{name}": name for name in ("status", *fields)}
    sets = ", ".join(f"#{name} = :{name}" for name in fields)
    values = {f":{name}": value for name, value in fields.items()}
    try:
        with answers("DynamoDB"):
            client("dynamodb").update_item(
                TableName=load(TableSettings).stories_table,
                Key=_key(check_id),
                UpdateExpression=f"SET {sets}, ended_at = :now",
                ConditionExpression="#status = :checking",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=to_item(
                    {**values, ":checking": "checking", ":now": quota.iso(datetime.now(UTC))}
                ),
            )
    except ClientError as error:
        if error_code(error) == _CONDITION_FAILED:
            return False
        raise
    return True


def _key(check_id: str) -> dict[str, Any]:
    return to_item({"pk": f"CHECK#{check_id}", "sk": "META"})
