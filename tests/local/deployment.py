"""The deployed template and its clients, as tests see them: HTTP in front, AWS's own API behind."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from cli import up
from local import bring_up, stack
from local.stack import LocalStack
from local.users import DemoUser
from story import identifiers
from story.states import ENDED

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "photos" / "sky_sea_bridge.jpg"
BUCKETS = ("uploads", "work", "evidence", "stories")
#: Generous: the machine may be busy with other things, and a clip takes what it takes.
PATIENCE_SECONDS = 180.0
POLL_SECONDS = 0.1
PROFILE = "tests"
#: What the emulator's Cognito writes to everybody who signs up.
SIGN_UP_CODE = "123456"

Found = TypeVar("Found")


def eventually(claim: str, look: Callable[[], Found | bool | None]) -> Found:
    """Look until there is something; the claim says what never came."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = look()
        if found:
            return found  # type: ignore[return-value]  # True is Found where look gives a bool
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {PATIENCE_SECONDS:g} s: {claim}; last: {found!r}")
        time.sleep(POLL_SECONDS)


@dataclass(frozen=True)
class Deployment:
    """One deployed stack."""

    stack: LocalStack
    outputs: dict[str, str]
    people: tuple[DemoUser, ...]
    root_certificate: Path
    api_url: str
    home: Path
    #: Made once each: that takes longer than most calls.
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    # As a client -------------------------------------------------------------------------------

    def cognito(self, operation: str, **asked: Any) -> httpx.Response:
        """One of Cognito's public operations, over plain HTTP as any client asks."""
        return httpx.post(
            self.stack.endpoint,
            headers={
                "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
                "Content-Type": "application/x-amz-json-1.1",
            },
            json={"ClientId": self.outputs["UserPoolClientId"], **asked},
            timeout=60,
        )

    def tokens(self, user: DemoUser) -> dict[str, str]:
        """What Cognito gives for a password."""
        answer = self.cognito(
            "InitiateAuth",
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user.username, "PASSWORD": user.password},
        )
        answer.raise_for_status()
        issued: dict[str, str] = answer.json()["AuthenticationResult"]
        return issued

    def newcomer(self) -> "Browser":
        """Somebody who signed up by himself and has no story yet."""
        name = f"newcomer-{uuid.uuid4().hex[:12]}"
        user = DemoUser(name, f"Aa1-{uuid.uuid4().hex}", ())
        for operation, asked in (
            (
                "SignUp",
                {
                    "Password": user.password,
                    "UserAttributes": [{"Name": "email", "Value": f"{name}@example.com"}],
                },
            ),
            ("ConfirmSignUp", {"ConfirmationCode": SIGN_UP_CODE}),
        ):
            answer = self.cognito(operation, Username=name, **asked)
            answer.raise_for_status()
        return self.browser(user)

    def browser(self, user: DemoUser) -> "Browser":
        """A signed-in client."""
        return Browser(self, self.tokens(user)["AccessToken"])

    def enliven(self, *arguments: str, profile: str = PROFILE) -> subprocess.CompletedProcess[str]:
        """Run the command line, signed in as the first of the people unless a profile is named."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_")
        }
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments, "--profile", profile],
            cwd=ROOT,
            env=environment
            | {"HOME": str(self.home), "PYTHONPATH": os.pathsep.join([str(ROOT), "functions"])},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    # Behind the API ----------------------------------------------------------------------------

    def client(self, service: str) -> Any:
        """boto3, as the administrator."""
        if service not in self._clients:
            self._clients[service] = self.stack.client(service)
        return self._clients[service]

    def another_reviewer(self) -> tuple[str, str]:
        """Name and password of a newcomer whom the operator made a reviewer."""
        cognito, pool = self.client("cognito-idp"), self.outputs["UserPoolId"]
        name, password = f"sam-{uuid.uuid4().hex[:8]}", f"Aa1-{uuid.uuid4().hex}"
        cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=name, Password=password, Permanent=True
        )
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName="reviewers")
        return name, password

    def bucket(self, name: str) -> str:
        """The name of one of the BUCKETS."""
        return self.outputs[f"{name.capitalize()}Bucket"]

    def keys(self, bucket: str, containing: str = "") -> list[str]:
        """Every key, with every version and every delete marker."""
        found = []
        for page in (
            self.client("s3")
            .get_paginator("list_object_versions")
            .paginate(Bucket=self.bucket(bucket))
        ):
            listed = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            found += [entry["Key"] for entry in listed]
        return sorted(key for key in found if containing in key)

    def left(self, story_id: str) -> dict[str, list[str]]:
        """What a story has in the buckets, results without its name in theirs included."""
        found = {name: self.keys(name, story_id) for name in BUCKETS}
        found["work"] += [key for key in self.keys("work") if key.startswith(("results/", "fail"))]
        return {name: keys for name, keys in found.items() if keys}

    def items(self, kind: str, story_id: str) -> list[dict[str, Any]]:
        """The records of one kind, e.g. GENERATION, of a story."""
        answer = self.client("dynamodb").query(
            TableName=self.outputs["StoriesTable"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{kind}#{story_id}"}},
        )
        return list(answer["Items"])

    def executions(self, story_id: str) -> list[dict[str, Any]]:
        """Every execution that was started for a story, described."""
        states = self.client("stepfunctions")
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=self.outputs["StoryWorkflow"]
        )
        listed = (entry["executionArn"] for page in pages for entry in page["executions"])
        described = [states.describe_execution(executionArn=arn) for arn in listed]
        return [each for each in described if story_id in each["input"]]

    def history(self, execution_arn: str) -> list[dict[str, Any]]:
        """Every event of an execution."""
        pages = (
            self.client("stepfunctions")
            .get_paginator("get_execution_history")
            .paginate(executionArn=execution_arn)
        )
        return [event for page in pages for event in page["events"]]

    def log_lines(self, process: str) -> list[dict[str, Any]]:
        """The structured lines that one of the three processes wrote."""
        lines = (self.stack.log_dir / f"{process}.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def function_logs(self) -> str:
        """Everything in the emulator's CloudWatch Logs."""
        logs = self.client("logs")
        groups = [
            group["logGroupName"]
            for page in logs.get_paginator("describe_log_groups").paginate()
            for group in page["logGroups"]
        ]
        return "\n".join(
            event["message"]
            for group in groups
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
            for event in page["events"]
        )

    def sweep(self) -> list[str]:
        """What the schedule invokes once a day; returns the stories that it settled."""
        (function,) = (
            each["FunctionName"]
            for each in self.client("lambda").list_functions()["Functions"]
            if "SettleStory" in each["FunctionName"]
        )
        event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
        answer = self.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps(event).encode()
        )
        told = json.loads(answer["Payload"].read())
        assert "settled" in told, told
        return list(told["settled"])

    def settled(self, story_id: str) -> dict[str, list[str]]:
        """Wait until nothing of a story is in uploads and work; returns what it has elsewhere."""

        def cleared() -> bool:
            return not self.left(story_id).keys() & {"uploads", "work"}

        eventually(f"story {story_id} left nothing in uploads and work", cleared)
        return self.left(story_id)


