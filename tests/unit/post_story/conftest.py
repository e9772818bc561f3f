"""A READY story with a real signature, in an account of this process; a guardrail on loopback."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from cloud import media, stories
from cloud.clients import client
from frames import clip
from local import golden_events
from look_again.handler import handler as look_again
from post_story.handler import handler
from story.contracts import PostStoryOutput, SignVideoOutput
from tests.unit.api.posted import lambda_service
from tests.unit.cloud.account import account
from tests.unit.sign_video.conftest import MOTION, Signed, deployed
from tests.workflow.providers import Providers

__all__ = ["account"]

STORY = "0123456789abcdef" * 2
CREATOR = "creator"
ANCHORS = "/enliven/anchors"
AT = "2026-11-22T12:00:00.000Z"
REPORT = golden_events.REPORT.model_copy(update={"inference_id": f"{STORY}-1-1", "engine": MOTION})


@dataclass
class Ready:
    """The story, and everything around it that a test may change."""

    providers: Providers
    signed: SignVideoOutput
    #: What look_again was asked, and what answers it: the payload and an error's kind.
    looked: list[dict[str, Any]] = field(default_factory=list)
    look: Callable[[dict[str, Any]], tuple[Any, str | None]] = lambda asked: (
        look_again(asked, None),  # type: ignore[arg-type]  # no Lambda around it
        None,
    )

    def invoked(self, asked: dict[str, Any]) -> tuple[Any, str | None]:
        """As Lambda has look_again answer."""
        self.looked.append(asked)
        return self.look(asked)

    def frame_size(self) -> tuple[int, int]:
        """Width and height of the clip, in pixels."""
        ref = self.signed.video
        body = client("s3").get_object(Bucket=ref.bucket, Key=ref.key)["Body"].read()
        found = clip.declared(body)
        return found.width, found.height

    def post(self, **asked: Any) -> PostStoryOutput:
        """Ask gate 3, as the API does."""
        event = {"story_id": STORY, "creator": CREATOR, "visibility": "everyone", **asked}
        return PostStoryOutput.model_validate(handler(event, None))  # type: ignore[arg-type]  # no Lambda around it

    def record(self) -> dict[str, Any]:
        """The story's META record as it is now."""
        return stories.get(STORY)

    def change(self, **fields: Any) -> None:
        """Overwrite fields of the record, whatever the rules are."""
        names = {f"#{name}": name for name in fields}
        client("dynamodb").update_item(
            TableName="stories",
            Key=stories.to_item({"pk": f"STORY#{STORY}", "sk": "META"}),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=stories.to_item({f":{k}": v for k, v in fields.items()}),
        )

    def verdict(self, gate: str, attempt: int = 1, **changed: Any) -> None:
        """What a gate has decided."""
        detail = {
            "verdict": "allow",
            "reasons": [],
            "findings": [],
            "models": ["rekognition moderation 7.0"],
        }
        kept = {"gate": gate, "verdict": "allow", "decided_at": AT, "policy": "2026-11-1"}
        stories.put_verdict(STORY, attempt, gate, {**kept, "detail": json.dumps(detail), **changed})

    def forget(self, kind: str, name: str) -> None:
        """Drop a line or a verdict of the first attempt."""
        stories.forget({"pk": f"{kind}#{STORY}", "sk": f"0001#{name}"})

    def judged(self) -> list[list[str]]:
        """The words that the guardrail was asked about, call by call."""
        return [
            [part["text"]["text"] for part in call["content"]]
            for call in self.providers.asked
            if call["operation"] == "ApplyGuardrail"
        ]


@pytest.fixture(scope="session")
def signed_once(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    """What SignVideo makes of a clip: signing takes longer than most tests here."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        deployed(monkeypatch, tmp_path_factory.mktemp("signed")) as stack,
    ):
        client.cache_clear()
        stack.install()
        output = stack.run(MOTION)
        video, poster = (stack.object(output[name]["key"]) for name in ("video", "poster"))
        client.cache_clear()
        return Signed(video, poster, output, stack.root, stack)


@pytest.fixture
def ready(
    signed_once: Signed,
    account: None,  # noqa: ARG001 - it is what this works in
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ready]:
    with Providers() as providers, ExitStack() as services:
        story = Ready(providers, _written(_published(signed_once)))
        for name, value in {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": providers.url,
            "AWS_ENDPOINT_URL_REKOGNITION": providers.url,
            "AWS_ENDPOINT_URL_LAMBDA": services.enter_context(lambda_service(story.invoked)),
            "LOOK_AGAIN_FUNCTION": "look-again:live",
            "REKOGNITION_QUOTA": "1000",
            "REKOGNITION_CONCURRENCY": "4",
            "STATE_CONCURRENCY": "0",
            "GUARDRAIL_ID": "guardrail",
            "GUARDRAIL_VERSION": "1",
            "TRUST_ANCHORS_PARAMETER": ANCHORS,
        }.items():
            monkeypatch.setenv(name, value)
        client("ssm").put_parameter(Name=ANCHORS, Value=signed_once.root, Type="String")
        for gate in ("photo", "words", "video"):
            story.verdict(gate)
        yield story


def _published(signed: Signed) -> SignVideoOutput:
    """Both objects of the story, where they are published."""
    return SignVideoOutput(
        video=media.write("enliven-stories", f"{STORY}/story.mp4", signed.video, "video/mp4"),
        poster=media.write("enliven-stories", f"{STORY}/poster.jpg", signed.poster, "image/jpeg"),
        credential=signed.output["credential"],
    )


def _written(signed: SignVideoOutput) -> SignVideoOutput:
    """The records that the workflow leaves with a READY story."""
    stories.create(
        {
            "story_id": STORY,
            "status": "READY",
            "creator": CREATOR,
            "created_at": AT,
            "updated_at": AT,
            "expires_at": "2026-11-22T13:00:00.000Z",
            "attempt": 1,
            "execution_arn": "arn:this",
            "prompt": "make this photo come alive",
            "caption": "a day at the sea",
            "engine": MOTION.model_dump_json(),
            "credential": signed.credential.model_dump_json(),
            "video": signed.video.model_dump_json(),
            "poster": signed.poster.model_dump_json(),
        }
    )
    for state, noted in {
        "DirectScene": {"alt_text": "It seems to show sea."},
        "InspectVideo": {"report": REPORT.model_dump_json()},
    }.items():
        client("dynamodb").put_item(
            TableName="stories",
            Item=stories.to_item({"pk": f"TIMELINE#{STORY}", "sk": f"0001#{state}", **noted}),
        )
    return signed
