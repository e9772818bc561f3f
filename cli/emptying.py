"""Emptying a bucket: every version and every delete marker, which CloudFormation never does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.outcome import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Iterator


def count(s3: Any, bucket: str) -> int:
    """How many objects a bucket holds, older versions and delete markers included."""
    return sum(len(page) for page in _versions(s3, bucket))


def empty(s3: Any, bucket: str) -> int:
    """Delete all of it; how much that was. Raises CommandFailed for what could not be deleted."""
    deleted = 0
    # A page that goes takes the next one's beginning with it: always the first.
    while found := next(_versions(s3, bucket), None):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
        if answer.get("Errors"):
            first = answer["Errors"][0]
            raise CommandFailed(
                "bucket_not_empty",
                f"{len(answer['Errors'])} objects of {bucket} could not be deleted, e.g. "
                f"{first['Key']}: {first.get('Message', first.get('Code'))}",
            )
        deleted += len(found)
    return deleted


def _versions(s3: Any, bucket: str) -> Iterator[list[dict[str, str]]]:
    """Pages of at most a thousand, which is what one deletion takes."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
        ]
        if found:
            yield found
