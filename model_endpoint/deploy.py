"""Packs a model's weights, uploads them, and prints the parameters that the stack needs for them.

    make weights FOLDER=… ENGINE=wan-5b BUCKET=… REVISION=COMMIT

FOLDER holds what was downloaded, as model_endpoint/manifest.py says. Each packing has a prefix of
its own, named by its manifest's hash: what a running endpoint reads is never changed, and other
weights are another `ModelDataUri`, to which CloudFormation moves the endpoint. The manifest goes
last, so that a prefix without one is an upload that broke off; the same command then resumes it.

Needs the sagemaker SDK (requirements/deploy.txt), in an environment of its own.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from model_endpoint.manifest import (
    EXIT_REFUSED,
    MANIFEST,
    Manifest,
    PackedFile,
    WeightsRefused,
    pack,
)
from story.cards import card, names
from story.errors import SettingInvalid

#: Of the manifest's SHA-256, in the prefix: enough to tell packings apart.
NAMED_BY = 16
#: S3 refuses what does not have this hash when it arrives, part by part.
EXTRA = {"ServerSideEncryption": "AES256", "ChecksumAlgorithm": "SHA256"}
EXIT_FAILED = 4
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
#: As template.yaml's ModelDataUri has it.
_PREFIX = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


@dataclass(frozen=True)
class Place:
    """A prefix of a bucket."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """What ModelDataUri has to be."""
        return f"s3://{self.bucket}/{self.prefix}/"


def place_of(manifest: bytes, engine: str, bucket: str, under: str) -> Place:
    """Where a packing belongs.

    Raises:
        WeightsRefused: S3 or the template would not take the name.
    """
    if not _BUCKET.fullmatch(bucket):
        raise WeightsRefused(f"--bucket {bucket!r} is no name of a bucket, such as my-weights")
    if not _PREFIX.fullmatch(under):
        raise WeightsRefused(f"--under {under!r}: letters, digits and _.- between slashes")
    digest = hashlib.sha256(manifest).hexdigest()[:NAMED_BY]
    return Place(bucket, f"{under}/{engine}/{digest}")


def upload(folder: Path, manifest: Manifest, place: Place, session: Any) -> int:
    """Upload what is not there yet, the manifest last, and look at all of it again.

    session: sagemaker.core's. Returns how many bytes went up.

    Raises:
        WeightsRefused: the prefix has something that was not packed, or a file arrived with another
            size; a file that changed since it was packed arrives, but the container refuses it.
    """
    s3 = session.boto_session.client("s3", region_name=session.boto_region_name)
    body = (folder / MANIFEST).read_bytes()
    own = PackedFile(sha256=hashlib.sha256(body).hexdigest(), size=len(body))
    wanted = {**manifest.files, MANIFEST: own}
    there = dict(_listed(s3, place))
    if strangers := sorted(there.keys() - wanted.keys()):
        raise WeightsRefused(f"{place.uri} has what was not packed: {', '.join(strangers)}")
    sent = 0
    for name, packed in wanted.items():
        if there.get(name) == packed.size:
            continue
        parent = Path(name).parent.as_posix()
        session.upload_data(
            path=str(folder / name),
            bucket=place.bucket,
            key_prefix=place.prefix if parent == "." else f"{place.prefix}/{parent}",
            extra_args=EXTRA,
        )
        sent += packed.size
    arrived = dict(_listed(s3, place))
    expected = {name: packed.size for name, packed in wanted.items()}
    if wrong := sorted(n for n, size in expected.items() if arrived.get(n) != size):
        raise WeightsRefused(f"{place.uri} lacks {', '.join(wrong)}, or has it in another size")
    return sent


def _listed(s3: Any, place: Place) -> Iterator[tuple[str, int]]:
    """Name below the prefix, and size."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=place.bucket, Prefix=f"{place.prefix}/"
    )
    for page in pages:
        for each in page.get("Contents", []):
            yield each["Key"].removeprefix(f"{place.prefix}/"), each["Size"]


def _session(region: str | None) -> Any:
    """The SDK's. Raises WeightsRefused where it is not installed."""
    try:
        from sagemaker.core.helper.session_helper import (  # noqa: PLC0415 - seconds, and only here
            Session,
        )
    except ModuleNotFoundError as error:
        raise WeightsRefused(
            f"{error.name} is not installed here: `make weights` has an environment that has it"
        ) from error
    return Session(boto_session=boto3.Session(region_name=region))


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m model_endpoint.deploy")
    parser.add_argument("folder", type=Path, help="the weights that were downloaded")
    parser.add_argument("--engine", required=True, choices=names())
    parser.add_argument("--bucket", required=True, help="a bucket of yours, in the stack's region")
    parser.add_argument("--under", default="weights", help="prefix before the engine's name")
    parser.add_argument("--region", help="default: your shell's")
    parser.add_argument("--revision", help="the commit of the model that was downloaded")
    parser.add_argument(
        "--adapter-revision", action="append", default=[], metavar="REPOSITORY=COMMIT"
    )
    parser.add_argument("--acknowledge", metavar="LICENCE", help="its name, if you accept it")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """0; EXIT_REFUSED for weights that must not go; EXIT_FAILED if AWS did not take them."""
    options = parse(arguments)
    try:
        described = card(options.engine)
        revisions = _revisions(options.adapter_revision)
        if described.trained is not None and options.revision is not None:
            revisions[described.trained.weights.repository] = options.revision
        manifest = pack(options.folder, described, revisions, options.acknowledge)
        body = (options.folder / MANIFEST).read_bytes()
        place = place_of(body, options.engine, options.bucket, options.under)
        sent = upload(options.folder, manifest, place, _session(options.region))
    except (WeightsRefused, SettingInvalid, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    except (ClientError, BotoCoreError, boto3.exceptions.S3UploadFailedError) as error:
        sys.stderr.write(f"the upload failed, and the same command resumes it: {error}\n")
        return EXIT_FAILED
    sys.stdout.write(
        f"{len(manifest.files)} files, {sent:,} bytes uploaded to {place.uri}\n"
        "The parameters of the stack:\n"
        f"  Engine={options.engine}\n"
        f"  ModelDataUri={place.uri}\n"
        f'  make deploy PARAMETERS="Engine={options.engine} ModelDataUri={place.uri} '
        'EngineImageUri=…"\n'
    )
    return 0


def _revisions(pairs: list[str]) -> dict[str, str]:
    """Raises WeightsRefused for what is no pair."""
    for pair in pairs:
        if "=" not in pair:
            raise WeightsRefused(f"--adapter-revision {pair}: REPOSITORY=COMMIT, with a =")
    return dict(pair.split("=", 1) for pair in pairs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
