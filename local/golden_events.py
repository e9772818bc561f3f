"""One example event for each state and each entry into the system, made from the contracts.

`python -m local.golden_events` writes them to events/, for `sam local invoke` and for reading. They
tell one story from its upload to its credential: what one state answers, the next is given. Every
id, digest and time in them is visibly made up, and the same each time.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from local import golden_checks, golden_posting
from story import announcements, contracts, limits
from story.generation import PROGRESS_DETAIL_TYPE, PROGRESS_SOURCE, Box, EngineName, Progress
from story.identifiers import (
    FAILURES_PREFIX,
    RESULTS_PREFIX,
    inference_id,
    story_poster_key,
    story_video_key,
    upload_key,
    work_key,
)
from story.labels import for_engine

EVENTS = Path(__file__).resolve().parent.parent / "events"

STORY_ID = "0123456789abcdef" * 2
CREATOR = "00000000-1111-4222-8333-444444444444"
ACCOUNT = "123456789012"
REGION = "us-east-1"
EXECUTION_ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:StoryWorkflow:{STORY_ID}"
TOKEN = "AQB4-an-example-of-a-task-token"  # noqa: S105 - the name of a place to wait, made up
IDEMPOTENCY_KEY = "00000000-1111-4222-8333-999999999999"
TIME = "2026-11-22T12:00:00Z"
#: The same moment, as Step Functions and API Gateway write it.
EPOCH_MS = 1_795_348_800_000
_ATTEMPT = 1
_TAKE = 1


def _object(number: int, bucket: str, key: str, size: int) -> contracts.ObjectRef:
    """An object whose digest is a number, repeated: nobody takes it for a real one."""
    return contracts.ObjectRef(bucket=bucket, key=key, sha256=f"{number:02x}" * 32, size=size)


def _work(number: int, name: str, size: int) -> contracts.ObjectRef:
    return _object(number, "enliven-work", work_key(STORY_ID, _ATTEMPT, name), size)


UPLOAD = contracts.UploadRef(
    bucket="enliven-uploads",
    key=upload_key(STORY_ID),
    version_id="example-version-1",
    etag="00112233445566778899aabbccddeeff",
    size=2_345_678,
)
_PHOTO = _work(0x01, "photo.jpg", 456_789)
_DIRECTION = _work(0x02, f"take{_TAKE}-direction.json", 789)
_RESULT = contracts.GenerateVideoOutput(
    bucket="enliven-work", key=f"{RESULTS_PREFIX}{inference_id(STORY_ID, _ATTEMPT, _TAKE)}.out"
)
_LAST_FRAME = round(limits.CLIP_SECONDS * limits.CLIP_FPS) - 1
_FRAMES = tuple(
    _work(
        0x10 + index,
        f"take{_TAKE}-frame{round(index * _LAST_FRAME / (limits.GATE_FRAMES - 1)):04d}.jpg",
        98_765,
    )
    for index in range(limits.GATE_FRAMES)
)
_ENGINE = EngineName(family="procedural", name="example", version="1")
_CROP = Box(left=0.25, top=0.0, width=0.5, height=1.0)
_LABELLED: dict[str, Any] = {
    "clip": _work(0x06, "labelled.mp4", 1_876_543),
    "fingerprints": golden_checks.FINGERPRINTS,
    "poster": _work(0x07, "poster.jpg", 123_456),
    "ingredient": _work(0x08, "ingredient.jpg", 45_678),
}

#: What each state answers.
OUTPUTS: dict[str, BaseModel] = {
    "InspectPhoto": contracts.InspectPhotoOutput(
        photo=_PHOTO,
        width=2048,
        height=1365,
        source=contracts.SourcePhoto(format="JPEG", width=6000, height=4000, sha256="0f" * 32),
    ),
    # A retry comes by here in place of InspectPhoto, with the same photo.
    "ReadPhotoCredential": contracts.ReadPhotoCredentialOutput(found="absent"),
    "RestorePhoto": contracts.RestorePhotoOutput(photo=_PHOTO),
    "ModeratePhoto": contracts.ModerateOutput(gate="photo", verdict="allow"),
    "AwaitPrompt": contracts.AwaitPromptOutput(),
    "ModerateWords": contracts.ModerateOutput(gate="words", verdict="allow"),
    "DirectScene": contracts.DirectSceneOutput(direction=_DIRECTION),
    "GenerateVideo": _RESULT,
    "InspectVideo": contracts.InspectVideoOutput(
        clip=_work(0x04, f"take{_TAKE}-clip.mp4", 1_765_432),
        report=_work(0x05, f"take{_TAKE}-report.json", 1_234),
        frames=_FRAMES,
        engine=_ENGINE,
        crop=_CROP,
    ),
    "ModerateVideo": contracts.ModerateOutput(gate="video", verdict="allow"),
    "LabelVideo": contracts.LabelVideoOutput(watermark=golden_checks.MARK, **_LABELLED),
    "SignVideo": contracts.SignVideoOutput(
        video=_object(0x09, "enliven-stories", story_video_key(STORY_ID), 1_899_999),
        poster=_object(0x0A, "enliven-stories", story_poster_key(STORY_ID), 134_567),
        credential=contracts.Credential(
            manifest_id="urn:c2pa:00000000-1111-4222-8333-555555555555",
            issuer="Example Stories",
            signed_at=TIME,
            digital_source_type=for_engine(_ENGINE).digital_source_type,
            verified_by="c2pa-python 0.38.1 and encypher-c2pa 1.7.1",
            validation_state="Trusted",
        ),
    ),
}

#: What the engine says of the clip; kept with the story.
REPORT = golden_posting.report(STORY_ID, _ENGINE, _CROP)

_STATE = {"story_id": STORY_ID, "attempt": _ATTEMPT}
_SAID: dict[str, Any] = {"engine": _ENGINE, "language": "en"}

#: What each state is given.
INPUTS: dict[str, BaseModel] = {
    "InspectPhoto": contracts.InspectPhotoInput(**_STATE, upload=UPLOAD),
    "ReadPhotoCredential": contracts.ReadPhotoCredentialInput(**_STATE, upload=UPLOAD),
    "RestorePhoto": contracts.RestorePhotoInput(**_STATE),
    "ModeratePhoto": contracts.ModeratePhotoInput(**_STATE, gate="photo", images=(_PHOTO,)),
    "AwaitPrompt": contracts.AwaitPromptInput(**_STATE, token=TOKEN, photo=_PHOTO),
    "ModerateWords": contracts.ModerateWordsInput(**_STATE, gate="words"),
    "DirectScene": contracts.DirectSceneInput(**_STATE, take=_TAKE, photo=_PHOTO),
    "GenerateVideo": contracts.GenerateVideoInput(
        **_STATE, take=_TAKE, token=TOKEN, direction=_DIRECTION, photo=_PHOTO
    ),
    "InspectVideo": contracts.InspectVideoInput(
        **_STATE, take=_TAKE, result=_RESULT, direction=_DIRECTION, photo=_PHOTO
    ),
    "ModerateVideo": contracts.ModerateVideoInput(**_STATE, gate="video", images=_FRAMES),
    "LabelVideo": contracts.LabelVideoInput(
        **_STATE,
        **_SAID,
        clip=_work(0x04, f"take{_TAKE}-clip.mp4", 1_765_432),
        photo=_PHOTO,
        crop=_CROP,
        begun_at=TIME,
    ),
    "SignVideo": contracts.SignVideoInput(**_STATE, **_SAID, **_LABELLED),
}


def file_name(state: str) -> str:
    """Where a state's input is: "InspectPhoto" is in inspect_photo_input.json."""
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in state)
    return f"{words.removeprefix('_')}_input.json"


