"""Gate 3: what lets a story be seen, and everything that does not."""

import base64
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import encypher_c2pa
import pytest
from PIL import Image

from cloud import posts, stories, users
from cloud.clients import client
from local import certificates
from post_story import gate
from story import limits, policy
from story.contracts import ShownClip
from story.errors import CertificateMissing, DependencyUnavailable, ModerationUnanswered
from tests.unit.post_story.conftest import ANCHORS, AT, CREATOR, STORY, Ready
from tests.workflow import providers

LATER = timedelta(seconds=limits.POSTED_SECONDS)
#: As a verdict names the model of the policy, and one of the past.
MODEL, FORMER = "rekognition moderation 7.0", "rekognition moderation 6.1"


def refused(ready: Ready, **asked: Any) -> str:
    """The code of a refusal, after which the story is as it was."""
    before = ready.record()
    told = ready.post(**asked)
    assert not told.posted
    assert told.refusal is not None
    assert told.detail
    assert ready.record() == before
    assert not posts.had_page(STORY)
    return told.refusal


def test_a_ready_story_is_posted_for_a_day(ready: Ready) -> None:
    assert ready.post(visibility="everyone").posted
    record = ready.record()
    posted_at, expires_at = (
        datetime.fromisoformat(record[name]) for name in ("posted_at", "expires_at")
    )
    assert (record["status"], record["visibility"]) == ("POSTED", "everyone")
    assert expires_at - posted_at == LATER
    assert abs(datetime.now(UTC) - posted_at) < timedelta(minutes=1)
    assert record["feed_shard"].startswith(record["posted_at"][:10])
    assert ShownClip.model_validate_json(record["clip"]) == ShownClip(
        alt_text="It seems to show sea.", width=720, height=1280, seconds=5
    )
    assert posts.had_page(STORY)


def test_a_story_for_a_link_is_in_no_partition_that_the_feed_reads(ready: Ready) -> None:
    assert ready.post(visibility="link").posted
    entries, _ = posts.page(datetime.now(UTC), before=None, limit=10)
    assert entries == []
    assert ready.record()["feed_shard"].endswith("#link")


def test_caption_and_prompt_are_judged_again_and_the_verdict_is_kept(ready: Ready) -> None:
    assert ready.post(caption="a new caption").posted
    assert ready.judged() == [["make this photo come alive", "a new caption"]]
    assert ready.record()["caption"] == "a new caption"
    kept = {item["gate"]: item["verdict"] for item in stories.partition("VERDICT", STORY)}
    assert kept["posting"] == "allow"


def test_without_a_new_caption_the_story_keeps_its_own(ready: Ready) -> None:
    assert ready.post().posted
    assert ready.judged() == [["make this photo come alive", "a day at the sea"]]
    assert ready.record()["caption"] == "a day at the sea"


@pytest.mark.parametrize("kind", sorted(policy.gate("posting").rows["words"]))
def test_words_that_the_policy_blocks_are_not_posted(ready: Ready, kind: str) -> None:
    ready.providers.words = [providers.blocked(kind)]
    assert refused(ready, caption="words of that kind") == "words_not_allowed"
    (kept,) = [v for v in stories.partition("VERDICT", STORY) if v["gate"] == "posting"]
    assert kept["verdict"] == "reject"
    # Other words may be tried: the story is READY still.
    ready.providers.words = [providers.SAFE_WORDS]
    assert ready.post(caption="better words").posted


