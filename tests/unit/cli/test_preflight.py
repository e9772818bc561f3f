"""What is found wanting before anything is deployed, on real clients with AWS's own answers."""

import io
import json
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from cli import plan, preflight
from cli.doctor import Check
from tests.contract.definition import ROOT
from tests.unit.cli.cloud_account import without_aws

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/enliven-endpoint:1"


def _plan(*given: str) -> plan.Plan:
    return plan.read(ROOT, "dev", None, given)


class Account:
    """boto3's clients, stubbed: an answer that the service could not give is refused."""

    def __init__(self, region: str = "us-east-1") -> None:
        self.clients = {
            name: boto3.client(
                name, region_name=region, aws_access_key_id="x", aws_secret_access_key="x"
            )
            for name in ("sts", "ecr", "s3", "service-quotas")
        }
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def __call__(self, service: str) -> Any:
        return self.clients[service]

    def quotas(self, applied: dict[str, float], default: dict[str, float] | None = None) -> None:
        for operation, listed in (
            ("list_service_quotas", applied),
            ("list_aws_default_service_quotas", default),
        ):
            if listed is not None:
                quotas = [{"QuotaName": name, "Value": value} for name, value in listed.items()]
                self.stubs["service-quotas"].add_response(operation, {"Quotas": quotas})

    def refuses(self, service: str, operation: str, code: str) -> None:
        self.stubs[service].add_client_error(operation, code, "no")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    without_aws(monkeypatch)
    return Account()


def _is(check: Check, health: str, *said: str) -> None:
    assert check.health == health, check
    for part in said:
        assert part in check.found + check.remedy, check


WEIGHTS = "s3://my-weights/weights/wan-5b/0123/"


@pytest.mark.parametrize(
    ("manifest", "health", "said"),
    [
        (b'{"engine": "wan-5b"}', "OK", WEIGHTS),
        (b'{"engine": "wan-a14b"}', "missing", "has weights of wan-a14b, not of wan-5b"),
        (b"<html>", "missing", "is not what packing writes"),
        (None, "missing", "NoSuchKey"),
    ],
)
def test_weights_have_to_be_there_and_of_the_engine(
    account: Account, manifest: bytes | None, health: str, said: str
) -> None:
    asked = {"Bucket": "my-weights", "Key": "weights/wan-5b/0123/manifest.json"}
    if manifest is None:
        account.refuses("s3", "get_object", "NoSuchKey")
    else:
        body = StreamingBody(io.BytesIO(manifest), len(manifest))
        account.stubs["s3"].add_response("get_object", {"Body": body}, asked)
    found = preflight.weights(_plan("Engine=wan-5b", f"ModelDataUri={WEIGHTS}"), account)
    _is(found, health, said)


@pytest.mark.parametrize(
    ("accepted", "health", "said"),
    [
        ("LTX-2.x Community License Agreement", "OK", "s3://my-weights/"),
        ("Apache-2.0", "missing", "less than $10,000,000 of annual revenue"),
        (None, "missing", '--acknowledge "LTX-2.x Community License Agreement"'),
    ],
)
def test_weights_whose_licence_nobody_accepted_print_its_clauses_and_are_not_deployed(
    account: Account, accepted: str | None, health: str, said: str
) -> None:
    manifest = json.dumps({"engine": "ltx-2", "acknowledged": accepted}).encode()
    body = StreamingBody(io.BytesIO(manifest), len(manifest))
    account.stubs["s3"].add_response("get_object", {"Body": body})
    uri = WEIGHTS.replace("wan-5b", "ltx-2")
    found = preflight.weights(_plan("Engine=ltx-2", f"ModelDataUri={uri}"), account)
    _is(found, health, said)


def test_a_model_without_weights_is_told_how_to_upload_them(account: Account) -> None:
    _is(preflight.weights(_plan("Engine=wan-5b"), account), "missing", "make weights ENGINE=wan-5b")


def test_a_quota_of_no_instance_stops_and_names_the_quota(account: Account) -> None:
    account.quotas({"ml.c7i.xlarge for endpoint usage": 0.0})
    found = preflight.instances(_plan(), account)
    _is(found, "missing", "0 allowed", "ml.c7i.xlarge for endpoint usage", "Service Quotas")


def test_a_quota_below_the_most_instances_warns(account: Account) -> None:
    account.quotas({"ml.g6.2xlarge for endpoint usage": 1.0, "ml.c7i.xlarge for endpoint usage": 9})
    _is(preflight.instances(_plan("Engine=wan-5b"), account), "weak", "pass MaxInstances=1")


