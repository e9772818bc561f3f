"""The shape of the workflow: time, retries, ways out."""

import re

import pytest

from local import golden_events
from story import errors, limits, receipt
from tests.contract.definition import (
    CHOICES,
    FUNCTIONS,
    GLOBALS,
    LAMBDA_TASKS,
    MACHINE,
    STATES,
    STATUS_WRITES,
    TASKS,
    TEXT,
    WORKFLOW,
    Answer,
    Fails,
    Walk,
    drafted,
    function_of,
    golden,
    nexts,
    reachable,
    walk,
)

LAMBDA_SERVICE_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}
GATES = {
    "PhotoAllowed": "HasWords",
    "WordsAllowed": "DirectScene",
    "VideoAllowed": "LabelVideo",
}


def _lambda_timeout(function: str) -> int:
    found: int = FUNCTIONS[function].get("Timeout", GLOBALS["Timeout"])
    return found


def defective_takes(
    count: int, *, error: str = "VideoDefective", allow_fallback: bool = True
) -> Answer:
    """InspectVideo finds the first `count` takes defective."""

    def answer(name: str, done: Walk) -> object:
        if name == "InspectVideo" and len(done.payloads[name]) <= count:
            raise Fails(error, '{"errorMessage": "static"}')
        said = golden(name, done)
        if name == "ClaimUpload":
            taken = {**said["Attributes"], "allow_fallback": {"BOOL": allow_fallback}}
            return {"Attributes": taken}
        return said

    return answer


def expired(taken: object) -> Answer:
    """A draft whose time is over; `taken` is what the record says of a prompt, or how it fails."""

    def answer(name: str, done: Walk) -> object:
        if name == "AwaitPrompt":
            raise Fails("States.Timeout")
        if name in {"ExpireDraft", "ResumeDraft"} and name in done.names[:-1]:
            raise AssertionError(f"{name} twice")
        if name == "ExpireDraft" and taken is not None:
            raise Fails("DynamoDB.ConditionalCheckFailedException")
        if name == "ResumeDraft" and taken is False:
            raise Fails("DynamoDB.ConditionalCheckFailedException")
        return drafted(name, done)

    return answer


def verdict_of(judge: str, verdict: str) -> Answer:
    """One gate answers with this verdict."""

    def answer(name: str, done: Walk) -> object:
        said = golden(name, done)
        return {**said, "verdict": verdict} if name == judge else said

    return answer


def _waits(state: str) -> float:
    """The longest that a task's retries wait in all, its runs themselves not counted."""
    (retry,) = TASKS[state]["Retry"]
    delays = (
        retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt
        for attempt in range(retry["MaxAttempts"])
    )
    return float(sum(min(delay, retry["MaxDelaySeconds"]) for delay in delays))


@pytest.mark.parametrize("name", LAMBDA_TASKS)
def test_every_lambda_task_retries_every_transient_error_with_full_jitter(name: str) -> None:
    (retry,) = LAMBDA_TASKS[name]["Retry"]
    transient = {error.__name__ for error in errors.concrete(errors.Transient)}
    assert set(retry["ErrorEquals"]) == transient | LAMBDA_SERVICE_ERRORS
    assert retry["JitterStrategy"] == "FULL"
    assert retry["MaxDelaySeconds"] <= 60
    assert retry["MaxAttempts"] >= 3


@pytest.mark.parametrize("name", sorted(TASKS.keys() - LAMBDA_TASKS.keys()))
def test_every_native_task_retries_with_full_jitter(name: str) -> None:
    (retry,) = TASKS[name]["Retry"]
    assert retry["JitterStrategy"] == "FULL"
    assert retry["MaxDelaySeconds"] <= 60


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_time_limit(name: str) -> None:
    assert TASKS[name]["TimeoutSeconds"] > 0


@pytest.mark.parametrize("name", LAMBDA_TASKS)
def test_a_function_is_stopped_no_later_than_the_task_that_waits_for_it(name: str) -> None:
    state = LAMBDA_TASKS[name]
    assert _lambda_timeout(function_of(state)) <= state["TimeoutSeconds"]


def test_a_generation_may_take_as_long_as_the_limits_say() -> None:
    assert TASKS["GenerateVideo"]["TimeoutSeconds"] == limits.GENERATION_TIMEOUT_SECONDS


def test_a_draft_waits_as_long_as_its_prompt_is_taken_and_its_function_may_run() -> None:
    limit = limits.PROMPT_SECONDS + limits.AWAIT_PROMPT_SECONDS
    assert TASKS["AwaitPrompt"]["TimeoutSeconds"] == limit
    assert _lambda_timeout("AwaitPromptFunction") <= limits.AWAIT_PROMPT_SECONDS


def test_the_workflow_outlasts_every_take_at_its_slowest_with_all_pauses_between_retries() -> None:
    defective = defective_takes(limits.MAX_TAKES, error="ModelDefective")

    def slowest(name: str, done: Walk) -> object:
        return drafted(name, done) if name == "ClaimUpload" else defective(name, done)

    taken = walk(slowest).names
    assert "AwaitPrompt" in taken
    assert taken.count("GenerateVideo") == limits.FALLBACK_TAKE
    assert taken[-1] == "Ready"
    longest = sum(TASKS[name]["TimeoutSeconds"] + _waits(name) for name in taken if name in TASKS)
    assert longest < MACHINE["TimeoutSeconds"]


def test_the_workflow_asks_for_as_many_takes_as_the_limit_allows_and_then_says_why() -> None:
    done = walk(defective_takes(limits.MAX_TAKES))
    assert [payload["take"] for payload in done.payloads["DirectScene"]] == list(
        range(1, limits.MAX_TAKES + 1)
    )
    assert done.failed == {"Error": "VideoDefective", "Cause": '{"errorMessage": "static"}'}


