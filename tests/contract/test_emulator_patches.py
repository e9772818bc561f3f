"""Each patch of local/emulator, shown on a running emulator."""

import io
import json
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from boto3.session import Session
from botocore.exceptions import ClientError

from local import deploy, processes, stack
from local.emulator import __main__ as emulator
from local.processes import Server
from local.stack import LocalStack

ROOT = Path(__file__).resolve().parents[2]
ROLE = "arn:aws:iam::000000000000:role/test"
PATIENCE_SECONDS = 20
Found = TypeVar("Found")

HANDLERS = """
class PhotoUnreadable(Exception):
    pass


def fail(event, context):
    raise PhotoUnreadable("no JPEG in " + event["key"])


def answer(event, context):
    return {
        "statusCode": 200,
        "body": event["requestContext"].get("authorizer", {})
        .get("jwt", {}).get("claims", {}).get("username", "nobody"),
    }
"""

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Comment: {Type: String, Default: first}
Resources:
  Pool: {Type: AWS::Cognito::UserPool}
  PoolClient:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref Pool, ExplicitAuthFlows: [ALLOW_USER_PASSWORD_AUTH]}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {AllowOrigins: ['https://stories.example'], AllowMethods: [GET]}
      Auth:
        DefaultAuthorizer: Users
        Authorizers:
          Users:
            IdentitySource: $request.header.Authorization
            JwtConfiguration:
              issuer: !Sub https://cognito-idp.${AWS::Region}.amazonaws.com/${Pool}
              audience: [!Ref PoolClient]
  Answer:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: code/
      Handler: handlers.answer
      Events:
        Private: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: '/private/{id}', Method: GET}}
        Public:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Path: /public, Method: GET, Auth: {Authorizer: NONE}}
  Uploads:
    Type: AWS::S3::Bucket
    Properties:
      VersioningConfiguration: {Status: Enabled}
      NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
  Workflow:
    Type: AWS::Serverless::StateMachine
    Properties:
      AutoPublishAlias: live
      UseAliasAsEventTarget: true
      Definition: {Comment: !Ref Comment, StartAt: Done, States: {Done: {Type: Succeed}}}
      Events:
        Upload:
          Type: EventBridgeRule
          Properties:
            Pattern:
              source: [aws.s3]
              detail-type: [Object Created]
              detail: {bucket: {name: [!Ref Uploads]}}
            InputPath: $.detail
Outputs:
  ApiId: {Value: !Ref Api}
  PoolId: {Value: !Ref Pool}
  ClientId: {Value: !Ref PoolClient}
  Uploads: {Value: !Ref Uploads}
  Workflow: {Value: !Ref Workflow}
"""


@contextmanager
def started(folder: Path, *, strict_auth: bool) -> Iterator[LocalStack]:
    """The emulator alone; nothing here calls the other two processes."""
    (port,) = processes.free_ports(1)
    server = processes.start(
        "emulator",
        [sys.executable, "-m", "local.emulator"],
        port=port,
        health=stack.EMULATOR_HEALTH,
        directory=ROOT,
        environment=stack.emulator_environment(port, "http://127.0.0.1:1", strict_auth=strict_auth),
        log=folder / "emulator.log",
    )
    try:
        processes.wait_until_healthy(server, PATIENCE_SECONDS)
        absent = Server("absent", 0, "never", 1, "/", "")
        yield LocalStack(ROOT, folder, strict_auth, server, absent, absent)
    finally:
        processes.stop([server])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with started(tmp_path_factory.mktemp("emulator"), strict_auth=False) as emulator_alone:
        yield emulator_alone


@pytest.fixture(scope="module")
def states(running: LocalStack) -> Any:
    return running.client("stepfunctions")


@pytest.fixture(scope="module")
def failing_function(running: LocalStack) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as code:
        code.writestr("handlers.py", HANDLERS)
    arn: str = running.client("lambda").create_function(
        FunctionName="fails",
        Runtime="python3.13",
        Role=ROLE,
        Handler="handlers.fail",
        Code={"ZipFile": packed.getvalue()},
    )["FunctionArn"]
    return arn


def eventually(look: Callable[[], Found | None]) -> Found:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"nothing within {PATIENCE_SECONDS} s"
        time.sleep(0.05)
    return found


def make_machine(states: Any, definition: dict[str, Any]) -> str:
    made = states.create_state_machine(
        name=f"m-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=ROLE
    )
    arn: str = made["stateMachineArn"]
    return arn


def run(states: Any, definition: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Run a machine to its end."""
    started = states.start_execution(
        stateMachineArn=make_machine(states, definition), input=json.dumps(data)
    )
    return ended(states, started["executionArn"])


