"""From scores to verdicts."""

from typing import Any

import pytest

from moderate import handler
from story import policy
from story.errors import ModerationUnanswered

#: docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html, version 7, level 1.
TAXONOMY_7 = {
    "Explicit",
    "Non-Explicit Nudity of Intimate parts and Kissing",
    "Swimwear or Underwear",
    "Violence",
    "Visually Disturbing",
    "Drugs & Tobacco",
    "Alcohol",
    "Rude Gestures",
    "Gambling",
    "Hate Symbols",
}
LIMITS = [
    (category, limit, kind)
    for category, limits in policy.PHOTO_POLICY.items()
    for kind, limit in (("reject", limits.reject), ("review", limits.review))
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


def seen(*labels: tuple[str, str, float]) -> dict[str, Any]:
    return {
        "ModerationModelVersion": "7.0",
        "ModerationLabels": [
            {"Name": name, "ParentName": parent, "Confidence": confidence}
            for name, parent, confidence in labels
        ],
    }


def test_every_top_level_category_of_the_taxonomy_is_decided() -> None:
    assert policy.PHOTO_POLICY.keys() == TAXONOMY_7


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


@pytest.mark.parametrize(("category", "limit", "kind"), LIMITS)
def test_a_category_counts_from_its_threshold_on(category: str, limit: float, kind: str) -> None:
    at = policy.judge_labels([seen((category, "", limit))])
    below = policy.judge_labels([seen((category, "", limit - 0.01))])
    assert at.verdict == kind
    assert below.verdict != kind
    assert at.reasons[0].message == policy.PHOTO_POLICY[category].told


@pytest.mark.parametrize("category", ["Swimwear or Underwear", "Alcohol", "Gambling"])
def test_what_is_no_harm_is_allowed_however_certain_and_still_kept(category: str) -> None:
    verdict = policy.judge_labels([seen((category, "", 100.0))])
    assert verdict.verdict == "allow"
    assert [finding.category for finding in verdict.findings] == [category]


def test_every_rejection_and_review_has_words_for_the_creator() -> None:
    for limits in (*policy.PHOTO_POLICY.values(), policy.UNKNOWN_CATEGORY):
        decides = limits.reject is not None or limits.review is not None
        assert bool(limits.told) == decides


def test_review_begins_no_later_than_rejection() -> None:
    for category, limits in policy.PHOTO_POLICY.items():
        if limits.reject is not None:
            assert limits.review is not None, category
            assert limits.review < limits.reject, category


def test_the_provider_is_asked_for_every_score_that_counts() -> None:
    lowest = min(limit for _, limit, _ in LIMITS)
    assert lowest >= handler._MIN_CONFIDENCE_PERCENT
    assert policy.UNKNOWN_CATEGORY.review is not None
    assert policy.UNKNOWN_CATEGORY.review >= handler._MIN_CONFIDENCE_PERCENT


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


def words(action: str, *filters: dict[str, str]) -> dict[str, Any]:
    return {"action": action, "assessments": [{"contentPolicy": {"filters": list(filters)}}]}


def _filter(kind: str, action: str = "BLOCKED", confidence: str = "HIGH") -> dict[str, str]:
    return {"type": kind, "action": action, "confidence": confidence}


def test_words_that_no_filter_blocks_are_allowed() -> None:
    assert policy.judge_words(words("NONE")).verdict == "allow"
    noted = policy.judge_words(words("NONE", _filter("VIOLENCE", "NONE", "LOW")))
    assert noted.verdict == "allow"
    assert [finding.category for finding in noted.findings] == ["VIOLENCE"]


@pytest.mark.parametrize("kind", policy.WORDS_POLICY)
def test_blocked_words_are_rejected_with_the_filters_reason(kind: str) -> None:
    verdict = policy.judge_words(words("GUARDRAIL_INTERVENED", _filter(kind)))
    assert verdict.verdict == "reject"
    assert [(r.code, r.message) for r in verdict.reasons] == [
        (kind.lower(), policy.WORDS_POLICY[kind])
    ]


def test_words_blocked_for_a_reason_that_we_do_not_know_are_rejected() -> None:
    verdict = policy.judge_words(words("GUARDRAIL_INTERVENED", _filter("NOVELTY")))
    assert (verdict.verdict, verdict.reasons[0].code) == ("reject", "words")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"action": None},
        {"action": "ALLOWED"},
        words("NONE", _filter("HATE")),
        words("NONE", {"type": "HATE", "action": "NONE"}),
        words("NONE", _filter("HATE", confidence="CERTAIN")),
        {"action": "NONE", "assessments": None},
        {"action": "NONE", "assessments": ["none"]},
    ],
)
def test_an_answer_on_words_in_another_form_is_no_verdict(answer: dict[str, Any]) -> None:
    with pytest.raises(ModerationUnanswered):
        policy.judge_words(answer)


def test_pictures_are_judged_again_by_the_thresholds_of_today() -> None:
    def kept(category: str, confidence: float) -> policy.Verdict:
        finding = policy.Finding(
            category=category, label="x", confidence=confidence, reject_at=None, review_at=None
        )
        return policy.Verdict(verdict="allow", reasons=(), findings=(finding,), models=("m",))

    for category, limits in policy.PHOTO_POLICY.items():
        for at, said in ((limits.reject, "reject"), (limits.review, "review")):
            if at is not None:
                assert policy.judge_again(kept(category, at)) == said
                below = policy.judge_again(kept(category, at - 0.1))
                assert below != said
    assert policy.judge_again(kept("Newness", 40.0)) == "review"
    nothing = policy.Verdict(verdict="allow", reasons=(), findings=(), models=("m",))
    assert policy.judge_again(nothing) == "allow"
