"""From what Guardrails says of words to verdicts."""

from typing import Any

import pytest

from story import policy
from story.errors import ModerationUnanswered
from story.policy import rows
from tests.unit.story.policy.answers import said, words

ROWS = policy.gate("words").rows["words"]
DECIDED = [name for name in rows.FILTERS if not ROWS[name].off]


def test_words_that_no_filter_blocks_are_allowed() -> None:
    assert policy.judge_words(words("NONE")).verdict == "allow"
    noted = policy.judge_words(words("NONE", said("VIOLENCE", "NONE", "LOW")))
    assert noted.verdict == "allow"
    assert [finding.category for finding in noted.findings] == ["VIOLENCE"]


@pytest.mark.parametrize("kind", DECIDED)
def test_blocked_words_are_rejected_with_the_filters_reason(kind: str) -> None:
    verdict = policy.judge_words(words("GUARDRAIL_INTERVENED", said(kind)))
    assert verdict.verdict == "reject"
    assert [(r.code, r.message) for r in verdict.reasons] == [(kind.lower(), ROWS[kind].told)]


def test_words_blocked_for_a_reason_that_we_do_not_know_are_rejected() -> None:
    verdict = policy.judge_words(words("GUARDRAIL_INTERVENED", said("NOVELTY")))
    assert (verdict.verdict, verdict.reasons[0].code) == ("reject", "novelty")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"action": None},
        {"action": "ALLOWED"},
        words("NONE", said("HATE")),
        words("NONE", {"type": "HATE", "action": "NONE"}),
        words("NONE", said("HATE", confidence="CERTAIN")),
        {"action": "NONE", "assessments": None},
        {"action": "NONE", "assessments": ["none"]},
    ],
)
def test_an_answer_on_words_in_another_form_is_no_verdict(answer: dict[str, Any]) -> None:
    with pytest.raises(ModerationUnanswered):
        policy.judge_words(answer)


def test_an_intervention_that_no_filter_explains_is_rejected() -> None:
    verdict = policy.judge_words(words("GUARDRAIL_INTERVENED"))
    assert (verdict.verdict, verdict.reasons[0].code) == ("reject", "words")


@pytest.mark.parametrize("kind", DECIDED)
@pytest.mark.parametrize("level", ["LOW", "MEDIUM", "HIGH"])
def test_what_the_guardrail_lets_pass_is_decided_by_its_row(kind: str, level: str) -> None:
    verdict = policy.judge_words(words("NONE", said(kind, "NONE", level)))
    reject = ROWS[kind].limits.reject
    assert reject is not None
    assert (verdict.verdict == "reject") == (rows.LEVELS[level] >= reject)
    assert [found.category for found in verdict.findings] == [kind]


def test_a_filter_that_the_policy_does_not_know_and_the_guardrail_lets_pass_is_reviewed() -> None:
    assert policy.judge_words(words("NONE", said("NOVELTY", "NONE", "LOW"))).verdict == "review"


def test_what_a_full_answer_says_was_not_found_is_no_finding() -> None:
    verdict = policy.judge_words(words("NONE", *(said(k, "NONE", "NONE") for k in rows.FILTERS)))
    assert (verdict.verdict, verdict.findings) == ("allow", ())


def test_an_attack_on_a_prompt_that_nothing_reads_decides_nothing_unless_it_is_blocked() -> None:
    noticed = policy.judge_words(words("NONE", said("PROMPT_ATTACK", "NONE", "HIGH")))
    assert (noticed.verdict, len(noticed.findings)) == ("allow", 1)
    blocked = policy.judge_words(words("GUARDRAIL_INTERVENED", said("PROMPT_ATTACK")))
    assert blocked.verdict == "reject"


def test_words_near_a_face_that_may_be_a_minors_are_rejected_earlier() -> None:
    answer = words("NONE", said("INSULTS", "NONE", "LOW"))
    assert policy.judge_words(answer).verdict == "allow"
    assert policy.judge_words(answer, minor=True).verdict == "reject"


@pytest.mark.parametrize("gate", ["photo", "video"])
def test_words_in_a_picture_go_by_the_rows_of_text(gate: str) -> None:
    verdict = policy.judge_words(words("GUARDRAIL_INTERVENED", said("VIOLENCE")), gate, kind="text")
    (found,) = verdict.findings
    assert (found.kind, found.row) == ("text", f"{gate}/text/VIOLENCE")
    assert verdict.reasons[0].message == policy.gate(gate).rows["text"]["VIOLENCE"].told


def test_a_category_of_words_that_a_reviewer_has_set_aside_decides_no_more() -> None:
    answer = words("GUARDRAIL_INTERVENED", said("VIOLENCE"), said("HATE"))
    both = policy.judge_words(answer, overridden=frozenset({"VIOLENCE"}))
    assert [reason.code for reason in both.reasons] == ["hate"]
    all_ = policy.judge_words(answer, overridden=frozenset({"VIOLENCE", "HATE"}))
    assert (all_.verdict, len(all_.findings)) == ("allow", 2)
