"""What CloudFormation makes of a SAM template, shown on a running emulator."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import deploy
from local.stack import LocalStack
from tests.contract.emulator_process import PATIENCE_SECONDS, ended, eventually, started

HANDLERS = """
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


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with started(tmp_path_factory.mktemp("emulator"), strict_auth=False) as emulator_alone:
        yield emulator_alone


@pytest.fixture(scope="module")
def states(running: LocalStack) -> Any:
    return running.client("stepfunctions")


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
