"""Gate 1 through the whole workflow: text in the photo, people, minors, public figures, silence."""

import json
from typing import Any

import pytest

from cloud import clients, stories
from story import policy
from story.generation import Direction
from story.policy import rows
from tests.workflow import providers
from tests.workflow.conftest import Cloud


def _verdict(story_id: str, gate: str) -> policy.Verdict:
    kept = stories.verdict(story_id, 1, gate)
    assert kept is not None
    return policy.Verdict.model_validate_json(kept["detail"])


def _asked(cloud: Cloud, operation: str) -> list[dict[str, Any]]:
    return [call for call in cloud.providers.asked if call["operation"] == operation]


@pytest.mark.parametrize("kind", [name for name in rows.FILTERS if name != "PROMPT_ATTACK"])
def test_words_that_can_be_read_in_the_photo_reject_it(cloud: Cloud, kind: str) -> None:
    cloud.providers.texts = [providers.readable("I will", "kill you")]
    cloud.providers.words = [providers.blocked(kind)]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "REJECTED"
    verdict = _verdict(story_id, "photo")
    assert [found.row for found in verdict.findings] == [f"photo/text/{kind}"]
    assert verdict.reasons[0].message == policy.gate("photo").rows["text"][kind].told
    assert "rekognition text 3.0" in verdict.models
    # A sentence goes over lines, so they are judged as one.
    (call,) = _asked(cloud, "ApplyGuardrail")
    assert call["content"] == [{"text": {"text": "I will\nkill you"}}]
    assert cloud.generated == 0


def test_lines_that_are_not_sure_are_not_judged_and_a_photo_without_text_costs_no_call(
    cloud: Cloud,
) -> None:
    unsure = {"DetectedText": "k?ll", "Type": "LINE", "Confidence": 20.0}
    word = {"DetectedText": "kill", "Type": "WORD", "Confidence": 99.0}
    answer = {"TextDetections": [unsure, word], "TextModelVersion": "3.0"}
    cloud.providers.texts = [(200, answer)]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "READY"
    assert len(_asked(cloud, "ApplyGuardrail")) == 1, "the prompt alone"


def test_people_need_the_creators_word_and_without_it_nothing_is_made(cloud: Cloud) -> None:
    cloud.providers.faces = [providers.somebody()]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "REJECTED"
    verdict = _verdict(story_id, "words")
    assert [reason.code for reason in verdict.reasons] == ["consent_required"]
    assert [found.kind for found in verdict.findings] == ["person"]
    assert cloud.generated == 0


def test_people_who_agreed_are_animated(cloud: Cloud) -> None:
    cloud.providers.faces = [providers.somebody()]
    story_id = cloud.create()
    cloud.annotate(story_id, people_consent=True)
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "READY"


@pytest.mark.parametrize(
    ("instances", "status"),
    [
        ([{"BoundingBox": {"Width": 0.3, "Height": 0.6}, "Confidence": 98.0}], "REJECTED"),
        ([], "REJECTED"),
        ([{"BoundingBox": {"Width": 0.02, "Height": 0.05}, "Confidence": 98.0}], "READY"),
    ],
    ids=["large", "nobody says where", "a walker far away"],
)
def test_somebody_seen_from_behind_counts_unless_nobody_could_know_them(
    cloud: Cloud, instances: list[dict[str, Any]], status: str
) -> None:
    person = {"Name": "Person", "Confidence": 98.0, "Instances": instances}
    cloud.providers.labels = [(200, {"Labels": [person]})]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == status


def _direction(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, prompt: str, low: int) -> Direction:
    """What DirectScene asks the engine for, of a photo with a face of at least this age."""
    directed: list[bytes] = []
    media = __import__("cloud.media", fromlist=["write"])
    write = media.write

    def kept(bucket: str, key: str, body: bytes, media_type: str) -> Any:
        if key.endswith("direction.json"):
            directed.append(body)
        return write(bucket, key, body, media_type)

    monkeypatch.setattr(media, "write", kept)
    cloud.providers.faces = [providers.somebody(low, 40)]
    story_id = cloud.create(prompt)
    cloud.annotate(story_id, people_consent=True)
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "READY"
    return Direction.model_validate_json(directed[0])


