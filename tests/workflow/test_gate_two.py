"""Gate 2 through the whole workflow: what is asked of which frame, and what it costs."""

import threading
import time
from typing import Any

import pytest

from api.presenting import present
from cloud import recognition, stories
from cloud.recognition import Pace
from story import policy
from story.contracts import ObjectRef
from story.limits import GATE_FRAMES
from story.policy import rows
from tests.workflow import providers
from tests.workflow.conftest import Cloud

LIMIT_DOLLARS = 0.02
MODERATION = {
    "Rekognition moderation",
    "Rekognition text",
    "Rekognition faces",
    "Rekognition labels",
    "Rekognition celebrities",
    "Bedrock Guardrails content filter",
}


def _asked(cloud: Cloud, operation: str, part: str) -> list[str]:
    """The objects that Rekognition was asked about, whose key has a part."""
    return [
        call["Image"]["S3Object"]["Name"]
        for call in cloud.providers.asked
        if call["operation"] == operation and part in call["Image"]["S3Object"]["Name"]
    ]


def test_text_is_read_in_the_first_and_the_last_frame_and_faces_only_where_the_photo_has_people(
    cloud: Cloud,
) -> None:
    for people in (False, True):
        cloud.providers.asked.clear()
        cloud.providers.faces = [providers.somebody() if people else providers.NOBODY]
        story_id = cloud.create()
        cloud.annotate(story_id, people_consent=True)
        cloud.run(story_id)
        assert cloud.story(story_id)["status"] == "READY"
        judged = _asked(cloud, "DetectModerationLabels", "frame")
        assert 2 <= len(judged) <= GATE_FRAMES
        assert judged == sorted(judged)
        assert _asked(cloud, "DetectText", "frame") == [judged[0], judged[-1]]
        assert _asked(cloud, "DetectFaces", "frame") == ([judged[0], judged[-1]] if people else [])


@pytest.mark.parametrize("kind", [name for name in rows.FILTERS if name != "PROMPT_ATTACK"])
def test_words_that_only_the_video_shows_reject_it(cloud: Cloud, kind: str) -> None:
    cloud.providers.texts = [providers.NO_TEXT, providers.NO_TEXT, providers.readable("kill")]
    cloud.providers.words = [providers.SAFE_WORDS, providers.blocked(kind)]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "REJECTED"
    kept = stories.verdict(story_id, 1, "video")
    assert kept is not None
    verdict = policy.Verdict.model_validate_json(kept["detail"])
    assert [found.row for found in verdict.findings] == [f"video/text/{kind}"]
    assert not cloud.keys("stories")


def test_what_the_photo_did_not_have_rejects_its_video_earlier(cloud: Cloud) -> None:
    weapons = providers.picture("Weapons", "Violence", 70.0)
    faint = providers.picture("Weapons", "Violence", 30.0)
    for photo, status in ((providers.SAFE_PICTURE, "REJECTED"), (faint, "UNDER_REVIEW")):
        cloud.providers.pictures = [photo, weapons]
        story_id = cloud.create()
        cloud.run(story_id)
        assert cloud.story(story_id)["status"] == status


def test_a_frame_that_cannot_be_judged_fails_the_story(cloud: Cloud) -> None:
    broken = (400, {"__type": "InvalidImageFormatException", "message": "no"})
    cloud.providers.pictures = [providers.SAFE_PICTURE, providers.SAFE_PICTURE, broken]
    story_id = cloud.create()
    cloud.run(story_id)
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", "moderation_unanswered")
    assert not cloud.keys("stories")


def test_a_minors_face_that_only_the_video_shows_makes_it_stricter(cloud: Cloud) -> None:
    cloud.providers.faces = [providers.somebody(), providers.somebody(), providers.somebody(9, 15)]
    bathing = providers.picture("Male Swimwear or Underwear", "Swimwear or Underwear", 85.0)
    cloud.providers.pictures = [bathing]
    story_id = cloud.create()
    cloud.annotate(story_id, people_consent=True)
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "UNDER_REVIEW"


