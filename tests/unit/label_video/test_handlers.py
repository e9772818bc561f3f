"""The three media handlers in a row, on moto's S3 and DynamoDB."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from PIL import Image

from cloud import media
from cloud.clients import client
from inspect_photo.handler import handler as inspect_photo
from inspect_video.handler import handler as inspect_video
from label_video.handler import handler as label_video
from story.contracts import InspectPhotoOutput, InspectVideoOutput, LabelVideoOutput
from story.errors import PhotoMissing, PhotoUnreadable
from story.generation import Report
from tests.unit.inspect_video.clips import (
    STORY,
    crop,
    direction,
    encode,
    jpeg,
    pack,
    photo,
    pushing_in,
    report,
)

UPLOADS, WORK, TABLE = "uploads", "work", "stories"
ABOUT = {"story_id": STORY, "attempt": 1}


@pytest.fixture
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "WORK_BUCKET": WORK,
        "PROVIDER": "Example Stories",
        "STORIES_TABLE": TABLE,
    }.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    with mock_aws():
        for bucket in (UPLOADS, WORK):
            client("s3").create_bucket(Bucket=bucket)
        client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        client("dynamodb").put_item(
            TableName=TABLE,
            Item={
                "pk": {"S": f"STORY#{STORY}"},
                "sk": {"S": "META"},
                "status": {"S": "PROCESSING"},
            },
        )
        made = client("kms").create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
        monkeypatch.setenv("WATERMARK_KEY_ID", made["KeyMetadata"]["KeyId"])
        monkeypatch.setenv("WATERMARK_KEY_VERSIONS", "3,1")
        yield
    client.cache_clear()


def upload(body: bytes) -> dict[str, Any]:
    key = f"uploads/{STORY}/photo"
    put = client("s3").put_object(Bucket=UPLOADS, Key=key, Body=body)
    reference = {"bucket": UPLOADS, "key": key, "version_id": "", "size": len(body)}
    return {**ABOUT, "upload": {**reference, "etag": put["ETag"].strip('"')}}


def run(handler: Any, event: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = handler(event, None)
    return answer


def line(state: str) -> dict[str, Any]:
    key = {"pk": {"S": f"TIMELINE#{STORY}"}, "sk": {"S": f"0001#{state}"}}
    item: dict[str, Any] = client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]
    return item


@pytest.mark.usefixtures("_aws")
def test_from_the_upload_to_the_labelled_clip() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    stored = io.BytesIO()
    photo().transpose(Image.Transpose.ROTATE_180).save(stored, "JPEG", quality=95, exif=exif)
    inspected = InspectPhotoOutput.model_validate(
        run(inspect_photo, upload(stored.getvalue())), strict=False
    )
    assert (inspected.source.format, inspected.photo.key) == ("JPEG", f"work/{STORY}/1/photo.jpg")

    with Image.open(io.BytesIO(media.read(inspected.photo))) as clean:
        picture = clean.convert("RGB")
    answer = report(crop(picture))
    packed = pack(
        [
            ("video.mp4", encode(pushing_in(picture))),
            ("report.json", answer.model_dump_json().encode()),
        ]
    )
    client("s3").put_object(Bucket=WORK, Key="results/1.out", Body=packed)
    written = media.write(
        WORK, "work/direction.json", direction().model_dump_json().encode(), "application/json"
    )
    examined = InspectVideoOutput.model_validate(
        run(
            inspect_video,
            {
                **ABOUT,
                "take": 1,
                "result": {"bucket": WORK, "key": "results/1.out"},
                "direction": written.model_dump(),
                "photo": inspected.photo.model_dump(),
            },
        )
    )
    assert examined.frames[0].key == f"work/{STORY}/1/take1-frame0000.jpg"
    assert Report.model_validate_json(media.read(examined.report)) == answer
    assert Report.model_validate_json(line("InspectVideo")["report"]["S"]) == answer

    labelled = LabelVideoOutput.model_validate(
        run(
            label_video,
            {
                **ABOUT,
                "clip": examined.clip.model_dump(),
                "photo": inspected.photo.model_dump(),
                "engine": examined.engine.model_dump(),
                "crop": examined.crop.model_dump(),
                "language": "fr",
                "begun_at": "2026-11-22T12:00:00.000Z",
            },
        )
    )
    video = media.read(labelled.clip)
    for declared in (b"DigitalSourceType", b"2026-11-22T12:00:00.000Z", b"Example Stories"):
        assert declared in video
    assert labelled.watermark.key_version == 3
    assert line("LabelVideo")["mark"]["S"] == labelled.watermark.id
    assert media.read(labelled.poster).startswith(b"\xff\xd8")
    assert labelled.ingredient.key == f"work/{STORY}/1/ingredient.jpg"
    assert [line(state)["outcome"]["S"] for state in ("InspectPhoto", "LabelVideo")] == ["done"] * 2


@pytest.mark.usefixtures("_aws")
def test_a_hostile_upload_ends_by_name_and_writes_nothing() -> None:
    with pytest.raises(PhotoUnreadable):
        run(inspect_photo, upload(b"hello world"))
    assert client("s3").list_objects_v2(Bucket=WORK)["KeyCount"] == 0
    assert line("InspectPhoto")["outcome"]["S"] == "PhotoUnreadable"


@pytest.mark.usefixtures("_aws")
def test_an_upload_that_was_replaced_meanwhile_is_not_inspected() -> None:
    event = upload(jpeg(photo()))
    upload(jpeg(photo("pets_dogs")))
    with pytest.raises(PhotoMissing):
        run(inspect_photo, event)
