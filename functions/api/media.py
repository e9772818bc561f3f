"""The form that delivers a photo, and the links to a finished story: presigned, of limited life."""

from __future__ import annotations

from typing import Literal

from cloud.clients import client
from cloud.environment import Environment, load
from story import checks, identifiers, limits
from story.view import UploadForm


class Settings(Environment):
    """The buckets whose forms and URLs the API signs."""

    uploads_bucket: str
    stories_bucket: str


def upload_form(story_id: str, expires_at: str, seconds: int) -> UploadForm:
    """A presigned POST for exactly one key, up to the limit, pictures only.

    S3 itself enforces all three; what the bytes really are, InspectPhoto finds out.
    """
    form = client("s3").generate_presigned_post(
        load(Settings).uploads_bucket,
        identifiers.upload_key(story_id),
        Fields={"Content-Type": "image/*"},
        Conditions=[
            ["starts-with", "$Content-Type", "image/"],
            ["content-length-range", 1, limits.MAX_UPLOAD_BYTES],
        ],
        ExpiresIn=seconds,
    )
    return UploadForm(
        url=form["url"],
        fields=form["fields"],
        max_bytes=limits.MAX_UPLOAD_BYTES,
        expires_at=expires_at,
    )


class ChecksSettings(Environment):
    """The bucket of the files that are looked at."""

    checks_bucket: str


def check_form(check_id: str, expires_at: str, seconds: int) -> UploadForm:
    """The same for a file that is to be looked at: whatever it is, up to the limit."""
    media_type = "application/octet-stream"
    form = client("s3").generate_presigned_post(
        load(ChecksSettings).checks_bucket,
        checks.file_key(check_id),
        Fields={"Content-Type": media_type},
        Conditions=[
            {"Content-Type": media_type},
            ["content-length-range", 1, checks.MAX_FILE_BYTES],
        ],
        ExpiresIn=seconds,
    )
    return UploadForm(
        url=form["url"],
        fields=form["fields"],
        max_bytes=checks.MAX_FILE_BYTES,
        expires_at=expires_at,
    )


def link(
    story_id: str,
    which: Literal["video", "poster"],
    seconds: int = limits.DOWNLOAD_URL_SECONDS,
) -> str:
    """A URL of a story's video or poster that lives for so long."""
    key = {"video": identifiers.story_video_key, "poster": identifiers.story_poster_key}[which]
    url: str = client("s3").generate_presigned_url(
        "get_object",
        Params={"Bucket": load(Settings).stories_bucket, "Key": key(story_id)},
        ExpiresIn=seconds,
    )
    return url


class EvidenceSettings(Environment):
    """The bucket whose objects reviewers are given links to, by the function whose role may."""

    evidence_bucket: str


def evidence_link(story_id: str, name: str) -> str:
    """A URL of something that is kept of a story, for a reviewer."""
    url: str = client("s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": load(EvidenceSettings).evidence_bucket,
            "Key": f"{identifiers.story_prefix(story_id)}{name}",
        },
        ExpiresIn=limits.DOWNLOAD_URL_SECONDS,
    )
    return url
