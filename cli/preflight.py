"""Whether an account can take a deployment: found out before anything is made."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cli import account
from cli.certificate import RENEW_DAYS, standing
from cli.doctor import Check
from cli.outcome import CommandFailed
from story.cards import card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.plan import Plan

#: The one engine that model_endpoint/ holds.
OWN_ENGINE = "motion"
#: Lambda refuses a reservation that leaves less than this to all other functions of the account.
UNRESERVED = 100
#: The guardrail's profile (CrossRegionConfig in template.yaml) exists in these regions.
GUARDRAIL_REGIONS = re.compile(r"us-(east|west)-\d")
_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[a-z0-9._/-]+)(?::(?P<tag>[\w.-]+)|@(?P<digest>sha256:[0-9a-f]{64}))$"
)
#: As template.yaml's ModelDataUri has it, and what model_endpoint/manifest.py leaves there.
_PREFIX = re.compile(r"s3://(?P<bucket>[a-z0-9.-]{3,63})/(?P<prefix>[A-Za-z0-9/_.-]+/)")
MANIFEST = "manifest.json"
_QUOTAS_CONSOLE = "ask for more in the console of Service Quotas"
_LOOK = "look there yourself: console of Service Quotas"


def examine(plan: Plan, client: Callable[[str], Any]) -> Iterator[Check]:
    """Every check, in order. Raises CommandFailed where without an answer nothing else has one."""
    with account.failures():
        identity = client("sts").get_caller_identity()
    yield Check("identity", "OK", f"{identity['Arn']}, account {identity['Account']}")
    yield region(plan, client)
    if plan.engine != "none":
        yield image(plan, client)
        if plan.engine != OWN_ENGINE:
            yield weights(plan, client)
        yield instances(plan, client)
    yield engine(plan)
    yield concurrency(plan, client)
    yield rekognition(client)
    found = account.describe(client, plan.stack_name)
    yield stack(plan, found)
    yield certificate(plan, client, found)


def engine(plan: Plan) -> Check:
    """Whether this repository has the engine."""
    if plan.engine == "none":
        remedy = "name an endpoint by EndpointName"
        return Check("engine", "weak", "Engine=none makes no endpoint", remedy)
    if plan.engine != OWN_ENGINE:
        return Check(
            "engine",
            "weak",
            f"{plan.engine}'s weights are not in this repository, and its image is yours to build",
            "docs/how-to-add-an-engine.md says how",
        )
    return Check("engine", "OK", f"{plan.engine} on {plan.instance}")


def region(plan: Plan, client: Callable[[str], Any]) -> Check:
    """Whether everything exists where it shall be."""
    where = str(client("sts").meta.region_name)
    if plan.engine != "none" and not GUARDRAIL_REGIONS.fullmatch(where):
        return Check(
            "region",
            "missing",
            f"{where}: the guardrail's profile us.guardrail.v1:0 is not there",
            "choose a US region, e.g. --region us-east-1, or change CrossRegionConfig in "
            "template.yaml",
        )
    return Check("region", "OK", where)


def image(plan: Plan, client: Callable[[str], Any]) -> Check:
    """Whether the engine's image is in ECR, in this region."""
    uri = plan.value("EngineImageUri")
    build = (
        "docker build -f model_endpoint/Dockerfile -t enliven-endpoint . and push it to ECR; then "
        "pass EngineImageUri=ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG"
    )
    parts = _IMAGE.match(uri)
    if parts is None:
        said = "EngineImageUri is not set" if uri == "unset" else f"{uri} is no image in ECR"
        return Check("image", "missing", said, build)
    where = str(client("ecr").meta.region_name)
    if parts["region"] != where:
        return Check(
            "image", "missing", f"{uri} is in {parts['region']}, the stack in {where}", build
        )
    wanted = {"imageTag": parts["tag"]} if parts["tag"] else {"imageDigest": parts["digest"]}
    try:
        with account.failures():
            client("ecr").describe_images(
                registryId=parts["account"], repositoryName=parts["repository"], imageIds=[wanted]
            )
    except CommandFailed as failed:
        return Check("image", "missing", failed.detail, build)
    return Check("image", "OK", uri)


def weights(plan: Plan, client: Callable[[str], Any]) -> Check:
    """Whether ModelDataUri has weights of this engine, packed by who accepted their licence."""
    uri, upload = plan.value("ModelDataUri"), f"make weights ENGINE={plan.engine} uploads them"
    parts = _PREFIX.fullmatch(uri)
    if parts is None:
        said = "ModelDataUri is not set" if not uri else f"{uri} is no s3://bucket/prefix/"
        return Check("weights", "missing", said, upload)
    key = f"{parts['prefix']}{MANIFEST}"
    try:
        with account.failures():
            body = client("s3").get_object(Bucket=parts["bucket"], Key=key)["Body"].read()
        manifest = json.loads(body)
        packed_for = str(manifest["engine"])
    except CommandFailed as failed:
        return Check("weights", "missing", f"{uri}{MANIFEST}: {failed.detail}", upload)
    except (ValueError, KeyError, TypeError):
        return Check("weights", "missing", f"{uri}{MANIFEST} is not what packing writes", upload)
    if packed_for != plan.engine:
        said = f"{uri} has weights of {packed_for}, not of {plan.engine}"
        return Check("weights", "missing", said, upload)
    trained = card(plan.engine).trained
    if trained is not None and trained.licence.must_be_acknowledged:
        licence = trained.licence
        if manifest.get("acknowledged") != licence.name:
            said = f"nobody accepted the licence of {uri}:\n{licence.clauses()}"
            told = f"{upload}; who accepts says ARGUMENTS='--acknowledge \"{licence.name}\"'"
            return Check("weights", "missing", said, told)
    return Check("weights", "OK", uri)


