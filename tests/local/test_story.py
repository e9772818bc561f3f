"""One photo becomes a story over HTTP, and everything that must hold of it afterwards.

The story is made once. While it is being made its event comes again, twice, and another photo is
sent by the same form: none of that may change anything.
"""

import io
import json
import secrets
import struct
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import encypher_c2pa
import httpx
import pytest
from PIL import Image

from story.limits import CLIP_FPS, CLIP_HEIGHT_PX, CLIP_SECONDS, CLIP_WIDTH_PX
from tests.local.deployment import (
    BUCKETS,
    PHOTO,
    ROOT,
    Browser,
    Deployment,
    eventually,
    upload,
    upload_detail,
)
from tests.provenance.attacks import encoded

OTHER_PHOTO = ROOT / "photos" / "coffee_cup.jpg"


@dataclass(frozen=True)
class Made:
    """A finished story and how it came about."""

    story_id: str
    canary: str
    view: dict[str, Any]
    video: bytes
    poster: bytes
    executions: list[dict[str, Any]]
    first_version: str


@pytest.fixture(scope="module")
def made(deployment: Deployment, ana: Browser) -> Made:
    canary = f"kanarienvogel{secrets.token_hex(4)}"
    created = ana.create(prompt=f"clouds drift past the {canary} and the sea shimmers", seed=7)
    story_id = created["story"]["id"]
    sent = upload(created["upload"], PHOTO.read_bytes())
    assert sent.status_code == httpx.codes.NO_CONTENT
    eventually("the workflow took it", lambda: ana.story(story_id)["status"] == "PROCESSING")

    again = upload(created["upload"], OTHER_PHOTO.read_bytes())
    assert again.status_code == httpx.codes.NO_CONTENT, "S3 cannot know: the form is still valid"
    detail = upload_detail(deployment, story_id)
    (alias,) = deployment.client("stepfunctions").list_state_machine_aliases(
        stateMachineArn=deployment.outputs["StoryWorkflow"]
    )["stateMachineAliases"]
    for _ in range(2):
        deployment.client("stepfunctions").start_execution(
            stateMachineArn=alias["stateMachineAliasArn"],
            name=str(uuid.uuid4()),
            input=json.dumps(detail),
        )

    view = ana.wait(story_id)
    assert view["status"] == "READY", view["reasons"]
    video, poster = (httpx.get(view[f"{which}_url"], timeout=60) for which in ("video", "poster"))
    assert (video.status_code, poster.status_code) == (200, 200)

    def all_ended() -> bool:
        return all(each["status"] != "RUNNING" for each in deployment.executions(story_id))

    eventually("every execution of the story ended", all_ended)
    deployment.settled(story_id)
    return Made(
        story_id=story_id,
        canary=canary,
        view=view,
        video=video.content,
        poster=poster.content,
        executions=deployment.executions(story_id),
        first_version=sent.headers["x-amz-version-id"],
    )


def test_the_clip_is_what_every_phone_plays(made: Made) -> None:
    with av.open(io.BytesIO(made.video), "r") as clip:
        video, audio = clip.streams.video[0], clip.streams.audio[0]
        found = (video.codec_context.name, video.codec_context.pix_fmt, video.width, video.height)
        assert found == ("h264", "yuv420p", CLIP_WIDTH_PX, CLIP_HEIGHT_PX)
        assert video.average_rate == CLIP_FPS
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 48_000, 2)
        frames = len(list(clip.decode(video)))
    assert abs(frames - CLIP_FPS * CLIP_SECONDS) <= 1


def test_the_clip_starts_before_it_is_downloaded(made: Made) -> None:
    assert boxes(made.video).index("moov") < boxes(made.video).index("mdat")


def boxes(mp4: bytes) -> list[str]:
    """The top-level boxes of an MP4 in order (ISO 14496-12, 4.2)."""
    found, at = [], 0
    while at < len(mp4):
        size, kind = struct.unpack_from(">I4s", mp4, at)
        if size == 1:
            (size,) = struct.unpack_from(">Q", mp4, at + 8)
        assert size >= 8, f"a box of {size} bytes at {at}"
        found.append(kind.decode("latin-1"))
        at += size
    return found


def test_the_poster_is_a_picture_of_the_clips_size(made: Made) -> None:
    with Image.open(io.BytesIO(made.poster), formats=["JPEG"]) as poster:
        assert poster.size == (CLIP_WIDTH_PX, CLIP_HEIGHT_PX)


