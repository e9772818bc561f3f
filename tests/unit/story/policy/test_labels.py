"""From scores to verdicts."""

from typing import Any

import pytest

from story import policy
from story.errors import ModerationUnanswered
from story.policy.rows import UNKNOWN
from story.policy.verdicts import code
from tests.unit.story.policy.answers import seen

NUDITY = "Non-Explicit Nudity of Intimate parts and Kissing"

LIMITS = [
    (row.category, name, limit, kind)
    for name, row in policy.gate("photo").rows["labels"].items()
    if name != UNKNOWN
    for kind, limit in (("reject", row.limits.reject), ("review", row.limits.review))
    if limit is not None
]
UNREADABLE_LABELS: list[Any] = [
    {},
    {"ModerationModelVersion": "7.0"},
    {"ModerationLabels": []},
    {"ModerationModelVersion": "7.0", "ModerationLabels": None},
    {"ModerationModelVersion": "7.0", "ModerationLabels": ["Explicit"]},
    {"ModerationModelVersion": "7.0", "ModerationLabels": [{"Name": "Explicit"}]},
    {"ModerationModelVersion": "7.0", "ModerationLabels": [{"Confidence": 99.0}]},
]


def test_a_picture_without_labels_is_allowed() -> None:
    verdict = policy.judge_labels([seen()])
    assert (verdict.verdict, verdict.reasons) == ("allow", ())
    assert verdict.models == ("rekognition moderation 7.0",)


def test_a_finding_keeps_what_each_picture_scored_and_the_highest_decides() -> None:
    verdict = policy.judge_labels(
        [seen(("Weapons", "Violence", 55.0)), seen(), seen(("Weapons", "Violence", 81.0))]
    )
    (finding,) = verdict.findings
    assert finding.scores == (55.0, None, 81.0)
    assert (finding.confidence, verdict.verdict) == (81.0, "reject")


def test_a_label_that_is_named_twice_counts_once_with_the_higher_score() -> None:
    verdict = policy.judge_labels(
        [seen(("Weapons", "Violence", 81.0), ("Weapons", "Violence", 3.0))]
    )
    assert [(f.confidence, f.scores) for f in verdict.findings] == [(81.0, (81.0,))]


@pytest.mark.parametrize(("category", "name", "limit", "kind"), LIMITS)
def test_a_category_counts_from_its_threshold_on(
    category: str, name: str, limit: float, kind: str
) -> None:
    parent = "" if name == category else category
    at = policy.judge_labels([seen((name, parent, limit))])
    below = policy.judge_labels([seen((name, parent, limit - 0.01))])
    assert at.verdict == kind
    assert below.verdict != kind
    row = policy.gate("photo").rows["labels"][name]
    assert [(reason.code, reason.message) for reason in at.reasons] == [(code(category), row.told)]
    assert [(found.row, found.category) for found in at.findings] == [(row.id, category)]


@pytest.mark.parametrize("category", ["Swimwear or Underwear", "Alcohol", "Gambling"])
def test_what_is_no_harm_is_allowed_however_certain_and_still_kept(category: str) -> None:
    verdict = policy.judge_labels([seen((category, "", 100.0))])
    assert verdict.verdict == "allow"
    assert [finding.category for finding in verdict.findings] == [category]


def test_the_provider_is_asked_for_every_score_that_counts() -> None:
    for gate in ("photo", "video"):
        assert policy.gate(gate).least_percent <= min(limit for *_, limit, _ in LIMITS)


@pytest.mark.parametrize("also", [(), (("Explicit Nudity", "Explicit", 70.0),)])
def test_a_label_counts_as_its_top_level_category(also: tuple[tuple[str, str, float], ...]) -> None:
    verdict = policy.judge_labels([seen(("Exposed Genitalia", "Explicit", 70.0), *also)])
    assert verdict.verdict == "reject"
    assert {reason.code for reason in verdict.reasons} == {"explicit"}


def test_a_grandchild_counts_as_its_top_level_category() -> None:
    labels = seen(
        ("Exposed Buttocks", "Explicit Nudity", 70.0), ("Explicit Nudity", "Explicit", 70.0)
    )
    assert {f.category for f in policy.judge_labels([labels]).findings} == {"Explicit"}