def _bridge_event(source: str, detail_type: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "00000000-1111-4222-8333-666666666666",
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": TIME,
        "region": REGION,
        "resources": [],
        "detail": detail,
    }


def upload_detail() -> dict[str, Any]:
    """The detail of S3's event, which is what the workflow is started with."""
    return {
        "version": "0",
        "bucket": {"name": UPLOAD.bucket},
        "object": {
            "key": UPLOAD.key,
            "size": UPLOAD.size,
            "etag": UPLOAD.etag,
            "version-id": UPLOAD.version_id,
            "sequencer": "00000000000000AA",
        },
        "request-id": "EXAMPLE000000000",
        "requester": ACCOUNT,
        "source-ip-address": "192.0.2.1",
        "reason": "PostObject",
    }


def retry_input() -> dict[str, Any]:
    """What a retry's execution is started with."""
    return {"retry": {"story_id": STORY_ID, "attempt": _ATTEMPT + 1}}


def _execution_ended() -> dict[str, Any]:
    machine = EXECUTION_ARN.replace(":execution:", ":stateMachine:").rsplit(":", 1)[0]
    detail = {
        "executionArn": EXECUTION_ARN,
        "stateMachineArn": machine,
        "name": STORY_ID,
        "status": "SUCCEEDED",
        "startDate": EPOCH_MS,
        "stopDate": EPOCH_MS + 20_000,
        "input": json.dumps(upload_detail(), separators=(",", ":")),
        "output": "{}",
        "inputDetails": {"included": True},
        "outputDetails": {"included": True},
        "error": None,
        "cause": None,
    }
    event = _bridge_event("aws.states", "Step Functions Execution Status Change", detail)
    return {**event, "resources": [EXECUTION_ARN]}


