import json
import os
import signal
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import deploy, environments, processes, stack, users
from local.processes import Server, StackError
from local.stack import LocalStack

POOL = """
Parameters:
  Group: {Type: String, Default: reviewers}
Resources:
  Pool: {Type: AWS::Cognito::UserPool}
  Client:
    Type: AWS::Cognito::UserPoolClient
    Properties: {UserPoolId: !Ref Pool, ExplicitAuthFlows: [ALLOW_USER_PASSWORD_AUTH]}
  Reviewers:
    Type: AWS::Cognito::UserPoolGroup
    Properties: {UserPoolId: !Ref Pool, GroupName: !Ref Group}
  Grown:
    Type: AWS::Cognito::UserPoolGroup
    Properties: {UserPoolId: !Ref Pool, GroupName: age-18}
Outputs:
  UserPoolId: {Value: !Ref Pool}
  UserPoolClientId: {Value: !Ref Client}
"""


def test_starting_again_finds_what_runs(
    laptop: LocalStack, root: Path, small_model: tuple[str, ...]
) -> None:
    again = stack.start(root, state_dir=laptop.state_dir, model_server=small_model)
    assert again == laptop
    assert stack.find(root, state_dir=laptop.state_dir) == laptop


def test_every_process_listens_on_the_loopback_and_is_healthy(laptop: LocalStack) -> None:
    assert {server.name for server in laptop.servers} == {"emulator", "standins", "model"}
    for server in laptop.servers:
        assert server.is_healthy()
        assert server.url.startswith("http://127.0.0.1:")
        assert Path(server.log).parent == laptop.log_dir


def test_a_half_dead_stack_is_replaced_its_stand_ins_alone_too_and_a_stopped_one_is_gone(
    tmp_path: Path, root: Path, small_model: tuple[str, ...]
) -> None:
    try:
        first = stack.start(root, state_dir=tmp_path, model_server=small_model)
        os.kill(first.model.pid, signal.SIGKILL)
        second = stack.start(root, state_dir=tmp_path, model_server=small_model)
        assert not any(server.is_alive() for server in first.servers)
        assert all(server.is_healthy() for server in second.servers)
        os.kill(second.standins.pid, signal.SIGKILL)
        third = stack.restart_standins(second)
        assert third == stack.find(root, state_dir=tmp_path)
        assert third == replace(second, standins=third.standins), "the others run on"
        assert third.standins.url == second.standins.url
        assert third.standins.is_healthy()
        with pytest.raises(StackError, match="by somebody else"):
            stack.restart_standins(second)
    finally:
        assert stack.stop(root, state_dir=tmp_path)
    assert not any(server.is_alive() for server in (*second.servers, *third.servers))
    assert stack.find(root, state_dir=tmp_path) is None
    assert not stack.stop(root, state_dir=tmp_path)


def test_a_model_server_that_does_not_start_takes_the_others_with_it(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Server] = []
    begin = processes.start

    def remember(name: str, arguments: list[str], **fields: Any) -> Server:
        begun.append(begin(name, arguments, **fields))
        return begun[-1]

    monkeypatch.setattr(processes, "start", remember)
    broken = ("-c", "import time; time.sleep(1.0); raise SystemExit('no such engine')")
    with pytest.raises(StackError, match=r"(?s)model ended while starting.*no such engine"):
        stack.start(root, state_dir=tmp_path, model_server=broken)
    assert [server.name for server in begun] == ["emulator", "standins", "model"]
    assert not any(server.is_alive() for server in begun)
    assert stack.find(root, state_dir=tmp_path) is None


def test_a_foreign_record_is_refused_with_what_to_do(tmp_path: Path, root: Path) -> None:
    (tmp_path / "stack.json").write_text('{"pid": 1}')
    with pytest.raises(StackError, match=r"stack\.json is not a record .* delete it"):
        stack.find(root, state_dir=tmp_path)


def test_nothing_of_the_callers_account_reaches_the_stack(
    laptop: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    environment = environments.of_emulator(
        1, laptop.standins.url, strict_auth=False, folder=laptop.state_dir
    )
    assert not {"AWS_PROFILE", "HTTPS_PROXY"} & set(environment)
    assert "real" not in environment.values()
    assert environment["AWS_ENDPOINT_URL_REKOGNITION"] == laptop.standins.url


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pool") / "template.yaml"
    path.write_text(POOL)
    return path


@pytest.fixture(scope="module")
def outputs(laptop: LocalStack, template: Path) -> dict[str, str]:
    return deploy.deploy(laptop, template=template, stack_name="pool")


def test_an_unchanged_template_is_not_deployed_again(
    laptop: LocalStack, template: Path, outputs: dict[str, str]
) -> None:
    cloudformation = laptop.client("cloudformation")
    before = cloudformation.describe_stack_events(StackName="pool")["StackEvents"]
    assert deploy.deploy(laptop, template=template, stack_name="pool") == outputs
    assert cloudformation.describe_stack_events(StackName="pool")["StackEvents"] == before


def test_a_failed_deployment_names_the_resource_and_the_next_one_recovers(
    laptop: LocalStack, tmp_path: Path
) -> None:
    path = tmp_path / "template.yaml"
    absent = "arn:aws:states:us-east-1:000000000000:stateMachine:absent"
    path.write_text(
        "Resources: {Odd: {Type: AWS::StepFunctions::StateMachineVersion, "
        f"Properties: {{StateMachineArn: '{absent}'}}}}}}"
    )
    told = (
        r"(?s)stack odd could not be deployed:\n  Odd \(AWS::StepFunctions.*StateMachineDoesNotEx"
    )
    with pytest.raises(StackError, match=told):
        deploy.deploy(laptop, template=path, stack_name="odd")
    path.write_text("Resources: {Odd: {Type: AWS::S3::Bucket}}\nOutputs: {B: {Value: !Ref Odd}}")
    assert set(deploy.deploy(laptop, template=path, stack_name="odd")) == {"B"}


def test_a_parameter_that_the_template_lacks_is_refused(laptop: LocalStack, template: Path) -> None:
    with pytest.raises(StackError, match=r"has no parameter Engin$"):
        deploy.deploy(laptop, template=template, stack_name="pool", parameters={"Engin": "none"})


def test_users_can_sign_in_and_keep_their_passwords_to_their_owner(
    laptop: LocalStack, outputs: dict[str, str]
) -> None:
    made = users.install(laptop, outputs)
    assert users.install(laptop, outputs) == made
    kept = laptop.state_dir / users.USERS_FILE
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [user["password"] for user in json.loads(kept.read_text())] == [
        user.password for user in made
    ]
    assert len({user.password for user in made}) == len(made) == 3
    for user in made:
        assert users.access_token(laptop, outputs, user).count(".") == 2
    members = laptop.client("cognito-idp").list_users_in_group(
        UserPoolId=outputs["UserPoolId"], GroupName=users.REVIEWERS
    )["Users"]
    assert [member["Username"] for member in members] == ["rita"]


def test_a_port_of_the_stack_is_not_offered_again(laptop: LocalStack) -> None:
    assert httpx.get(f"{laptop.standins.url}/ping", trust_env=False).text == "ready\n"
    assert laptop.standins.port not in processes.free_ports(16)
