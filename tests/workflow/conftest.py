"""The workflow in this process: moto's AWS, the real ASL and handlers, a quick engine."""

import importlib
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler

from cloud import clients, switch
from local import certificates
from story import identifiers, limits
from story.generation import EngineName
from tests.transformed import transformed
from tests.workflow import bridges, engine
from tests.workflow.providers import Providers

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "photos" / "sky_sea_bridge.jpg"
CANARY = "kanarienvogel"
SWITCH = "/enliven/switch"

_STATES = {
    "InspectPhotoFunction": "inspect_photo",
    "ReadPhotoCredentialFunction": "read_photo_credential",
    "RestorePhotoFunction": "restore_photo",
    "ModerateFunction": "moderate",
    "AwaitPromptFunction": "await_prompt",
    "DirectSceneFunction": "direct_scene",
    "GenerateVideoFunction": "generate_video",
    "InspectVideoFunction": "inspect_video",
    "LabelVideoFunction": "label_video",
    "SignVideoFunction": "sign_video",
}
_ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
_POLL_SECONDS = 0.08  # to ask more often costs as much as the workflow itself
_PATIENCE_SECONDS = 60


def handler(name: str) -> bridges.Handler:
    found: bridges.Handler = importlib.import_module(f"{name}.handler").handler
    return found