def test_what_is_told_is_the_policys_sentence_and_not_the_words(ready: Ready) -> None:
    ready.providers.words = [providers.blocked("HATE")]
    told = ready.post(caption="kanarienvogel")
    assert told.detail is not None
    assert policy.gate("posting").rows["words"]["HATE"].told in told.detail
    assert "kanarienvogel" not in told.detail


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((200, {"action": "SHRUGGED", "outputs": [], "assessments": []}), ModerationUnanswered),
        ((500, {"message": "broken"}), DependencyUnavailable),
    ],
    ids=["an unknown action", "a failure"],
)
def test_a_guardrail_that_gives_no_verdict_posts_nothing(
    ready: Ready, monkeypatch: pytest.MonkeyPatch, answer: Any, error: type[Exception]
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ready.providers.words = [answer]
    before = ready.record()
    with pytest.raises(error):
        ready.post()
    assert ready.record() == before


@pytest.mark.parametrize("missing", gate.JUDGED)
def test_a_story_without_every_verdict_is_not_posted(ready: Ready, missing: str) -> None:
    ready.forget("VERDICT", missing)
    assert refused(ready) == "gates_not_passed"
    assert ready.judged() == [], "nothing is asked about what is refused anyway"


@pytest.mark.parametrize("verdict", ["reject", "review", "Allow", "", "maybe"])
def test_only_the_word_allow_is_a_yes(ready: Ready, verdict: str) -> None:
    for which in gate.JUDGED:
        ready.verdict(which, verdict=verdict)
        assert refused(ready) == "gates_not_passed"
        ready.verdict(which)
    assert ready.post().posted


def test_a_verdict_on_an_earlier_attempt_says_nothing_of_this_one(ready: Ready) -> None:
    ready.change(attempt=2)
    for name in gate.JUDGED:
        ready.verdict(name, attempt=1)
    assert refused(ready) == "gates_not_passed"


def _found(category: str, confidence: float, model: str = MODEL) -> str:
    finding = policy.Finding(
        category=category, label=category, confidence=confidence, reject_at=99, review_at=99
    )
    kept = policy.Verdict(
        verdict="allow", reasons=(), findings=(finding,), models=(model,), policy="older"
    )
    return kept.model_dump_json()


def test_scores_that_an_older_policy_allowed_are_held_against_the_one_of_today(
    ready: Ready,
) -> None:
    ready.verdict("video", policy="older", detail=_found("Violence", 95.0))
    assert refused(ready) == "gates_not_passed"
    ready.verdict("video", policy="older", detail=_found("A category nobody knows", 41.0))
    assert refused(ready) == "gates_not_passed"
    ready.verdict("video", policy="older", detail=_found("Violence", 45.0))
    assert ready.post().posted


@pytest.mark.parametrize("gate_name", ["photo", "video"])
def test_a_clip_that_another_model_has_judged_is_judged_anew_by_that_of_today(
    ready: Ready, gate_name: str
) -> None:
    ready.verdict(gate_name, detail=_found("Violence", 45.0, FORMER))
    assert ready.post().posted
    asked = [
        call for call in ready.providers.asked if call["operation"] == "DetectModerationLabels"
    ]
    assert 2 <= len(asked) <= limits.GATE_FRAMES
    for call in asked:
        with Image.open(io.BytesIO(base64.b64decode(call["Image"]["Bytes"]))) as frame:
            assert frame.format == "JPEG"
            assert frame.size == ready.frame_size()
    (kept,) = [v for v in stories.partition("VERDICT", STORY) if v["gate"] == "posting"]
    verdict = policy.Verdict.model_validate_json(kept["detail"])
    assert MODEL in verdict.models
    assert (kept["verdict"], kept["policy"]) == ("allow", policy.version())


def test_a_clip_that_the_policys_model_has_judged_is_not_judged_again(ready: Ready) -> None:
    ready.verdict("video", policy="older", detail=_found("Violence", 45.0))
    assert ready.post().posted
    assert ready.looked == []


def test_a_verdict_that_names_no_model_of_pictures_is_not_relied_on(ready: Ready) -> None:
    ready.verdict("video", detail=_found("Violence", 45.0, "bedrock guardrails"))
    assert ready.post().posted
    assert len(ready.looked) == 1


@pytest.mark.parametrize("confidence", [65.0, 99.0], ids=["review", "reject"])
def test_what_the_model_of_today_finds_in_the_clip_keeps_it_from_being_posted(
    ready: Ready, confidence: float
) -> None:
    ready.verdict("video", detail=_found("Violence", 1.0, FORMER))
    ready.providers.pictures = [
        providers.SAFE_PICTURE,
        providers.picture("Weapons", "Violence", confidence),
    ]
    assert refused(ready) == "gates_not_passed"
    (kept,) = [v for v in stories.partition("VERDICT", STORY) if v["gate"] == "posting"]
    verdict = policy.Verdict.model_validate_json(kept["detail"])
    assert [found.row for found in verdict.findings] == ["posting/Violence/Weapons"]
    assert verdict.reasons[0].message in str(ready.post().detail)


def test_scores_of_a_former_model_are_compared_with_nothing(ready: Ready) -> None:
    ready.verdict("video", policy="older", detail=_found("Violence", 95.0, FORMER))
    assert ready.post().posted
    assert "age_restriction" not in ready.record()


def test_what_the_model_of_today_restricts_is_restricted(ready: Ready) -> None:
    ready.verdict("video", detail=_found("Violence", 1.0, FORMER))
    ready.providers.pictures = [providers.picture("Weapons", "Violence", 45.0)]
    assert ready.post().posted
    assert ready.record()["age_restriction"] == 18


def test_the_clip_of_a_story_with_a_face_that_may_be_a_minors_is_judged_more_strictly(
    ready: Ready,
) -> None:
    ready.providers.pictures = [providers.picture("Weapons", "Violence", 45.0)]
    face = policy.note_minors(policy.read_faces(providers.somebody(low=8, high=12)[1]))
    seen = face.model_copy(update={"models": (FORMER,)})
    ready.verdict("photo", detail=seen.model_dump_json())
    assert refused(ready) == "gates_not_passed"


def test_what_a_reviewer_set_aside_stays_so_for_the_model_of_today(ready: Ready) -> None:
    ready.change(overrides=[{"decision": "d1", "categories": ["Violence"]}])
    ready.verdict("video", detail=_found("Violence", 95.0, FORMER))
    ready.providers.pictures = [providers.picture("Weapons", "Violence", 99.0)]
    assert ready.post().posted


def test_words_that_may_not_be_posted_have_no_clip_judged(ready: Ready) -> None:
    ready.verdict("video", detail=_found("Violence", 1.0, FORMER))
    ready.providers.words = [providers.blocked("HATE")]
    assert refused(ready) == "words_not_allowed"
    assert ready.looked == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"errorType": "VideoUnreadable"}, DependencyUnavailable),
        ({"verdict": "allow"}, ModerationUnanswered),
        (None, ModerationUnanswered),
    ],
    ids=["an error", "no whole verdict", "nothing"],
)
def test_a_second_look_that_gives_no_verdict_posts_nothing(
    ready: Ready, answer: Any, error: type[Exception]
) -> None:
    ready.verdict("video", detail=_found("Violence", 1.0, FORMER))
    ready.look = lambda _: (answer, "Unhandled" if error is DependencyUnavailable else None)
    before = ready.record()
    with pytest.raises(error):
        ready.post()
    assert ready.record() == before


