"""The golden story on a running local stack: what a function's golden event refers to, for real.

The events in events/ name objects, records and a token that are made up. Here they are made: the
upload is put, the records are written, and the states before the one that is asked for are played
by the stack's own functions, so that every reference holds. The execution that the story belongs
to is a real one, of a small state machine that waits for a token.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeSerializer
from pydantic import BaseModel

from local import golden_events
from local.environments import STACK_NAME
from local.sam.failure import SamError
from local.stack import LocalStack
from story import contracts, identifiers
from story.states import Status

PHOTO = Path("photos") / "mountain_clouds.jpg"
PROMPT = "make this photo come alive"
#: golden_events' names of buckets, and the outputs of the template that name the real ones.
_BUCKETS = {
    "enliven-uploads": "UploadsBucket",
    "enliven-work": "WorkBucket",
    "enliven-stories": "StoriesBucket",
}
_ACTIVITY = "enliven-golden"
_ATTEMPT = _TAKE = 1
#: A clip takes what it takes, on a machine that does other things.
PATIENCE_SECONDS = 300.0
_POLL_SECONDS = 0.2

Found = TypeVar("Found")


def eventually(claim: str, look: Callable[[], Found | None]) -> Found:
    """Look until there is something. Raises SamError that says what never came."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) is None:
        if time.monotonic() >= deadline:
            raise SamError(f"Not within {PATIENCE_SECONDS:g} s: {claim}")
        time.sleep(_POLL_SECONDS)
    return found