def _inference_done() -> dict[str, Any]:
    response = {
        "contentType": "application/x-tar",
        "outputLocation": f"s3://{_RESULT.bucket}/{_RESULT.key}",
    }
    told = {"invocationStatus": "Completed", "responseParameters": response}
    return _inference_notification("GenerationDoneTopic", "InferenceResult", told)


def _inference_failed() -> dict[str, Any]:
    name = inference_id(STORY_ID, _ATTEMPT, _TAKE)
    told = {
        "invocationStatus": "Failed",
        "failureReason": "The model returned an error",
        "responseParameters": {
            "failureLocation": f"s3://{_RESULT.bucket}/{FAILURES_PREFIX}{name}-error.out"
        },
    }
    return _inference_notification("GenerationFailedTopic", "InferenceError", told)


def _inference_notification(topic_name: str, event: str, told: dict[str, Any]) -> dict[str, Any]:
    """An SNS record around what SageMaker says of an asynchronous inference."""
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic_name}"
    message = {
        "awsRegion": REGION,
        "eventTime": TIME,
        "receivedTime": TIME,
        "requestParameters": {
            "contentType": "application/x-tar",
            "endpointName": "enliven-example",
            "inputLocation": f"s3://enliven-work/requests/{STORY_ID}/{_ATTEMPT}-{_TAKE}.tar",
        },
        **told,
        "inferenceId": inference_id(STORY_ID, _ATTEMPT, _TAKE),
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": event,
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{topic}:00000000-1111-4222-8333-777777777777",
        "Sns": {
            "Type": "Notification",
            "MessageId": "00000000-1111-4222-8333-888888888888",
            "TopicArn": topic,
            "Subject": None,
            "Message": json.dumps(message, separators=(",", ":")),
            "Timestamp": TIME,
            "MessageAttributes": {},
        },
    }
    return {"Records": [record]}


def _generation_progress() -> dict[str, Any]:
    progress = Progress(
        inference_id=inference_id(STORY_ID, _ATTEMPT, _TAKE), fraction=0.5, stage="render"
    )
    return _bridge_event(PROGRESS_SOURCE, PROGRESS_DETAIL_TYPE, progress.model_dump(mode="json"))


