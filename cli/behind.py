"""What stands behind the API: the stack's table, buckets and executions, read with AWS credentials.

Commands for who develops or reviews use it. IAM decides what may be read; besides, a command shows
a story only to its creator and to reviewers, whoever's credentials it runs with.
"""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
)

from cli import profile as profiles
from cli.client import Deadline, StoriesApi
from cli.outcome import CommandFailed, Exit
from cloud.stories import from_item, to_item
from local.environments import ACCESS_KEY, SECRET_KEY
from local.users import REVIEWERS
from story.identifiers import is_replay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.profile import Profile

SIGN_IN_SECONDS = 35.0
MANUAL = "docs/debugging.md"
#: What AWS services call it when the credentials do not suffice.
REFUSALS = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"}
)
GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404", "412", "PreconditionFailed"})


class Behind:
    """One deployed stack, as a developer or a reviewer sees it."""

    def __init__(self, profile: Profile, name: str) -> None:
        if profile.stack is None:
            raise CommandFailed(
                "profile_incomplete",
                f"{profiles.path_of(name)} has no `stack`, the CloudFormation stack to look into "
                f"({MANUAL})",
            )
        self.profile = profile
        self.stack = profile.stack
        self._clients: dict[str, Any] = {}

    @cached_property
    def _session(self) -> Any:
        profile = self.profile
        given: dict[str, Any] = {"profile_name": profile.aws_profile}
        if profile.aws_endpoint_url is not None and profile.aws_profile is None:
            given = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY}
        with aws_failures("sign in to AWS"):
            return boto3.session.Session(region_name=profile.region, **given)

    def client(self, service: str, *, read_seconds: float = 30.0, tries: int = 4) -> Any:
        """A boto3 client of the stack's account, made once."""
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service,
                endpoint_url=self.profile.aws_endpoint_url,
                config=Config(
                    connect_timeout=5,
                    read_timeout=read_seconds,
                    retries={"mode": "standard", "total_max_attempts": tries},
                ),
            )
        return self._clients[service]

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        with aws_failures(f"describe the stack {self.stack}"):
            try:
                (found,) = self.client("cloudformation").describe_stacks(StackName=self.stack)[
                    "Stacks"
                ]
            except ClientError as error:
                if error.response["Error"]["Code"] != "ValidationError":
                    raise
                raise CommandFailed(
                    "stack_not_found",
                    f"there is no CloudFormation stack {self.stack} in {self.profile.region}",
                ) from error
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}

    @property
    def table(self) -> str:
        """The stories table."""
        return self.outputs["StoriesTable"]

    def bucket(self, name: str) -> str:
        """A bucket by what it is for: uploads, work, evidence, stories."""
        return self.outputs[f"{name.capitalize()}Bucket"]

    # Records -----------------------------------------------------------------------------------

    def record(self, story_id: str) -> dict[str, Any]:
        """A story's META record. Raises CommandFailed if there is none."""
        key = to_item({"pk": f"STORY#{story_id}", "sk": "META"})
        with aws_failures("read the story's record"):
            answer = self.client("dynamodb").get_item(
                TableName=self.table, Key=key, ConsistentRead=True
            )
        if "Item" not in answer or is_replay(story_id):
            raise CommandFailed(
                "story_not_found",
                f"there is no story {story_id} in stack {self.stack}: it was never made there, or "
                "it was deleted",
            )
        return from_item(answer["Item"])

    def partition(self, kind: str, story_id: str) -> list[dict[str, Any]]:
        """Every record that one kind of writer keeps of a story ("VERDICT", …), in key order."""
        with aws_failures(f"read the story's {kind} records"):
            pages = (
                self.client("dynamodb")
                .get_paginator("query")
                .paginate(
                    TableName=self.table,
                    KeyConditionExpression="pk = :pk",
                    ExpressionAttributeValues=to_item({":pk": f"{kind}#{story_id}"}),
                    ConsistentRead=True,
                )
            )
            return [from_item(item) for page in pages for item in page["Items"]]

    # Objects -----------------------------------------------------------------------------------

    def read(self, bucket: str, key: str, limit: int) -> bytes | None:
        """An object's bytes, at most `limit`; None if it is gone."""
        with aws_failures(f"read s3://{bucket}/{key}"):
            try:
                answer = self.client("s3").get_object(Bucket=bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in GONE:
                    return None
                raise
            if answer["ContentLength"] > limit:
                raise CommandFailed(
                    "object_too_large",
                    f"s3://{bucket}/{key} has {answer['ContentLength']:,} bytes; at most {limit:,} "
                    "are read",
                )
            body: bytes = answer["Body"].read()
        return body


def open_story(profile_name: str, story_id: str) -> tuple[Behind, dict[str, Any]]:
    """The stack of a profile and a story's record, if the profile's user may see that story."""
    profile = profiles.load(profile_name)
    behind = Behind(profile, profile_name)
    record = behind.record(story_id)
    with closing(StoriesApi(profile, Deadline(SIGN_IN_SECONDS))) as api:
        caller = api.caller()
    if caller.sub != record["creator"] and REVIEWERS not in caller.groups:
        raise CommandFailed(
            "story_of_someone_else",
            f"story {story_id} was made by another user than {profile.username}; sign in as its "
            f"creator, or as a member of the group `{REVIEWERS}`",
            Exit.REJECTED,
        )
    return behind, record


@contextmanager
def aws_failures(doing: str) -> Iterator[None]:
    """Convert what AWS says, once, into a line that says what could not be done and why."""
    try:
        yield
    except NoCredentialsError as error:
        raise CommandFailed(
            "aws_credentials_missing",
            f"cannot {doing}: the profile names no `aws_profile` and the environment has no AWS "
            f"credentials ({MANUAL})",
        ) from error
    except EndpointConnectionError as error:
        raise CommandFailed(
            "server_unreachable", f"cannot {doing}: {error}; is the stack up? run `enliven up`"
        ) from error
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in REFUSALS:
            raise CommandFailed(
                "aws_refused",
                f"cannot {doing}: these AWS credentials may not ({code}); {MANUAL} names the "
                "policy that may",
            ) from error
        message = error.response["Error"].get("Message", "")
        raise CommandFailed("aws_failed", f"cannot {doing}: {code}: {message}") from error
    except BotoCoreError as error:
        raise CommandFailed("aws_failed", f"cannot {doing}: {error}") from error


def parsed(text: str) -> Any:
    """A JSON document of ours, e.g. a history's; raises CommandFailed if it is none."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise CommandFailed("answer_invalid", f"no JSON: {text[:80]!r}: {error}") from error
