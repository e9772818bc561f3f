"""`enliven explain` and `enliven replay` on real stories of the deployed stack.

What a replay promises is held from outside: the story's records and objects are the same before and
after, and nothing of the scratch story is left.
"""

import base64
import html
import json
import os
import re
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session
from botocore.exceptions import ClientError

from local.environments import REGION
from story.identifiers import REPLAY_PREFIX, new_replay_id
from tests.local.deployment import BUCKETS, PHOTO, PROFILE, Browser, Deployment, eventually

KINDS = ("STORY", "VERDICT", "TIMELINE", "GENERATION")
HOSTILE = "</style><script>alert(1)</script> clouds drift"
LIMITED = "limited"


@dataclass(frozen=True)
class Made:
    """A story that is READY, with all that there is of it."""

    story_id: str
    traces: str


@pytest.fixture(scope="module")
def made(deployment: Deployment, ana: Browser) -> Made:
    story_id = ana.start(prompt=HOSTILE)
    view = ana.wait(story_id)
    assert view["status"] == "READY", view["reasons"]
    deployment.settled(story_id)
    return Made(story_id, traces(deployment, story_id))


@pytest.fixture(scope="module")
def rejected(deployment: Deployment, ana: Browser) -> str:
    story_id = ana.start(prompt="I will kill them all with a knife, blood everywhere")
    assert ana.wait(story_id)["status"] == "REJECTED"
    deployment.settled(story_id)
    return story_id


def traces(deployment: Deployment, story_id: str) -> str:
    """Every record and every object of a story, with its time of writing."""
    items = {kind: deployment.items(kind, story_id) for kind in KINDS}
    s3 = deployment.client("s3")
    objects = [
        [name, entry["Key"], entry["ETag"], str(entry["LastModified"])]
        for name in BUCKETS
        for entry in s3.list_objects_v2(Bucket=deployment.bucket(name)).get("Contents", [])
        if story_id in entry["Key"]
    ]
    return json.dumps([items, objects], default=str, sort_keys=True)


def scratch_traces(deployment: Deployment) -> list[str]:
    """Whatever there is under an id that only replays have, and results of nobody."""
    table = deployment.client("dynamodb").get_paginator("scan")
    items = [
        item["pk"]["S"]
        for page in table.paginate(TableName=deployment.outputs["StoriesTable"])
        for item in page["Items"]
    ]
    keys = [key for name in BUCKETS for key in deployment.keys(name)]
    return [each for each in items if f"#{REPLAY_PREFIX}" in each] + [
        key for key in keys if REPLAY_PREFIX in key or key.startswith(("results/", "failures/"))
    ]


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


# Replay ------------------------------------------------------------------------------------------


def test_what_was_cleared_is_said_and_what_would_help(deployment: Deployment, made: Made) -> None:
    done = deployment.enliven("replay", made.story_id, "ModerateVideo")
    assert done.returncode == 4, done.stderr
    assert "media_cleared" in done.stderr
    assert "the judged frames" in done.stderr
    assert "READY" in done.stderr
    assert "--photo FILE" in done.stderr
    before = "InspectPhoto, DirectScene, GenerateVideo, InspectVideo"
    assert f"by running {before} first" in done.stderr
    assert scratch_traces(deployment) == []


def test_another_photo_is_refused(deployment: Deployment, made: Made) -> None:
    other = str(PHOTO.with_name("coffee_cup.jpg"))
    done = deployment.enliven("replay", made.story_id, "ModeratePhoto", "--photo", other)
    assert done.returncode == 2
    assert "photo_of_another_story" in done.stderr
    assert scratch_traces(deployment) == []


