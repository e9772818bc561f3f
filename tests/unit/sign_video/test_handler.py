from __future__ import annotations

import base64
import io
import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import c2pa
import encypher_c2pa
import pytest
from pydantic import ValidationError

from cloud.certificates import NOTHING
from cloud.clients import client
from local import certificates
from provenance import verification
from provenance.reading import UNTRUSTED, Reading
from sign_video import manifest
from story import labels
from story.errors import CredentialInvalid, ResultUnreadable, SettingInvalid
from story.generation import EngineName
from tests.unit.sign_video.samples import FINGERPRINTS

if TYPE_CHECKING:
    from conftest import Signed, Stack

STORY = "0123456789abcdef0123456789abcdef"
VIDEO, POSTER = f"{STORY}/story.mp4", f"{STORY}/poster.jpg"
DIFFUSION = EngineName(family="diffusion", name="wan-5b", version="2.2")
PROJECT = Path(__file__).parents[3]


def read(video: bytes, anchors: str | None) -> Reading:
    reading = verification.read(io.BytesIO(video), "video/mp4", anchors)
    assert reading is not None
    return reading


def raw_manifest(video: bytes) -> dict[str, Any]:
    with c2pa.Reader("video/mp4", io.BytesIO(video)) as reader:
        active = reader.get_active_manifest()
    assert active is not None
    return dict(active)


def test_a_signed_story_reads_back_as_trusted_by_those_who_trust_its_root(signed: Signed) -> None:
    reading = read(signed.video, signed.root)
    credential = signed.output["credential"]
    assert reading.state == "Trusted"
    assert reading.failed == ()
    assert reading.manifest_id == credential["manifest_id"]
    assert credential["verified_by"] == (
        f"c2pa-python {c2pa.__version__} and encypher-c2pa {encypher_c2pa.__version__}"
    )
    assert credential["validation_state"] == "Trusted"
    assert signed.poster == signed.sources.poster


def test_those_who_trust_nobody_see_an_intact_video_of_an_unknown_signer(signed: Signed) -> None:
    reading = read(signed.video, None)
    assert reading.state == "Valid"
    assert [finding.code for finding in reading.failed] == [UNTRUSTED]
    assert reading.defects(anchored=False) == ()


def test_a_stack_without_anchors_publishes_what_is_valid(stack: Stack) -> None:
    stack.set_parameter("/enliven/anchors", NOTHING)
    assert stack.run()["credential"]["validation_state"] == "Valid"


def test_anchors_of_somebody_else_stop_the_story(stack: Stack) -> None:
    key = client("kms").get_public_key(KeyId=stack.key_id)["PublicKey"]
    foreign = certificates.issue(key, datetime.now(UTC)).root
    stack.set_parameter("/enliven/anchors", foreign)
    with pytest.raises(CredentialInvalid, match=UNTRUSTED):
        stack.run()
    assert stack.published() == []


@pytest.mark.parametrize(
    "engine", [EngineName(family="procedural", name="m", version="1"), DIFFUSION]
)
def test_the_manifest_says_which_kind_of_engine_made_the_clip(
    stack: Stack, engine: EngineName
) -> None:
    output = stack.run(engine)
    created, edited, marked = read(stack.object(VIDEO), stack.root).actions
    label = labels.for_engine(engine)
    assert created.action == label.c2pa_action == "c2pa.created"
    assert created.description == label.c2pa_description
    assert created.agent == f"{engine.name} {engine.version}"
    assert created.digital_source_type == label.digital_source_type
    assert output["credential"]["digital_source_type"] == label.digital_source_type
    assert (edited.action, edited.description) == ("c2pa.edited", label.badge_description("en"))
    assert marked.action == label.watermark_action == "c2pa.watermarked.unbound"
    assert marked.description == label.watermark_description


def test_the_manifest_says_which_words_were_drawn(stack: Stack) -> None:
    stack.run(language="ar")
    _, edited, _ = read(stack.object(VIDEO), stack.root).actions
    words = labels.labels()["procedural"].words["ar"]
    assert edited.description == f"The words “{words}” were drawn into every frame."


def test_a_procedural_clip_does_not_claim_a_trained_model(signed: Signed) -> None:
    """IPTC's three terms for generative AI."""
    for term in (b"rainedAlgorithmicMedia", b"compositeSynthetic"):
        assert term not in signed.video


def test_every_assertion_is_what_we_made_not_what_we_heard(signed: Signed) -> None:
    with c2pa.Reader("video/mp4", io.BytesIO(signed.video)) as reader:
        store = json.loads(reader.detailed_json())
    claim = store["manifests"][store["active_manifest"]]["claim"]
    assert "gathered_assertions" not in claim
    made = {assertion["url"].rpartition("/")[2] for assertion in claim["created_assertions"]}
    assert made == {
        "c2pa.actions.v2",
        "c2pa.ingredient.v3",
        "c2pa.thumbnail.claim",
        "c2pa.thumbnail.ingredient",
        "cawg.training-mining",
        "c2pa.hash.bmff.v3",
        "c2pa.soft-binding",
    }


