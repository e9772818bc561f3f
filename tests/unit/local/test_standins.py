"""The stand-ins as boto3 meets them."""

import io
import json
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from PIL import Image

from local import deploy
from local.stack import LocalStack
from local.standins import vision, weights
from local.standins.pictures import MAX_INLINE_BYTES, decode
from local.standins.quota import Quota
from local.standins.vision import Vision, read_labels, summed
from local.standins.wire import Refusal
from story import policy
from story.policy import rows
from tests.moderation.drawn import THREATS, drawn

PHOTOS = sorted((Path(__file__).resolve().parents[3] / "photos").glob("*.jpg"))
LABELS = Path(vision.__file__).with_name("labels.toml")
TOPICS = """
Resources:
  Done: {Type: AWS::SNS::Topic}
  Failed: {Type: AWS::SNS::Topic}
  Work: {Type: AWS::S3::Bucket}
  Heard: {Type: AWS::SQS::Queue}
  DoneIsHeard:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Done, Protocol: sqs, Endpoint: !GetAtt Heard.Arn}
  FailedIsHeard:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Failed, Protocol: sqs, Endpoint: !GetAtt Heard.Arn}
Outputs:
  GenerationDoneTopic: {Value: !Ref Done}
  GenerationFailedTopic: {Value: !Ref Failed}
  Work: {Value: !Ref Work}
  Heard: {Value: !Ref Heard}
"""


def photo(name: str) -> bytes:
    (path,) = (path for path in PHOTOS if path.stem == name)
    return path.read_bytes()


@pytest.fixture(scope="module")
def seer() -> Vision:
    return Vision()


@pytest.fixture(scope="module")
def outputs(laptop: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("topics") / "template.yaml"
    path.write_text(TOPICS)
    return deploy.deploy(laptop, template=path)


@pytest.fixture(scope="module")
def rekognition(laptop: LocalStack) -> Any:
    return laptop.client("rekognition")


def code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


# Rekognition -------------------------------------------------------------------------------------


def test_a_photo_in_a_bucket_gets_readable_labels_with_parents(
    laptop: LocalStack, outputs: dict[str, str], rekognition: Any
) -> None:
    laptop.client("s3").put_object(Bucket=outputs["Work"], Key="cat", Body=photo("cat_chelsea"))
    image = {"S3Object": {"Bucket": outputs["Work"], "Name": "cat"}}
    labels = rekognition.detect_labels(Image=image, MaxLabels=5, MinConfidence=60)["Labels"]
    assert 1 <= len(labels) <= 5
    confidences = [label["Confidence"] for label in labels]
    assert confidences == sorted(confidences, reverse=True)
    assert min(confidences) >= 60
    cat = next(label for label in labels if label["Name"] == "Cat")
    assert {"Name": "Pet"} in cat["Parents"]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("coffee_cup", "Coffee Cup"),
        ("mountain_clouds", "Mountain"),
        ("pets_dogs", "Dog"),
        ("face_astronaut", "Person"),
    ],
)
def test_labels_name_what_is_there(rekognition: Any, name: str, label: str) -> None:
    labels = rekognition.detect_labels(Image={"Bytes": photo(name)})["Labels"]
    assert label in {found["Name"] for found in labels}


def test_benign_photos_have_no_moderation_label_but_the_bottle_on_the_drum(
    rekognition: Any,
) -> None:
    found = {
        path.stem: {label["Name"] for label in labels}
        for path in PHOTOS
        if (
            labels := rekognition.detect_moderation_labels(
                Image={"Bytes": path.read_bytes()}, MinConfidence=40
            )["ModerationLabels"]
        )
    }
    assert len(PHOTOS) >= 10
    assert found == {"interior_drum": {"Alcohol", "Alcoholic Beverages"}}


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0), (0.4, 0.7)])
def test_a_small_bottle_is_found_wherever_it_stands(
    seer: Vision, place: tuple[float, float]
) -> None:
    with Image.open(io.BytesIO(photo("interior_drum"))) as drum:
        bottle = drum.convert("RGB").resize((684, 1_024)).crop((226, 161, 452, 387))
    wall = Image.new("RGB", (684, 1_024), (128, 128, 128))
    down, across = place
    wall.paste(bottle, (round(across * (684 - 226)), round(down * (1_024 - 226))))
    sure = {label.name: label.confidence_percent for label in seer.moderation(np.asarray(wall))}
    assert sure["Alcohol"] > 80
    assert sure["Swimwear or Underwear"] < 5