def test_the_last_state_is_replayed_from_the_photo_and_the_story_stays_as_it_is(
    deployment: Deployment, made: Made, tmp_path: Path
) -> None:
    done = deployment.enliven(
        "replay", made.story_id, "SignVideo", "--photo", str(PHOTO), "--json", "--out",
        str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = document(done)
    assert [run["state"] for run in told["runs"]] == [
        "InspectPhoto", "DirectScene", "GenerateVideo", "InspectVideo", "LabelVideo", "SignVideo",
    ]  # fmt: skip
    assert all(run["broken"] == "" and run["ms"] > 0 for run in told["runs"])
    # The same code and the same seed: all is the same to the byte but the credential and the mark,
    # which names one story, and what shows it.
    assert told["likeness"] | {"GenerateVideo": "unknown"} == {
        **dict.fromkeys(
            (f"InspectPhoto.{part}" for part in ("photo", "width", "height", "source")), "same"
        ),
        "DirectScene.direction": "same",
        "GenerateVideo": "unknown",
        **dict.fromkeys(
            (f"InspectVideo.{part}" for part in ("clip", "report", "frames", "engine", "crop")),
            "same",
        ),
        "LabelVideo.ingredient": "same",
        **dict.fromkeys(
            (f"LabelVideo.{part}" for part in ("watermark", "clip", "poster", "fingerprints")),
            "differs",
        ),
        "SignVideo.poster": "differs",
        "SignVideo.video": "differs",
        "SignVideo.credential": "differs",
    }
    assert (tmp_path / "story.mp4").stat().st_size > 100_000
    assert told["scratch"]["removed"]["objects"] > 10
    assert traces(deployment, made.story_id) == made.traces
    eventually("nothing of the replay was left", lambda: scratch_traces(deployment) == [])


def test_a_gate_is_replayed_with_its_scores_in_the_version_that_the_story_ran(
    deployment: Deployment, rejected: str
) -> None:
    before = traces(deployment, rejected)
    done = deployment.enliven("replay", rejected, "ModerateWords", "--code", "then")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict: reject" in done.stdout
    assert "holds ModerateOutput" in done.stdout
    assert "the same as then" in done.stdout
    assert "which the story ran too" in done.stdout
    assert traces(deployment, rejected) == before
    assert scratch_traces(deployment) == []


def test_kept_evidence_is_enough_where_only_the_photo_is_taken(
    deployment: Deployment, rejected: str
) -> None:
    done = deployment.enliven("replay", rejected, "ModeratePhoto")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the clean photo, in the evidence bucket" in done.stdout


def test_a_failure_that_happens_again_is_a_replay_that_went_well(
    deployment: Deployment, ana: Browser, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear reader, this is a letter.\n" * 60)
    story_id = ana.start(letter)
    assert ana.wait(story_id)["status"] == "FAILED"
    deployment.settled(story_id)
    done = deployment.enliven("replay", story_id, "InspectPhoto", "--photo", str(letter))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PhotoUnreadable (as it did then)" in done.stdout
    assert scratch_traces(deployment) == []


def test_without_a_history_the_input_is_rebuilt_from_the_records(
    deployment: Deployment, rejected: str
) -> None:
    table, key = deployment.outputs["StoriesTable"], f"STORY#{rejected}"
    dynamodb = deployment.client("dynamodb")

    def point_at(arn: str) -> None:
        dynamodb.update_item(
            TableName=table,
            Key={"pk": {"S": key}, "sk": {"S": "META"}},
            UpdateExpression="SET execution_arn = :arn",
            ExpressionAttributeValues={":arn": {"S": arn}},
        )

    (record,) = deployment.items("STORY", rejected)
    arn = record["execution_arn"]["S"]
    point_at(arn.rpartition(":")[0] + ":dropped-after-90-days")
    try:
        done = deployment.enliven("replay", rejected, "ModeratePhoto")
        page = deployment.enliven("explain", rejected, "--out", str(deployment.home / "old.html"))
    finally:
        point_at(arn)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rebuilt from the records" in done.stdout
    assert page.returncode == 0, page.stderr
    assert "history is gone" in (deployment.home / "old.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("SignVideo",), 4, "never came to SignVideo: it is REJECTED, and ModerateWords was"),
        (("ModerateWordz",), 2, "did you mean ModerateWords?"),
        (("PublishStory",), 2, "Step Functions does it itself"),
        (("ModerateWords", "--timeout", "0"), 2, "must be more than 0 s"),
        (("ModeratePhoto", "--photo", "nowhere.jpg"), 2, "nowhere.jpg: No such file"),
    ],
)
def test_what_cannot_be_replayed_is_said_in_a_line(
    deployment: Deployment, rejected: str, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = deployment.enliven("replay", rejected, *arguments)
    assert done.returncode == status
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("explain",), ("replay", "ModerateWords")])
def test_a_story_that_is_not_there_or_someone_elses_is_refused(
    deployment: Deployment, bo: Browser, command: tuple[str, ...]
) -> None:
    name, *rest = command
    unknown = deployment.enliven(name, "ab" * 16, *rest)
    assert (unknown.returncode, "story_not_found" in unknown.stderr) == (4, True)
    malformed = deployment.enliven(name, "no-id", *rest)
    assert (malformed.returncode, "is no story's id" in malformed.stderr) == (2, True)
    theirs = bo.create()["story"]["id"]
    refused = deployment.enliven(name, theirs, *rest)
    assert (refused.returncode, "story_of_someone_else" in refused.stderr) == (3, True)