def test_after_a_model_s_takes_there_is_one_more_and_only_where_the_story_allows_it() -> None:
    def takes(count: int, *, allow_fallback: bool) -> tuple[list[int], str]:
        answer = defective_takes(count, error="ModelDefective", allow_fallback=allow_fallback)
        done = walk(answer)
        return [payload["take"] for payload in done.payloads["DirectScene"]], done.names[-1]

    assert takes(limits.MAX_TAKES, allow_fallback=True) == ([1, 2, 3], "Ready")
    assert takes(limits.MAX_TAKES, allow_fallback=False) == ([1, 2], "NoGoodTake")
    assert takes(limits.FALLBACK_TAKE, allow_fallback=True) == ([1, 2, 3], "NoGoodTake")


def test_a_draft_comes_by_its_prompt_and_every_other_story_does_not() -> None:
    assert "AwaitPrompt" not in walk().names
    names = walk(drafted).names
    assert names[names.index("AwaitPrompt") + 1] == "ModerateWords"
    assert names[-1] == "Ready"


def test_a_draft_whose_time_is_over_expires_unless_its_prompt_was_taken() -> None:
    assert walk(expired(None)).names[-2:] == ["ExpireDraft", "Expired"]
    resumed = walk(expired(taken=True)).names
    assert resumed[resumed.index("ResumeDraft") + 1] == "ModerateWords"
    assert resumed[-1] == "Ready"
    assert walk(expired(taken=False)).names[-2:] == ["ResumeDraft", "Superseded"]


def test_a_retry_takes_up_the_kept_photo_and_goes_the_same_way() -> None:
    done = walk(given=golden_events.retry_input())
    assert done.names[:4] == ["BeginStory", "ClaimRetry", "RestorePhoto", "ModeratePhoto"]
    # Nothing untrusted is read again.
    assert not {"InspectPhoto", "ReadPhotoCredential"} & set(done.names)
    usual = walk().names
    assert done.names[4:] == usual[usual.index("ModeratePhoto") + 1 :]
    attempts = {payload["attempt"] for each in done.payloads.values() for payload in each}
    assert attempts == {golden_events.retry_input()["retry"]["attempt"]}
    retried = walk(drafted, golden_events.retry_input()).names
    assert retried[-1] == "Ready"
    assert "AwaitPrompt" in retried


def test_every_target_exists() -> None:
    assert MACHINE["StartAt"] in STATES
    assert {target for state in STATES.values() for target in nexts(state)} <= STATES.keys()


def test_every_state_can_be_reached_and_can_end() -> None:
    assert reachable(MACHINE["StartAt"]) == STATES.keys()
    ends = {name for name, state in STATES.items() if state["Type"] in {"Succeed", "Fail"}}
    assert all(reachable(name) & ends for name in STATES)


def test_only_the_states_that_stand_for_an_end_are_terminal() -> None:
    terminal = {name for name, state in STATES.items() if not nexts(state)}
    assert terminal == {
        name for name, state in STATES.items() if state["Type"] in {"Succeed", "Fail"}
    }


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("verdict", ["reject", "review", "Allow", "allowed", "", "unknown"])
def test_only_the_word_allow_passes_a_gate(gate: str, verdict: str) -> None:
    judge = next(name for name, state in STATES.items() if state.get("Next") == gate)
    names = walk(verdict_of(judge, verdict)).names
    assert GATES[gate] not in names
    assert names[names.index(gate) + 1] == ("HoldStory" if verdict == "review" else "RejectStory")


def test_every_choice_fails_closed() -> None:
    assert CHOICES.keys() == {*GATES, "ChooseTake", "BeginStory", "HasWords"}
    # What is no retry is an upload, and fails if it is none; what is no draft has words to judge.
    assert CHOICES["BeginStory"]["Default"] == "ClaimUpload"
    assert CHOICES["HasWords"]["Default"] == "ModerateWords"
    assert {CHOICES[gate]["Default"] for gate in GATES} == {"RejectStory"}
    assert STATES[CHOICES["ChooseTake"]["Default"]]["Type"] == "Fail"


def test_nothing_is_published_past_a_gate_or_the_signature() -> None:
    """Without any one of these states there is no way to PublishStory."""
    # A photo was inspected now, or before it was kept.
    alternatives = [{"InspectPhoto", "RestorePhoto"}]
    alone = [{state} for state in (*GATES, "InspectVideo", "LabelVideo", "SignVideo")]
    for needed in alternatives + alone:
        seen, waiting = set(needed), [MACHINE["StartAt"]]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += nexts(STATES[name])
        assert "PublishStory" not in seen, needed


def test_a_lost_race_ends_the_execution_quietly() -> None:
    for name, state in STATUS_WRITES.items():
        (catch,) = state["Catch"]
        assert catch["ErrorEquals"] == ["DynamoDB.ConditionalCheckFailedException"], name
        # A draft that could not expire may have its prompt: that is asked for once more.
        lost = "ResumeDraft" if name == "ExpireDraft" else name
        (catch,) = STATES[lost]["Catch"]
        assert STATES[catch["Next"]]["Type"] == "Succeed", name


def test_the_receipt_counts_the_native_transitions_of_a_ready_story() -> None:
    names = walk().names
    assert names[-1] == "Ready"
    native = [name for name in names if name not in LAMBDA_TASKS]
    assert len(native) == receipt.NATIVE_TRANSITIONS


def test_the_template_fills_every_placeholder_and_no_other() -> None:
    placeholders = set(re.findall(r"\$\{(\w+)\}", TEXT))
    assert placeholders == WORKFLOW["DefinitionSubstitutions"].keys()
