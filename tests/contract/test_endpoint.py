"""The endpoint of template.yaml against SageMaker's own shapes, and made and updated in moto."""

import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.validate import ParamValidator
from moto import mock_aws
from moto.sagemaker.models import FakeEndpointConfig

from cli import costs
from story import limits
from story.receipt import prices
from tests.contract.definition import RESOURCES, TEMPLATE
from tests.contract.resolved import REGION, Stack

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/enliven:1"
WEIGHTS = "s3://weights-123456789012/wan/1/"
TRAINED = ("wan-5b", "wan-a14b", "ltx-2")
#: What CloudFormation makes of a resource: the request, and what it adds to the properties.
REQUESTS = {
    "Model": ("sagemaker", "CreateModel", {"ModelName": "model"}),
    "EndpointConfig": ("sagemaker", "CreateEndpointConfig", {"EndpointConfigName": "config"}),
    "Endpoint": ("sagemaker", "CreateEndpoint", {"EndpointName": "endpoint"}),
    "EndpointScaling": ("application-autoscaling", "RegisterScalableTarget", {}),
}
POLICIES = ("EndpointFollowsBacklog", "EndpointWakes")
ALARMS = ("EndpointWakesAlarm", "BacklogAlarm", "NoCapacityAlarm", "LostRequestsAlarm")


def stack(engine: str, **parameters: str) -> Stack:
    weights = {"ModelDataUri": WEIGHTS} if engine in TRAINED else {}
    given = {"Engine": engine, "EngineImageUri": IMAGE, **weights, **parameters}
    names = {"Model.ModelName": "model", "EndpointConfig.EndpointConfigName": "config"}
    scalable = {"EndpointScaling": "endpoint/endpoint/variant/main|x|sagemaker"}
    return Stack(given, {**names, **scalable, "Endpoint.EndpointName": "endpoint"})


@cache
def _shape(service: str, operation: str) -> Any:
    """What an operation takes; SageMaker's model is read once."""
    return _service(service).operation_model(operation).input_shape


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


def _valid(service: str, operation: str, given: dict[str, Any]) -> None:
    shape = _shape(service, operation)
    report = ParamValidator().validate(given, shape)
    assert not report.has_errors(), report.generate_report()
    _enums(shape, given)


def _enums(shape: Any, given: Any) -> None:
    """botocore checks no enumeration before it sends: this does."""
    if shape.type_name == "structure":
        for name, each in given.items():
            _enums(shape.members[name], each)
    elif shape.type_name == "list":
        for each in given:
            _enums(shape.member, each)
    elif getattr(shape, "enum", None):
        assert given in shape.enum


def _numbers(shape: Any, given: Any) -> Any:
    """CloudFormation takes a string for a number, as FindInMap gives it, and sends a number."""
    if shape.type_name == "structure" and isinstance(given, dict):
        unknown = given.keys() - shape.members.keys()
        assert not unknown, f"{shape.name} has no {unknown}"
        return {name: _numbers(shape.members[name], each) for name, each in given.items()}
    if shape.type_name == "list":
        return [_numbers(shape.member, each) for each in given]
    kinds = {"integer": int, "double": float, "float": float}
    return kinds[shape.type_name](given) if shape.type_name in kinds else given


