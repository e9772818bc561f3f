"""Each category of both taxonomies through the whole workflow, at each gate that can meet it.

What the row of the policy says is what becomes of the story: nobody can read what was stopped, the
reason is told, and the evidence is what the table of retention keeps.
"""

import json
from typing import Any

import pytest

from cloud import stories
from story.policy import rows
from tests.workflow import providers
from tests.workflow.conftest import Cloud, handler

STATUS = {"reject": "REJECTED", "review": "UNDER_REVIEW", "allow": "READY"}
SURE = 99.0
#: (label, its top-level category) of every row of Rekognition's taxonomy.
LABELS = [
    (name, row.category)
    for name, row in rows.gate("photo").rows["labels"].items()
    if name != rows.UNKNOWN
]
FILTERS = [name for name in rows.FILTERS if name != "PROMPT_ATTACK"]


def _expected(gate: str, name: str) -> str:
    """What a sure finding of a category comes to, by its row; all of it is new in the video."""
    limits = rows.gate(gate).rows["labels"][name].limits_for(new=gate == "video")
    if limits.reject is not None and limits.reject <= SURE:
        return "reject"
    return "review" if limits.review is not None and limits.review <= SURE else "allow"


def _judged(cloud: Cloud, gate: str, label: str, parent: str) -> tuple[str, dict[str, Any]]:
    seen = providers.picture(label, parent, SURE)
    cloud.providers.pictures = [seen] if gate == "photo" else [providers.SAFE_PICTURE, seen]
    story_id = cloud.create()
    cloud.run(story_id)
    return story_id, cloud.story(story_id)


def _holds(cloud: Cloud, story_id: str, story: dict[str, Any], gate: str, verdict: str) -> None:
    """What must be true of a story with this verdict at this gate, whatever the category."""
    assert story["status"] == STATUS[verdict]
    kept = stories.verdict(story_id, 1, gate)
    assert kept is not None
    assert kept["verdict"] == verdict
    assert kept["policy"] == rows.version()
    if verdict == "allow":
        assert cloud.keys("evidence") == []
        return
    assert cloud.keys("stories") == [], "nobody can read it"
    assert cloud.keys("work") == []
    evidence = cloud.keys("evidence")
    assert f"{story_id}/photo.jpg" in evidence
    assert (len(evidence) > 1) == (gate == "video"), "frames are kept of what gate 2 stopped"
    told = json.loads(kept["detail"])["reasons"]
    assert told
    assert all(reason["message"] for reason in told)


@pytest.mark.parametrize(("label", "parent"), LABELS)
def test_gate_1_does_with_each_label_of_a_photo_what_its_row_says(
    cloud: Cloud, label: str, parent: str
) -> None:
    story_id, story = _judged(cloud, "photo", label, parent)
    _holds(cloud, story_id, story, "photo", _expected("photo", label))


@pytest.mark.parametrize(("label", "parent"), LABELS)
def test_gate_2_does_with_each_label_of_a_video_what_its_row_says(
    cloud: Cloud, label: str, parent: str
) -> None:
    story_id, story = _judged(cloud, "video", label, parent)
    _holds(cloud, story_id, story, "video", _expected("video", label))


@pytest.mark.parametrize("kind", FILTERS)
def test_gate_1_rejects_words_of_each_filter(cloud: Cloud, kind: str) -> None:
    cloud.providers.words = [providers.blocked(kind)]
    story_id = cloud.create()
    cloud.run(story_id)
    _holds(cloud, story_id, cloud.story(story_id), "words", "reject")


@pytest.mark.parametrize("kind", FILTERS)
def test_gate_3_lets_no_words_of_any_filter_be_posted(cloud: Cloud, kind: str) -> None:
    story_id = cloud.create()
    cloud.run(story_id)
    cloud.providers.words = [providers.blocked(kind)]
    event = {"story_id": story_id, "creator": "creator", "visibility": "everyone", "caption": "x"}
    told: dict[str, Any] = handler("post_story")(event, None)
    assert (told["posted"], told["refusal"]) == (False, "words_not_allowed")
    assert cloud.story(story_id)["status"] == "READY"
    kept = stories.verdict(story_id, 1, "posting")
    assert kept is not None
    assert [each["row"] for each in json.loads(kept["detail"])["findings"]] == [f"posting/{kind}"]
