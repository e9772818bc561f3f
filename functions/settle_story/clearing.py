"""Removing what a story leaves in the buckets, and keeping what its outcome says must be kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from cloud import stories
from cloud.clients import answers, client
from cloud.environment import Environment, load
from story import identifiers

if TYPE_CHECKING:
    from collections.abc import Iterator

_DELETE_BATCH = 1000
_ATTEMPT = re.compile(r"\d{1,4}(?=[/-])")
#: Every attempt that there can be.
ALL_ATTEMPTS = 9_999


class Settings(Environment):
    """The buckets that this, the only purger, may empty."""

    uploads_bucket: str
    work_bucket: str
    evidence_bucket: str
    stories_bucket: str


def keys(bucket: str, prefix: str) -> Iterator[str]:
    """Every current key below a prefix."""
    with answers("S3"):
        for page in (
            client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        ):
            yield from (entry["Key"] for entry in page.get("Contents", []))


def _delete(bucket: str, prefix: str) -> None:
    _delete_keys(bucket, list(keys(bucket, prefix)))


def _delete_keys(bucket: str, named: list[str]) -> None:
    found = [{"Key": key} for key in named]
    for start in range(0, len(found), _DELETE_BATCH):
        with answers("S3"):
            client("s3").delete_objects(
                Bucket=bucket,
                Delete={"Objects": found[start : start + _DELETE_BATCH], "Quiet": True},
            )


def _delete_versions(bucket: str, prefix: str) -> None:
    """The uploads bucket is versioned, so that a second upload cannot replace the first."""
    with answers("S3"):
        for page in (
            client("s3")
            .get_paginator("list_object_versions")
            .paginate(Bucket=bucket, Prefix=prefix)
        ):
            found = [
                {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", []))
            ]
            if found:
                client("s3").delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})


def clear_uploads(story_id: str) -> None:
    """Remove every version of whatever was uploaded for a story."""
    _delete_versions(load(Settings).uploads_bucket, identifiers.upload_prefix(story_id))


def clear_work(story_id: str, *, through: int) -> None:
    """Remove all intermediates, requests, and the results that its generations name.

    Only those of attempts up to `through`: a retry may have begun the next one.
    """
    settings = load(Settings)
    work, requests = identifiers.work_prefix(story_id), identifiers.request_prefix(story_id)
    for prefix in (work, requests):
        over = [
            key
            for key in keys(settings.work_bucket, prefix)
            if _attempt_of(key.removeprefix(prefix)) <= through
        ]
        _delete_keys(settings.work_bucket, over)
    for generation in stories.partition("GENERATION", story_id):
        if _attempt_of(str(generation["sk"])) > through:
            continue
        named = (generation.get("output_location"), generation.get("failure_location"))
        for location in {*named, *generation.get("locations", [])} - {None}:
            key = urlparse(str(location)).path.lstrip("/")
            if key.startswith((identifiers.RESULTS_PREFIX, identifiers.FAILURES_PREFIX)):
                with answers("S3"):
                    client("s3").delete_object(Bucket=settings.work_bucket, Key=key)


def _attempt_of(rest: str) -> int:
    """The attempt that "2/photo.jpg", "2-1.tar" or "0002-1" begins with; 0 for what names none."""
    match = _ATTEMPT.match(rest)
    return int(match[0]) if match else 0


def clear_published(story_id: str) -> None:
    """Remove a signed video that never became READY."""
    _delete(load(Settings).stories_bucket, identifiers.story_prefix(story_id))


def clear_evidence(story_id: str) -> None:
    """Remove what was kept for a retry or an appeal."""
    _delete(load(Settings).evidence_bucket, identifiers.story_prefix(story_id))


_CLEAN_PHOTO = re.compile(r"/photo\.jpg$")
_JUDGED = re.compile(r"/(photo|take\d-frame\d+)\.jpg$")


def keep_evidence(story_id: str, attempt: int, *, judged_frames: bool) -> bool:
    """Copy an attempt's clean photo, and with `judged_frames` what gate 2 saw.

    Returns whether anything is kept: an attempt that failed early leaves what the one before kept.
    """
    settings = load(Settings)
    wanted = _JUDGED if judged_frames else _CLEAN_PHOTO
    found = [
        key
        for key in keys(settings.work_bucket, f"{identifiers.work_prefix(story_id)}{attempt}/")
        if wanted.search(key)
    ]
    prefix = identifiers.story_prefix(story_id)
    for key in found:
        with answers("S3"):
            client("s3").copy_object(
                Bucket=settings.evidence_bucket,
                Key=prefix + key.rsplit("/", 1)[1],
                CopySource={"Bucket": settings.work_bucket, "Key": key},
            )
    return bool(found) or any(True for _ in keys(settings.evidence_bucket, prefix))