def _request(service: str, operation: str, given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _numbers(_shape(service, operation), given)
    _valid(service, operation, found)
    return found


def _creation(deployed: Stack, name: str) -> dict[str, Any]:
    service, operation, more = REQUESTS[name]
    properties = deployed.properties(name)
    # It is of UpdateEndpoint alone; CloudFormation says it there.
    properties.pop("RetainAllVariantProperties", None)
    return _request(service, operation, {**properties, **more})


@pytest.mark.parametrize("engine", costs.ENGINES)
@pytest.mark.parametrize("name", REQUESTS)
def test_what_the_template_says_is_what_the_service_takes(engine: str, name: str) -> None:
    assert _creation(stack(engine), name)


@pytest.mark.parametrize("engine", costs.ENGINES)
@pytest.mark.parametrize("name", POLICIES)
def test_the_scaling_policies_are_what_the_service_takes(engine: str, name: str) -> None:
    given = stack(engine).properties(name)
    target = stack(engine).properties("EndpointScaling")
    del given["ScalingTargetId"]
    about = {key: target[key] for key in ("ServiceNamespace", "ScalableDimension", "ResourceId")}
    assert _request("application-autoscaling", "PutScalingPolicy", {**given, **about})


@pytest.mark.parametrize("name", ALARMS)
def test_the_alarms_are_what_the_service_takes(name: str) -> None:
    given = stack("wan-5b").properties(name)
    assert _request("cloudwatch", "PutMetricAlarm", {"AlarmName": name, **given})


def test_every_instance_type_has_a_price_and_every_engine_an_instance() -> None:
    engines = TEMPLATE["Mappings"]["Engines"]
    assert engines.keys() == set(TEMPLATE["Parameters"]["Engine"]["AllowedValues"])
    assert {each["InstanceType"] for each in engines.values()} <= prices()["endpoint_hour"].keys()


def test_a_trained_model_comes_uncompressed_from_its_prefix_and_motion_from_its_image() -> None:
    source = stack("wan-5b").properties("Model")["PrimaryContainer"]["ModelDataSource"]
    assert source == {
        "S3DataSource": {"S3Uri": WEIGHTS, "S3DataType": "S3Prefix", "CompressionType": "None"}
    }
    assert "ModelDataSource" not in stack("motion").properties("Model")["PrimaryContainer"]


def test_an_instances_own_disk_takes_no_key_and_a_volume_has_ours() -> None:
    assert "KmsKeyId" in stack("motion").properties("EndpointConfig")
    for engine in TRAINED:
        assert "KmsKeyId" not in stack(engine).properties("EndpointConfig")


@pytest.mark.parametrize("engine", costs.ENGINES)
def test_results_are_encrypted_by_a_key_that_who_reads_them_may_use(engine: str) -> None:
    deployed = stack(engine)
    output = deployed.properties("EndpointConfig")["AsyncInferenceConfig"]["OutputConfig"]
    for name in ("ResumeStoryFunction", "InspectVideoFunction"):
        policies = deployed.value(RESOURCES[name]["Properties"]["Policies"])
        (granted,) = [
            statement
            for policy in policies
            for statement in policy["Statement"]
            if statement["Action"] == "kms:Decrypt"
        ]
        assert granted["Resource"] == output["KmsKeyId"]


@pytest.mark.parametrize("engine", costs.ENGINES)
def test_the_engine_may_read_its_weights_and_nothing_else_of_their_bucket(engine: str) -> None:
    role = stack(engine).properties("EndpointRole")
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    network = stack(engine).properties("S3VpcEndpoint")["PolicyDocument"]["Statement"]
    weights = ["arn:aws:s3:::weights-123456789012", "arn:aws:s3:::weights-123456789012/wan/1/*"]
    granted = [each for each in statements if each["Resource"] == weights]
    let_through = [each for each in network if each["Resource"] == weights]
    assert len(granted) == len(let_through) == (engine in TRAINED)
    reads = [each for each in network if each["Action"] == "s3:GetObject"]
    assert [each["Resource"] for each in reads] == ["arn:aws:s3:::workbucket/requests/*"]


def test_an_update_leaves_time_to_finish_what_the_old_fleet_has_begun() -> None:
    endpoint = stack("wan-a14b").properties("Endpoint")
    assert endpoint["RetainAllVariantProperties"] is True, "or an update would shrink the fleet"
    # moto has no UpdateEndpoint: what CloudFormation sends is held to its shape.
    assert "EndpointName" not in endpoint, "a name of its own would make an update a new endpoint"
    assert _request("sagemaker", "UpdateEndpoint", {**endpoint, "EndpointName": "endpoint"})
    update = endpoint["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    assert update["TerminationWaitInSeconds"] > limits.INVOCATION_TIMEOUT_SECONDS
    variant = stack("wan-a14b").properties("EndpointConfig")["ProductionVariants"][0]
    starting = 1_800 + int(variant["ContainerStartupHealthCheckTimeoutInSeconds"])
    assert update["MaximumExecutionTimeoutInSeconds"] > starting + 960 + 600


@pytest.mark.parametrize(
    ("engine", "parameters", "refused"),
    [
        ("motion", {}, ""),
        ("none", {"EngineImageUri": "unset"}, ""),
        ("motion", {"EngineImageUri": "unset"}, "EngineImageUri must name"),
        ("motion", {"ModelDataUri": WEIGHTS}, "ModelDataUri must be empty"),
        ("wan-5b", {}, ""),
        ("wan-5b", {"ModelDataUri": ""}, "ModelDataUri must name the weights"),
        ("wan-a14b", {"ModelDataUri": ""}, "ModelDataUri must name the weights"),
        ("ltx-2", {"ModelDataUri": ""}, "ModelDataUri must name the weights"),
    ],
)
def test_a_choice_that_cannot_work_is_refused_before_anything_is_made(
    engine: str, parameters: dict[str, str], refused: str
) -> None:
    told = stack(engine, **parameters).refusals()
    assert len(told) == bool(refused)
    assert refused in "".join(told)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    # moto's list of instance types ends in 2020; botocore's, which _enums holds them to, does not.
    monkeypatch.setattr(FakeEndpointConfig, "validate_instance_type", lambda *_: None)
    with mock_aws():
        yield


def _deploy(engine: str) -> Any:
    sagemaker, deployed = boto3.client("sagemaker", REGION), stack(engine)
    sagemaker.create_model(**_creation(deployed, "Model"))
    sagemaker.create_endpoint_config(**_creation(deployed, "EndpointConfig"))
    sagemaker.create_endpoint(**_creation(deployed, "Endpoint"))
    return sagemaker


def _in_service(sagemaker: Any) -> dict[str, Any]:
    for _ in range(50):
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName="endpoint")
        if found["EndpointStatus"] == "InService":
            return found
        time.sleep(0.02)
    raise AssertionError(found["EndpointStatus"])


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("engine", ["motion", "wan-a14b"])
def test_the_endpoint_deploys_takes_requests_and_scales_from_nothing_to_the_most(
    engine: str,
) -> None:
    sagemaker, deployed = _deploy(engine), stack(engine)
    assert _in_service(sagemaker)["EndpointConfigName"] == "config"
    described = sagemaker.describe_endpoint_config(EndpointConfigName="config")
    (variant,) = described["ProductionVariants"]
    assert variant["InstanceType"] == TEMPLATE["Mappings"]["Engines"][engine]["InstanceType"]
    assert variant["ModelName"] == sagemaker.describe_model(ModelName="model")["ModelName"]
    accepted = boto3.client("sagemaker-runtime", REGION).invoke_endpoint_async(
        EndpointName="endpoint",
        InputLocation="s3://workbucket/requests/1.tar",
        InferenceId="1",
        RequestTTLSeconds=limits.REQUEST_TTL_SECONDS,
        InvocationTimeoutSeconds=limits.INVOCATION_TIMEOUT_SECONDS,
    )
    assert accepted["OutputLocation"].startswith("s3://")
    scaling = boto3.client("application-autoscaling", REGION)
    scaling.register_scalable_target(**_creation(deployed, "EndpointScaling"))
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 2)


def test_each_engine_has_its_own_backlog_and_a_request_without_instances_wakes_one() -> None:
    for engine, target in (("motion", 3), ("wan-5b", 1), ("wan-a14b", 1), ("ltx-2", 1)):
        policy = stack(engine).properties("EndpointFollowsBacklog")
        tracking = policy["TargetTrackingScalingPolicyConfiguration"]
        assert float(tracking["TargetValue"]) == target
    wakes = stack("motion").properties("EndpointWakesAlarm")
    assert wakes["MetricName"] == "HasBacklogWithoutCapacity"
    assert wakes["AlarmActions"] == ["EndpointWakes"]