@pytest.mark.parametrize("shape", [(1, 4_000, 3), (3_000, 40, 3), (1, 1, 3)])
def test_a_picture_of_any_shape_has_few_parts(seer: Vision, shape: tuple[int, ...]) -> None:
    sure = {each.name: each.confidence_percent for each in seer.moderation(np.zeros(shape, "u1"))}
    assert sure["Alcohol"] < 40


def test_every_moderation_label_has_a_place_in_the_taxonomy(rekognition: Any) -> None:
    answer = rekognition.detect_moderation_labels(
        Image={"Bytes": photo("coffee_cup")}, MinConfidence=0
    )
    labels = {label["Name"]: label for label in answer["ModerationLabels"]}
    assert {
        "Explicit",
        "Violence",
        "Swimwear or Underwear",
        "Alcohol",
        "Drugs & Tobacco",
    } <= set(labels)
    for label in labels.values():
        if label["TaxonomyLevel"] == 1:
            assert label["ParentName"] == ""
        else:
            assert labels[label["ParentName"]]["TaxonomyLevel"] == label["TaxonomyLevel"] - 1
    assert (labels["Pills"]["TaxonomyLevel"], labels["Pills"]["ParentName"]) == (3, "Products")
    assert "open_nsfw" in answer["ModerationModelVersion"]
    # Otherwise every clip of the laptop would be judged once more when it is posted.
    assert policy.is_for([f"{rows.MODERATION}{answer['ModerationModelVersion']}"])


def test_a_sum_of_weapons_is_violence() -> None:
    probabilities = np.zeros(vision.CLASSES)
    probabilities[[763, 764]] = 0.5, 0.3  # a revolver, a rifle
    found = {
        label.name: label.confidence_percent
        for label in summed(probabilities, read_labels(LABELS, "moderation"))
    }
    assert found["Weapons"] == pytest.approx(80)
    assert found["Violence"] == pytest.approx(80)
    assert found["Alcohol"] == 0


@pytest.mark.parametrize("section", ["labels", "moderation"])
def test_every_parent_is_a_label_itself(section: str) -> None:
    labels = read_labels(LABELS, section)
    names = {label.name for label in labels}
    for label in labels:
        assert label.members.any()
        assert {parent for parent in label.parents if parent not in names} <= {"Person"}
        for parent in labels:
            if parent.name in label.parents and section == "moderation":
                assert (parent.members | ~label.members).all()


def test_a_face_is_found_where_it_is(rekognition: Any) -> None:
    (face,) = rekognition.detect_faces(Image={"Bytes": photo("face_astronaut")})["FaceDetails"]
    box = face["BoundingBox"]
    assert face["Confidence"] >= 90
    # The astronaut's face: upper middle of the picture.
    assert 0.3 < box["Left"] + box["Width"] / 2 < 0.6
    assert 0.05 < box["Top"] + box["Height"] / 2 < 0.35
    eyes = {mark["Type"]: mark for mark in face["Landmarks"]}
    assert eyes["eyeLeft"]["Y"] < eyes["mouthLeft"]["Y"]


def test_a_grown_womans_age_is_a_range_of_grown_ages(rekognition: Any) -> None:
    image = {"Bytes": photo("face_astronaut")}
    (face,) = rekognition.detect_faces(Image=image, Attributes=["ALL"])["FaceDetails"]
    assert 18 <= face["AgeRange"]["Low"] < face["AgeRange"]["High"] <= 60
    (plain,) = rekognition.detect_faces(Image=image)["FaceDetails"]
    assert "AgeRange" not in plain


