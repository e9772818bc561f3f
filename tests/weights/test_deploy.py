"""Weights are packed, hashed and uploaded by the real SDK, to an S3 in this process."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from sagemaker.core.helper.session_helper import Session

from model_endpoint import deploy
from model_endpoint.manifest import MANIFEST, hash_of

BUCKET, REVISION = "my-weights", "0123456789abcdef0123456789abcdef01234567"
ASKED = ["--engine", "wan-5b", "--bucket", BUCKET, "--revision", REVISION]
#: More than one part of a multipart upload (8 MiB each).
LARGE = 9 * 1024 * 1024


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files as diffusers names them; what is in them is nobody's concern here."""
    found = tmp_path / "weights"
    (found / "model" / "transformer").mkdir(parents=True)
    (found / "model" / "model_index.json").write_text("{}")
    (found / "model" / "transformer" / "a.safetensors").write_bytes(os.urandom(LARGE))
    return found


def _objects() -> dict[str, int]:
    listed = boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {each["Key"]: each["Size"] for each in listed}


def _uri(told: str) -> str:
    (line,) = [line for line in told.splitlines() if line.startswith("  ModelDataUri=")]
    return line.partition("=")[2]


def test_weights_go_uncompressed_to_a_prefix_and_the_parameters_are_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy.main([str(folder), *ASKED]) == 0
    told = capsys.readouterr().out
    prefix = _uri(told).removeprefix(f"s3://{BUCKET}/")
    assert prefix.startswith("weights/wan-5b/")
    assert prefix.endswith("/")
    assert "  Engine=wan-5b\n" in told
    names = ("model/model_index.json", "model/transformer/a.safetensors", MANIFEST)
    assert set(_objects()) == {prefix + name for name in names}
    stored = boto3.client("s3").get_object(Bucket=BUCKET, Key=prefix + MANIFEST)
    manifest = json.loads(stored["Body"].read())
    assert manifest["revisions"] == {"Wan-AI/Wan2.2-TI2V-5B-Diffusers": REVISION}
    for name, packed in manifest["files"].items():
        assert packed["sha256"] == hash_of(folder / name).sha256
        body = boto3.client("s3").get_object(Bucket=BUCKET, Key=prefix + name)
        assert body["ServerSideEncryption"] == "AES256"
        assert body["Body"].read() == (folder / name).read_bytes()


def test_the_same_weights_have_the_same_place_and_go_up_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.main([str(folder), *ASKED])
    first = _uri(capsys.readouterr().out)
    assert deploy.main([str(folder), *ASKED]) == 0
    again = capsys.readouterr().out
    assert _uri(again) == first
    assert " 0 bytes uploaded" in again


def test_other_weights_leave_those_that_an_endpoint_may_be_reading(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.main([str(folder), *ASKED])
    first, before = _uri(capsys.readouterr().out), _objects()
    (folder / "model" / "transformer" / "a.safetensors").write_bytes(b"other")
    deploy.main([str(folder), *ASKED])
    assert _uri(capsys.readouterr().out) != first
    assert before.items() <= _objects().items()


def test_an_upload_that_broke_off_is_resumed_and_has_no_manifest_until_then(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sends = Session.upload_data

    def breaking(self: Session, path: str, *given: object, **named: object) -> object:
        if path.endswith(".safetensors"):
            raise boto3.exceptions.S3UploadFailedError("the line is gone")
        return sends(self, path, *given, **named)

    with monkeypatch.context() as broken:
        broken.setattr(Session, "upload_data", breaking)
        assert deploy.main([str(folder), *ASKED]) == deploy.EXIT_FAILED
    assert "the same command resumes it: the line is gone" in capsys.readouterr().err
    assert not [key for key in _objects() if key.endswith(MANIFEST)]
    assert deploy.main([str(folder), *ASKED]) == 0
    assert len(_objects()) == 3


def test_what_somebody_else_put_there_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy.main([str(folder), *ASKED])
    prefix = _uri(capsys.readouterr().out).removeprefix(f"s3://{BUCKET}/")
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{prefix}model/evil.py", Body=b"import os")
    assert deploy.main([str(folder), *ASKED]) == deploy.EXIT_REFUSED
    assert "has what was not packed: model/evil.py" in capsys.readouterr().err


def test_a_licence_that_was_not_acknowledged_prints_its_clauses_and_nothing_goes_up(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [str(folder), "--engine", "ltx-2", "--bucket", BUCKET, "--revision", REVISION]
    assert deploy.main(asked) == deploy.EXIT_REFUSED
    told = capsys.readouterr().err
    for clause in ("Territory: ", "less than $10,000,000 of annual revenue", "directly competes"):
        assert clause in told
    assert '--acknowledge "LTX-2.x Community License Agreement"' in told
    assert deploy.main([*asked, "--acknowledge", "yes"]) == deploy.EXIT_REFUSED
    assert not _objects()
    accepted = "LTX-2.x Community License Agreement"
    assert deploy.main([*asked, "--acknowledge", accepted]) == 0
    assert "  Engine=ltx-2\n" in capsys.readouterr().out
    (key,) = [key for key in _objects() if key.endswith(MANIFEST)]
    stored = json.loads(boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())
    assert stored["acknowledged"] == accepted
    assert stored["revisions"] == {"Lightricks/LTX-2.5-Diffusers": REVISION}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--engine", "motion"], "enliven-motion has no weights to pack"),
        (["--revision", "main"], "String should match pattern"),
        (["--bucket", "No Bucket"], "is no name of a bucket"),
        (["--under", "a b"], "letters, digits"),
        (["--adapter-revision", "x"], "REPOSITORY=COMMIT"),
    ],
)
def test_what_cannot_be_deployed_is_said_in_a_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], changed: list[str], said: str
) -> None:
    assert deploy.main([str(folder), *ASKED, *changed]) == deploy.EXIT_REFUSED
    assert said in capsys.readouterr().err
    assert not _objects()


def test_a_missing_bucket_is_aws_own_answer(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [str(folder), *ASKED, "--bucket", "somebody-elses"]
    assert deploy.main(asked) == deploy.EXIT_FAILED
    assert "NoSuchBucket" in capsys.readouterr().err


def test_a_folder_without_the_model_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(folder / "model")
    assert deploy.main([str(folder), *ASKED]) == deploy.EXIT_REFUSED
    assert "lacks model/model_index.json" in capsys.readouterr().err