def api_event(  # a request in API Gateway's HTTP API payload 2.0
    method: str,
    path: str,
    *,
    route: str | None = None,
    body: str | None = None,
    query: dict[str, str] | None = None,
    creator: str = CREATOR,
    token_use: str = "access",  # noqa: S107 - the kind of a token, no token
    headers: dict[str, str] | None = None,
    groups: str = "",
) -> dict[str, Any]:
    """A request as API Gateway hands it over once its JWT authorizer has let it through.

    A POST has an Idempotency-Key, the same each time, unless `headers` says otherwise.
    """
    key = {"idempotency-key": IDEMPOTENCY_KEY} if method == "POST" else {}
    groups_claim = {"cognito:groups": groups} if groups else {}
    pattern = route or path
    parts = {
        name.strip("{}"): value
        for name, value in zip(pattern.split("/"), path.split("/"), strict=True)
        if name.startswith("{")
    }
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {pattern}",
        "rawPath": path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in (query or {}).items()),
        "headers": {
            "accept": "application/json",
            "content-type": "application/json",
            **key,
            **(headers or {}),
        },
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "example",
            "authorizer": {
                "jwt": {
                    "claims": {"sub": creator, "token_use": token_use, **groups_claim},
                    "scopes": None,
                }
            },
            "domainName": f"example.execute-api.{REGION}.amazonaws.com",
            "domainPrefix": "example",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "example",
            },
            "requestId": "example-request",
            "routeKey": f"{method} {pattern}",
            "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000",
            "timeEpoch": EPOCH_MS,
        },
        "isBase64Encoded": False,
    }
    if body is not None:
        event["body"] = body
    if query:
        event["queryStringParameters"] = query
    if parts:
        event["pathParameters"] = parts
    return event


def envelopes() -> dict[str, dict[str, Any]]:
    """The events that other services send, by file name."""
    words = json.dumps({"prompt": "make this photo come alive", "people_consent": False})
    return {
        "s3_object_created_event.json": _bridge_event("aws.s3", "Object Created", upload_detail()),
        "execution_ended_event.json": _execution_ended(),
        "story_closed_event.json": _bridge_event(
            announcements.STORIES_SOURCE, announcements.STORY_CLOSED, {"story_id": STORY_ID}
        ),
        **golden_posting.events(STORY_ID, CREATOR, OUTPUTS["SignVideo"], _CROP, _ENGINE),
        "file_to_check_uploaded_event.json": _bridge_event(
            "aws.s3", "Object Created", golden_checks.uploaded(upload_detail())
        ),
        "pack_records_event.json": _bridge_event("aws.events", "Scheduled Event", {}),
        "sweep_event.json": _bridge_event("aws.events", "Scheduled Event", {}),
        "check_certificate_event.json": _bridge_event("aws.events", "Scheduled Event", {}),
        "sns_inference_notification_event.json": _inference_done(),
        "sns_inference_failure_event.json": _inference_failed(),
        "generation_progress_event.json": _generation_progress(),
        "api_create_story_event.json": api_event("POST", "/stories", body=words),
        "api_get_story_event.json": api_event(
            "GET", f"/stories/{STORY_ID}", route="/stories/{story_id}"
        ),
        "api_list_stories_event.json": api_event("GET", "/stories"),
        "api_list_reviews_event.json": api_event("GET", "/reviews", groups="[reviewers]"),
    }


def files() -> dict[str, str]:
    """Every golden event, as the text of its file."""
    events: dict[str, Any] = {
        file_name(state): example.model_dump(mode="json")
        for state, example in (INPUTS | golden_checks.INPUTS).items()
    }
    return {
        name: json.dumps(event, indent=2, ensure_ascii=False) + "\n"
        for name, event in (events | envelopes()).items()
    }


if __name__ == "__main__":
    for name, text in files().items():
        (EVENTS / name).write_text(text, "utf-8")
        sys.stdout.write(f"events/{name}\n")
