"""The packed file of all clips' fingerprints, in a bucket of its own."""

from __future__ import annotations

from typing import Final

from botocore.exceptions import ClientError

from cloud.clients import answers, client, error_code
from cloud.environment import Environment, load
from story import packed
from story.errors import ResultUnreadable

KEY: Final = "fingerprints.pack"
_MEDIA_TYPE: Final = "application/octet-stream"


class Settings(Environment):
    """The bucket that has the packed file, and nothing else."""

    records_bucket: str


def write(body: bytes) -> None:
    """Put the packed file in the place of the one before."""
    with answers("S3"):
        client("s3").put_object(
            Bucket=load(Settings).records_bucket, Key=KEY, Body=body, ContentType=_MEDIA_TYPE
        )


def read() -> packed.Packed | None:
    """The packed file; None as long as nothing was packed.

    Raises ResultUnreadable if what is there is no packed file.
    """
    bucket = load(Settings).records_bucket
    try:
        with answers("S3"):
            answer = client("s3").get_object(Bucket=bucket, Key=KEY)
            body: bytes = answer["Body"].read(packed.MAX_BYTES + 1)
    except ClientError as error:
        if error_code(error) == "NoSuchKey":
            return None
        raise
    try:
        return packed.unpack(body)
    except ValueError as error:
        raise ResultUnreadable(f"{KEY}: {error}") from error