def test_viewers_have_to_be_of_the_highest_age_that_a_gate_has_found(ready: Ready) -> None:
    ready.verdict("photo", age_restriction=16)
    ready.verdict("video", age_restriction=18)
    ready.verdict("video", attempt=2, age_restriction=21)
    assert ready.post().posted
    assert ready.record()["age_restriction"] == 18


def test_the_policy_of_today_restricts_what_an_older_one_did_not(ready: Ready) -> None:
    ready.verdict("video", policy="older", detail=_found("Violence", 45.0))
    assert ready.post().posted
    assert ready.record()["age_restriction"] == 18


def test_what_nothing_restricts_is_for_everybody(ready: Ready) -> None:
    assert ready.post().posted
    assert "age_restriction" not in ready.record()


@pytest.mark.parametrize("detail", ["", "no json", "[]", json.dumps({"verdict": "allow"})])
def test_an_older_verdict_that_cannot_be_read_is_none(ready: Ready, detail: str) -> None:
    ready.verdict("photo", policy="older", detail=detail)
    assert refused(ready) == "gates_not_passed"


@pytest.mark.parametrize("state", ["InspectVideo", "DirectScene"])
def test_a_video_that_nobody_has_examined_is_not_posted(ready: Ready, state: str) -> None:
    ready.forget("TIMELINE", state)
    assert refused(ready) == "gates_not_passed"


