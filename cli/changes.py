"""A change set: uploaded, shown, and carried out when somebody has said yes to it."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli import account
from cli.outcome import CommandFailed
from cli.plan import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.plan import Plan

POLL_SECONDS = 2.0
#: An endpoint takes ten minutes and more to come up.
DEPLOY_SECONDS = 3_600.0
_NOTHING = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True)
class ChangeSet:
    """A change set that CloudFormation has made; `lines` say what it would do."""

    name: str
    stack_name: str
    is_new: bool
    lines: tuple[str, ...]


def packages_bucket(stack_name: str, account_id: str, region: str) -> str:
    """The bucket of a stack's zips: outside the stack, since the stack is made from it."""
    return f"{stack_name}-packages-{account_id}-{region}".lower()[:63]


def upload(
    template: Path, plan: Plan, client: Callable[[str], Any], say: Callable[[str], None]
) -> str:
    """Put a built template and its zips into the packages bucket; the template's URL."""
    from local.packaging import TemplateError, package, stamp  # noqa: PLC0415 - slow, and only for this

    sts, s3 = client("sts"), client("s3")
    region = str(s3.meta.region_name)
    with account.failures():
        bucket = packages_bucket(plan.stack_name, sts.get_caller_identity()["Account"], region)
    try:
        packaged = package(template, bucket, compiled=True)
    except TemplateError as error:
        raise CommandFailed("template_invalid", str(error)) from error
    stamp(packaged.template, plan.parameters)
    with account.failures():
        _make_bucket(s3, bucket, region)
        there = {
            entry["Key"]
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            for entry in page.get("Contents", [])
        }
        for key, content in packaged.objects.items():
            if key not in there:
                s3.put_object(Bucket=bucket, Key=key, Body=content)
        name = f"{packaged.digest}.template.json"
        s3.put_object(Bucket=bucket, Key=name, Body=packaged.body.encode())
    sent = [key for key in packaged.objects if key not in there]
    say(f"{len(sent)} of {len(packaged.objects)} packages sent to {bucket}")
    return f"{s3.meta.endpoint_url}/{bucket}/{name}"


def _make_bucket(s3: Any, bucket: str, region: str) -> None:
    owned = {each["Name"] for each in s3.list_buckets()["Buckets"]}
    if bucket in owned:
        return
    where = {} if region == "us-east-1" else {"LocationConstraint": region}
    s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
            True,
        ),
    )


def propose(plan: Plan, url: str, client: Callable[[str], Any]) -> ChangeSet | None:
    """Let CloudFormation make a change set; None if nothing would change."""
    cloudformation = client("cloudformation")
    found = account.describe(client, plan.stack_name)
    is_new = found is None or found["StackStatus"] == "REVIEW_IN_PROGRESS"
    name = f"enliven-{uuid.uuid4().hex[:12]}"
    with account.failures():
        cloudformation.create_change_set(
            StackName=plan.stack_name,
            ChangeSetName=name,
            ChangeSetType="CREATE" if is_new else "UPDATE",
            TemplateURL=url,
            Capabilities=list(CAPABILITIES),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in plan.parameters.items()
            ],
        )
        described = _made(cloudformation, plan.stack_name, name)
    if described["Status"] == "FAILED":
        reason = str(described.get("StatusReason", ""))
        discard(ChangeSet(name, plan.stack_name, is_new, ()), client)
        if any(part in reason for part in _NOTHING):
            return None
        raise CommandFailed("changes_refused", f"CloudFormation made no change set: {reason}")
    lines = _summary(described["Changes"]) if is_new else _lines(described["Changes"])
    return ChangeSet(name, plan.stack_name, is_new, tuple(lines))


def _made(cloudformation: Any, stack_name: str, name: str) -> dict[str, Any]:
    """The change set once it is made or refused, with all pages of its changes."""
    deadline = time.monotonic() + DEPLOY_SECONDS
    while True:
        described: dict[str, Any] = cloudformation.describe_change_set(
            StackName=stack_name, ChangeSetName=name
        )
        if described["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
            break
        if time.monotonic() > deadline:
            raise CommandFailed("changes_refused", f"change set {name} is still being made")
        time.sleep(POLL_SECONDS)
    page = described
    while page.get("NextToken"):
        page = cloudformation.describe_change_set(
            StackName=stack_name, ChangeSetName=name, NextToken=page["NextToken"]
        )
        described["Changes"] += page["Changes"]
    return described


def _summary(changes: list[dict[str, Any]]) -> list[str]:
    """Of a new stack, how many resources of each kind: a hundred lines tell nobody anything."""
    kinds = Counter(each["ResourceChange"]["ResourceType"] for each in changes)
    return [f"Add {count:>3}  {kind}" for kind, count in kinds.most_common()]


def _lines(changes: list[dict[str, Any]]) -> list[str]:
    lines = []
    for each in changes:
        change = each["ResourceChange"]
        what = f"{change['LogicalResourceId']} {change['ResourceType']}"
        replaced = " (REPLACED)" if change.get("Replacement") == "True" else ""
        lines.append(f"{change['Action']:<8} {what}{replaced}")
    return lines


def discard(change: ChangeSet, client: Callable[[str], Any]) -> None:
    """Forget a change set; with it the empty stack that stands for a new one."""
    with account.failures():
        client("cloudformation").delete_change_set(
            StackName=change.stack_name, ChangeSetName=change.name
        )
        if change.is_new:
            client("cloudformation").delete_stack(StackName=change.stack_name)


def execute(
    change: ChangeSet, client: Callable[[str], Any], say: Callable[[str], None]
) -> account.Target:
    """Carry a change set out and wait, a line a resource; the stack as it then is.

    Raises CommandFailed with what CloudFormation said of each resource that failed.
    """
    cloudformation = client("cloudformation")
    with account.failures():
        cloudformation.execute_change_set(StackName=change.stack_name, ChangeSetName=change.name)
    found = wait(change.stack_name, client, say)
    if found is None or found["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        status = found["StackStatus"] if found else "gone"
        remedy = (
            f"\nNothing of it can be used: enliven destroy --stack {change.stack_name}, then again"
            if status in account.BROKEN
            else "\nThe stack is as it was before."
        )
        raise CommandFailed(
            "deployment_failed",
            f"stack {change.stack_name} is {status}",
            log=reasons(change.stack_name, client) + remedy,
        )
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    return account.Target(change.stack_name, client, outputs, found["StackStatus"])


def wait(
    stack_name: str, client: Callable[[str], Any], say: Callable[[str], None]
) -> dict[str, Any] | None:
    """Wait until a stack is settled; its description, or None when it is gone."""
    deadline = time.monotonic() + DEPLOY_SECONDS
    told: str | None = None
    while True:
        found = account.describe(client, stack_name)
        status = found["StackStatus"] if found else "gone"
        if status != told:
            say(f"{stack_name} is {status}")
            told = status
        if not status.endswith("_IN_PROGRESS"):
            return found
        if time.monotonic() > deadline:
            raise CommandFailed(
                "deployment_failed",
                f"stack {stack_name} is still {status} after {DEPLOY_SECONDS / 60:.0f} minutes; "
                "CloudFormation goes on without this command",
            )
        time.sleep(POLL_SECONDS)


def reasons(stack_name: str, client: Callable[[str], Any]) -> str:
    """What CloudFormation says of each resource that failed, the first first."""
    with account.failures():
        events = client("cloudformation").describe_stack_events(StackName=stack_name)
    failed = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in reversed(events["StackEvents"])
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return "\n".join(failed)