def quota(client: Callable[[str], Any], service: str, name: str) -> float | str:
    """The account's value of a quota, or why it cannot be told."""
    quotas = client("service-quotas")
    try:
        with account.failures():
            for listing in ("list_service_quotas", "list_aws_default_service_quotas"):
                for page in quotas.get_paginator(listing).paginate(ServiceCode=service):
                    for each in page["Quotas"]:
                        if re.fullmatch(name, each["QuotaName"]):
                            return float(each["Value"])
    except CommandFailed as failed:
        return failed.detail
    return f"{service} lists no quota like {name!r}"


def instances(plan: Plan, client: Callable[[str], Any]) -> Check:
    """Whether the account may have as many instances as MaxInstances says."""
    name, wanted = f"{plan.instance} for endpoint usage", int(plan.value("MaxInstances"))
    found = quota(client, "sagemaker", re.escape(name))
    if isinstance(found, str):
        return Check("instances", "weak", f"quota of {name} not read: {found}", _LOOK)
    told = f"{name}: {found:g} allowed, MaxInstances={wanted}"
    if found < 1:
        return Check("instances", "missing", told, f"{_QUOTAS_CONSOLE}: {name!r} of SageMaker")
    if found < wanted:
        return Check(
            "instances", "weak", told, f"pass MaxInstances={found:g}, or {_QUOTAS_CONSOLE}"
        )
    return Check("instances", "OK", told)


def concurrency(plan: Plan, client: Callable[[str], Any]) -> Check:
    """Whether the functions can reserve what they ask for, and leave enough to others."""
    found = quota(client, "lambda", "Concurrent executions")
    if isinstance(found, str):
        return Check("concurrency", "weak", f"quota of Lambda not read: {found}", _LOOK)
    told = f"{found:g} concurrent executions, {plan.reserved} to be reserved"
    if plan.reserved and found - plan.reserved < UNRESERVED:
        return Check(
            "concurrency",
            "missing",
            f"{told}; Lambda wants {UNRESERVED} left for all other functions",
            "pass ApiConcurrency=0 StateConcurrency=0 CheckConcurrency=0 (reserves none), or "
            f"{_QUOTAS_CONSOLE}",
        )
    return Check("concurrency", "OK", told)


def rekognition(client: Callable[[str], Any]) -> Check:
    """How many pictures a second may be moderated: eight a story."""
    found = quota(client, "rekognition", r"(?i).*DetectModerationLabels.*")
    if isinstance(found, str):
        return Check("rekognition", "weak", f"quota of Rekognition not read: {found}", _LOOK)
    return Check("rekognition", "OK", f"{found:g} DetectModerationLabels a second")


def stack(plan: Plan, found: dict[str, Any] | None) -> Check:
    """Whether there is a stack of that name, and whether it can be updated."""
    name = plan.stack_name
    if found is None or found["StackStatus"] == "REVIEW_IN_PROGRESS":
        return Check("stack", "OK", f"{name} will be made")
    status = str(found["StackStatus"])
    if status in account.BROKEN:
        return Check(
            "stack",
            "missing",
            f"{name} is {status}: its making failed, and it cannot be updated",
            f"enliven destroy --stack {name}, then deploy again",
        )
    if status == "UPDATE_ROLLBACK_FAILED":
        return Check(
            "stack",
            "missing",
            f"{name} is {status}",
            f"aws cloudformation continue-update-rollback --stack-name {name}",
        )
    if status.endswith("_IN_PROGRESS"):
        return Check("stack", "missing", f"{name} is {status}", "wait until that is over")
    return Check("stack", "OK", f"{name} is {status} and will be updated")


def certificate(plan: Plan, client: Callable[[str], Any], found: dict[str, Any] | None) -> Check:
    """Whether stories can be signed."""
    outputs = {each["OutputKey"]: each["OutputValue"] for each in (found or {}).get("Outputs", [])}
    if "SigningKey" not in outputs:
        return Check(
            "certificate",
            "weak",
            "the signing key is made with the stack",
            f"afterwards: enliven certificate csr --stack {plan.stack_name}",
        )
    told = standing(account.Target(plan.stack_name, client, outputs, ""))
    if told.days >= RENEW_DAYS:
        return Check("certificate", "OK", told.told)
    return Check(
        "certificate", "weak", told.told, f"enliven certificate csr --stack {plan.stack_name}"
    )