def test_the_record_tells_the_whole_way(made: Made) -> None:
    assert [line["outcome"] for line in made.view["timeline"]] == ["done"] * 10
    assert {
        verdict["gate"]: verdict["verdict"] for verdict in made.view["verdicts"]
    } == dict.fromkeys(("photo", "words", "video"), "allow")
    assert made.view["seed"] == 7
    assert made.view["credential"]["validation_state"] == "Trusted"
    assert made.canary in made.view["prompt"]


def test_nothing_but_video_and_poster_is_left(deployment: Deployment, made: Made) -> None:
    assert deployment.left(made.story_id) == {
        "stories": [f"{made.story_id}/poster.jpg", f"{made.story_id}/story.mp4"]
    }


def test_a_second_verifier_finds_the_credential_valid(deployment: Deployment, made: Made) -> None:
    report = encypher_c2pa.verify(
        made.video,
        "video/mp4",
        telemetry=False,
        online=False,
        no_default_trust=True,
        trust_pem=deployment.root_certificate.read_text(),
        strict_conformance=True,
    )
    assert (report["integrity"], report["hard_binding"]) == ("valid", "match")
    assert report["trust"]["status"] == "valid_for_supplied_material"


def test_a_changed_picture_is_noticed_by_the_second_verifier(
    deployment: Deployment, made: Made
) -> None:
    changed = bytearray(made.video)
    changed[made.video.index(b"mdat") + 10_000] ^= 0xFF
    report = encypher_c2pa.verify(
        bytes(changed),
        "video/mp4",
        telemetry=False,
        online=False,
        no_default_trust=True,
        trust_pem=deployment.root_certificate.read_text(),
    )
    assert report["integrity"] != "valid"


def test_no_object_of_any_bucket_is_public(deployment: Deployment, made: Made) -> None:
    s3 = deployment.client("s3")
    for name in BUCKETS:
        bucket = deployment.bucket(name)
        blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert list(blocked.values()) == [True] * 4, name
        rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}], name
        policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        assert {statement["Effect"] for statement in policy["Statement"]} == {"Deny"}, name
    for link in (made.view["video_url"], made.view["poster_url"]):
        bare, _, signature = link.partition("?")
        assert "X-Amz-Signature=" in signature
        assert httpx.get(bare).status_code == 403
        cut = link.replace("X-Amz-Signature=", "X-Amz-Signature=0")
        assert httpx.get(cut).status_code == 403


def test_a_link_to_the_video_opens_nothing_else(deployment: Deployment, made: Made) -> None:
    other = made.view["video_url"].replace("story.mp4", "poster.jpg")
    assert httpx.get(other).status_code == 403
    assert deployment.keys("stories", made.story_id)


def test_an_event_that_comes_again_makes_no_second_story(
    deployment: Deployment, made: Made
) -> None:
    assert len(made.executions) == 4, "S3's two events and the two repeated ones"
    assert {each["status"] for each in made.executions} == {"SUCCEEDED"}
    worked = [
        each["executionArn"]
        for each in made.executions
        if "InspectPhoto" in states_of(deployment, each["executionArn"])
    ]
    assert len(worked) == 1
    (generation,) = deployment.items("GENERATION", made.story_id)
    assert generation["state"] == {"S": "ANSWERED"}
    for process, event in (("standins", "accepted"), ("model", "clip made")):
        lines = [
            line
            for line in deployment.log_lines(process)
            if event in line.values() and line["inference_id"].startswith(made.story_id)
        ]
        assert len(lines) == 1, process


def test_a_second_upload_changes_nothing(deployment: Deployment, made: Made) -> None:
    (worked,) = (
        each
        for each in made.executions
        if "InspectPhoto" in states_of(deployment, each["executionArn"])
    )
    used = json.loads(worked["input"])["object"]
    assert used["version-id"] == made.first_version
    assert used["size"] == PHOTO.stat().st_size
    sizes = {json.loads(each["input"])["object"]["size"] for each in made.executions}
    assert sizes == {PHOTO.stat().st_size, OTHER_PHOTO.stat().st_size}, "the second one was seen"


def states_of(deployment: Deployment, execution_arn: str) -> set[str]:
    return {
        event["stateEnteredEventDetails"]["name"]
        for event in deployment.history(execution_arn)
        if "stateEnteredEventDetails" in event
    }


