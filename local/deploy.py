"""Deploys the project's template to the local AWS by CloudFormation, as `sam deploy` would."""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.environments import STACK_NAME
from local.packaging import package, stamp
from local.processes import StackError
from local.stack import LocalStack

PACKAGING_BUCKET = "enliven-packages"
_DIGEST_TAG = "enliven:digest"
_DEPLOY_SECONDS = 180.0
_POLL_SECONDS = 0.2
_DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def deploy(
    stack: LocalStack,
    *,
    parameters: Mapping[str, str] | None = None,
    template: Path | None = None,
    stack_name: str = STACK_NAME,
) -> dict[str, str]:
    """Create or update the CloudFormation stack and return its outputs.

    Nothing is done if template, code and parameters are those of the last deployment. Raises
    StackError, with what CloudFormation says of each resource that failed.
    """
    template = template or stack.project_root / "template.yaml"
    if not template.is_file():
        raise StackError(f"{template} is not there: it is what the local stack deploys")
    packaged = package(template, PACKAGING_BUCKET)
    accepted = packaged.template.get("Parameters", {})
    wanted = dict(parameters or {})
    unknown = sorted(set(wanted) - set(accepted))
    if unknown:
        raise StackError(f"{template} has no parameter {', '.join(unknown)}")
    stamp(packaged.template, wanted)

    cloudformation = stack.client("cloudformation")
    current = _describe(cloudformation, stack_name)
    # A tag holds 256 characters, the parameters may be more.
    facts = packaged.digest + "".join(f" {name}={wanted[name]}" for name in sorted(wanted))
    digest = hashlib.sha256(facts.encode()).hexdigest()
    tags = {tag["Key"]: tag["Value"] for tag in (current or {}).get("Tags", [])}
    if current and current["StackStatus"] in _DONE and tags.get(_DIGEST_TAG) == digest:
        return _outputs(current)
    if current and current["StackStatus"] not in _DONE:
        # A failed creation can only be deleted; locally there is nothing in it to lose.
        cloudformation.delete_stack(StackName=stack_name)
        _wait(cloudformation, stack_name, gone=True)
        current = None

    s3 = stack.client("s3")
    s3.create_bucket(Bucket=PACKAGING_BUCKET)
    for key, content in packaged.objects.items():
        s3.put_object(Bucket=PACKAGING_BUCKET, Key=key, Body=content)
    template_key = f"{packaged.digest}.template.json"
    s3.put_object(Bucket=PACKAGING_BUCKET, Key=template_key, Body=packaged.body.encode())

    change = cloudformation.update_stack if current else cloudformation.create_stack
    change(
        StackName=stack_name,
        TemplateURL=f"{stack.endpoint}/{PACKAGING_BUCKET}/{template_key}",
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in wanted.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        Tags=[{"Key": _DIGEST_TAG, "Value": digest}],
    )
    deployed = _wait(cloudformation, stack_name, gone=False)
    if deployed is None or deployed["StackStatus"] not in _DONE:
        raise StackError(_failures(cloudformation, stack_name))
    return _outputs(deployed)


def api_url(stack: LocalStack, outputs: Mapping[str, str]) -> str:
    """Where the API's routes begin, on the loopback."""
    return f"{stack.endpoint}/_aws/execute-api/{outputs['ApiId']}/$default"


def tell_address(
    stack: LocalStack, outputs: Mapping[str, str], parameters: Mapping[str, str]
) -> None:
    """Let the API know where it is reached, unless a parameter said so.

    The template can only know what the API would be called on AWS.
    """
    if "PublicUrl" not in parameters:
        stack.client("ssm").put_parameter(
            Name=outputs["PublicUrlParameter"],
            Value=api_url(stack, outputs),
            Type="String",
            Overwrite=True,
        )


def outputs_of(stack: LocalStack, stack_name: str = STACK_NAME) -> dict[str, str]:
    """The outputs of what is deployed. Raises StackError if nothing is."""
    current = _describe(stack.client("cloudformation"), stack_name)
    if current is None:
        raise StackError(f"no stack {stack_name} is deployed: `enliven up` deploys it")
    return _outputs(current)


def _describe(cloudformation: Any, stack_name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return None if found["StackStatus"] == "DELETE_COMPLETE" else found


def _wait(cloudformation: Any, stack_name: str, *, gone: bool) -> dict[str, Any] | None:
    deadline = time.monotonic() + _DEPLOY_SECONDS
    while True:
        current = _describe(cloudformation, stack_name)
        settled = current is None or not current["StackStatus"].endswith("_IN_PROGRESS")
        if settled and (current is None) == gone:
            return current
        if time.monotonic() >= deadline:
            status = current["StackStatus"] if current else "gone"
            raise StackError(
                f"stack {stack_name} is still {status} after {_DEPLOY_SECONDS:g} s\n"
                + _failures(cloudformation, stack_name)
            )
        time.sleep(_POLL_SECONDS)


def _failures(cloudformation: Any, stack_name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    failed = [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): "
        f"{event['ResourceStatus']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
    ]
    return "\n".join([f"stack {stack_name} could not be deployed:", *failed])


def _outputs(deployed: dict[str, Any]) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in deployed.get("Outputs", [])}