@pytest.fixture(autouse=True)
def whole_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB writes an item at once; moto changes it bit by bit, beside who reads it."""
    answer, one_at_a_time = DynamoHandler.call_action, threading.RLock()

    def alone(request: DynamoHandler) -> Any:
        with one_at_a_time:
            return answer(request)

    monkeypatch.setattr(DynamoHandler, "call_action", alone)


@dataclass
class Cloud:
    """The deployed system of one test."""

    providers: Providers
    machine: str
    table: str
    buckets: dict[str, str]
    #: Names of handlers that were called, in order; a test may replace an entry of `handlers`.
    handlers: dict[str, bridges.Handler] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)
    generated: int = 0
    still_takes: int = 0
    failure: dict[str, str] | None = None
    silent: bool = False
    #: What the engine calls itself.
    engine: EngineName = engine.SWAY

    def create(self, prompt: str | None = f"make this {CANARY} come alive", **fields: Any) -> str:
        """A story that awaits its photo, as POST /stories makes it; a draft without a prompt."""
        story_id = identifiers.new_story_id()
        importlib.import_module("cloud.stories").create(
            {
                "story_id": story_id,
                "status": "AWAITING_PHOTO",
                "creator": "creator",
                "created_at": "2026-11-22T12:00:00.000Z",
                "updated_at": "2026-11-22T12:00:00.000Z",
                "expires_at": "2099-01-01T00:00:00.000Z",
                "attempt": 1,
                "prompt": prompt,
                "draft": prompt is None,
                "people_consent": False,
                "fit": "cover",
                "loop": True,
                # The shortest: it is the workflow that is tested, not the encoder.
                "seconds": limits.MIN_CLIP_SECONDS,
                **fields,
            }
        )
        return story_id

    def upload(self, story_id: str, photo: bytes | None = None) -> dict[str, Any]:
        """Put a photo; returns the event detail that S3 sends."""
        body = PHOTO.read_bytes() if photo is None else photo
        key = identifiers.upload_key(story_id)
        answer = boto3.client("s3").put_object(Bucket=self.buckets["uploads"], Key=key, Body=body)
        return {
            "version": "0",
            "bucket": {"name": self.buckets["uploads"]},
            "object": {
                "key": key,
                "size": len(body),
                "etag": answer["ETag"].strip('"'),
                "version-id": answer["VersionId"],
                "sequencer": "00",
            },
            "reason": "PostObject",
        }

    def start(self, detail: dict[str, Any]) -> str:
        answer = boto3.client("stepfunctions").start_execution(
            stateMachineArn=self.machine, name=uuid.uuid4().hex, input=json.dumps(detail)
        )
        return str(answer["executionArn"])

    def wait(self, execution: str) -> dict[str, Any]:
        states = boto3.client("stepfunctions")
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            described = states.describe_execution(executionArn=execution)
            if described["status"] in _ENDED:
                return dict(described)
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"{execution} still runs after {_PATIENCE_SECONDS} s")

    def settle(self, execution: str, status: str | None = None) -> list[str]:
        """What the `aws.states` rule does when an execution has ended."""
        described = boto3.client("stepfunctions").describe_execution(executionArn=execution)
        event = {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "detail": {
                "executionArn": execution,
                "stateMachineArn": self.machine,
                "status": status or described["status"],
                "input": described["input"],
            },
        }
        settled: list[str] = handler("settle_story")(event, None)["settled"]
        return settled

    def changed(self, story_id: str) -> list[str]:
        """What the rule on our own bus does when a story was called off or deleted."""
        event = {
            "source": "enliven.stories",
            "detail-type": "Enliven Story Closed",
            "detail": {"story_id": story_id},
        }
        settled: list[str] = handler("settle_story")(event, None)["settled"]
        return settled

    def sweep(self) -> list[str]:
        """What the schedule does."""
        event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
        settled: list[str] = handler("settle_story")(event, None)["settled"]
        return settled

    def executions(self) -> list[str]:
        """The executions that there are and were, the latest first."""
        listed = boto3.client("stepfunctions").list_executions(stateMachineArn=self.machine)
        return [each["executionArn"] for each in listed["executions"]]

    def hurry(self, state: str, seconds: int) -> None:
        """Let a state's time be over sooner, for the executions that start from now on."""
        states = boto3.client("stepfunctions")
        definition = json.loads(
            states.describe_state_machine(stateMachineArn=self.machine)["definition"]
        )
        definition["States"][state]["TimeoutSeconds"] = seconds
        states.update_state_machine(stateMachineArn=self.machine, definition=json.dumps(definition))

    def until(self, story_id: str, status: str) -> dict[str, Any]:
        """Wait until a story has a status; returns it."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            story = self.story(story_id)
            if story["status"] == status:
                return story
            time.sleep(0.02)
        raise AssertionError(f"{story_id} is {story['status']}, not {status}: {story}")

    def records(self, story_id: str) -> list[str]:
        """The partitions that hold something of a story."""
        items = boto3.client("dynamodb").scan(TableName=self.table)["Items"]
        return sorted({item["pk"]["S"] for item in items if story_id in item["pk"]["S"]})

    def run(self, story_id: str, photo: bytes | None = None) -> dict[str, Any]:
        """Upload, run, settle; returns how the execution ended."""
        execution = self.start(self.upload(story_id, photo))
        ended = self.wait(execution)
        self.settle(execution)
        return ended

    def story(self, story_id: str) -> dict[str, Any]:
        found: dict[str, Any] = importlib.import_module("cloud.stories").get(story_id)
        return found

    def annotate(self, story_id: str, **fields: Any) -> None:
        """Write fields of a record past everybody: what time or an operator would have done."""
        sets = ", ".join(f"{name} = :{name}" for name in fields)
        records = importlib.import_module("cloud.stories")
        boto3.client("dynamodb").update_item(
            TableName=self.table,
            Key=records.to_item({"pk": f"STORY#{story_id}", "sk": "META"}),
            UpdateExpression=f"SET {sets}",
            ExpressionAttributeValues=records.to_item({f":{n}": v for n, v in fields.items()}),
        )

    def keys(self, bucket: str) -> list[str]:
        """Every key of a bucket, every version and delete marker included."""
        answer = boto3.client("s3").list_object_versions(Bucket=self.buckets[bucket])
        found = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
        return sorted(entry["Key"] for entry in found)

    def notify(self, message: dict[str, Any]) -> None:
        """Deliver SageMaker's notification through SNS's envelope."""
        handler("resume_story")({"Records": [{"Sns": {"Message": json.dumps(message)}}]}, None)

    def completed(self, inference: str, output: str) -> dict[str, Any]:
        return {
            "inferenceId": inference,
            "invocationStatus": "Completed",
            "responseParameters": {"contentType": "application/x-tar", "outputLocation": output},
            "eventName": "InferenceResult",
        }

    def generate(self, location: str, inference: str, output: str) -> None:
        """What the endpoint does with a request."""
        self.generated += 1
        if self.silent:
            return
        s3 = boto3.client("s3")
        bucket, key = location.removeprefix("s3://").split("/", 1)
        out_key = output.removeprefix("s3://").split("/", 1)[1]
        if self.failure is not None:
            fail_key = out_key.replace("results/", "failures/")
            s3.put_object(Bucket=bucket, Key=fail_key, Body=json.dumps(self.failure).encode())
            self.notify(
                {
                    "inferenceId": inference,
                    "invocationStatus": "Failed",
                    "failureReason": "ModelError",
                    "responseParameters": {"failureLocation": f"s3://{bucket}/{fail_key}"},
                }
            )
            return
        packed = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        result = engine.make_result(
            packed, still=self.generated <= self.still_takes, called=self.engine
        )
        s3.put_object(Bucket=bucket, Key=out_key, Body=result)
        self.notify(self.completed(inference, output))


def _definition(template: dict[str, Any], values: dict[str, str]) -> str:
    definition = (ROOT / "statemachine" / "story.asl.json").read_text()
    names = template["Resources"]["StoryWorkflow"]["Properties"]["DefinitionSubstitutions"]
    for name in names:
        definition = definition.replace(f"${{{name}}}", values[name])
    return definition


@cache
def _session() -> boto3.Session:
    """One for all tests: to read the services' models anew takes as long as a whole story."""
    return boto3.Session()