# Explain -----------------------------------------------------------------------------------------


def explained(deployment: Deployment, story_id: str, *more: str) -> str:
    out = deployment.home / f"{story_id}.html"
    done = deployment.enliven("explain", story_id, "--out", str(out), *more)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o077 == 0, "others may not read it"
    return out.read_text("utf-8")


def test_the_page_of_a_ready_story_holds_all_of_it_and_asks_nothing_of_a_network(
    deployment: Deployment, made: Made
) -> None:
    page = explained(deployment, made.story_id)
    assert html.escape("<script>alert(1)</script>") in page
    assert "<script>alert" not in page
    assert page.count("<script") == 1, "our own"
    assert page.count("</style>") == 1
    found = re.findall(r'\b(?:src|href|poster|action|data)="([^"]{0,5})', page)
    assert found
    assert {each for each in found if not each.startswith(("data:", "#"))} == set()
    video = re.search(r'src="data:video/mp4;base64,([^"]+)"', page)
    assert video
    stored = deployment.client("s3").get_object(
        Bucket=deployment.bucket("stories"), Key=f"{made.story_id}/story.mp4"
    )["Body"]
    assert base64.b64decode(video[1]) == stored.read()
    for said in (
        "by a signer you trust",
        "claimSignature.validated",
        "cawg.training-mining",
        "uploads and intermediates are cleared when a story ends (READY",
        "the same frame of the published video",
        "looked at again",
        "Rekognition moderation",
        f"enliven replay {made.story_id} SignVideo",
        "creator and for reviewers",
    ):
        assert said in page, said
    assert "task_token" not in page
    assert deployment.items("GENERATION", made.story_id)[0]["task_token"]["S"] not in page
    assert not re.findall(r"<img(?![^>]*\balt=\"[^\"]+\")", page), "every picture has a text"
    assert traces(deployment, made.story_id) == made.traces


def test_a_photo_that_was_cleared_is_made_again_from_the_original_and_no_other(
    deployment: Deployment, made: Made
) -> None:
    page = explained(deployment, made.story_id, "--photo", str(PHOTO))
    assert "The clean photo, made again from the original" in page
    assert "from the clean photo, made again, and without" in page
    other = str(PHOTO.with_name("coffee_cup.jpg"))
    done = deployment.enliven("explain", made.story_id, "--photo", other)
    assert (done.returncode, "photo_of_another_story" in done.stderr) == (2, True)


def test_the_page_of_a_rejected_story_shows_what_was_kept(
    deployment: Deployment, rejected: str
) -> None:
    page = explained(deployment, rejected)
    assert "The clean photo, from the evidence bucket." in page
    assert "Evidence until" in page
    assert "The words seem to" in page
    assert "only a story that is READY has one" in page


