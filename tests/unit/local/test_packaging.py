import io
import os
import zipfile
from pathlib import Path

import pytest
from samtranslator.translator.transform import transform

from local.packaging import Package, TemplateError, package, stamp
from tests.transformed import NoManagedPolicies

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {CodeUri: code/, Runtime: python3.13}
Resources:
  Api: {Type: AWS::Serverless::Function, Properties: {Handler: api.handler}}
  Sign:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sign.handler
      CodeUri: code/
      Environment: {Variables: {BUCKET: !Ref Stories, ARN: !GetAtt Stories.Arn}}
  Stories: {Type: AWS::S3::Bucket}
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer/}}
  Workflow:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: story.asl.json
      DefinitionSubstitutions: {Bucket: !Ref Stories, Where: !Sub 's3://${Stories}/x'}
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "code" / "story").mkdir(parents=True)
    (tmp_path / "code" / "api.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "code" / "story" / "limits.py").write_text("MAX = 1\n")
    (tmp_path / "layer").mkdir()
    (tmp_path / "layer" / "requirements.txt").write_text("av\n")
    (tmp_path / "story.asl.json").write_text('{"StartAt": "S"}')
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def names(packaged: Package, reference: str) -> list[str]:
    content = packaged.objects[reference.removeprefix("s3://bucket/")]
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return packed.namelist()


def test_each_folder_is_packed_once_and_referred_to_by_its_digest(app: Path) -> None:
    packaged = package(app, "bucket")
    resources = packaged.template["Resources"]
    code = packaged.template["Globals"]["Function"]["CodeUri"]
    assert resources["Sign"]["Properties"]["CodeUri"] == code
    assert names(packaged, code) == ["api.py", "story/limits.py"]
    assert names(packaged, resources["Layer"]["Properties"]["ContentUri"]) == ["requirements.txt"]
    definition = resources["Workflow"]["Properties"]["DefinitionUri"]
    assert packaged.objects[definition.removeprefix("s3://bucket/")] == b'{"StartAt": "S"}'
    assert len(packaged.objects) == 3


def test_short_tags_become_the_functions_that_json_can_say(app: Path) -> None:
    properties = package(app, "bucket").template["Resources"]
    variables = properties["Sign"]["Properties"]["Environment"]["Variables"]
    assert variables == {"BUCKET": {"Ref": "Stories"}, "ARN": {"Fn::GetAtt": ["Stories", "Arn"]}}
    substitutions = properties["Workflow"]["Properties"]["DefinitionSubstitutions"]
    assert substitutions["Where"] == {"Fn::Sub": "s3://${Stories}/x"}


def test_what_does_not_change_the_code_does_not_change_the_digest(app: Path) -> None:
    before = package(app, "bucket").digest
    os.utime(app.parent / "code" / "api.py", (1, 1))
    caches = app.parent / "code" / "__pycache__"
    caches.mkdir()
    (caches / "api.cpython-311.pyc").write_bytes(b"compiled")
    assert package(app, "bucket").digest == before


def test_changed_code_changes_the_digest(app: Path) -> None:
    before = package(app, "bucket").digest
    (app.parent / "code" / "story" / "limits.py").write_text("MAX = 2\n")
    assert package(app, "bucket").digest != before


def test_a_reference_to_nothing_is_refused_by_name(app: Path) -> None:
    (app.parent / "story.asl.json").unlink()
    with pytest.raises(TemplateError, match=r"Workflow\.DefinitionUri: story\.asl\.json"):
        package(app, "bucket")


def test_a_file_without_resources_is_no_template(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("[]")
    with pytest.raises(TemplateError, match="not a CloudFormation template"):
        package(path, "bucket")


def test_a_builds_own_byte_code_is_packed_and_a_checkouts_is_not(app: Path) -> None:
    made = app.parent / "code" / "__pycache__"
    made.mkdir()
    (made / "api.cpython-313.pyc").write_bytes(b"code")
    for compiled in (False, True):
        packaged = package(app, "bucket", compiled=compiled)
        code = packaged.template["Globals"]["Function"]["CodeUri"]
        assert ("__pycache__/api.cpython-313.pyc" in names(packaged, code)) is compiled


def test_what_sam_build_leaves_in_globals_is_no_reference(app: Path) -> None:
    """It gives each function a folder of its own, beside which the common one is not there."""
    text = TEMPLATE.replace("code/, Runtime", "not-here/, Runtime")
    app.write_text(text.replace("{Handler: api.handler}", "{Handler: api.handler, CodeUri: code/}"))
    packaged = package(app, "bucket")
    assert "CodeUri" not in packaged.template["Globals"]["Function"]
    app.write_text(text)
    with pytest.raises(TemplateError, match="not-here/ is not a folder"):
        package(app, "bucket")


def _versions(parameters: dict[str, str], memory: int = 512) -> set[str]:
    function = {
        "Handler": "api.handler",
        "Runtime": "python3.13",
        "CodeUri": "s3://bucket/code.zip",
        "MemorySize": memory,
        "AutoPublishAlias": "live",
        "Environment": {"Variables": {"DAILY": {"Ref": "Daily"}}},
    }
    template = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": {"Daily": {"Type": "Number", "Default": 10}},
        "Resources": {"Api": {"Type": "AWS::Serverless::Function", "Properties": function}},
    }
    stamp(template, parameters)
    made = transform(template, {}, NoManagedPolicies())["Resources"]
    return {name for name, each in made.items() if each["Type"] == "AWS::Lambda::Version"}


def test_a_changed_parameter_or_property_is_published_as_a_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    before = _versions({"Daily": "10"})
    assert before == _versions({}), "the default says the same"
    assert before != _versions({"Daily": "20"})
    assert before != _versions({}, memory=1_024)