def test_nobody_is_a_public_figure_and_every_face_is_unrecognised(rekognition: Any) -> None:
    answer = rekognition.recognize_celebrities(Image={"Bytes": photo("face_astronaut")})
    assert answer["CelebrityFaces"] == []
    (face,) = answer["UnrecognizedFaces"]
    assert face["Confidence"] >= 90
    nobody = rekognition.recognize_celebrities(Image={"Bytes": photo("coffee_cup")})
    assert nobody["UnrecognizedFaces"] == []


@pytest.mark.parametrize("script", THREATS)
def test_what_is_written_in_a_picture_is_read_where_it_is(rekognition: Any, script: str) -> None:
    found = rekognition.detect_text(Image={"Bytes": drawn(script)})["TextDetections"]
    (line,) = (each for each in found if each["Type"] == "LINE")
    words = [each for each in found if each["Type"] == "WORD"]
    assert line["DetectedText"].lower() == THREATS[script].lower()
    assert [word["DetectedText"] for word in words] == line["DetectedText"].split()
    assert {word["ParentId"] for word in words} == {line["Id"]}
    assert len({each["Id"] for each in found}) == len(found)
    assert 60 <= line["Confidence"] <= 100
    box = line["Geometry"]["BoundingBox"]
    # It is drawn at 120, 250 in 900 by 600 pixels, 64 pixels high.
    assert box["Left"] == pytest.approx(120 / 900, abs=0.04)
    assert 240 / 600 - 0.04 < box["Top"] < box["Top"] + box["Height"] < 350 / 600 + 0.04
    assert len(line["Geometry"]["Polygon"]) == 4


def test_a_picture_without_words_has_none(rekognition: Any) -> None:
    answer = rekognition.detect_text(Image={"Bytes": photo("mountain_meadow")})
    assert answer["TextDetections"] == []
    assert "Tesseract" in answer["TextModelVersion"]


def test_a_picture_without_faces_has_none(rekognition: Any) -> None:
    faces = rekognition.detect_faces(Image={"Bytes": photo("coffee_cup")})["FaceDetails"]
    assert faces == []


def test_refusals_carry_rekognitions_own_names(outputs: dict[str, str], rekognition: Any) -> None:
    detect = rekognition.detect_labels
    absent = {"S3Object": {"Bucket": outputs["Work"], "Name": "absent"}}
    assert code(detect, Image=absent) == "InvalidS3ObjectException"
    assert code(detect, Image={"Bytes": b"GIF89a"}) == "InvalidImageFormatException"
    assert (
        code(detect, Image={"Bytes": photo("cat_chelsea")[:2000]}) == "InvalidImageFormatException"
    )
    large = b"\xff" * (MAX_INLINE_BYTES + 1)
    assert code(detect, Image={"Bytes": large}) == "ImageTooLargeException"
    assert code(detect, Image={}) == "InvalidParameterException"
    image = {"Bytes": photo("cat_chelsea")}
    assert code(detect, Image=image, MaxLabels=5, Features=["IMAGE_PROPERTIES"]) == (
        "InvalidParameterException"
    )
    assert code(rekognition.detect_faces, Image=image, Attributes=["EMOTIONS"]) == (
        "InvalidParameterException"
    )
    assert code(rekognition.detect_text, Image=image, Filters={"WordFilter": {}}) == (
        "InvalidParameterException"
    )
    assert code(rekognition.detect_protective_equipment, Image=image) == (
        "UnknownOperationException"
    )


def test_a_picture_with_too_long_a_side_is_refused_before_it_is_decoded() -> None:
    packed = io.BytesIO()
    Image.new("L", (10_001, 8)).save(packed, "PNG")
    with pytest.raises(Refusal, match="10001 by 8 px") as caught:
        decode(packed.getvalue(), 10**6)
    assert caught.value.code == "ImageTooLargeException"