def test_a_quota_that_was_never_raised_is_the_default(account: Account) -> None:
    account.quotas({}, {"ml.c7i.xlarge for endpoint usage": 4.0})
    _is(preflight.instances(_plan(), account), "OK", "4 allowed")


def test_a_quota_that_may_not_be_read_is_said_and_stops_nothing(account: Account) -> None:
    account.refuses("service-quotas", "list_service_quotas", "AccessDeniedException")
    _is(preflight.instances(_plan(), account), "weak", "may not ListServiceQuotas")


def test_a_young_account_cannot_reserve_and_is_told_how_to_go_without(account: Account) -> None:
    account.quotas({"Concurrent executions": 10.0})
    found = preflight.concurrency(_plan(), account)
    _is(
        found,
        "missing",
        "240 to be reserved",
        "ApiConcurrency=0 StateConcurrency=0 CheckConcurrency=0",
    )
    account.quotas({"Concurrent executions": 10.0})
    without = _plan("ApiConcurrency=0", "StateConcurrency=0", "CheckConcurrency=0")
    _is(preflight.concurrency(without, account), "OK")
    account.quotas({"Concurrent executions": 1000.0})
    _is(preflight.concurrency(_plan(), account), "OK")


def test_rekognitions_rate_is_told(account: Account) -> None:
    name = "Transactions per second per account for the image operation DetectModerationLabels"
    account.quotas({name: 50.0})
    _is(preflight.rekognition(account), "OK", "50 DetectModerationLabels a second")


@pytest.mark.parametrize(
    ("region", "health"),
    [("us-east-1", "OK"), ("us-west-2", "OK"), ("eu-central-1", "missing"), ("xx-1", "missing")],
)
def test_only_regions_that_have_the_guardrails_profile_will_do(
    monkeypatch: pytest.MonkeyPatch, region: str, health: str
) -> None:
    without_aws(monkeypatch)
    _is(preflight.region(_plan(), Account(region)), health, region)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("unset", "not set"),
        ("enliven-endpoint:latest", "no image in ECR"),
        (IMAGE.replace("us-east-1", "eu-west-1"), "is in eu-west-1, the stack in us-east-1"),
    ],
)
def test_an_image_that_the_endpoint_cannot_pull_stops(
    account: Account, uri: str, said: str
) -> None:
    found = preflight.image(_plan(f"EngineImageUri={uri}"), account)
    _is(found, "missing", said, "docker build -f model_endpoint/Dockerfile")


def test_an_image_that_is_not_there_stops(account: Account) -> None:
    account.refuses("ecr", "describe_images", "ImageNotFoundException")
    _is(preflight.image(_plan(f"EngineImageUri={IMAGE}"), account), "missing", "ImageNotFound")
    account.stubs["ecr"].add_response("describe_images", {"imageDetails": []})
    _is(preflight.image(_plan(f"EngineImageUri={IMAGE}"), account), "OK")


@pytest.mark.parametrize(
    ("status", "health", "said"),
    [
        ("ROLLBACK_COMPLETE", "missing", "enliven destroy --stack enliven-dev"),
        ("ROLLBACK_FAILED", "missing", "enliven destroy"),
        ("DELETE_FAILED", "missing", "enliven destroy"),
        ("UPDATE_ROLLBACK_FAILED", "missing", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "missing", "wait"),
        ("CREATE_COMPLETE", "OK", "updated"),
        ("UPDATE_ROLLBACK_COMPLETE", "OK", "updated"),
        ("REVIEW_IN_PROGRESS", "OK", "will be made"),
    ],
)
def test_a_stack_that_cannot_be_updated_stops_with_the_way_out(
    status: str, health: str, said: str
) -> None:
    _is(preflight.stack(_plan(), {"StackStatus": status}), health, said)


def test_an_engine_that_is_not_here_is_said_to_be() -> None:
    _is(preflight.engine(_plan()), "OK", "ml.c7i.xlarge")
    _is(preflight.engine(_plan("Engine=wan-5b")), "weak", "weights are not in this repository")
    _is(preflight.engine(_plan("Engine=none")), "weak", "EndpointName")
    held = {path.name for path in (ROOT / "model_endpoint" / "engines").iterdir() if path.is_dir()}
    assert held - {"__pycache__"} == {preflight.OWN_ENGINE, "diffusion"}


def test_no_stack_is_a_new_one() -> None:
    _is(preflight.stack(_plan(), None), "OK", "will be made")