#: The same for all tests, which only read it.
_template = cache(transformed)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cloud]:
    engine.draw_small(monkeypatch)
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    config = {
        "lambda": {"use_docker": False},
        "stepfunctions": {"execute_state_machine": True},
        "core": {"reset_boto3_session": False},
    }
    with Providers() as providers, mock_aws(config=config):
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", _session())
        # A client is made anew in 20 ms, and a test asks for dozens.
        monkeypatch.setattr(boto3, "client", cache(boto3.client))
        for service in ("REKOGNITION", "BEDROCK_RUNTIME", "SAGEMAKER_RUNTIME"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", providers.url)
        clients.client.cache_clear()
        yield _deploy(monkeypatch, providers, tmp_path)
        providers.finish()
        clients.client.cache_clear()


def _deploy(patch: pytest.MonkeyPatch, providers: Providers, folder: Path) -> Cloud:
    template = _template()
    s3, kms, ssm = boto3.client("s3"), boto3.client("kms"), boto3.client("ssm")
    buckets = {
        name: f"enliven-{name}" for name in ("uploads", "work", "evidence", "held", "stories")
    }
    for bucket in buckets.values():
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(
        Bucket=buckets["uploads"], VersioningConfiguration={"Status": "Enabled"}
    )
    properties = template["Resources"]["StoriesTable"]["Properties"]
    boto3.client("dynamodb").create_table(
        TableName="stories",
        **{
            name: properties[name]
            for name in (
                "AttributeDefinitions",
                "KeySchema",
                "GlobalSecondaryIndexes",
                "BillingMode",
            )
        },
    )
    bus = boto3.client("events").create_event_bus(Name="enliven-stories")["EventBusArn"]
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    watermark_key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    for name in ("/enliven/certificate-chain", "/enliven/trust-anchors"):
        ssm.put_parameter(Name=name, Value="unset", Type="String")
    ssm.put_parameter(Name=SWITCH, Value=switch.OPEN, Type="String")
    switch.forget()
    certificates.install(
        ssm, kms, key, "/enliven/certificate-chain", "/enliven/trust-anchors", folder=folder
    )
    for name, value in {
        "STORIES_TABLE": "stories",
        **{f"{name.upper()}_BUCKET": bucket for name, bucket in buckets.items()},
        "GUARDRAIL_ID": "guardrail",
        "GUARDRAIL_VERSION": "1",
        # One after the other, so that a test can say what each call answers.
        "REKOGNITION_CONCURRENCY": "1",
        "REKOGNITION_QUOTA": "1000",
        "STATE_CONCURRENCY": "1",
        "RECOGNIZE_CELEBRITIES": "off",
        "ENDPOINT_NAME": "endpoint",
        "DAILY_GENERATIONS": "10",
        "ENGINE_NAME": "motion",
        "SWITCH_PARAMETER": SWITCH,
        "EVENT_BUS": "enliven-stories",
        "WATERMARK_KEY_ID": watermark_key["KeyMetadata"]["KeyId"],
        "WATERMARK_KEY_VERSIONS": "1",
        "SIGNING_KEY_ID": key,
        "CERTIFICATE_CHAIN_PARAMETER": "/enliven/certificate-chain",
        "TRUST_ANCHORS_PARAMETER": "/enliven/trust-anchors",
        "TSA_URL": "",
        "SECOND_TSA_URL": "",
        "PROVIDER": "Example Stories",
    }.items():
        patch.setenv(name, value)

    cloud = Cloud(providers, machine="", table="stories", buckets=buckets)
    providers.work_bucket = buckets["work"]
    providers.generate = cloud.generate
    cloud.handlers = {function: handler(name) for function, name in _STATES.items()}

    def called(function: str) -> bridges.Handler:
        def invoke(event: dict[str, Any], context: Any) -> Any:
            cloud.called.append(function)
            return cloud.handlers[function](event, context)

        return invoke

    bridges.install(patch, {function: called(function) for function in _STATES})
    arn = "arn:aws:lambda:us-east-1:123456789012:function:"
    role = boto3.client("iam").create_role(RoleName="states", AssumeRolePolicyDocument="{}")
    cloud.machine = boto3.client("stepfunctions").create_state_machine(
        name="stories",
        roleArn=role["Role"]["Arn"],
        definition=_definition(
            template,
            {
                "StoriesTable": "stories",
                "EventBus": bus,
                **{function: arn + function for function in _STATES},
            },
        ),
    )["stateMachineArn"]
    patch.setenv("STORY_WORKFLOW", cloud.machine)
    return cloud