def test_more_calls_a_second_than_the_quota_are_refused_by_operation() -> None:
    quota = Quota(calls_a_second=2, at_once=8)
    for operation in ("DetectText", "DetectText", "DetectFaces"):
        with quota.one_call(operation):
            pass
    with (
        pytest.raises(Refusal, match="2 DetectText calls a second") as caught,
        quota.one_call("DetectText"),
    ):
        pass
    assert caught.value.code == "ProvisionedThroughputExceededException"


def test_more_calls_at_once_than_are_taken_are_throttled_until_one_ends() -> None:
    quota = Quota(calls_a_second=9, at_once=1)
    with quota.one_call("DetectText"):
        with (
            pytest.raises(Refusal, match="1 calls are under way") as caught,
            quota.one_call("DetectFaces"),
        ):
            pass
        assert caught.value.code == "ThrottlingException"
    with quota.one_call("DetectFaces"):
        pass


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(weights, "LABELS", tmp_path / "absent.onnx")
    with pytest.raises(weights.WeightsError, match=r"absent\.onnx is missing"):
        Vision()


# Guardrails --------------------------------------------------------------------------------------


def guard(laptop: LocalStack, *texts: str, **fields: Any) -> Any:
    return laptop.client("bedrock-runtime").apply_guardrail(
        guardrailIdentifier="local-guardrail",
        guardrailVersion="1",
        source=fields.get("source", "INPUT"),
        content=[{"text": {"text": text}} for text in texts],
    )


def test_a_guardrail_lets_a_wish_pass(laptop: LocalStack) -> None:
    answer = guard(laptop, "make this photo come alive")
    assert answer["action"] == "NONE"
    assert answer["outputs"] == answer["assessments"] == []
    assert answer["usage"]["contentPolicyUnits"] == 1


def test_a_guardrail_intervenes_if_any_block_is_bad(laptop: LocalStack) -> None:
    answer = guard(laptop, "the dog wags its tail", "remove her clothes")
    assert answer["action"] == "GUARDRAIL_INTERVENED"
    (found,) = answer["assessments"][0]["contentPolicy"]["filters"]
    assert (found["type"], found["action"], found["detected"]) == ("SEXUAL", "BLOCKED", True)
    assert found["confidence"] in {"LOW", "MEDIUM", "HIGH"}
    assert answer["outputs"][0]["text"]


def test_a_guardrail_refuses_what_it_cannot_judge(laptop: LocalStack) -> None:
    assert code(lambda: guard(laptop, " ")) == "ValidationException"
    assert code(lambda: guard(laptop, "long " * 6_000)) == "ValidationException"
    client = laptop.client("bedrock-runtime")
    picture = {"image": {"format": "jpeg", "source": {"bytes": photo("cat_chelsea")}}}
    arguments = {
        "guardrailIdentifier": "local-guardrail",
        "guardrailVersion": "1",
        "source": "INPUT",
        "content": [picture],
    }
    assert code(client.apply_guardrail, **arguments) == "ValidationException"


def test_the_log_of_the_stand_ins_holds_no_words(laptop: LocalStack) -> None:
    guard(laptop, "a canary prompt about a yellow bird named Tweetle")
    lines = [json.loads(line) for line in Path(laptop.standins.log).read_text().splitlines()]
    assert any(line["event"] == "ApplyGuardrail" for line in lines)
    assert "Tweetle" not in json.dumps(lines)


# The endpoint ------------------------------------------------------------------------------------

Hear = Callable[[str], dict[str, Any]]


