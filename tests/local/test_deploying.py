"""`enliven deploy` and `destroy` against a local AWS of their own: from nothing to all to none.

The quotas' service and the endpoint are not there; what is said about them is in tests/unit/cli.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from local import stack
from local.environments import STACK_NAME
from local.stack import LocalStack
from tests.local.deployment import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]
#: As the laptop stack has it: no endpoint, and no concurrency to reserve.
PARAMETERS = [
    part for name, value in stack.PARAMETERS.items() for part in ("--parameter", f"{name}={value}")
]
DEPLOY = ("deploy", "--stack", STACK_NAME, *PARAMETERS, "--template", "template.yaml")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A local AWS to which nothing is deployed."""
    folder = tmp_path_factory.mktemp("empty")
    try:
        yield stack.start(ROOT, state_dir=folder, strict_auth=True)
    finally:
        stack.stop(ROOT, state_dir=folder)


@pytest.fixture(scope="module")
def enliven(empty: LocalStack) -> Run:
    shell = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), "functions"])}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=ROOT,
            env=shell | empty.environment() | paths,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    return run


def test_a_check_says_the_cost_and_what_is_missing_and_makes_nothing(
    empty: LocalStack, enliven: Run
) -> None:
    done = enliven("deploy", "--check-only")
    assert done.returncode == 2
    assert "US$ a month at rest" in done.stdout
    assert "✗ image" in done.stdout
    assert "docker build" in done.stdout
    assert "enliven-dev cannot be deployed: image" in done.stderr
    assert empty.client("cloudformation").list_stacks()["StackSummaries"] == []
    assert empty.client("s3").list_buckets()["Buckets"] == []


def test_nothing_is_deployed_without_a_yes(empty: LocalStack, enliven: Run) -> None:
    done = enliven(*DEPLOY)
    assert done.returncode == 2
    assert "pass --yes" in done.stderr
    assert empty.client("s3").list_buckets()["Buckets"] == []


def test_a_stack_is_deployed_and_without_a_certificate_says_so(enliven: Run) -> None:
    done = enliven(*DEPLOY, "--yes")
    assert "Add  22  AWS::Lambda::Function" in done.stdout, done.stdout + done.stderr
    assert "✓ deployed" in done.stdout
    assert done.returncode == 2, "deployed, but not tried"
    assert f"enliven certificate csr --stack {STACK_NAME}" in done.stdout
    assert "certificate_missing" in done.stderr


def test_with_a_certificate_one_story_becomes_ready_and_its_receipt_is_shown(
    empty: LocalStack, enliven: Run
) -> None:
    done = enliven(*DEPLOY, "--yes", "--throw-away-certificate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to change" in done.stdout
    assert "READY in" in done.stdout
    assert "AWS cost" in done.stdout
    (pool,) = empty.client("cognito-idp").list_user_pools(MaxResults=5)["UserPools"]
    assert empty.client("cognito-idp").list_users(UserPoolId=pool["Id"])["Users"] == []


def test_an_update_shows_each_change(enliven: Run) -> None:
    changed = (*DEPLOY, "--parameter", "LogRetentionDays=1", "--yes")
    done = enliven(*changed, "--check-only")
    assert done.returncode == 0, done.stderr
    assert "will be updated" in done.stdout
    done = enliven(*changed)
    assert "Modify   FunctionLogs AWS::Logs::LogGroup" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_destroying_asks_and_keeps_what_the_policy_keeps(empty: LocalStack, enliven: Run) -> None:
    asked = enliven("destroy", "--stack", STACK_NAME)
    assert asked.returncode == 2
    assert "pass --yes" in asked.stderr
    assert "kept, and billed by their size: HeldBucket, SigningKey" in asked.stdout

    work = next(
        bucket["Name"]
        for bucket in empty.client("s3").list_buckets()["Buckets"]
        if "workbucket" in bucket["Name"]
    )
    empty.client("s3").put_object(Bucket=work, Key="work/left", Body=b"left")
    done = enliven("destroy", "--stack", STACK_NAME, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 objects of WorkBucket deleted" in done.stdout
    for kept in (
        "HeldBucket",
        "SigningKey",
        "StoriesBucket",
        "StoriesTable",
        "UserPool",
        "WatermarkKey",
    ):
        assert f"  {kept} (" in done.stdout
    assert "schedule-key-deletion" in done.stdout
    left = sorted(bucket["Name"] for bucket in empty.client("s3").list_buckets()["Buckets"])
    assert ["heldbucket" in left[0], "storiesbucket" in left[1], len(left)] == [True, True, 2]
    assert len(empty.client("dynamodb").list_tables()["TableNames"]) == 1


def test_everything_leaves_nothing_and_schedules_the_key(empty: LocalStack, enliven: Run) -> None:
    again = enliven(*DEPLOY, "--yes")
    assert "✓ deployed" in again.stdout, again.stdout + again.stderr
    before = set(empty.client("dynamodb").list_tables()["TableNames"])
    done = enliven("destroy", "--stack", STACK_NAME, "--yes", "--everything")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"✓ {STACK_NAME} is gone" in done.stdout
    assert len(before - set(empty.client("dynamodb").list_tables()["TableNames"])) == 1
    assert "is deleted in 30 days" in done.stdout
    keys = [
        empty.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        for key in empty.client("kms").list_keys()["Keys"]
    ]
    assert [key["KeyState"] for key in keys if key["KeyUsage"] == "SIGN_VERIFY"].count(
        "PendingDeletion"
    ) == 1
    assert not [
        bucket["Name"]
        for bucket in empty.client("s3").list_buckets()["Buckets"]
        if "packages" in bucket["Name"]
    ]


def test_a_stack_that_is_not_there_is_named_with_its_region(enliven: Run) -> None:
    done = enliven("destroy", "--stack", "no-such-stack", "--yes")
    assert done.returncode == 2
    assert "no stack 'no-such-stack' in us-east-1" in done.stderr
