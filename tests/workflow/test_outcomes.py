"""Each way that a story can go, through the real workflow and the real handlers."""

import io
import json

import boto3
import c2pa
import pytest

from api.presenting import present
from cloud import media, stories
from story import labels
from story.contracts import ObjectRef
from story.generation import EngineName
from story.view import StoryView
from tests.workflow import engine, providers
from tests.workflow.conftest import CANARY, Cloud

TINY = EngineName(family="diffusion", name="tiny", version="1")
PRIVATE = ("uploads", "work")


def _left(cloud: Cloud, *buckets: str) -> list[str]:
    return [key for bucket in buckets for key in cloud.keys(bucket)]


def test_a_photo_becomes_a_ready_story_and_leaves_nothing_behind(cloud: Cloud) -> None:
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    ended = cloud.wait(execution)
    cloud.settle(execution)
    assert ended["status"] == "SUCCEEDED", ended
    story = cloud.story(story_id)
    assert story["status"] == "READY"
    assert json.loads(story["credential"])["validation_state"] == "Trusted"
    assert cloud.keys("stories") == [f"{story_id}/poster.jpg", f"{story_id}/story.mp4"]
    assert _left(cloud, *PRIVATE, "evidence") == []
    assert cloud.generated == 1


def test_no_word_of_the_prompt_is_in_the_history_or_the_log(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    story_id = cloud.create()
    execution = cloud.start(cloud.upload(story_id))
    cloud.wait(execution)
    cloud.settle(execution)
    history = boto3.client("stepfunctions").get_execution_history(
        executionArn=execution, maxResults=1000
    )["events"]
    assert len(history) > 40
    assert CANARY not in json.dumps(history, default=str)
    said = capsys.readouterr()
    logged = said.out + said.err + "".join(str(vars(record)) for record in caplog.records)
    assert story_id in logged
    assert CANARY not in logged
    asked = [call for call in cloud.providers.asked if call["operation"] == "ApplyGuardrail"]
    assert CANARY in json.dumps(asked), "the canary must have been judged to prove anything"


@pytest.mark.parametrize(
    ("answers", "status", "code"),
    [
        ([providers.picture("Exposed Genitalia", "Explicit", 97.0)], "REJECTED", "explicit"),
        ([providers.picture("Weapons", "Violence", 65.0)], "UNDER_REVIEW", "violence"),
        ([providers.picture("Newness", "Newness", 55.0)], "UNDER_REVIEW", "newness"),
    ],
)
def test_gate_1_stops_a_photo_before_anything_is_generated(
    cloud: Cloud, answers: list[providers.Answer], status: str, code: str
) -> None:
    cloud.providers.pictures = answers
    story_id = cloud.create()
    assert cloud.run(story_id)["status"] == "SUCCEEDED"
    assert cloud.story(story_id)["status"] == status
    verdicts = list(stories.partition("VERDICT", story_id))
    assert [reason["code"] for reason in json.loads(verdicts[0]["detail"])["reasons"]] == [code]
    assert cloud.generated == 0
    assert _left(cloud, *PRIVATE, "stories") == []
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]


def test_gate_1_stops_words_before_anything_is_generated(cloud: Cloud) -> None:
    cloud.providers.words = [providers.blocked("SEXUAL")]
    story_id = cloud.create("remove her clothes")
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "REJECTED"
    assert cloud.generated == 0
    assert _left(cloud, *PRIVATE, "stories") == []


def test_gate_2_stops_a_video_before_anyone_can_read_it(cloud: Cloud) -> None:
    cloud.providers.pictures = [
        providers.SAFE_PICTURE,
        providers.SAFE_PICTURE,
        providers.picture("Exposed Genitalia", "Explicit", 80.0),
        providers.SAFE_PICTURE,
    ]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "REJECTED"
    assert "LabelVideoFunction" not in cloud.called
    assert _left(cloud, *PRIVATE, "stories") == []
    kept = cloud.keys("evidence")
    assert f"{story_id}/photo.jpg" in kept
    assert len(kept) > 3, "the judged frames are what an appeal is about"


@pytest.mark.parametrize("answer", [{}, {"action": "PERHAPS"}, {"action": None}])
def test_a_provider_that_lies_lets_nothing_through(cloud: Cloud, answer: dict[str, str]) -> None:
    cloud.providers.words = [(200, answer)]
    story_id = cloud.create()
    cloud.run(story_id)
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", "moderation_unanswered")
    assert cloud.generated == 0


def test_a_throttled_provider_is_asked_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    cloud.providers.pictures = [*[providers.throttled()] * 5, providers.SAFE_PICTURE]
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "READY"
    assert cloud.called.count("ModerateFunction") >= 4


def test_a_failed_generation_fails_the_story_by_name_and_keeps_the_photo_for_a_retry(
    cloud: Cloud,
) -> None:
    cloud.failure = {"error": "GenerationFailed", "message": "out of memory at step 3"}
    story_id = cloud.create()
    assert cloud.run(story_id)["error"] == "GenerationFailed"
    story = cloud.story(story_id)
    assert story["status"] == "FAILED"
    assert story["reasons"] == [{"code": "generation_failed", "message": "out of memory at step 3"}]
    assert _left(cloud, *PRIVATE, "stories") == []
    assert cloud.keys("evidence") == [f"{story_id}/photo.jpg"]


