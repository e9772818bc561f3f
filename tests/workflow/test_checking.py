"""The verify workflow in this process: whatever readers do, the file is deleted and answered for.

What the readers read is tested with real files (tests/local/test_story.py); here they say what they
are told to, or fail, since it is the way through that is tested.
"""

import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from cloud import checks
from story.checks import file_key
from story.errors import DependencyUnavailable
from tests.unit.conclude import readings
from tests.workflow import bridges
from tests.workflow.conftest import ROOT, Cloud, handler

BUCKET = "enliven-checks"
CHECK = "fedcba9876543210" * 2
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
Reader = Callable[[dict[str, Any], Any], Any]


def says(reading: Any) -> Reader:
    return lambda _event, _context: reading.model_dump(mode="json")


def fails(error: Exception) -> Reader:
    def reader(_event: dict[str, Any], _context: Any) -> Any:
        raise error

    return reader


class Verify:
    """The workflow as it is deployed, with a file that waits for it."""

    def __init__(self, cloud: Cloud, patch: pytest.MonkeyPatch) -> None:
        self._cloud = cloud
        s3 = boto3.client("s3")
        for name in ("checks", "records"):
            s3.create_bucket(Bucket=f"enliven-{name}")
            patch.setenv(f"{name.upper()}_BUCKET", f"enliven-{name}")
        text = (ROOT / "statemachine" / "verify.asl.json").read_text()
        text = re.sub(r"\$\{(\w+Function)\}", rf"{ARN}\1", text).replace(
            "${StoriesTable}", cloud.table
        )
        role = boto3.client("iam").get_role(RoleName="states")["Role"]["Arn"]
        self._machine = boto3.client("stepfunctions").create_state_machine(
            name="verify", roleArn=role, definition=text
        )["stateMachineArn"]
        self._patch = patch

    def run(self, credential: Reader, mark: Reader, conclude: Reader | None = None) -> str:
        """Upload a file and let the workflow have it; returns how the execution ended."""
        functions = {
            "ReadCredentialFunction": credential,
            "FindMarkFunction": mark,
            "ConcludeFunction": conclude or handler("conclude"),
        }
        bridges.install(self._patch, functions)
        put = boto3.client("s3").put_object(Bucket=BUCKET, Key=file_key(CHECK), Body=b"a file")
        detail = {
            "bucket": {"name": BUCKET},
            "object": {"key": file_key(CHECK), "size": 6, "etag": put["ETag"].strip('"')},
        }
        execution = boto3.client("stepfunctions").start_execution(
            stateMachineArn=self._machine, name=uuid.uuid4().hex, input=json.dumps(detail)
        )
        return str(self._cloud.wait(execution["executionArn"])["status"])


@pytest.fixture
def verify(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Verify:
    return Verify(cloud, monkeypatch)


def files() -> int:
    found: int = boto3.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"]
    return found


def status() -> str:
    record = checks.find(CHECK, datetime.now(UTC))
    assert record is not None
    return str(record["status"])


UNMARKED, ABSENT = says(readings.marked(3.0)), says(readings.ABSENT)
BROKEN = fails(ValueError("a bug of ours"))


def test_whatever_the_readers_do_the_file_is_deleted_and_answered_for(verify: Verify) -> None:
    for credential, mark, conclude, ended, expected in (
        (ABSENT, UNMARKED, None, "SUCCEEDED", "done"),
        (BROKEN, UNMARKED, None, "SUCCEEDED", "done"),
        (ABSENT, BROKEN, None, "SUCCEEDED", "done"),
        (BROKEN, fails(DependencyUnavailable("KMS")), None, "SUCCEEDED", "failed"),
        (ABSENT, UNMARKED, BROKEN, "FAILED", "failed"),
    ):
        boto3.client("dynamodb").delete_item(
            TableName="stories", Key={"pk": {"S": f"CHECK#{CHECK}"}, "sk": {"S": "META"}}
        )
        checks.create(CHECK, datetime.now(UTC))
        assert verify.run(credential, mark, conclude) == ended
        assert files() == 0
        assert status() == expected
    # A second file by the same form, and one of a check that there never was.
    assert verify.run(BROKEN, BROKEN, BROKEN) == "SUCCEEDED"
    assert (files(), status()) == (0, "failed")