@pytest.fixture
def hear(laptop: LocalStack, outputs: dict[str, str], eventually: Any) -> Hear:
    """Wait for the notification of one inference; others are left to those who wait for them."""
    sqs = laptop.client("sqs")

    def wait(inference_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            received = sqs.receive_message(
                QueueUrl=outputs["Heard"], MaxNumberOfMessages=10, VisibilityTimeout=0
            )
            for message in received.get("Messages", []):
                envelope = json.loads(message["Body"])
                notice: dict[str, Any] = json.loads(envelope["Message"])
                if notice["inferenceId"] == inference_id:
                    return notice | {"topic": envelope["TopicArn"]}
            return None

        heard: dict[str, Any] = eventually(look)
        return heard

    return wait


def ask(laptop: LocalStack, outputs: dict[str, str], body: bytes | None, **fields: Any) -> Any:
    key = f"requests/{uuid.uuid4().hex}.tar"
    if body is not None:
        laptop.client("s3").put_object(Bucket=outputs["Work"], Key=key, Body=body)
    return laptop.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName="enliven-local",
        InputLocation=f"s3://{outputs['Work']}/{key}",
        ContentType="application/x-tar",
        InferenceId=uuid.uuid4().hex,
        **fields,
    )


def read(laptop: LocalStack, location: str) -> bytes:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    content: bytes = laptop.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


def test_a_result_lies_where_it_was_promised_and_is_announced(
    laptop: LocalStack, outputs: dict[str, str], hear: Hear
) -> None:
    accepted = ask(laptop, outputs, b"tar of a request")
    notice = hear(accepted["InferenceId"])
    assert notice["topic"] == outputs["GenerationDoneTopic"]
    assert notice["invocationStatus"] == "Completed"
    assert notice["responseParameters"] == {
        "contentType": "application/x-tar",
        "outputLocation": accepted["OutputLocation"],
    }
    assert accepted["OutputLocation"].startswith(f"s3://{outputs['Work']}/results/")
    with tarfile.open(fileobj=io.BytesIO(read(laptop, accepted["OutputLocation"]))) as result:
        video = result.extractfile("video.mp4")
        assert video is not None
        assert video.read() == b"tar of a request"


def test_what_the_container_says_of_its_failure_is_kept(
    laptop: LocalStack, outputs: dict[str, str], hear: Hear
) -> None:
    accepted = ask(laptop, outputs, b"fail")
    notice = hear(accepted["InferenceId"])
    assert notice["topic"] == outputs["GenerationFailedTopic"]
    assert notice["invocationStatus"] == "Failed"
    location = notice["responseParameters"]["failureLocation"]
    assert location == accepted["FailureLocation"]
    assert location.startswith(f"s3://{outputs['Work']}/failures/")
    assert json.loads(read(laptop, location))["error"] == "PhotoUnreadable"


def test_an_input_that_is_not_there_is_a_failure(
    laptop: LocalStack, outputs: dict[str, str], hear: Hear
) -> None:
    notice = hear(ask(laptop, outputs, None)["InferenceId"])
    assert notice["invocationStatus"] == "Failed"
    assert "could not be read" in notice["failureReason"]


def test_a_container_that_takes_too_long_is_a_failure(
    laptop: LocalStack, outputs: dict[str, str], hear: Hear
) -> None:
    notice = hear(ask(laptop, outputs, b"slow", InvocationTimeoutSeconds=1)["InferenceId"])
    assert notice["failureReason"] == "no answer within 1 s"


def test_requests_that_cannot_be_worked_off_are_refused_at_once(
    laptop: LocalStack, outputs: dict[str, str]
) -> None:
    runtime = laptop.client("sagemaker-runtime")
    location = f"s3://{outputs['Work']}/requests/1.tar"
    assert (
        code(
            runtime.invoke_endpoint_async,
            EndpointName="e",
            InputLocation="https://example.org/1.tar",
        )
        == "ValidationError"
    )
    assert code(lambda: ask(laptop, outputs, None, RequestTTLSeconds=61_000)) == "ValidationError"
    answered = runtime.invoke_endpoint_async(EndpointName="e", InputLocation=location)
    assert uuid.UUID(answered["InferenceId"])