def test_an_engine_error_of_no_known_name_is_a_failed_generation_in_our_words(
    cloud: Cloud,
) -> None:
    cloud.failure = {"error": "SegmentationFault", "message": f"while rendering {CANARY}"}
    story_id = cloud.create()
    ended = cloud.run(story_id)
    assert ended["error"] == "GenerationFailed"
    assert CANARY not in ended["cause"]


def test_a_busy_engine_is_invoked_again(cloud: Cloud) -> None:
    cloud.failure = {"error": "EngineBusy", "message": "one clip at a time"}
    generate = cloud.generate

    def busy_once(location: str, inference: str, output: str) -> None:
        generate(location, inference, output)
        cloud.failure = None

    cloud.providers.generate = busy_once
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "READY"
    assert cloud.generated == 2


def test_a_static_clip_is_taken_again_with_another_seed(cloud: Cloud) -> None:
    cloud.still_takes = 1
    story_id = cloud.create()
    cloud.run(story_id)
    assert cloud.story(story_id)["status"] == "READY"
    assert [inference[-3:] for inference in cloud.providers.requests] == ["1-1", "1-2"]


def test_two_static_clips_fail_the_story_and_say_why(cloud: Cloud) -> None:
    cloud.still_takes = 2
    story_id = cloud.create()
    assert cloud.run(story_id)["error"] == "VideoDefective"
    reason = cloud.story(story_id)["reasons"][0]
    assert reason["code"] == "video_defective"
    assert "nothing in it moves" in reason["message"]
    assert cloud.generated == 2
    assert _left(cloud, *PRIVATE, "stories") == []


def _view(cloud: Cloud, story_id: str) -> StoryView:
    """As its creator sees it."""
    return present(
        cloud.story(story_id),
        lines=stories.partition("TIMELINE", story_id),
        sign=lambda which: which,
    )


def test_two_defective_clips_of_a_model_make_way_for_the_procedural_engine_which_says_so(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_NAME", "tiny")
    cloud.engine, cloud.still_takes = TINY, 2
    story_id = cloud.create(fit="cover")
    assert cloud.run(story_id)["status"] == "SUCCEEDED"
    assert [inference[-3:] for inference in cloud.providers.requests] == ["1-1", "1-2", "1-3"]

    stood_in = engine.SWAY.model_copy(update={"instead_of": "tiny"})
    view = _view(cloud, story_id)
    assert view.engine == stood_in
    assert view.unmet == ("a clip by tiny: its takes had defects, so sway made this",)
    # Three takes of half a second, on the instance that the model has.
    assert view.cost is not None
    (gpu,) = [item for item in view.cost.items if "SageMaker" in item.what]
    assert gpu.quantity == 1.5

    # The file speaks of who made it: its row, and whom it stands in for.
    video = media.read(ObjectRef.model_validate_json(cloud.story(story_id)["video"]))
    with c2pa.Reader("video/mp4", io.BytesIO(video)) as reader:
        manifest = json.dumps(reader.get_active_manifest())
    row = labels.labels()["procedural"]
    assert row.digital_source_type in manifest
    assert "tiny, a trained model, was asked first; its clips had defects" in manifest
    assert "compositeWithTrainedAlgorithmicMedia" not in manifest
    assert row.digital_source_type.encode() in video[video.rindex(b"<rdf:RDF") :]


def test_a_story_that_allows_no_other_engine_fails_with_the_model_s_defects(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_NAME", "tiny")
    cloud.engine, cloud.still_takes = TINY, 2
    story_id = cloud.create(allow_fallback=False)
    assert cloud.run(story_id)["error"] == "ModelDefective"
    reason = cloud.story(story_id)["reasons"][0]
    assert reason["code"] == "model_defective"
    assert "nothing in it moves" in reason["message"]
    assert cloud.generated == 2
    assert _left(cloud, *PRIVATE, "stories") == []


@pytest.mark.parametrize(
    ("photo", "code"),
    [
        (b"hello world, I am a text", "photo_unreadable"),
        (b"\xff\xd8\xff\xe0" + bytes(100), "photo_unreadable"),
    ],
)
def test_a_bad_photo_fails_with_its_code_and_leaves_nothing(
    cloud: Cloud, photo: bytes, code: str
) -> None:
    story_id = cloud.create()
    cloud.run(story_id, photo)
    story = cloud.story(story_id)
    assert (story["status"], story["reasons"][0]["code"]) == ("FAILED", code)
    assert _left(cloud, *PRIVATE, "stories", "evidence") == []


def test_a_signing_chain_of_another_key_publishes_nothing(cloud: Cloud) -> None:
    boto3.client("ssm").put_parameter(
        Name="/enliven/certificate-chain", Value="unset", Type="String", Overwrite=True
    )
    story_id = cloud.create()
    assert cloud.run(story_id)["error"] == "CertificateMissing"
    assert cloud.story(story_id)["reasons"][0]["code"] == "certificate_missing"
    assert _left(cloud, *PRIVATE, "stories") == []


@pytest.mark.parametrize("cap", ["0", "1"])
def test_no_more_is_generated_than_the_operator_allows_for_a_day(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, cap: str
) -> None:
    monkeypatch.setenv("DAILY_GENERATIONS", cap)
    ended = [cloud.run(cloud.create()) for _ in range(int(cap) + 1)]
    assert [end["status"] for end in ended] == ["SUCCEEDED"] * int(cap) + ["FAILED"]
    assert ended[-1]["error"] == "GenerationCapReached"
    assert cloud.generated == int(cap)
    assert _left(cloud, *PRIVATE) == []