def test_no_word_of_the_prompt_is_in_any_log_or_history(deployment: Deployment, made: Made) -> None:
    places = {
        f"the log of {path.stem}": path.read_text(errors="replace")
        for path in sorted(deployment.stack.log_dir.glob("*.log"))
    }
    places["the functions' logs"] = deployment.function_logs()
    places["the histories"] = json.dumps(
        [[each, deployment.history(each["executionArn"])] for each in made.executions], default=str
    )
    assert len(places) == 5
    assert {name for name, text in places.items() if made.canary in text} == set()
    # The same search finds the story everywhere but in the emulator's own log, which names none.
    found = {name for name, text in places.items() if made.story_id in text}
    assert places.keys() - found <= {"the log of emulator"}
    records = json.dumps(deployment.items("STORY", made.story_id))
    assert made.canary in records, "the word must have been there to prove anything"


def test_whoever_meets_the_clip_later_finds_out_where_it_was_made(
    deployment: Deployment, made: Made, tmp_path: Path
) -> None:
    flipped = bytearray(made.video)
    flipped[made.video.index(b"mdat") + 10_000] ^= 0xFF
    files = {
        "verified": made.video,
        "recovered": encoded(made.video, crf=28),
        "invalid": bytes(flipped),
        "unknown": encoded(still(OTHER_PHOTO), crf=28),
    }
    # One after the other: two functions read each file, as many as there are cores.
    told = {
        answer: answered(deployment, ask_about(deployment, body))
        for answer, body in files.items()
        if answer != "recovered"
    }
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(files["recovered"])
    done = deployment.enliven("verify", str(copy), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "absent", "alone it says nothing"
    told["recovered"] = json.loads(done.stdout)["check"]
    assert {answer: found["answer"] for answer, found in told.items()} == {
        answer: answer for answer in files
    }, told
    # The story was not posted: whoever asks is told that it was made here, and nothing else of it.
    assert [found["story"] for found in told.values()] == [None] * 4
    assert told["verified"]["sentence"] == (
        "Made with Enliven. It has not been changed since it was signed."
    )
    assert told["recovered"]["sentence"] == (
        "Made with Enliven. Its metadata had been removed; the hidden mark survived."
    )
    assert told["recovered"]["credential"]["state"] == "absent"
    assert told["recovered"]["mark"]["state"] == "found"
    assert told["recovered"]["fingerprint"]["state"] == "same"
    assert told["unknown"]["mark"]["state"] == "none"
    listed = deployment.client("s3").list_objects_v2(Bucket=deployment.outputs["ChecksBucket"])
    assert listed["KeyCount"] == 0, "each file is deleted before it is answered for"


def ask_about(deployment: Deployment, body: bytes) -> str:
    """Upload a file as anybody may; returns the check's id."""
    created = httpx.post(
        f"{deployment.api_url}/verify", headers={"Idempotency-Key": str(uuid.uuid4())}, timeout=60
    )
    assert created.status_code == httpx.codes.CREATED, created.text
    sent = upload(created.json()["upload"], body)
    assert sent.status_code == httpx.codes.NO_CONTENT, sent.text
    return str(created.json()["id"])


def answered(deployment: Deployment, check_id: str) -> dict[str, Any]:
    """A check once it is over."""

    def over() -> dict[str, Any] | None:
        told = httpx.get(f"{deployment.api_url}/verify/{check_id}", timeout=60)
        assert told.status_code == httpx.codes.OK, told.text
        found: dict[str, Any] = told.json()
        return found if found["status"] in {"done", "failed"} else None

    return eventually(f"check {check_id} is over", over)


def still(photo: Path) -> bytes:
    """Two seconds of a photo, as a video."""
    out = io.BytesIO()
    with Image.open(photo) as opened, av.open(out, "w", format="mp4") as target:
        picture = opened.convert("RGB").resize((360, 640))
        stream = target.add_stream("libx264", rate=CLIP_FPS)
        stream.width, stream.height, stream.pix_fmt = *picture.size, "yuv420p"
        frame = av.VideoFrame.from_image(picture)
        for index in range(2 * CLIP_FPS):
            frame.pts = index
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return out.getvalue()


def test_no_event_or_message_was_given_up(deployment: Deployment, made: Made) -> None:
    """The queue of what no retry could deliver is empty, also after the tests of other files."""
    answer = deployment.client("sqs").get_queue_attributes(
        QueueUrl=deployment.outputs["DeadLetters"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert made.executions
    assert answer["Attributes"]["ApproximateNumberOfMessages"] == "0"