def test_the_receipt_itemises_every_call_of_the_gates_and_they_cost_at_most_two_cents(
    cloud: Cloud,
) -> None:
    cloud.providers.faces = [providers.somebody()]
    cloud.providers.texts = [providers.readable("welcome")]
    story_id = cloud.create()
    cloud.annotate(story_id, people_consent=True)
    cloud.run(story_id)
    view = present(
        cloud.story(story_id),
        lines=stories.partition("TIMELINE", story_id),
        verdicts=stories.partition("VERDICT", story_id),
        sign=lambda _: "https://example.invalid",
    )
    assert view.cost is not None
    items = {item.what: item for item in view.cost.items if item.what in MODERATION}
    frames = len(_asked(cloud, "DetectModerationLabels", "frame"))
    quantities = {what: item.quantity for what, item in items.items()}
    assert quantities == {
        "Rekognition moderation": 1 + frames,
        "Rekognition text": 3,
        "Rekognition faces": 3,
        "Rekognition labels": 1,
        "Bedrock Guardrails content filter": 3,
    }
    assert sum(item.cost for item in items.values()) <= LIMIT_DOLLARS


def test_a_story_with_everything_in_it_costs_at_most_two_cents_to_moderate() -> None:
    from story.receipt import prices  # noqa: PLC0415 - the list is read by this test alone

    listed = prices()["calls"]
    rekognition = 1 + GATE_FRAMES + 1 + 2 + 1 + 2 + 1 + 1  # moderation, text, faces, labels, known
    guardrail = 3  # what is read in the photo, the words, what is read in the video
    dollars = rekognition * listed["rekognition:DetectText"]["price"]
    dollars += guardrail * listed["bedrock-runtime:ApplyGuardrail"]["price"]
    assert dollars <= LIMIT_DOLLARS


def test_calls_begin_no_closer_together_than_the_accounts_quota_allows() -> None:
    pace, began = Pace(), []
    lock = threading.Lock()

    def call() -> None:
        pace.wait(50.0)
        with lock:
            began.append(time.monotonic())

    threads = [threading.Thread(target=call) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    began.sort()
    assert began[-1] - began[0] >= 9 / 50 - 0.01


@pytest.mark.parametrize(
    ("quota", "instances", "share"), [("50", "20", 2.5), ("50", "1", 50.0), ("50", "0", 2.5)]
)
def test_the_instances_of_a_state_share_the_quota(
    monkeypatch: pytest.MonkeyPatch, quota: str, instances: str, share: float
) -> None:
    monkeypatch.setenv("REKOGNITION_QUOTA", quota)
    monkeypatch.setenv("STATE_CONCURRENCY", instances)
    monkeypatch.setenv("REKOGNITION_CONCURRENCY", "4")
    settings = recognition.load(recognition.RekognitionSettings)
    assert settings.calls_a_second == share


def test_no_more_calls_are_made_at_once_than_the_setting_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("REKOGNITION_QUOTA", "1000")
    monkeypatch.setenv("STATE_CONCURRENCY", "1")
    monkeypatch.setenv("REKOGNITION_CONCURRENCY", "3")
    now: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def ask(index: int) -> int:
        with lock:
            now.append(index)
            most.append(len(now))
        time.sleep(0.02)
        with lock:
            now.remove(index)
        return index

    def question(index: int) -> Any:
        return lambda: ask(index)

    assert recognition.together([question(index) for index in range(10)]) == list(range(10))
    assert 1 < max(most) <= 3


def test_an_object_is_asked_about_where_it_lies(cloud: Cloud) -> None:
    image = ObjectRef(bucket="work", key="k", sha256="0" * 64, size=1)
    recognition.text(image)
    (call,) = cloud.providers.asked
    assert call["Image"] == {"S3Object": {"Bucket": "work", "Name": "k"}}