@pytest.mark.parametrize("which", ["video", "poster"])
def test_other_bytes_than_were_signed_are_not_posted(ready: Ready, which: str) -> None:
    ref = getattr(ready.signed, which)
    body = client("s3").get_object(Bucket=ref.bucket, Key=ref.key)["Body"].read()
    changed = bytearray(body)
    changed[len(body) // 2] ^= 1
    client("s3").put_object(Bucket=ref.bucket, Key=ref.key, Body=bytes(changed))
    assert refused(ready) == "credential_invalid"


@pytest.mark.parametrize("which", ["video", "poster"])
def test_what_is_not_there_is_not_posted(ready: Ready, which: str) -> None:
    ref = getattr(ready.signed, which)
    client("s3").delete_object(Bucket=ref.bucket, Key=ref.key)
    assert refused(ready) == "credential_invalid"


@pytest.mark.parametrize("field", ["video", "poster", "credential"])
def test_a_record_that_does_not_say_what_was_signed_is_not_posted(ready: Ready, field: str) -> None:
    for value in ("", "{}", "no json"):
        ready.change(**{field: value})
        assert refused(ready) == "credential_invalid"


def test_a_video_with_the_credential_of_another_story_is_not_posted(ready: Ready) -> None:
    other = ready.signed.credential.model_copy(update={"manifest_id": "urn:c2pa:another"})
    ready.change(credential=other.model_dump_json())
    assert refused(ready) == "credential_invalid"


def test_a_signer_whom_we_do_not_trust_any_more_posts_nothing(ready: Ready) -> None:
    """As after a key was given up: the anchors of today decide, not those of the signing."""
    made = client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    key = client("kms").get_public_key(KeyId=made["KeyMetadata"]["KeyId"])["PublicKey"]
    foreign = certificates.issue(key, datetime.now(UTC)).root
    client("ssm").put_parameter(Name=ANCHORS, Value=foreign, Type="String", Overwrite=True)
    assert refused(ready) == "credential_invalid"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"integrity": "invalid"}, "does not accept"),
        ({"manifest_report": None}, "finds no credential"),
        # It says yes to a changed copy as well: its yes counts for nothing.
        ({"integrity": "valid", "hard_binding": "match"}, "one bit of its pictures changed"),
    ],
    ids=["refuses", "finds nothing", "accepts everything"],
)
def test_what_the_second_verifier_alone_does_not_vouch_for_is_not_posted(
    ready: Ready, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], said: str
) -> None:
    asked = encypher_c2pa.verify
    monkeypatch.setattr(encypher_c2pa, "verify", lambda *a, **how: {**asked(*a, **how), **answer})
    told = ready.post()
    assert (told.posted, told.refusal) == (False, "credential_invalid")
    assert "encypher-c2pa" in str(told.detail)
    assert said in str(told.detail)
    assert ready.record()["status"] == "READY"


def test_anchors_that_cannot_be_read_post_nothing(ready: Ready) -> None:
    client("ssm").delete_parameter(Name=ANCHORS)
    with pytest.raises(CertificateMissing):
        ready.post()
    assert ready.record()["status"] == "READY"


@pytest.mark.parametrize(
    "status",
    ["AWAITING_PHOTO", "PROCESSING", "REJECTED", "FAILED", "CANCELLED", "EXPIRED", "REMOVED"],
)
def test_only_a_ready_story_is_posted(ready: Ready, status: str) -> None:
    ready.change(status=status)
    assert refused(ready) == "transition_not_allowed"


@pytest.mark.parametrize("whose", ["somebody-else", "Creator"])
def test_nobody_posts_for_another(ready: Ready, whose: str) -> None:
    assert refused(ready, creator=whose) == "story_not_found"


def test_a_deleted_story_is_not_posted(ready: Ready) -> None:
    ready.change(deleted_at=AT)
    assert refused(ready) == "story_not_found"


