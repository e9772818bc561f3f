"""Reading and writing media in S3: bounded, digested, and pinned to what was named."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cloud.clients import answers, client, error_code
from story.contracts import ObjectRef
from story.errors import PhotoMissing, PhotoTooLarge, ResultUnreadable

if TYPE_CHECKING:
    from story.contracts import GenerateVideoOutput, UploadRef

_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404", "PreconditionFailed", "412"})


def read_upload(upload: UploadRef, *, limit: int) -> bytes:
    """The bytes of exactly the upload that the event named, by version and ETag.

    A later upload to the same key changes nothing. Raises PhotoTooLarge, PhotoMissing.
    """
    if upload.size > limit:
        raise PhotoTooLarge(f"{upload.size} bytes; at most {limit}")
    pin: dict[str, Any] = {"IfMatch": upload.etag}
    if upload.version_id:
        pin["VersionId"] = upload.version_id
    try:
        with answers("S3"):
            answer = client("s3").get_object(Bucket=upload.bucket, Key=upload.key, **pin)
    except ClientError as error:
        if error_code(error) in _GONE:
            raise PhotoMissing(
                f"{upload.key} is not in the bucket as it was announced (ETag {upload.etag})"
            ) from error
        raise
    return _bounded(answer, upload.key, limit)


def read_kept(bucket: str, key: str, *, limit: int) -> bytes:
    """The bytes of a photo that was kept for a retry. Raises PhotoMissing."""
    try:
        with answers("S3"):
            answer = client("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error_code(error) in _GONE:
            raise PhotoMissing("The photo of this story is not kept any more") from error
        raise
    return _bounded(answer, key, limit)


def read(ref: ObjectRef) -> bytes:
    """The bytes of an object that one of our states wrote.

    Raises ResultUnreadable if they are not the bytes that were written.
    """
    with answers("S3"):
        answer = client("s3").get_object(Bucket=ref.bucket, Key=ref.key)
        body: bytes = answer["Body"].read(ref.size + 1)
    if hashlib.sha256(body).hexdigest() != ref.sha256:
        raise ResultUnreadable(f"{ref.key} is not what was written there: the digest differs")
    return body


def read_result(result: GenerateVideoOutput, *, limit: int) -> bytes:
    """The bytes that the endpoint wrote; their digest is not known, their size is bounded."""
    try:
        with answers("S3"):
            answer = client("s3").get_object(Bucket=result.bucket, Key=result.key)
    except ClientError as error:
        if error_code(error) in _GONE:
            raise ResultUnreadable(
                f"The endpoint announced {result.key}, which is not there"
            ) from error
        raise
    if answer["ContentLength"] > limit:
        raise ResultUnreadable(
            f"The result has {answer['ContentLength']} bytes; at most {limit} are read"
        )
    body: bytes = answer["Body"].read(limit + 1)
    return body


def _bounded(answer: dict[str, Any], key: str, limit: int) -> bytes:
    body: bytes = answer["Body"].read(limit + 1)
    if len(body) > limit:
        raise PhotoTooLarge(f"{key} has more than {limit} bytes")
    return body


def write(bucket: str, key: str, body: bytes, media_type: str) -> ObjectRef:
    """Write an object and return the reference that pins it by digest."""
    with answers("S3"):
        client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType=media_type)
    return ObjectRef(
        bucket=bucket, key=key, sha256=hashlib.sha256(body).hexdigest(), size=len(body)
    )
