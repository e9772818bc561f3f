"""`enliven destroy`: say what goes and what stays, ask, delete, and leave nothing unsaid.

The stack goes, with what its buckets hold. By its DeletionPolicy the table, the published stories,
the users and the keys stay; with `--everything` they go too, the keys after thirty days.

**Not run on AWS:** against the local AWS it was, as far as that reaches.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli import account, asking, changes, checkout, emptying, plan
from cli.outcome import CommandFailed, Exit

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping

#: KMS waits this long before it deletes a key; until then it can be taken back. At most 30.
KEY_DAYS = 30
_BUCKET, _TABLE = "AWS::S3::Bucket", "AWS::DynamoDB::Table"
_POOL, _KEY = "AWS::Cognito::UserPool", "AWS::KMS::Key"
_ENDPOINT = "AWS::SageMaker::Endpoint"


@dataclass(frozen=True)
class Resource:
    """One resource of a stack; `stays` when the stack's deletion leaves it."""

    logical: str
    physical: str
    type: str
    stays: bool


def arguments(command: ArgumentParser) -> None:
    """The arguments of `enliven destroy`."""
    command.add_argument("--environment", metavar="NAME", help="of samconfig.toml")
    command.add_argument("--stack", metavar="NAME", help="or the stack's own name")
    command.add_argument("--region", metavar="REGION", help="default: your shell's")
    command.add_argument("--yes", action="store_true", help="answer every question with yes")
    command.add_argument(
        "--everything",
        action="store_true",
        help="also what stays by design: table, published stories, users and the signing key",
    )


def run(options: Namespace) -> Exit:
    """Delete a stack and what it leaves behind."""
    if (options.environment is None) == (options.stack is None):
        raise CommandFailed(
            "usage",
            "name one of --environment and --stack; the local stack is stopped by `enliven down`",
            Exit.USAGE,
        )
    name = options.stack or plan.read(checkout.ROOT, options.environment, None, ()).stack_name
    client = account.session(options.region)
    with account.failures():
        identity = client("sts").get_caller_identity()
    if account.describe(client, name) is None:
        where = client("sts").meta.region_name
        raise CommandFailed("stack_missing", f"there is no stack {name!r} in {where}", Exit.USAGE)
    resources = inventory(name, client)
    _tell(name, resources, client, everything=options.everything)
    asking.confirm(
        f"Delete stack {name} of account {identity['Account']}?", yes=options.yes, word=name
    )
    _delete_stack(name, resources, client)
    _delete_leftovers(name, resources, identity["Account"], client)
    kept = [each for each in resources if each.stays]
    if kept and options.everything:
        asking.confirm(
            f"Delete {', '.join(each.logical for each in kept)} for good? The signing key and the "
            f"watermark's cannot be made again: nothing new is signed, no mark is read any more;",
            yes=options.yes,
            word=name,
        )
        for each in kept:
            _delete_kept(each, client)
    elif kept:
        print("What stays, and how it goes:")
        for each in kept:
            print(f"  {each.logical} ({each.physical})")
            print(f"    {_how(each)}")
    print(f"✓ {name} is gone." if options.everything or not kept else f"✓ {name} is deleted.")
    return Exit.OK


def inventory(name: str, client: Callable[[str], Any]) -> list[Resource]:
    """Every resource of a stack, with whether its deletion policy keeps it."""
    cloudformation = client("cloudformation")
    with account.failures():
        body = cloudformation.get_template(StackName=name, TemplateStage="Processed")
        listed = [
            entry
            for page in cloudformation.get_paginator("list_stack_resources").paginate(
                StackName=name
            )
            for entry in page["StackResourceSummaries"]
        ]
    defined: Mapping[str, Any] = _parsed(body["TemplateBody"])["Resources"]
    return [
        Resource(
            each["LogicalResourceId"],
            each.get("PhysicalResourceId", ""),
            each["ResourceType"],
            defined.get(each["LogicalResourceId"], {}).get("DeletionPolicy") == "Retain"
            and each["ResourceType"] in {_BUCKET, _TABLE, _POOL, _KEY},
        )
        for each in listed
        if each["ResourceStatus"] != "DELETE_COMPLETE" and each.get("PhysicalResourceId")
    ]


