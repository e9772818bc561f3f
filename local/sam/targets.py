"""What can be invoked: the states of the workflow, and every other function of the template.

For each: the function, its golden event, what has to be there before, and what its answer has to
be. An answer that only says "{}" is checked by what it has done.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ValidationError

from check_certificate.handler import CheckCertificateOutput
from local import golden_events
from local.sam import posting, verifying
from local.sam.failure import SamError
from local.sam.golden_story import PROMPT, GoldenStory
from story import contracts, identifiers, review_view, view
from story.generation import Failure, Progress
from story.states import ENDED, Status

Event = dict[str, Any]
#: Given the story, the event and the answer, returns what the answer is as a contract.
Check = Callable[[GoldenStory, Event, Any], BaseModel]
_ATTEMPT = _TAKE = 1
_DONE, _FAILED = "sns_inference_notification_event.json", "sns_inference_failure_event.json"
#: What an engine may rightly say of a photo.
_REFUSAL = "PhotoUnreadable"
_PROGRESS = "generation_progress_event.json"
_ENDED, _SWEEP = "execution_ended_event.json", "sweep_event.json"
_CLOSED = "story_closed_event.json"
_CERTIFICATE = "check_certificate_event.json"
_REVIEWS = "api_list_reviews_event.json"


class Nothing(BaseModel, extra="forbid"):
    """The answer of a function that nobody asks anything: {}."""


@dataclass(frozen=True)
class Target:
    """One thing to invoke."""

    name: str
    function: str
    #: Its event in events/.
    file: str
    prepare: Callable[[GoldenStory], Event]
    check: Check


def named(name: str) -> Target:
    """A target by its name, or by its function's if that has one only: "settle_story" will do.

    Raises SamError that lists what there is.
    """
    asked = name.replace("_", "").lower()
    if found := [each for each in TARGETS.values() if each.name.lower() == asked]:
        return found[0]
    of_function = [
        each.name
        for each in TARGETS.values()
        if asked in {each.function.lower(), each.function.lower().removesuffix("function")}
    ]
    if of_function:
        raise SamError(f"{name} is invoked as {', '.join(of_function)}: say which")
    raise SamError(f"There is no {name!r} to invoke; there is {', '.join(TARGETS)}")


# States ----------------------------------------------------------------------------------------


def _state(state: str) -> Target:
    _, output = contracts.STATES[state]

    file = golden_events.file_name(state)

    def prepare(story: GoldenStory) -> Event:
        story.played_until(state)
        return story.event(file)

    def check(story: GoldenStory, _event: Event, answer: Any) -> BaseModel:
        story.answers[state] = output.model_validate(answer)
        return story.answers[state]

    special = {
        "RestorePhoto": (_prepare_restoring, check),
        "AwaitPrompt": (_prepare_draft, _check_draft),
        "GenerateVideo": (_prepare_generation, _check_generation),
    }
    if state in special:
        return Target(state, f"{state}Function", file, *special[state])
    function = "ModerateFunction" if state.startswith("Moderate") else f"{state}Function"
    return Target(state, function, file, prepare, check)


def _prepare_generation(story: GoldenStory) -> Event:
    story.played_until("GenerateVideo")
    event = story.event(golden_events.file_name("GenerateVideo"))
    # Whatever was generated before: this one shall be asked for again, and waited for.
    story.put(f"GENERATION#{golden_events.STORY_ID}", f"{_ATTEMPT:04d}-{_TAKE}", state="NEW")
    execution_arn, event["token"] = story.wait_for_token()
    story.answers.pop("GenerateVideo", None)
    story.generating = execution_arn
    return event


def _check_generation(story: GoldenStory, _event: Event, answer: Any) -> BaseModel:
    Nothing.model_validate(answer)
    output = contracts.GenerateVideoOutput.model_validate(story.outcome(story.generating))
    story.answers["GenerateVideo"] = output
    return output


def _prepare_restoring(story: GoldenStory) -> Event:
    """A photo that was kept, as settle_story keeps it: the clean one of the attempt before."""
    story.played_until("ModeratePhoto")
    inspected = contracts.InspectPhotoOutput.model_validate(story.answers["InspectPhoto"])
    story.client("s3").copy_object(
        Bucket=story.outputs["EvidenceBucket"],
        Key=identifiers.kept_photo_key(golden_events.STORY_ID),
        CopySource={"Bucket": inspected.photo.bucket, "Key": inspected.photo.key},
    )
    return story.event(golden_events.file_name("RestorePhoto"))


def _prepare_draft(story: GoldenStory) -> Event:
    story.played_until("AwaitPrompt")
    story.record_as(status=Status.PROCESSING.value, draft=True)
    event = story.event(golden_events.file_name("AwaitPrompt"))
    _, event["token"] = story.wait_for_token()
    return event


def _check_draft(story: GoldenStory, _event: Event, answer: Any) -> BaseModel:
    output = contracts.AwaitPromptOutput.model_validate(answer)
    record = story.record(f"STORY#{golden_events.STORY_ID}", "META")
    if record["status"]["S"] != Status.AWAITING_PROMPT or not record["suggestions"]["L"]:
        raise SamError(f"The draft is {record['status']['S']}, with nothing suggested")
    # With its words, for whatever is invoked next.
    story.record_as(status=Status.PROCESSING.value, prompt=PROMPT)
    return output


# Around the workflow ---------------------------------------------------------------------------


def _waiting(story: GoldenStory) -> None:
    """A generation that the endpoint has, and an execution that waits for it."""
    if not story.execution_arn:
        story.begin()
    execution_arn, token = story.wait_for_token()
    story.put(
        f"GENERATION#{golden_events.STORY_ID}",
        f"{_ATTEMPT:04d}-{_TAKE}",
        state="INVOKED",
        task_token=token,
    )
    story.generating = execution_arn


def _prepare_resume(story: GoldenStory) -> Event:
    _waiting(story)
    return story.event(_DONE)


def _prepare_failure(story: GoldenStory) -> Event:
    _waiting(story)
    event = story.event(_FAILED)
    failure = Failure(error=_REFUSAL, message="The photo is an example")
    location = _notice(event)["responseParameters"]["failureLocation"]
    bucket, _, key = location.removeprefix("s3://").partition("/")
    story.client("s3").put_object(Bucket=bucket, Key=key, Body=failure.model_dump_json().encode())
    return event


def _check_failure(story: GoldenStory, _event: Event, answer: Any) -> BaseModel:
    Nothing.model_validate(answer)
    told = story.ended(story.generating)
    if (told["status"], told.get("error")) != ("FAILED", _REFUSAL):
        raise SamError(f"The workflow was told {told['status']} {told.get('error')}")
    return Failure(error=told["error"], message=told["cause"])


def _notice(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(event["Records"][0]["Sns"]["Message"])
    return told


def _check_resume(story: GoldenStory, event: Event, answer: Any) -> BaseModel:
    Nothing.model_validate(answer)
    output = contracts.GenerateVideoOutput.model_validate(story.outcome(story.generating))
    location = f"s3://{output.bucket}/{output.key}"
    if location != _notice(event)["responseParameters"]["outputLocation"]:
        raise SamError(f"The workflow was answered with {location}, which was not announced")
    return output


def _prepare_progress(story: GoldenStory) -> Event:
    if not story.execution_arn:
        story.begin()
    line = {"began_at": golden_events.TIME, "outcome": "running"}
    story.put(f"TIMELINE#{golden_events.STORY_ID}", f"{_ATTEMPT:04d}#GenerateVideo", **line)
    return story.event(_PROGRESS)


def _check_progress(story: GoldenStory, event: Event, answer: Any) -> BaseModel:
    Nothing.model_validate(answer)
    progress = Progress.model_validate(event["detail"])
    line = story.record(f"TIMELINE#{golden_events.STORY_ID}", f"{_ATTEMPT:04d}#GenerateVideo")
    written = line.get("fraction", {}).get("N")
    if written is None or float(written) != progress.fraction:
        raise SamError(f"The timeline says {written}, the engine's event {progress.fraction}")
    return progress


def _prepare_settling(story: GoldenStory) -> Event:
    story.begin()
    return story.event(_ENDED)


def _check_settling(story: GoldenStory, _event: Event, answer: Any) -> BaseModel:
    output = contracts.SettleStoryOutput.model_validate(answer)
    story_id = golden_events.STORY_ID
    if output.settled != (story_id,):
        raise SamError(f"Settled {output.settled}; the execution was that of {story_id}")
    status = story.record(f"STORY#{story_id}", "META")["status"]["S"]
    left = story.keys("UploadsBucket", identifiers.upload_prefix(story_id))
    if Status(status) not in ENDED or left:
        raise SamError(f"The settled story is {status} and has left {left}")
    story.execution_arn = ""
    return output


def _prepare_closed(story: GoldenStory) -> Event:
    story.begin()
    story.record_as(status=Status.CANCELLED.value, prompt=PROMPT)
    return story.event(_CLOSED)


def _prepare_sweep(story: GoldenStory) -> Event:
    story.orphan = secrets.token_hex(16)
    story.client("s3").put_object(
        Bucket=story.outputs["WorkBucket"],
        Key=identifiers.work_key(story.orphan, _ATTEMPT, "photo.jpg"),
        Body=b"left behind by a function that was stopped",
    )
    return story.event(_SWEEP)


def _check_sweep(story: GoldenStory, _event: Event, answer: Any) -> BaseModel:
    output = contracts.SettleStoryOutput.model_validate(answer)
    left = story.keys("WorkBucket", identifiers.work_prefix(story.orphan))
    if story.orphan not in output.settled or left:
        raise SamError(f"The sweep settled {output.settled}; of {story.orphan} is left {left}")
    return output


def _prepare_certificate(story: GoldenStory) -> Event:
    return story.event(_CERTIFICATE)


def _check_certificate(_story: GoldenStory, _event: Event, answer: Any) -> BaseModel:
    output = CheckCertificateOutput.model_validate(answer)
    if output.days_left <= 0.0:
        raise SamError("0 days are left, but `make up` has just installed a certificate")
    return output


# The API ---------------------------------------------------------------------------------------


def _api(
    name: str,
    file: str,
    status: HTTPStatus,
    body: type[BaseModel],
    function: str = "ApiFunction",
) -> Target:
    def prepare(story: GoldenStory) -> Event:
        if not story.execution_arn:
            story.begin()
        return story.event(file)

    def check(_story: GoldenStory, _event: Event, answer: Any) -> BaseModel:
        if not isinstance(answer, dict) or answer.get("statusCode") != status:
            raise SamError(f"{name} answered {answer}; the status had to be {status.value}")
        return body.model_validate_json(answer["body"])

    return Target(name, function, file, prepare, check)


def _checking(name: str, prepare: Callable[[GoldenStory], Event], check: Check) -> Target:
    return Target(name, f"{name}Function", golden_events.file_name(name), prepare, check)


_CHECKING = (
    _checking("ReadCredential", verifying.prepare_reading, verifying.check_credential),
    _checking("FindMark", verifying.prepare_reading, verifying.check_mark),
    _checking("Conclude", verifying.prepare_concluding, verifying.check_conclusion),
    Target(
        "PackRecords",
        "PackRecordsFunction",
        "pack_records_event.json",
        verifying.prepare_packing,
        verifying.check_packing,
    ),
)
TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        # In the order of the workflow: what one state answered, the next need not play again.
        *(_state(state) for state in contracts.STATES),
        *(Target(*each) for each in posting.TARGETS),
        Target("ResumeStory", "ResumeStoryFunction", _DONE, _prepare_resume, _check_resume),
        Target("ResumeFailed", "ResumeStoryFunction", _FAILED, _prepare_failure, _check_failure),
        Target(
            "StoryProgress", "StoryProgressFunction", _PROGRESS, _prepare_progress, _check_progress
        ),
        _api("CreateStory", "api_create_story_event.json", HTTPStatus.CREATED, view.StoryCreated),
        _api("GetStory", "api_get_story_event.json", HTTPStatus.OK, view.StoryView),
        _api("ListStories", "api_list_stories_event.json", HTTPStatus.OK, view.StoryList),
        _api("ListReviews", _REVIEWS, HTTPStatus.OK, review_view.ReviewList, "ReviewFunction"),
        Target(
            "CheckCertificate",
            "CheckCertificateFunction",
            _CERTIFICATE,
            _prepare_certificate,
            _check_certificate,
        ),
        *_CHECKING,
        Target("StoryClosed", "SettleStoryFunction", _CLOSED, _prepare_closed, _check_settling),
        Target("Sweep", "SettleStoryFunction", _SWEEP, _prepare_sweep, _check_sweep),
        Target("SettleStory", "SettleStoryFunction", _ENDED, _prepare_settling, _check_settling),
    )
}


def checked(target: Target, story: GoldenStory, event: Event, answer: Any) -> BaseModel:
    """An answer as its contract. Raises SamError that says what it is instead."""
    if isinstance(answer, dict) and "errorType" in answer:
        raise SamError(
            f"{target.name} failed: {answer['errorType']}: {answer.get('errorMessage', '')}\n"
            + "".join(answer.get("stackTrace", []))
        )
    try:
        return target.check(story, event, answer)
    except ValidationError as error:
        raise SamError(f"{target.name} broke its contract: {error}\nanswered: {answer}") from error