def test_a_story_that_is_deleted_while_it_is_judged_is_not_posted(
    ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = gate.judge

    def slow(candidate: gate.Candidate) -> gate.Refused | None:
        found = judge(candidate)
        ready.change(deleted_at=AT)
        return found

    monkeypatch.setattr(gate, "judge", slow)
    assert ready.post().refusal == "story_not_found"
    assert ready.record()["status"] == "READY"


def test_the_same_request_again_changes_nothing(ready: Ready) -> None:
    assert ready.post(caption="hello").posted
    before = ready.record()
    assert ready.post(caption="hello").posted
    assert ready.post().posted, "left out, the caption is the story's own"
    assert ready.record() == before
    assert len(ready.judged()) == 1


@pytest.mark.parametrize("other", [{"visibility": "link"}, {"caption": "other words"}])
def test_a_posted_story_is_not_posted_in_another_way(ready: Ready, other: dict[str, str]) -> None:
    assert ready.post(caption="hello").posted
    before = ready.record()
    assert ready.post(**{"caption": "hello", **other}).refusal == "transition_not_allowed"
    assert ready.record() == before


def test_a_story_whose_day_is_over_is_not_posted_again(ready: Ready) -> None:
    assert ready.post().posted
    ready.change(expires_at="2026-11-22T12:00:00.000Z")
    assert ready.post().refusal == "transition_not_allowed"


def test_a_page_that_was_not_noted_is_noted_by_the_next_request(ready: Ready) -> None:
    assert ready.post().posted
    stories.forget({"pk": f"PAGE#{STORY}", "sk": "POSTED"})
    assert ready.post().posted
    assert posts.had_page(STORY)


def test_what_is_remembered_of_a_page_names_nobody_and_ends(ready: Ready) -> None:
    assert ready.post().posted
    (page,) = stories.partition("PAGE", STORY)
    assert page.keys() == {"pk", "sk", "ttl"}
    left = int(page["ttl"]) - datetime.now(UTC).timestamp()
    assert left == pytest.approx(limits.POSTED_SECONDS + limits.GONE_PAGE_SECONDS, abs=60)


def test_no_word_of_the_story_is_logged(
    ready: Ready, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    ready.change(prompt="kanarienvogel eins")
    assert ready.post(caption="kanarienvogel zwei").posted
    said = capsys.readouterr()
    logged = said.out + said.err + "".join(str(vars(record)) for record in caplog.records)
    assert STORY in logged
    assert "kanarienvogel" not in logged
    assert ready.judged() == [["kanarienvogel eins", "kanarienvogel zwei"]]


def test_a_stranger_to_the_contract_is_not_listened_to(ready: Ready) -> None:
    for wrong in ({"visibility": "friends"}, {"caption": ""}, {"surplus": 1}, {"creator": ""}):
        with pytest.raises(ValueError, match="validation error"):
            ready.post(**wrong)
    assert ready.record()["creator"] == CREATOR


# Standing ----------------------------------------------------------------------------------------


def _strikes(count: int) -> None:
    now = datetime.now(UTC)
    for number in range(count):
        given = {
            "code": "story_removed",
            "message": "A reviewer has removed a story.",
            "given_at": (now - timedelta(hours=number)).isoformat(),
            "expires_at": (now + timedelta(days=90)).isoformat(),
        }
        users.put_strike(CREATOR, f"{number:032x}", given, overturned=False)


def test_a_creator_with_two_strikes_posts(ready: Ready) -> None:
    _strikes(2)
    assert ready.post().posted


def test_a_creator_with_three_strikes_is_told_until_when_nothing_can_be_posted(
    ready: Ready,
) -> None:
    _strikes(3)
    assert refused(ready) == "posting_suspended"
    until = datetime.now(UTC) + timedelta(days=7)
    assert f"until {until:%Y-%m-%d}" in str(ready.post().detail)
    assert ready.judged() == [], "nothing else is asked"


def test_a_strike_that_was_taken_back_does_not_count(ready: Ready) -> None:
    _strikes(3)
    (first, *_) = users.strikes(CREATOR)
    story_id = str(first["story_id"])
    users.put_strike(CREATOR, story_id, first, overturned=True)
    assert ready.post().posted


def test_what_a_reviewer_set_aside_does_not_keep_a_story_from_being_posted(ready: Ready) -> None:
    ready.change(overrides=[{"decision": "d1", "categories": ["HATE"]}])
    ready.providers.words = [providers.blocked("HATE")]
    assert ready.post().posted


def test_a_caption_that_no_reviewer_has_read_is_judged_by_everything(ready: Ready) -> None:
    ready.change(overrides=[{"decision": "d1", "categories": ["HATE"]}])
    ready.providers.words = [providers.blocked("HATE")]
    assert refused(ready, caption="something else") == "words_not_allowed"
