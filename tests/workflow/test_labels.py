"""What the signed file of a story says of itself, read by others than us: all of it is one row."""

import base64
import io
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import av
import c2pa
import numpy as np
import pytest
import rdflib
from pymediainfo import MediaInfo

from cloud import media
from fingerprints.clip import of_clip
from local.standins.reading import Reader
from story.contracts import ObjectRef
from story.fingerprints import Fingerprints, iscc_unit
from story.generation import EngineName
from story.labels import Language, labels
from tests.workflow import engine
from tests.workflow.conftest import Cloud

DIFFUSION = EngineName(family="diffusion", name="wan-5b", version="2.2")
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"


#: Loaded once; it knows nothing of what it should read.
eyes = cache(Reader)


@pytest.fixture(autouse=True)
def _as_made_elsewhere(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    engine.draw_whole(monkeypatch)


@dataclass
class Said:
    """What was found in a file, by the name that labels.Label has for it."""

    words: list[str]
    xmp: dict[str, str]
    aigc: dict[str, str]
    actions: list[dict[str, Any]]
    #: The value of the manifest's soft binding.
    binding: bytes


def signed(record: dict[str, Any]) -> bytes:
    """The published file of a story."""
    found = media.read(ObjectRef.model_validate_json(record["video"]))
    assert isinstance(found, bytes)
    return found


def said(video: bytes) -> Said:
    with av.open(io.BytesIO(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    packet = video[video.rindex(b"<rdf:RDF") : video.rindex(b"</x:xmpmeta>")]
    graph = rdflib.Graph().parse(data=packet, format="xml")
    (general,) = MediaInfo.parse(io.BytesIO(video)).general_tracks
    with c2pa.Reader("video/mp4", io.BytesIO(video)) as reader:
        manifest = reader.get_active_manifest()
    assert manifest is not None
    (actions,) = [
        assertion["data"]["actions"]
        for assertion in manifest["assertions"]
        if assertion["label"].startswith("c2pa.actions")
    ]
    (binding,) = [
        assertion["data"]
        for assertion in manifest["assertions"]
        if assertion["label"] == "c2pa.soft-binding"
    ]
    return Said(
        # The badge is there from the first frame to the last.
        words=[
            "|".join(
                line.text
                for line in eyes().lines(np.ascontiguousarray(frames[at][: len(frames[at]) // 3]))
            )
            for at in (0, -1)
        ],
        xmp={str(name): str(value) for _, name, value in graph},
        aigc=json.loads(general.to_data()["aigc"]),
        actions=actions,
        binding=base64.b64decode(binding["blocks"][0]["value"]),
    )


@pytest.mark.parametrize(("called", "language"), [(engine.SWAY, None), (DIFFUSION, "zh")])
def test_a_signed_file_says_what_its_engine_s_row_says_and_its_record_knows_it_again(
    cloud: Cloud, called: EngineName, language: Language | None
) -> None:
    cloud.engine = called
    story_id = cloud.create(**({"language": language} if language else {}))
    execution = cloud.start(cloud.upload(story_id))
    assert cloud.wait(execution)["status"] == "SUCCEEDED"
    record = cloud.story(story_id)
    # Without a language it is the default's, and the record says so from then on.
    assert record["language"] == (language or "en")

    video = signed(record)
    found = said(video)
    row = labels()[called.family]
    made, badge, mark = found.actions
    assert all(row.words[language or "en"] in words for words in found.words), found.words
    assert found.xmp[f"{IPTC}DigitalSourceType"] == row.digital_source_type
    assert (made["action"], made["digitalSourceType"]) == (row.c2pa_action, row.digital_source_type)
    assert made["description"] == row.c2pa_description
    assert (badge["action"], badge["description"]) == (
        row.badge_action,
        row.badge_description(language or "en"),
    )
    assert (mark["action"], mark["description"]) == (
        row.watermark_action,
        row.watermark_description,
    )
    assert found.binding == iscc_unit(of_clip(video).iscc)
    assert found.aigc["Label"] == row.aigc_label

    # And what the file says elsewhere agrees with that, and with the record.
    assert found.aigc == json.loads(found.xmp["http://www.tc260.org.cn/ns/AIGC/1.0/AIGC"])
    assert found.aigc["ProduceID"] == found.xmp["http://purl.org/dc/elements/1.1/identifier"]
    assert (found.aigc["ProduceID"], found.aigc["ContentProducer"]) == (story_id, "Example Stories")
    assert found.xmp["http://ns.adobe.com/xap/1.0/CreateDate"] == record["claimed_at"]
    assert found.xmp[f"{IPTC}AISystemUsed"] == f"Enliven ({called.name})"
    assert found.xmp[f"{IPTC}AISystemVersionUsed"] == called.version
    agent = made["softwareAgent"]
    assert (agent["name"], agent["version"]) == (called.name, called.version)

    # What was taken before signing is what the signed file has.
    assert of_clip(video) == Fingerprints.model_validate_json(record["fingerprints"])