@dataclass(frozen=True)
class Browser:
    """One signed-in client of the API."""

    deployment: Deployment
    token: str

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        **content: Any,
    ) -> httpx.Response:
        """Call the API, with an Idempotency-Key of this call's own unless one is given."""
        return httpx.request(
            method,
            self.deployment.api_url + path,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Idempotency-Key": str(uuid.uuid4()),
                **(headers or {}),
            },
            timeout=60,
            **content,
        )

    def create(self, **asked: Any) -> dict[str, Any]:
        """POST /stories."""
        answer = self.request("POST", "/stories", json={"prompt": "clouds drift", **asked})
        assert answer.status_code == httpx.codes.CREATED, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def story(self, story_id: str) -> dict[str, Any]:
        """GET /stories/{id}."""
        answer = self.request("GET", f"/stories/{story_id}")
        assert answer.status_code == httpx.codes.OK, answer.text
        view: dict[str, Any] = answer.json()
        return view

    def start(self, photo: Path = PHOTO, **asked: Any) -> str:
        """Make a story and give it its photo."""
        created = self.create(**asked)
        answer = upload(created["upload"], photo.read_bytes())
        assert answer.status_code == httpx.codes.NO_CONTENT, answer.text
        return str(created["story"]["id"])

    def wait(self, story_id: str) -> dict[str, Any]:
        """The story as it ended."""

        def ended() -> dict[str, Any] | None:
            view = self.story(story_id)
            return view if view["status"] in ENDED else None

        return eventually(f"story {story_id} ended", ended)

    def wait_for_generation(self, story_id: str) -> None:
        """Wait until the engine works on a story and has said so."""

        def reached() -> bool:
            view = self.story(story_id)
            assert view["status"] not in ENDED, view
            lines = {line["state"]: line["outcome"] for line in view["timeline"]}
            return lines.get("GenerateVideo") == "running" and any(
                line["event"] == "accepted" and story_id in line["inference_id"]
                for line in self.deployment.log_lines("standins")
            )

        eventually(f"story {story_id} was with the engine", reached)


def upload(form: dict[str, Any], body: bytes, **changed: str) -> httpx.Response:
    """Send a photo by a story's form; `changed` replaces fields of it."""
    fields = form["fields"] | {name.replace("_", "-"): value for name, value in changed.items()}
    return httpx.post(form["url"], data=fields, files={"file": ("photo", body)}, timeout=60)


def policy_of(form: dict[str, Any]) -> dict[str, Any]:
    """What the form's signature allows."""
    decoded: dict[str, Any] = json.loads(base64.b64decode(form["fields"]["policy"]))
    return decoded


def deployed(folder: Path) -> Iterator[Deployment]:
    """Start, deploy, sign people up, certify; stop at the end, whatever happened."""
    state_dir, home = folder / "state", folder / "home"
    # Who ends the tests, a CI's time limit for instance, ends them as Ctrl-C does: with the stack.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        laptop = bring_up.up(
            ROOT,
            state_dir=state_dir,
            strict_auth=True,
            model_server=("-m", "tests.local.container"),
        )
        running, outputs = laptop.stack, dict(laptop.stack.outputs)
        people, root_certificate = laptop.users, laptop.root_certificate
        profile = up.write_profile(running, outputs, people[0], root_certificate)
        given = home / ".config" / "enliven" / f"{PROFILE}.json"
        given.parent.mkdir(parents=True)
        content = json.loads(profile.read_text())
        given.write_text(json.dumps(content | {"root_certificate": str(root_certificate)}))
        yield Deployment(running, outputs, people, root_certificate, content["api_url"], home)
    finally:
        stack.stop(ROOT, state_dir=state_dir)
        signal.signal(signal.SIGTERM, before)


def upload_detail(deployment: Deployment, story_id: str) -> dict[str, Any]:
    """The detail of S3's event for a story's photo, as the rule passed it on."""
    key = identifiers.upload_key(story_id)
    for execution in deployment.executions(story_id):
        detail: dict[str, Any] = json.loads(execution["input"])
        # A retry's input names no upload.
        if detail.get("object", {}).get("key") == key:
            return detail
    raise AssertionError(f"no execution has seen {key}")