@dataclass
class GoldenStory:
    """The story that the golden events tell, in a deployed stack."""

    stack: LocalStack
    outputs: dict[str, str]
    #: What each played state answered.
    answers: dict[str, BaseModel] = field(default_factory=dict)
    #: The execution that the story belongs to; empty until it has begun.
    execution_arn: str = ""
    #: The execution that waits for a generation.
    generating: str = ""
    #: A story that has no record, only something left in a bucket.
    orphan: str = ""
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _upload: contracts.UploadRef | None = None

    def client(self, service: str) -> Any:
        """A boto3 client of the stack, as its administrator."""
        if service not in self._clients:
            self._clients[service] = self.stack.client(service)
        return self._clients[service]

    # What a story consists of ------------------------------------------------------------------

    def begin(self) -> None:
        """A story that is being processed, with its upload; what an earlier one left is gone."""
        self.answers.clear()
        self._clear()
        self.execution_arn, _ = self.wait_for_token()
        # The record first: the upload starts the stack's own workflow, which finds it taken.
        self.record_as(status=Status.PROCESSING.value, prompt=PROMPT)
        body = (self.stack.project_root / PHOTO).read_bytes()
        key = identifiers.upload_key(golden_events.STORY_ID)
        put = self.client("s3").put_object(
            Bucket=self.outputs["UploadsBucket"], Key=key, Body=body, ContentType="image/jpeg"
        )
        self._upload = contracts.UploadRef(
            bucket=self.outputs["UploadsBucket"],
            key=key,
            version_id=put["VersionId"],
            etag=put["ETag"].strip('"'),
            size=len(body),
        )

    def record_as(self, **fields: Any) -> None:
        """Write the story's own record, with what is asked of it."""
        self.put(
            f"STORY#{golden_events.STORY_ID}",
            "META",
            story_id=golden_events.STORY_ID,
            execution_arn=self.execution_arn,
            creator=golden_events.CREATOR,
            created_at=golden_events.TIME,
            updated_at=golden_events.TIME,
            attempt=_ATTEMPT,
            people_consent=False,
            fit="auto",
            loop=True,
            **fields,
        )

    def put(self, partition: str, sort: str, **fields: Any) -> None:
        """Write one record of the stories table."""
        serialize = TypeSerializer().serialize
        record = {"pk": partition, "sk": sort, **fields}
        self.client("dynamodb").put_item(
            TableName=self.outputs["StoriesTable"],
            Item={name: serialize(value) for name, value in record.items()},
        )

    def record(self, partition: str, sort: str) -> dict[str, Any]:
        """One record of the stories table, typed as DynamoDB does; empty if there is none."""
        answer = self.client("dynamodb").get_item(
            TableName=self.outputs["StoriesTable"],
            Key={"pk": {"S": partition}, "sk": {"S": sort}},
            ConsistentRead=True,
        )
        item: dict[str, Any] = answer.get("Item", {})
        return item

    def keys(self, output: str, prefix: str) -> list[str]:
        """The keys of a bucket, named by the template's output, below a prefix."""
        listed = self.client("s3").list_objects_v2(Bucket=self.outputs[output], Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def _clear(self) -> None:
        story = golden_events.STORY_ID
        table = self.outputs["StoriesTable"]
        for kind in ("STORY", "VERDICT", "GENERATION", "TIMELINE", "DRAFT", "PAGE"):
            found = self.client("dynamodb").query(
                TableName=table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"{kind}#{story}"}},
            )
            for item in found["Items"]:
                key = {name: item[name] for name in ("pk", "sk")}
                self.client("dynamodb").delete_item(TableName=table, Key=key)

    # From one command to the next --------------------------------------------------------------

    def remember(self, path: Path) -> None:
        """Keep what was played, so that the next command need not play it again."""
        told = {
            "emulator": asdict(self.stack.emulator),
            "execution_arn": self.execution_arn,
            "upload": self._upload.model_dump(mode="json") if self._upload else None,
            "answers": {name: each.model_dump(mode="json") for name, each in self.answers.items()},
        }
        path.write_text(json.dumps(told, indent=1))

    def recall(self, path: Path) -> None:
        """Take up what an earlier command played on this very stack, if the story still is so."""
        if not path.is_file():
            return
        told = json.loads(path.read_text())
        if told["emulator"] != asdict(self.stack.emulator) or told["upload"] is None:
            return
        record = self.record(f"STORY#{golden_events.STORY_ID}", "META")
        if record.get("status", {}).get("S") != Status.PROCESSING:
            return
        if record["execution_arn"]["S"] != told["execution_arn"]:
            return
        self.execution_arn = told["execution_arn"]
        self._upload = contracts.UploadRef.model_validate(told["upload"])
        for state, answer in told["answers"].items():
            self.answers[state] = contracts.STATES[state][1].model_validate(answer)

    # Executions --------------------------------------------------------------------------------

    def wait_for_token(self) -> tuple[str, str]:
        """Start an execution that waits for its task; returns its ARN and the task's token."""
        states = self.client("stepfunctions")
        name = f"{_ACTIVITY}-{time.time_ns()}"
        activity = states.create_activity(name=name)["activityArn"]
        definition = {
            "StartAt": "Wait",
            "States": {"Wait": {"Type": "Task", "Resource": activity, "End": True}},
        }
        machine = states.create_state_machine(
            name=name,
            definition=json.dumps(definition),
            roleArn=f"arn:aws:iam::{golden_events.ACCOUNT}:role/{name}",
        )["stateMachineArn"]
        started = states.start_execution(stateMachineArn=machine, name=golden_events.STORY_ID)
        token = states.get_activity_task(activityArn=activity)["taskToken"]
        return str(started["executionArn"]), str(token)

    def ended(self, execution_arn: str) -> dict[str, Any]:
        """How an execution ended. Raises SamError if it does not end."""

        def look() -> dict[str, Any] | None:
            told: dict[str, Any] = self.client("stepfunctions").describe_execution(
                executionArn=execution_arn
            )
            return None if told["status"] == "RUNNING" else told

        return eventually("the endpoint's result came back to the workflow", look)

    def outcome(self, execution_arn: str) -> dict[str, Any]:
        """What an execution answered. Raises SamError if it failed, or does not end."""
        told = self.ended(execution_arn)
        if told["status"] != "SUCCEEDED":
            raise SamError(f"The execution that waited {told['status']}: {told.get('cause')}")
        output: dict[str, Any] = json.loads(told["output"])
        return output

    # Playing -----------------------------------------------------------------------------------

    def played_until(self, state: str) -> None:
        """Play every state before this one that was not played yet."""
        if not self.execution_arn:
            self.begin()
        for earlier in contracts.STATES:
            if earlier == state:
                return
            # The gates write verdicts, which no later state is given.
            aside = earlier.startswith("Moderate") or earlier in contracts.BESIDE
            if earlier not in self.answers and not aside:
                self.answers[earlier] = self._play(earlier)

    def _play(self, state: str) -> BaseModel:
        event = self.event(golden_events.file_name(state))
        if state == "GenerateVideo":
            execution_arn, event["token"] = self.wait_for_token()
            self._invoke(state, event)
            return contracts.GenerateVideoOutput.model_validate(self.outcome(execution_arn))
        return contracts.STATES[state][1].model_validate(self._invoke(state, event))

    def _invoke(self, state: str, event: dict[str, Any]) -> Any:
        answer = self.client("lambda").invoke(
            FunctionName=self.physical(f"{state}Function"), Payload=json.dumps(event).encode()
        )
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise SamError(f"The stack's own {state} failed while playing the story: {payload}")
        return payload

    def physical(self, logical: str) -> str:
        """What the stack calls a resource of the template."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=STACK_NAME, LogicalResourceId=logical
        )
        name: str = found["StackResourceDetail"]["PhysicalResourceId"]
        return name

    # Events ------------------------------------------------------------------------------------

    def event(self, file: str) -> dict[str, Any]:
        """A golden event whose references are those of this story.

        Raises SamError for a reference to what no played state has made.
        """
        text = (self.stack.project_root / "events" / file).read_text("utf-8")
        for made_up, output in _BUCKETS.items():
            text = text.replace(made_up, self.outputs[output])
        text = text.replace(golden_events.EXECUTION_ARN, self.execution_arn)
        filled: dict[str, Any] = self._referring(json.loads(text), self._references())
        return filled

    def _references(self) -> dict[str, Any]:
        """The real reference for each key that the golden events name."""
        found: dict[str, Any] = {}

        def collect(made_up: Any, real: Any) -> None:
            # Names may differ: the endpoint gives its results their own, InspectVideo chooses
            # frames by what moves. Where a reference stands says which one it is.
            if isinstance(made_up, dict):
                if {"bucket", "key"} <= made_up.keys():
                    found[made_up["key"]] = real
                for name, inner in made_up.items() if real is not None else ():
                    collect(inner, real[name])
            elif isinstance(made_up, list):
                # One frame fewer where the liveliest is one of the evenly spaced.
                for inner, one in zip_longest(made_up, real[: len(made_up)]):
                    collect(inner, one)

        for state, answer in self.answers.items():
            golden = golden_events.OUTPUTS[state].model_dump(mode="json")
            collect(golden, answer.model_dump(mode="json"))
        if self._upload is not None:
            found[self._upload.key] = self._upload.model_dump(mode="json")
        return found

    def _referring(self, value: Any, references: dict[str, Any]) -> Any:
        if isinstance(value, list):
            filled = [self._referring(inner, references) for inner in value]
            return [inner for inner in filled if inner is not None]
        if not isinstance(value, dict):
            return value
        if {"bucket", "key"} <= value.keys():
            if value["key"] not in references:
                raise SamError(f"The golden story has no {value['key']}, which its event names")
            return references[value["key"]]
        return {name: self._referring(inner, references) for name, inner in value.items()}