def test_labels_that_are_each_others_parents_end_with_a_person() -> None:
    labels = seen(("Chicken", "Egg", 99.0), ("Egg", "Chicken", 99.0))
    assert policy.judge_labels([labels]).verdict == "review"


def test_an_unknown_category_is_looked_at_by_a_person() -> None:
    verdict = policy.judge_labels([seen(("Novelty", "", 99.9))])
    assert verdict.verdict == "review"
    assert verdict.reasons[0].code == "novelty"


def test_the_worst_picture_decides_wherever_it_is() -> None:
    calm, doubtful, bad = seen(), seen(("Violence", "", 65.0)), seen(("Violence", "", 85.0))
    for answers in ([calm, doubtful, bad], [bad, calm, doubtful]):
        verdict = policy.judge_labels(answers)
        assert verdict.verdict == "reject"
        assert [finding.confidence for finding in verdict.findings] == [85.0]
    assert policy.judge_labels([calm, doubtful]).verdict == "review"


def test_a_rejection_tells_only_what_was_rejected() -> None:
    verdict = policy.judge_labels([seen(("Violence", "", 95.0), ("Rude Gestures", "", 95.0))])
    assert [reason.code for reason in verdict.reasons] == ["violence"]


@pytest.mark.parametrize("answer", UNREADABLE_LABELS)
def test_an_answer_in_another_form_is_no_verdict(answer: Any) -> None:
    with pytest.raises(ModerationUnanswered, match="no readable labels"):
        policy.judge_labels([seen(), answer])


@pytest.mark.parametrize("confidence", [float("nan"), float("inf"), -1.0, 101.0, "high", None])
def test_a_score_that_is_no_percentage_is_no_verdict(confidence: Any) -> None:
    """NaN is below every threshold: taken as a number it would allow anything."""
    with pytest.raises(ModerationUnanswered):
        policy.judge_labels([seen(("Explicit", "", confidence))])


def test_no_picture_is_no_verdict() -> None:
    with pytest.raises(ModerationUnanswered, match="at least one"):
        policy.judge_labels([])


def test_a_picture_is_judged_by_what_is_most_specific_in_it() -> None:
    both = seen(("Kissing on the Lips", NUDITY, 95.0), (NUDITY, "", 95.0))
    verdict = policy.judge_labels([both])
    assert verdict.verdict == "allow"
    assert [found.row for found in verdict.findings] == [f"photo/{NUDITY}/Kissing on the Lips"]
    # What the kiss does not explain is nudity.
    more = seen(("Kissing on the Lips", NUDITY, 91.0), (NUDITY, "", 95.0))
    assert policy.judge_labels([more]).verdict == "reject"


def test_the_third_level_falls_to_its_parent_named_in_the_answer_or_not() -> None:
    named = seen(("Bare Back", "Non-Explicit Nudity", 92.0), ("Non-Explicit Nudity", NUDITY, 91.0))
    for answer in (named, seen(("Bare Back", "Non-Explicit Nudity", 92.0))):
        verdict = policy.judge_labels([answer])
        assert verdict.findings[0].row == f"photo/{NUDITY}/Non-Explicit Nudity"
        assert (verdict.verdict, verdict.findings[0].category) == ("reject", NUDITY)


def test_a_face_that_may_be_a_minors_makes_the_gate_stricter() -> None:
    bathing = seen(("Female Swimwear or Underwear", "Swimwear or Underwear", 85.0))
    assert policy.judge_labels([bathing]).verdict == "allow"
    assert policy.judge_labels([bathing], minor=True).verdict == "review"
    nearly = seen(("Explicit Nudity", "Explicit", 45.0))
    assert policy.judge_labels([nearly]).verdict == "review"
    assert policy.judge_labels([nearly], minor=True).verdict == "reject"


def test_a_category_that_the_photo_did_not_have_rejects_a_video_earlier() -> None:
    frame = seen(("Weapons", "Violence", 70.0))
    assert policy.judge_labels([frame], "video", known=frozenset({"Violence"})).verdict == "review"
    new = policy.judge_labels([frame], "video", known=frozenset({"Alcohol"}))
    assert new.verdict == "reject"
    assert (new.findings[0].row, new.findings[0].reject_at) == ("video/Violence/Weapons", 65.0)
    undressed = seen(("Male Swimwear or Underwear", "Swimwear or Underwear", 96.0))
    assert policy.judge_labels([undressed], "video", known=frozenset()).verdict == "reject"