def ended(states: Any, arn: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        described: dict[str, Any] = states.describe_execution(executionArn=arn)
        return None if described["status"] == "RUNNING" else described

    return eventually(look)


def task(resource: str, arguments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A machine of one JSONata task; what it catches becomes its output."""
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "Only",
        "States": {
            "Only": {
                "Type": "Task",
                "Resource": f"arn:aws:states:::{resource}",
                "Arguments": arguments,
                "End": True,
                **fields,
            },
            "Caught": {"Type": "Succeed", "Output": "{% $states.input %}"},
        },
    }


def caught(*names: str) -> list[dict[str, Any]]:
    return [
        {"ErrorEquals": list(names), "Output": "{% $states.errorOutput %}", "Next": "Caught"},
    ]


def invoke(function: str) -> dict[str, Any]:
    return {"FunctionName": function, "Payload": {"key": "{% $states.input.key %}"}}


def test_a_failing_handler_is_caught_by_the_name_of_its_exception(
    states: Any, failing_function: str
) -> None:
    machine = task("lambda:invoke", invoke(failing_function), Catch=caught("PhotoUnreadable"))
    execution = run(states, machine, {"key": "uploads/1"})
    assert execution["status"] == "SUCCEEDED"
    output = json.loads(execution["output"])
    assert output["Error"] == "PhotoUnreadable"
    cause = json.loads(output["Cause"])
    assert cause["errorType"] == "PhotoUnreadable"
    assert cause["errorMessage"] == "no JPEG in uploads/1"


def test_a_function_that_fails_before_it_took_the_token_fails_the_waiting_task(
    states: Any, failing_function: str
) -> None:
    machine = task(
        "lambda:invoke.waitForTaskToken", invoke(failing_function), Catch=caught("PhotoUnreadable")
    )
    execution = run(states, machine, {"key": "uploads/1"})
    assert json.loads(execution["output"])["Error"] == "PhotoUnreadable"


def test_a_retrier_waits_no_longer_than_its_longest_delay(
    states: Any, failing_function: str
) -> None:
    # Without MaxDelaySeconds the second retry would come after the test's patience.
    retry = {
        "ErrorEquals": ["PhotoUnreadable"],
        "IntervalSeconds": 1,
        "BackoffRate": 40,
        "MaxDelaySeconds": 1,
        "MaxAttempts": 2,
    }
    execution = run(
        states, task("lambda:invoke", invoke(failing_function), Retry=[retry]), {"key": "1"}
    )
    assert execution["status"] == "FAILED"
    assert execution["error"] == "PhotoUnreadable"
    history = states.get_execution_history(executionArn=execution["executionArn"])["events"]
    assert [event["type"] for event in history].count("TaskFailed") == 3


@pytest.fixture
def queue(running: LocalStack) -> str:
    url: str = running.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    return url


def waiting(queue: str, **fields: Any) -> dict[str, Any]:
    """A machine that sends its token to a queue and waits."""
    arguments = {"QueueUrl": queue, "MessageBody": "{% $states.context.Task.Token %}"}
    return task("sqs:sendMessage.waitForTaskToken", arguments, **fields)


def receive(running: LocalStack, queue: str) -> str:
    sqs = running.client("sqs")

    def look() -> str | None:
        messages = sqs.receive_message(QueueUrl=queue).get("Messages", [])
        return str(messages[0]["Body"]) if messages else None

    return eventually(look)


def test_a_token_that_is_answered_continues_the_execution(
    running: LocalStack, states: Any, queue: str
) -> None:
    started = states.start_execution(stateMachineArn=make_machine(states, waiting(queue)))
    states.send_task_success(taskToken=receive(running, queue), output='{"video": "v.mp4"}')
    assert json.loads(ended(states, started["executionArn"])["output"]) == {"video": "v.mp4"}


@pytest.mark.parametrize("seconds", [1, "{% 0.5 * 2 %}"])
def test_a_task_that_waits_too_long_for_its_token_times_out(
    states: Any, queue: str, seconds: float | str
) -> None:
    machine = waiting(queue, TimeoutSeconds=seconds, Catch=caught("States.Timeout"))
    assert json.loads(run(states, machine, {})["output"])["Error"] == "States.Timeout"


def test_a_token_dies_with_its_execution(running: LocalStack, states: Any, queue: str) -> None:
    started = states.start_execution(stateMachineArn=make_machine(states, waiting(queue)))
    token = receive(running, queue)
    states.stop_execution(executionArn=started["executionArn"])

    def look() -> bool | None:
        try:
            states.send_task_heartbeat(taskToken=token)
        except states.exceptions.TaskDoesNotExist:
            return True
        return None

    assert eventually(look)
    with pytest.raises(states.exceptions.TaskDoesNotExist):
        states.send_task_success(taskToken=token, output="{}")
    assert states.describe_execution(executionArn=started["executionArn"])["status"] == "ABORTED"


def test_a_name_with_the_same_input_starts_one_execution(states: Any) -> None:
    machine = make_machine(
        states,
        {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 30, "End": True}}},
    )
    asked = {"stateMachineArn": machine, "name": "story-1", "input": '{"attempt": 1}'}
    first = states.start_execution(**asked)
    again = states.start_execution(**asked)
    assert again["executionArn"] == first["executionArn"]
    assert again["startDate"] == first["startDate"]
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**asked | {"input": '{"attempt": 2}'})
    states.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(**asked)


def test_every_end_of_an_execution_is_announced_once(
    running: LocalStack, states: Any, queue: str
) -> None:
    sqs, events = running.client("sqs"), running.client("events")
    events.put_rule(
        Name="ends",
        EventPattern=json.dumps(
            {
                "source": ["aws.states"],
                "detail": {"status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]},
            }
        ),
    )
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    events.put_targets(Rule="ends", Targets=[{"Id": "queue", "Arn": arn}])
    wait = {"Type": "Wait", "Seconds": 30, "End": True}
    machines: dict[str, dict[str, Any]] = {
        "SUCCEEDED": {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}},
        "FAILED": {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "No"}}},
        "TIMED_OUT": {"StartAt": "W", "TimeoutSeconds": 1, "States": {"W": wait}},
        "ABORTED": {"StartAt": "W", "States": {"W": wait}},
    }
    started = {
        status: states.start_execution(stateMachineArn=make_machine(states, definition))[
            "executionArn"
        ]
        for status, definition in machines.items()
    }
    states.stop_execution(executionArn=started["ABORTED"])
    told: list[tuple[str, str]] = []

    def hear(**fields: int) -> None:
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, **fields)
        for message in received.get("Messages", []):
            detail = json.loads(message["Body"])["detail"]
            if detail["executionArn"] in started.values():
                told.append((detail["status"], detail["executionArn"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def look() -> bool | None:
        hear()
        return True if len(told) >= len(machines) else None

    eventually(look)
    hear(WaitTimeSeconds=1)  # a second telling would come now
    events.remove_targets(Rule="ends", Ids=["queue"])
    assert sorted(told) == sorted(started.items())
    for status, execution in started.items():
        assert states.describe_execution(executionArn=execution)["status"] == status


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("app")
    (folder / "code").mkdir()
    (folder / "code" / "handlers.py").write_text(HANDLERS)
    path = folder / "template.yaml"
    path.write_text(TEMPLATE)
    return path


@pytest.fixture(scope="module")
def outputs(running: LocalStack, template: Path) -> dict[str, str]:
    return deploy.deploy(running, template=template, stack_name="app")


def ask(
    running: LocalStack, api: str, path: str, method: str = "GET", **headers: str
) -> httpx.Response:
    return httpx.request(
        method,
        f"{running.endpoint}/_aws/execute-api/{api}/$default{path}",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        timeout=PATIENCE_SECONDS,
        trust_env=False,
    )


def test_routes_of_an_openapi_body_answer_to_those_who_signed_in(
    running: LocalStack, outputs: dict[str, str]
) -> None:
    cognito = running.client("cognito-idp")
    cognito.admin_create_user(
        UserPoolId=outputs["PoolId"], Username="ana", MessageAction="SUPPRESS"
    )
    cognito.admin_set_user_password(
        UserPoolId=outputs["PoolId"], Username="ana", Password="Throw-away-1", Permanent=True
    )
    token = cognito.initiate_auth(
        ClientId=outputs["ClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ana", "PASSWORD": "Throw-away-1"},
    )["AuthenticationResult"]["AccessToken"]
    api = outputs["ApiId"]
    assert ask(running, api, "/private/7").status_code == 401
    assert ask(running, api, "/private/7", Authorization="Bearer nonsense").status_code == 401
    assert ask(running, api, "/private/7", Authorization=f"Bearer {token}").text == "ana"
    assert ask(running, api, "/public").text == "nobody"
    assert ask(running, api, "/other", Authorization=f"Bearer {token}").status_code == 404


def test_cross_origin_settings_of_an_openapi_body_are_answered(
    running: LocalStack, outputs: dict[str, str]
) -> None:
    def allowed(origin: str) -> str | None:
        headers = {"Origin": origin, "Access_Control_Request_Method": "GET"}
        answered = ask(running, outputs["ApiId"], "/private/7", "OPTIONS", **headers)
        header: str | None = answered.headers.get("Access-Control-Allow-Origin")
        return header

    assert allowed("https://stories.example") == "https://stories.example"
    assert allowed("https://other.example") is None


def test_an_upload_starts_the_alias_and_tells_it_the_version(
    running: LocalStack, states: Any, outputs: dict[str, str]
) -> None:
    s3 = running.client("s3")
    put = s3.put_object(Bucket=outputs["Uploads"], Key="uploads/1/photo", Body=b"photo")

    def look() -> dict[str, Any] | None:
        found = states.list_executions(stateMachineArn=outputs["Workflow"])["executions"]
        return ended(states, found[0]["executionArn"]) if found else None

    uploaded = json.loads(eventually(look)["input"])["object"]
    assert uploaded["key"] == "uploads/1/photo"
    assert uploaded["version-id"] == put["VersionId"]
    assert uploaded["etag"] == put["ETag"].strip('"')
    assert uploaded["size"] == 5


def test_an_update_publishes_a_version_and_moves_the_alias(
    running: LocalStack, states: Any, template: Path, outputs: dict[str, str]
) -> None:
    machine = outputs["Workflow"]
    alias = f"{machine}:live"

    def version() -> str:
        routes = states.describe_state_machine_alias(stateMachineAliasArn=alias)[
            "routingConfiguration"
        ]
        assert [route["weight"] for route in routes] == [100]
        return str(routes[0]["stateMachineVersionArn"])

    assert version() == f"{machine}:1"
    updated = deploy.deploy(
        running, template=template, stack_name="app", parameters={"Comment": "second"}
    )
    assert updated == outputs
    assert version() == f"{machine}:2"
    versions = states.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert len(versions) == 2


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with started(tmp_path_factory.mktemp("strict"), strict_auth=True) as emulator_alone:
        yield emulator_alone


def as_role(strict: LocalStack, statements: list[dict[str, Any]]) -> Session:
    """A session of a new role that may do what the statements say."""
    iam = strict.client("iam")
    name = f"role-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="only",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    issued = strict.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return Session(
        aws_access_key_id=issued["AccessKeyId"],
        aws_secret_access_key=issued["SecretAccessKey"],
        aws_session_token=issued["SessionToken"],
        region_name=stack.REGION,
    )


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"AccessDenied", "AccessDeniedException"}:
            raise
        return True
    return False


def test_a_role_reaches_only_the_partition_keys_that_its_policy_names(strict: LocalStack) -> None:
    table = strict.client("dynamodb").create_table(
        TableName="stories",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "creator")
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_creator",
                "KeySchema": [{"AttributeName": "creator", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )["TableDescription"]["TableArn"]
    statement = {
        "Effect": "Allow",
        "Action": [
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:BatchGetItem",
        ],
        "Resource": [table, f"{table}/index/by_creator"],
        "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["STORY#*"]}},
    }
    client = as_role(strict, [statement]).client("dynamodb", endpoint_url=strict.endpoint)

    def key(name: str) -> dict[str, dict[str, str]]:
        return {"pk": {"S": name}, "sk": {"S": "META"}}

    def query(value: str, attribute: str = "pk", **fields: str) -> dict[str, Any]:
        return {
            "TableName": "stories",
            "KeyConditionExpression": "#key = :value",
            "ExpressionAttributeNames": {"#key": attribute},
            "ExpressionAttributeValues": {":value": {"S": value}},
            **fields,
        }

    assert not refused(client.put_item, TableName="stories", Item=key("STORY#1"))
    assert refused(client.put_item, TableName="stories", Item=key("AUDIT#1"))
    assert not refused(client.get_item, TableName="stories", Key=key("STORY#1"))
    assert refused(client.get_item, TableName="stories", Key=key("AUDIT#1"))
    assert not refused(client.query, **query("STORY#1"))
    assert refused(client.query, **query("AUDIT#1"))
    assert refused(client.query, **query("ana", "creator", IndexName="by_creator"))
    both = {"stories": {"Keys": [key("STORY#1"), key("AUDIT#1")]}}
    assert refused(client.batch_get_item, RequestItems=both)


def test_a_bucket_that_asks_for_tls_serves_the_loopback(strict: LocalStack) -> None:
    s3 = strict.client("s3")
    s3.create_bucket(Bucket="tls-only")
    s3.put_object(Bucket="tls-only", Key="work/1", Body=b"frame")
    s3.put_object(Bucket="tls-only", Key="evidence/1", Body=b"photo")
    everything = ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"]
    s3.put_bucket_policy(
        Bucket="tls-only",
        Policy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:*",
                        "Resource": everything,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                ],
            }
        ),
    )
    allowed = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::tls-only/work/*",
    }
    client = as_role(strict, [allowed]).client("s3", endpoint_url=strict.endpoint)
    assert not refused(client.get_object, Bucket="tls-only", Key="work/1")
    assert refused(client.get_object, Bucket="tls-only", Key="evidence/1")


def test_a_role_signs_with_its_own_key_only(strict: LocalStack) -> None:
    kms = strict.client("kms")
    own, other = (
        kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        for _ in range(2)
    )
    allowed = {"Effect": "Allow", "Action": "kms:Sign", "Resource": own}
    client = as_role(strict, [allowed]).client("kms", endpoint_url=strict.endpoint)
    asked = {"Message": b"manifest", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert not refused(client.sign, KeyId=own, **asked)
    assert refused(client.sign, KeyId=other, **asked)


def test_another_version_of_ministack_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "MINISTACK_VERSION", "1.0.0")
    with pytest.raises(SystemExit, match=r"ministack 1\.5\.33 is installed; .* 1\.0\.0 only"):
        emulator.main()