@contextmanager
def engine_paused(deployment: Deployment) -> Iterator[None]:
    """The engine's processes stand still; the group is that of the server they belong to."""
    os.killpg(deployment.stack.model.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(deployment.stack.model.pid, signal.SIGCONT)


def test_a_story_in_work_is_explained_as_far_as_it_is(deployment: Deployment, ana: Browser) -> None:
    waiting = ana.create()["story"]["id"]
    assert "the story waits for its photo" in explained(deployment, waiting)
    story_id = ana.start()
    ana.wait_for_generation(story_id)
    with engine_paused(deployment):
        page = explained(deployment, story_id)
        done = deployment.enliven("replay", story_id, "DirectScene", "--json")
        assert ana.story(story_id)["status"] == "PROCESSING", "the story is in work all the time"
    assert "The clean photo, from the work bucket." in page
    assert "GenerateVideo" in page
    assert done.returncode == 0, done.stdout + done.stderr
    assert document(done)["likeness"] == {"DirectScene.direction": "same"}
    assert ana.wait(story_id)["status"] == "READY", "looking at it did not stop it"


# Whose credentials -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def person(deployment: Deployment) -> Iterator[dict[str, str]]:
    """An IAM user without any policy, and a profile of the command line that uses its key."""
    iam = deployment.client("iam")
    name = f"person-{secrets.token_hex(4)}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    aws = deployment.home / ".aws"
    aws.mkdir(exist_ok=True)
    (aws / "credentials").write_text(
        f"[{LIMITED}]\naws_access_key_id = {key['AccessKeyId']}\n"
        f"aws_secret_access_key = {key['SecretAccessKey']}\n"
    )
    profiles = deployment.home / ".config" / "enliven"
    content = json.loads((profiles / f"{PROFILE}.json").read_text())
    (profiles / f"{LIMITED}.json").write_text(json.dumps(content | {"aws_profile": LIMITED}))
    yield {"name": name, "id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    (profiles / f"{LIMITED}.json").unlink()


def as_person(deployment: Deployment, *arguments: str) -> subprocess.CompletedProcess[str]:
    return deployment.enliven(*arguments, profile=LIMITED)


def test_the_policies_are_enough_for_the_commands_and_for_no_more(
    deployment: Deployment, made: Made, rejected: str, person: dict[str, str]
) -> None:
    iam = deployment.client("iam")
    out = str(deployment.home / "limited.html")

    refused = as_person(deployment, "explain", rejected, "--out", out)
    assert (refused.returncode, "aws_refused" in refused.stderr) == (4, True), refused.stderr
    assert "docs/debugging.md" in refused.stderr

    iam.attach_user_policy(UserName=person["name"], PolicyArn=deployment.outputs["ReviewerPolicy"])
    for story_id in (made.story_id, rejected):
        done = as_person(deployment, "explain", story_id, "--out", out)
        assert done.returncode == 0, done.stderr
    refused = as_person(deployment, "replay", rejected, "ModeratePhoto")
    assert (refused.returncode, "aws_refused" in refused.stderr) == (4, True), refused.stderr

    iam.attach_user_policy(UserName=person["name"], PolicyArn=deployment.outputs["ReplayPolicy"])
    done = as_person(
        deployment, "replay", made.story_id, "InspectVideo", "--photo", str(PHOTO), "--json"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert traces(deployment, made.story_id) == made.traces
    eventually("nothing of the replay was left", lambda: scratch_traces(deployment) == [])
    _cannot_change_a_story(deployment, made.story_id, person)


def _cannot_change_a_story(deployment: Deployment, story_id: str, person: dict[str, str]) -> None:
    session = Session(person["id"], person["secret"], region_name=REGION)
    dynamodb = session.client("dynamodb", endpoint_url=deployment.stack.endpoint)
    s3 = session.client("s3", endpoint_url=deployment.stack.endpoint)
    table = deployment.outputs["StoriesTable"]
    key = {"pk": {"S": f"STORY#{story_id}"}, "sk": {"S": "META"}}
    for write in (
        lambda: dynamodb.put_item(TableName=table, Item=key),
        lambda: dynamodb.delete_item(TableName=table, Key=key),
        lambda: s3.put_object(Bucket=deployment.bucket("work"), Key=f"work/{story_id}/x", Body=b""),
        lambda: s3.put_object(
            Bucket=deployment.bucket("stories"), Key=f"{story_id}/story.mp4", Body=b""
        ),
        lambda: s3.delete_object(Bucket=deployment.bucket("stories"), Key=f"{story_id}/story.mp4"),
    ):
        with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
            write()


# What a killed replay leaves ---------------------------------------------------------------------


@pytest.mark.parametrize(("expires_at", "left"), [("2020-01-01T00:00:00.000Z", 0), ("2999", 2)])
def test_the_sweep_clears_what_a_killed_replay_left_once_its_time_is_over(
    deployment: Deployment, expires_at: str, left: int
) -> None:
    scratch = new_replay_id()
    key = {"pk": {"S": f"STORY#{scratch}"}, "sk": {"S": "META"}}
    table = deployment.outputs["StoriesTable"]
    told = {"status": {"S": "PROCESSING"}, "expires_at": {"S": expires_at}}
    deployment.client("dynamodb").put_item(TableName=table, Item=key | told)
    s3 = deployment.client("s3")
    s3.put_object(Bucket=deployment.bucket("work"), Key=f"work/{scratch}/1/photo.jpg", Body=b"-")
    s3.put_object(Bucket=deployment.bucket("stories"), Key=f"{scratch}/story.mp4", Body=b"-")
    try:
        deployment.sweep()
        assert sum(len(keys) for keys in deployment.left(scratch).values()) == left
    finally:
        s3.delete_object(Bucket=deployment.bucket("work"), Key=f"work/{scratch}/1/photo.jpg")
        s3.delete_object(Bucket=deployment.bucket("stories"), Key=f"{scratch}/story.mp4")
        deployment.client("dynamodb").delete_item(TableName=table, Key=key)