def test_an_age_restriction_lets_a_picture_pass_and_says_from_which_age_on() -> None:
    verdict = policy.judge_labels([seen(("Alcoholic Beverages", "Alcohol", 50.0))])
    assert (verdict.verdict, verdict.reasons) == ("allow", ())
    assert verdict.restriction is not None
    assert verdict.restriction.age == 18
    assert [r.code for r in verdict.restriction.reasons] == ["alcohol"]
    below = policy.judge_labels([seen(("Alcoholic Beverages", "Alcohol", 49.9))])
    assert below.restriction is None


def test_what_a_reviewer_has_set_aside_is_kept_and_decides_no_more_but_still_has_its_age() -> None:
    answer = seen(("Weapons", "Violence", 99.0), ("Nazi Party", "Hate Symbols", 50.0))
    verdict = policy.judge_labels([answer], overridden=frozenset({"Violence"}))
    assert verdict.verdict == "review"
    assert [reason.code for reason in verdict.reasons] == ["hate_symbols"]
    assert {found.category for found in verdict.findings} == {"Violence", "Hate Symbols"}
    assert verdict.restriction is not None
    assert verdict.restriction.age == 18


def test_a_verdict_says_by_which_policy_and_can_be_stored_and_read() -> None:
    verdict = policy.judge_labels([seen(("Weapons", "Violence", 99.0))])
    assert verdict.policy == policy.version()
    assert policy.Verdict.model_validate_json(verdict.model_dump_json()) == verdict


def test_a_verdict_from_before_rows_were_kept_can_still_be_read() -> None:
    old = {
        "verdict": "allow",
        "reasons": [],
        "models": ["m"],
        "policy": "2026-11-1",
        "findings": [
            {
                "category": "Violence",
                "label": "Weapons",
                "confidence": 55.0,
                "reject_at": 80.0,
                "review_at": 60.0,
                "scores": [55.0],
            }
        ],
    }
    verdict = policy.Verdict.model_validate(old)
    assert (verdict.findings[0].kind, verdict.findings[0].row) == ("label", "")
    assert policy.judge_again(verdict).verdict == "allow"


def test_verdicts_on_one_thing_become_one_by_the_strictest() -> None:
    allowed = policy.judge_labels([seen(("Alcohol", "", 90.0))])
    held = policy.judge_labels([seen(("Violence", "", 65.0))])
    rejected = policy.judge_labels([seen(("Explicit", "", 90.0))])
    one = policy.join([allowed, held, rejected])
    assert (one.verdict, [reason.code for reason in one.reasons]) == ("reject", ["explicit"])
    assert len(one.findings) == 3
    assert one.restriction is not None
    assert {reason.code for reason in one.restriction.reasons} == {"alcohol", "violence"}
    with pytest.raises(ValueError, match="0 verdicts"):
        policy.join([])
    with pytest.raises(ValueError, match="are not one"):
        policy.join([allowed, held.model_copy(update={"policy": "another"})])


def test_pictures_are_judged_again_by_the_thresholds_of_today() -> None:
    def kept(row: str, category: str, label: str, confidence: float) -> policy.Verdict:
        finding = policy.Finding(
            category=category,
            label=label,
            confidence=confidence,
            reject_at=None,
            review_at=None,
            row=row,
        )
        return policy.Verdict(verdict="allow", reasons=(), findings=(finding,), models=("m",))

    for name, row in policy.gate("posting").rows["labels"].items():
        for at, said in ((row.limits.reject, "reject"), (row.limits.review, "review")):
            if at is not None:
                for id_ in (row.id.replace("posting", "photo"), ""):
                    assert policy.judge_again(kept(id_, row.category, name, at)).verdict == said
                    assert (
                        policy.judge_again(kept(id_, row.category, name, at - 0.1)).verdict != said
                    )
    third = kept("video/Explicit/Explicit Nudity", "Explicit", "Exposed Female Nipple", 61.0)
    assert policy.judge_again(third).verdict == "reject"
    assert policy.judge_again(third, overridden=frozenset({"Explicit"})).verdict == "allow"
    assert policy.judge_again(kept("photo/unknown", "Newness", "Newness", 40.0)).verdict == "review"
    nothing = policy.Verdict(verdict="allow", reasons=(), findings=(), models=("m",))
    assert policy.judge_again(nothing).verdict == "allow"