def test_all_actions_are_listed_and_training_is_not_allowed(signed: Signed) -> None:
    found = raw_manifest(signed.video)
    data = {assertion["label"]: assertion["data"] for assertion in found["assertions"]}
    assert data["c2pa.actions.v2"]["allActionsIncluded"] is True
    assert {entry["use"] for entry in data["cawg.training-mining"]["entries"].values()} == {
        "notAllowed"
    }


def test_the_manifest_names_the_fingerprint_that_others_can_make(signed: Signed) -> None:
    """ISO 24138's unit, of which IEP-0020 makes the value of a soft binding: header and digest."""
    found = raw_manifest(signed.video)
    (binding,) = [a["data"] for a in found["assertions"] if a["label"] == "c2pa.soft-binding"]
    assert binding["alg"] == "io.iscc.v0"
    (block,) = binding["blocks"]
    assert block["scope"] == {}
    unit = base64.b64decode(block["value"])
    assert "ISCC:" + base64.b32encode(unit).decode().rstrip("=") == FINGERPRINTS.iscc


def test_the_only_pictures_in_the_credential_are_the_poster_and_the_ingredient(
    signed: Signed,
) -> None:
    video = signed.video
    found = raw_manifest(video)
    pictures = []
    with c2pa.Reader("video/mp4", io.BytesIO(video)) as reader:
        for holder in (found, *found["ingredients"]):
            picture = io.BytesIO()
            reader.resource_to_stream(holder["thumbnail"]["identifier"], picture)
            pictures.append(picture.getvalue())
    assert pictures == [signed.sources.poster, signed.sources.ingredient]
    assert video.count(b"\xff\xd8\xff") == len(pictures)


def test_the_photo_is_an_input_and_the_credential_names_no_story_bucket_or_person(
    signed: Signed,
) -> None:
    found = raw_manifest(signed.video)
    (photo,) = found["ingredients"]
    assert (photo["title"], photo["relationship"]) == ("photo.jpg", "inputTo")
    assert found["title"] == "story.mp4"
    for word in (STORY, "work/", "labelled", "bucket", "prompt"):
        assert word not in json.dumps(found)


def test_the_media_is_not_touched(signed: Signed) -> None:
    before, after = (
        re.findall(b"mdat.*", d, re.DOTALL) for d in (signed.sources.clip, signed.video)
    )
    payload = before[0][:2_000]
    assert after[0].startswith(payload)


def test_a_second_independent_verifier_agrees(signed: Signed) -> None:
    report = encypher_c2pa.verify(
        signed.video,
        "video/mp4",
        telemetry=False,
        online=False,
        no_default_trust=True,
        trust_pem=signed.root,
        strict_conformance=True,
    )
    assert report["integrity"] == "valid"
    assert report["hard_binding"] == "match"
    assert report["trust"]["status"] == "valid_for_supplied_material"
    # What a public programme asks for and a stack without a time stamp authority cannot give.
    assert {finding["code"] for finding in report["validation_results"]["failure"]} == {
        "com.encypher.conformance.revocationInformationMissing",
        "com.encypher.conformance.trustedTimeStampMissing",
    }


def test_signing_again_gives_another_credential_for_the_same_story(stack: Stack) -> None:
    first, second = stack.run(), stack.run()
    assert first["credential"]["manifest_id"] != second["credential"]["manifest_id"]
    assert stack.published() == [POSTER, VIDEO]


def test_a_clip_that_was_exchanged_on_the_way_is_not_signed(stack: Stack) -> None:
    event = stack.event()
    client("s3").put_object(Bucket="work", Key=event["clip"]["key"], Body=stack.poster)
    stack.event = lambda *_: event  # type: ignore[method-assign]  # the event as it was before
    with pytest.raises(ResultUnreadable):
        stack.run()
    assert stack.published() == []


def test_the_time_line_says_what_was_called(stack: Stack) -> None:
    stack.run()
    (line,) = client("dynamodb").scan(TableName="stories")["Items"]
    assert line["outcome"] == {"S": "done"}
    counted = {name: int(value["N"]) for name, value in line.items() if name.startswith("call:")}
    assert counted["call:kms:Sign"] == 1
    assert counted["call:s3:GetObject"] == 3


@pytest.mark.parametrize("missing", ["SIGNING_KEY_ID", "STORIES_BUCKET"])
def test_a_missing_setting_is_named(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(SettingInvalid, match=missing):
        stack.run()


def test_an_authority_that_is_no_url_is_refused(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSA_URL", "timestamp.example")
    with pytest.raises(SettingInvalid, match="TSA_URL"):
        stack.run()


def test_an_event_of_another_shape_is_refused(stack: Stack) -> None:
    event = stack.event() | {"prompt": "words do not belong into events"}
    stack.event = lambda *_: event  # type: ignore[method-assign]  # an event nobody may send
    with pytest.raises(ValidationError, match="prompt"):
        stack.run()


def test_the_manifest_names_the_version_of_the_project() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert project["project"]["version"] == manifest.VERSION