def _parsed(body: Any) -> Mapping[str, Any]:
    """boto3 gives a template that is JSON as a dictionary, any other as its text."""
    if isinstance(body, str):
        from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415 - slow, only for this

        body = json.loads(body) if body.lstrip().startswith("{") else yaml_parse(body)
    found: Mapping[str, Any] = body
    return found


def _tell(
    name: str, resources: list[Resource], client: Callable[[str], Any], *, everything: bool
) -> None:
    goes = [each for each in resources if everything or not each.stays]
    print(f"{name}: {len(goes)} of {len(resources)} resources are deleted, among them")
    for each in goes:
        if each.type == _BUCKET:
            with account.failures():
                held = emptying.count(client("s3"), each.physical)
            print(f"  {each.logical} ({each.physical}) with {held} objects")
        elif each.type in {_TABLE, _POOL, _KEY, _ENDPOINT}:
            print(f"  {each.logical} ({each.physical})")
    stays = [each for each in resources if each.stays]
    if stays and not everything:
        print(f"kept, and billed by their size: {', '.join(each.logical for each in stays)}")


def _delete_stack(name: str, resources: list[Resource], client: Callable[[str], Any]) -> None:
    s3 = client("s3")
    for each in resources:
        if each.type == _BUCKET and not each.stays:
            with account.failures():
                print(f"  {emptying.empty(s3, each.physical)} objects of {each.logical} deleted")
    with account.failures():
        client("cloudformation").delete_stack(StackName=name)
    found = changes.wait(name, client, lambda line: print(f"  {line}", flush=True))
    if found is not None:
        raise CommandFailed(
            "deletion_failed",
            f"stack {name} is {found['StackStatus']}; mend what is below and destroy it again",
            log=changes.reasons(name, client),
        )


def _delete_leftovers(
    name: str, resources: list[Resource], account_id: str, client: Callable[[str], Any]
) -> None:
    """What was made for the stack outside of it: its packages, and the endpoint's own log."""
    s3 = client("s3")
    bucket = changes.packages_bucket(name, account_id, str(s3.meta.region_name))
    with account.failures():
        if bucket in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
            emptying.empty(s3, bucket)
            s3.delete_bucket(Bucket=bucket)
            print(f"  packages bucket {bucket} deleted")
        for each in resources:
            if each.type != _ENDPOINT:
                continue
            prefix = f"/aws/sagemaker/Endpoints/{each.physical.rpartition('/')[2]}"
            groups = client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
            for group in groups:
                client("logs").delete_log_group(logGroupName=group["logGroupName"])
                print(f"  log group {group['logGroupName']} deleted")


def _delete_kept(each: Resource, client: Callable[[str], Any]) -> None:
    with account.failures():
        if each.type == _BUCKET:
            emptying.empty(client("s3"), each.physical)
            client("s3").delete_bucket(Bucket=each.physical)
        elif each.type == _TABLE:
            client("dynamodb").update_table(
                TableName=each.physical, DeletionProtectionEnabled=False
            )
            client("dynamodb").delete_table(TableName=each.physical)
        elif each.type == _POOL:
            client("cognito-idp").update_user_pool(
                UserPoolId=each.physical, DeletionProtection="INACTIVE"
            )
            client("cognito-idp").delete_user_pool(UserPoolId=each.physical)
        else:
            client("kms").schedule_key_deletion(KeyId=each.physical, PendingWindowInDays=KEY_DAYS)
            print(
                f"  {each.logical} ({each.physical}) is deleted in {KEY_DAYS} days; until then: "
                f"aws kms cancel-key-deletion --key-id {each.physical}"
            )
            return
    print(f"  {each.logical} ({each.physical}) deleted")


def _how(each: Resource) -> str:
    """The commands by which a resource that stays is deleted."""
    name = each.physical
    return {
        _BUCKET: f"aws s3 rb --force s3://{name}",
        _TABLE: f"aws dynamodb update-table --table-name {name} --no-deletion-protection-enabled "
        f"&& aws dynamodb delete-table --table-name {name}",
        _POOL: f"aws cognito-idp update-user-pool --user-pool-id {name} --deletion-protection "
        f"INACTIVE && aws cognito-idp delete-user-pool --user-pool-id {name}",
        _KEY: f"aws kms schedule-key-deletion --key-id {name} --pending-window-in-days {KEY_DAYS}",
    }[each.type]