def test_a_face_that_may_be_a_minors_stays_still_whatever_is_asked(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    directed = _direction(cloud, monkeypatch, "she smiles and blinks, waves roll", 17)
    assert {"smile", "blink", "gaze", "head_sway", "catch_light"} <= set(directed.wishes.refused)
    assert not {"smile", "blink"} & set(directed.wishes.motions)
    assert "waves" in directed.wishes.motions
    assert "moving faces" in directed.negative_prompt
    assert len(directed.faces) == 1
    # Gate 1 has asked; directing the scene asks nothing again.
    assert len(_asked(cloud, "DetectLabels")) == 1


def test_a_grown_ups_face_moves_as_it_is_asked(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    directed = _direction(cloud, monkeypatch, "she smiles, waves roll", 18)
    assert "smile" in directed.wishes.motions
    assert "moving faces" not in directed.negative_prompt


def test_a_face_that_may_be_a_minors_makes_every_gate_stricter_and_is_kept(cloud: Cloud) -> None:
    cloud.providers.faces = [providers.somebody(12, 20)]
    cloud.providers.pictures = [providers.picture("Alcoholic Beverages", "Alcohol", 85.0)]
    story_id = cloud.create()
    cloud.annotate(story_id, people_consent=True)
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "UNDER_REVIEW"
    verdict = _verdict(story_id, "photo")
    (face,) = [found for found in verdict.findings if found.kind == "face"]
    assert (face.row, face.label) == ("photo/minor", "age 12 to 20")
    assert verdict.restriction is not None
    assert verdict.restriction.age == 18


def test_an_age_restriction_is_kept_with_the_story(cloud: Cloud) -> None:
    cloud.providers.pictures = [providers.picture("Alcoholic Beverages", "Alcohol", 85.0)]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "READY"
    ages = [item.get("age_restriction") for item in stories.partition("VERDICT", story_id)]
    assert ages == [18, 18, None], "photo, video, words"


def test_public_figures_are_looked_for_only_where_it_is_set_and_go_to_a_reviewer(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.providers.faces = [providers.somebody()]
    known = {"Name": "Somebody Known", "MatchConfidence": 99.0}
    cloud.providers.celebrities = [(200, {"CelebrityFaces": [known], "UnrecognizedFaces": []})]
    for setting, status in (("off", "READY"), ("on", "UNDER_REVIEW")):
        monkeypatch.setenv("RECOGNIZE_CELEBRITIES", setting)
        story_id = cloud.create()
        cloud.annotate(story_id, people_consent=True)
        cloud.run(story_id)
        assert cloud.story(story_id)["status"] == status
        assert len(_asked(cloud, "RecognizeCelebrities")) == (setting == "on")
    assert [reason.code for reason in _verdict(story_id, "photo").reasons] == ["public_figures"]


def test_a_reviewers_decision_sets_its_categories_aside_and_no_others(cloud: Cloud) -> None:
    cloud.providers.pictures = [providers.picture("Weapons", "Violence", 85.0)]
    for categories, status in ((["Violence"], "READY"), (["Alcohol"], "REJECTED")):
        story_id = cloud.create()
        cloud.annotate(story_id, overrides=[{"decision": "d1", "categories": categories}])
        cloud.run(story_id)
        assert cloud.story(story_id)["status"] == status


NONSENSE: list[tuple[str, Any]] = [
    ("faces", {}),
    ("faces", {"FaceDetails": [{"Confidence": 99.0}]}),
    ("faces", {"FaceDetails": [{"BoundingBox": {}, "Confidence": 99.0}]}),
    ("labels", {}),
    ("labels", {"Labels": [{"Name": "Person"}]}),
    ("texts", {}),
    ("texts", {"TextDetections": [{"Type": "LINE"}], "TextModelVersion": "3"}),
    ("texts", {"TextDetections": []}),
    ("pictures", {}),
]


@pytest.mark.parametrize(("which", "answer"), NONSENSE)
def test_an_answer_of_rekognition_that_makes_no_sense_lets_nothing_through(
    cloud: Cloud, which: str, answer: dict[str, Any]
) -> None:
    setattr(cloud.providers, which, [(200, answer)])
    story_id = cloud.create()
    cloud.run(story_id)
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", "moderation_unanswered")
    assert cloud.generated == 0


@pytest.mark.parametrize("code", ["InvalidImageFormatException", "AccessDeniedException"])
def test_a_photo_that_rekognition_does_not_take_is_not_passed_on(cloud: Cloud, code: str) -> None:
    cloud.providers.texts = [(400, {"__type": code, "message": "no"})]
    story_id = cloud.create()
    cloud.run(story_id)
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", "moderation_unanswered")


@pytest.mark.parametrize(
    ("which", "answer", "code"),
    [
        ("faces", providers.throttled(), "dependency_throttled"),
        ("pictures", (500, {"__type": "InternalServerError"}), "dependency_unavailable"),
        ("words", (429, {"__type": "ThrottlingException"}), "dependency_throttled"),
    ],
)
def test_a_provider_that_goes_on_failing_fails_the_story_and_keeps_its_photo(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    which: str,
    answer: providers.Answer,
    code: str,
) -> None:
    monkeypatch.setattr(clients, "_PATIENCE", {})
    monkeypatch.setattr(clients, "_USUAL", clients.Patience(1, 5, 1))
    setattr(cloud.providers, which, [answer])
    story_id = cloud.create()
    cloud.run(story_id)
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", code)
    assert cloud.called.count("ModerateFunction") >= 4, "it was retried before"
    assert cloud.generated == 0
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]


@pytest.mark.parametrize("which", ["pictures", "words"])
def test_a_provider_that_is_silent_is_an_error_with_a_name(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    patience = clients.Patience(0.2, 0.2, 1)
    services = ("rekognition", "bedrock-runtime")
    monkeypatch.setattr(clients, "_PATIENCE", dict.fromkeys(services, patience))
    cloud.providers.silent = which
    story_id = cloud.create()
    cloud.run(story_id)
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", "dependency_unavailable")
    assert cloud.generated == 0


def test_all_attempts_of_a_silent_provider_end_before_the_function_is_stopped() -> None:
    for patience in clients._PATIENCE.values():
        each = patience.connect_seconds + patience.read_seconds
        pauses = sum(min(20, 2**attempt) for attempt in range(patience.attempts - 1))
        assert patience.attempts * each + pauses < 60, "ModerateFunction's Timeout"


def test_an_answer_of_the_providers_is_json_or_nothing(cloud: Cloud) -> None:
    """What botocore itself cannot read is no answer either."""
    cloud.providers.pictures = [(200, json.loads('"nonsense"'))]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "FAILED"
    assert cloud.generated == 0
