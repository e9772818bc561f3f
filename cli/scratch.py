"""A story of its own for a replay: records and objects under an id that no story has, all removed.

The functions write where their input's story id says: their line, their verdict, their objects.
With a scratch id they work as they always do and cannot reach the story that is replayed. What is
left behind if this process is killed is cleared too: objects by settle_story's sweep once the
scratch story has expired, records by the table's time to live.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cli.behind import aws_failures
from cloud.stories import from_item, to_item
from direct_scene.direction import choose_seed
from story import identifiers
from story.contracts import STATES
from story.states import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.behind import Behind

#: Nobody's Cognito `sub`: the API finds a scratch story for no caller.
CREATOR = "replay"
#: What of a story's record its functions read.
WORDS = ("prompt", "people_consent", "fit", "loop", "preset", "overrides")
KINDS = ("STORY", "VERDICT", "TIMELINE", "GENERATION")
#: Beyond the replay's own time: nothing is swept that still works.
GRACE = timedelta(minutes=5)
FORGET_AFTER = timedelta(hours=1)


class Scratch:
    """The scratch story of one replay."""

    def __init__(
        self, behind: Behind, record: dict[str, Any], attempt: int, take: int, seconds: float
    ) -> None:
        self.id = identifiers.new_replay_id()
        self.attempt = attempt
        self.take = take
        self._behind = behind
        self._original = record
        now = datetime.now(UTC)
        expires = now + timedelta(seconds=seconds) + GRACE
        self._now, self._expires = _iso(now), _iso(expires)
        self._ttl = int((expires + FORGET_AFTER).timestamp())
        self._upload: dict[str, Any] | None = None
        #: How much was removed.
        self.removed = {"records": 0, "objects": 0}

    def key(self, original_key: str) -> str:
        """Where an object of the story is in the scratch story."""
        return original_key.replace(self._original["story_id"], self.id)

    def record(self, kind: str, sort: str) -> dict[str, Any] | None:
        """One of the scratch story's records."""
        key = to_item({"pk": f"{kind}#{self.id}", "sk": sort})
        with aws_failures("read the replay's records"):
            answer = self._behind.client("dynamodb").get_item(
                TableName=self._behind.table, Key=key, ConsistentRead=True
            )
        return from_item(answer["Item"]) if "Item" in answer else None

    def open(self) -> None:
        """Write its record: at work, nobody's, with the seed that the story's clip was made with.

        Lines that functions will write are begun here, since they keep the time to live.
        """
        seed = self._seed()
        words = {name: self._original.get(name) for name in WORDS}
        self._put(
            {
                **words,
                "pk": f"STORY#{self.id}",
                "sk": "META",
                "story_id": self.id,
                "status": Status.PROCESSING.value,
                "creator": CREATOR,
                "replay_of": self._original["story_id"],
                "created_at": self._now,
                "updated_at": self._now,
                "expires_at": self._expires,
                "attempt": self.attempt,
                "seed": seed,
            }
        )
        for state in STATES:
            self._put({"pk": f"TIMELINE#{self.id}", "sk": f"{self.attempt:04d}#{state}"})
        self._put({"pk": f"GENERATION#{self.id}", "sk": f"{self.attempt:04d}-{self.take}"})
        # What gate 1 saw in the photo: later gates go by it, and do not look again.
        sort, verdicts = f"{self.attempt:04d}#photo", f"VERDICT#{self._original['story_id']}"
        with aws_failures("read the verdict on the photo"):
            # A query: whoever replays may read verdicts by no other operation.
            answer = self._behind.client("dynamodb").query(
                TableName=self._behind.table,
                KeyConditionExpression="pk = :pk AND sk = :sk",
                ExpressionAttributeValues=to_item({":pk": verdicts, ":sk": sort}),
                ConsistentRead=True,
            )
        for item in answer["Items"]:
            self._put({**from_item(item), "pk": f"VERDICT#{self.id}"})

    def _seed(self) -> int:
        """The seed to ask for so that this take gets the one it had: it may depend on the id."""
        asked = self._original.get("seed")
        if asked is not None:
            return int(asked)
        had = choose_seed(None, self._original["story_id"], self.attempt, self.take)
        return (had - (self.take - 1)) % 2**32

    def _put(self, record: dict[str, Any]) -> None:
        with aws_failures("write the replay's records"):
            self._behind.client("dynamodb").put_item(
                TableName=self._behind.table, Item=to_item({**record, "ttl": self._ttl})
            )

    def copy(self, bucket: str, key: str, body: bytes) -> None:
        """Write an object of the story into the scratch story."""
        with aws_failures(f"write s3://{bucket}/{key}"):
            self._behind.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    def upload(self, photo: bytes) -> dict[str, Any]:
        """Put the photo where uploads go, and name it as S3's event would.

        An execution starts for it, finds that the scratch story is not AWAITING_PHOTO, and ends.
        """
        bucket, key = self._behind.bucket("uploads"), identifiers.upload_key(self.id)
        with aws_failures(f"write s3://{bucket}/{key}"):
            answer = self._behind.client("s3").put_object(Bucket=bucket, Key=key, Body=photo)
        self._upload = {
            "bucket": bucket,
            "key": key,
            "version_id": answer["VersionId"],
            "etag": answer["ETag"].strip('"'),
            "size": len(photo),
        }
        return self._upload

    def close(self) -> None:
        """Remove everything of the scratch story, the endpoint's result included."""
        work, stories = self._behind.bucket("work"), self._behind.bucket("stories")
        for generation in self._behind.partition("GENERATION", self.id):
            named = (generation.get("output_location"), generation.get("failure_location"))
            for location in {*named, *generation.get("locations", [])} - {None}:
                for key in self._keys(work, urlsplit(str(location)).path.lstrip("/")):
                    self._remove(work, key)
        for bucket, prefix in (
            (work, identifiers.work_prefix(self.id)),
            (work, identifiers.request_prefix(self.id)),
            (stories, identifiers.story_prefix(self.id)),
        ):
            for key in self._keys(bucket, prefix):
                self._remove(bucket, key)
        if self._upload is not None:
            self._remove(
                self._upload["bucket"], self._upload["key"], VersionId=self._upload["version_id"]
            )
        # Last, and META last of all: while it is there, the sweep knows until when to leave it.
        for kind in reversed(KINDS):
            for item in self._items(kind):
                with aws_failures("remove the replay's records"):
                    self._behind.client("dynamodb").delete_item(
                        TableName=self._behind.table, Key=to_item(item)
                    )
                self.removed["records"] += 1

    def _items(self, kind: str) -> list[dict[str, str]]:
        if kind == "STORY":  # reading META by its key is enough, and all that policies allow
            return [{"pk": f"STORY#{self.id}", "sk": "META"}]
        found = self._behind.partition(kind, self.id)
        return [{"pk": each["pk"], "sk": each["sk"]} for each in found]

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        with aws_failures(f"list s3://{bucket}/{prefix}"):
            pages = (
                self._behind.client("s3")
                .get_paginator("list_objects_v2")
                .paginate(Bucket=bucket, Prefix=prefix)
            )
            return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def _remove(self, bucket: str, key: str, **version: str) -> None:
        with aws_failures(f"remove s3://{bucket}/{key}"):
            self._behind.client("s3").delete_object(Bucket=bucket, Key=key, **version)
        self.removed["objects"] += 1


@contextmanager
def scratch_story(
    behind: Behind, record: dict[str, Any], attempt: int, take: int, seconds: float
) -> Iterator[Scratch]:
    """A scratch story for the time of the block, removed however the block ends."""
    # Who ends a job ends it with SIGTERM; that must not leave anything either.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    scratch = Scratch(behind, record, attempt, take, seconds)
    try:
        scratch.open()
        yield scratch
    finally:
        try:
            scratch.close()
        finally:
            signal.signal(signal.SIGTERM, before)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
