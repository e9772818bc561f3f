"""Every expression of the definition against the contracts of the states that feed it."""

import json
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from local import golden_events
from story import contracts
from story.contracts import STATES as CONTRACTS
from tests.contract import definition
from tests.contract.definition import LAMBDA_TASKS, STATES, expressions, golden, walk

#: Text that a state may carry although no pattern confines it, and why that is no free text.
NAMES = {
    "ObjectRef.bucket": "named by the template",
    "ObjectRef.key": "made by story/identifiers.py",
    "UploadRef.bucket": "named by the template",
    "UploadRef.key": "S3's event; the upload form allows one key only",
    "UploadRef.version_id": "S3's own",
    "UploadRef.etag": "S3's own",
    "GenerateVideoInput.token": "Step Functions' own",
    "GenerateVideoOutput.bucket": "named by the template",
    "GenerateVideoOutput.key": "made by SageMaker",
    "EngineName.name": "in the engine's card",
    "EngineName.version": "in the engine's card",
    "EngineName.instead_of": "the engine that the template names",
    "Credential.manifest_id": "made by the signer",
    "AwaitPromptInput.token": "Step Functions' own; it dies with its task",
    "Credential.issuer": "in the certificate",
    "Credential.signed_at": "a time",
    "Credential.digital_source_type": "a term of IPTC's vocabulary",
    "Credential.verified_by": "a package and its version",
}


def test_the_contracts_are_those_of_the_lambda_tasks() -> None:
    assert CONTRACTS.keys() == LAMBDA_TASKS.keys()


@pytest.mark.parametrize("name", LAMBDA_TASKS)
def test_a_task_is_given_exactly_its_golden_event(name: str) -> None:
    """The definition's Payload, evaluated on golden outputs, and the event made without it."""
    retry = {"retry": {"story_id": golden_events.STORY_ID, "attempt": 1}}
    ways = {"RestorePhoto": (golden, retry), "AwaitPrompt": (definition.drafted, None)}
    (payload,) = walk(*ways.get(name, (golden, None))).payloads[name]
    told, _ = CONTRACTS[name]
    assert payload.keys() == told.model_fields.keys()
    assert payload == golden_events.INPUTS[name].model_dump(mode="json")
    assert told.model_validate(payload)


def test_a_second_take_is_given_what_its_contracts_ask_for() -> None:
    def answer(name: str, done: Any) -> Any:
        if name == "InspectVideo" and len(done.payloads[name]) == 1:
            raise definition.Fails("VideoUnreadable")
        return golden(name, done)

    done = walk(answer)
    for name, payloads in done.payloads.items():
        for payload in payloads:
            CONTRACTS[name][0].model_validate(payload)
    assert [payload["take"] for payload in done.payloads["GenerateVideo"]] == [1, 2]


def test_the_walks_meet_every_state_and_so_every_expression() -> None:
    def judged(judge: str, verdict: str) -> Any:
        return lambda name, done: (
            {**golden(name, done), "verdict": verdict} if name == judge else golden(name, done)
        )

    def broken(name: str, done: Any) -> Any:
        if name == "InspectVideo":
            raise definition.Fails("VideoDefective")
        return golden(name, done)

    def expired(name: str, done: Any) -> Any:
        if name == "GenerateVideo":
            raise definition.Fails("States.Timeout")
        return golden(name, done)

    def unwritten(name: str, done: Any) -> Any:
        if name == "AwaitPrompt":
            raise definition.Fails("States.Timeout")
        return definition.drafted(name, done)

    def late(name: str, done: Any) -> Any:
        if name == "ExpireDraft":
            raise definition.Fails("DynamoDB.ConditionalCheckFailedException")
        return unwritten(name, done)

    answers = (golden, judged("ModerateWords", "review"), judged("ModerateVideo", "no"))
    others = (broken, expired, unwritten, late)
    met = {name for answer in (*answers, *others) for name in walk(answer).names}
    met |= set(walk(given=golden_events.retry_input()).names)
    silent = {"AlreadyClaimed", "Superseded"}
    assert met == STATES.keys() - silent
    assert not [expression for name in silent for expression in expressions(STATES[name])]


def test_the_claim_is_of_the_story_that_the_key_names() -> None:
    done = walk()
    key = done.arguments["ClaimUpload"]["Key"]
    assert key == {"pk": {"S": f"STORY#{golden_events.STORY_ID}"}, "sk": {"S": "META"}}
    for name in ("PublishStory",):
        assert done.arguments[name]["Key"] == key


def test_what_is_published_reads_back_as_the_credential_and_the_engine() -> None:
    values = walk().arguments["PublishStory"]["ExpressionAttributeValues"]
    credential = contracts.Credential.model_validate_json(values[":credential"]["S"])
    assert credential == golden_events.OUTPUTS["SignVideo"].credential  # type: ignore[attr-defined]  # its model has it
    assert json.loads(values[":engine"]["S"])["family"] == "procedural"


def test_what_was_signed_is_kept_by_its_digest() -> None:
    values = walk().arguments["PublishStory"]["ExpressionAttributeValues"]
    for name in ("video", "poster"):
        kept = contracts.ObjectRef.model_validate_json(values[f":{name}"]["S"])
        assert kept == getattr(golden_events.OUTPUTS["SignVideo"], name)


def _unconfined(model: type[BaseModel]) -> set[str]:
    """Fields of text in a model, and the models within it, that no pattern or literal confines."""
    found = set[str]()
    for name, info in model.model_fields.items():
        for kind in _leaves(info.annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= _unconfined(kind)
            elif kind is str and not _confined(info):
                found.add(f"{model.__name__}.{name}")
            else:
                assert kind in {str, int, float, bool, type(None)} or get_origin(kind) is Literal, (
                    f"{model.__name__}.{name} is {kind}, which may hold anything"
                )
    return found


def _leaves(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal or annotation is Ellipsis:
        return [] if annotation is Ellipsis else [annotation]
    if get_origin(annotation) is Annotated:  # a member of a tuple, with its own pattern
        kind, *limits = get_args(annotation)
        return [] if any(getattr(each, "pattern", None) for each in limits) else _leaves(kind)
    inner = get_args(annotation)
    return [leaf for part in inner for leaf in _leaves(part)] if inner else [annotation]


def _confined(info: FieldInfo) -> bool:
    return any(getattr(part, "pattern", None) for part in info.metadata)


def test_no_state_is_given_or_answers_words() -> None:
    found = {name for pair in CONTRACTS.values() for model in pair for name in _unconfined(model)}
    assert found == NAMES.keys()


def test_free_text_in_a_contract_would_be_found() -> None:
    class Inner(BaseModel):
        caption: str

    class Outer(BaseModel):
        story_id: contracts.StoryId
        digests: tuple[contracts.Sha256, ...]
        names: tuple[Annotated[str, StringConstraints(max_length=9)], ...]
        parts: tuple[Inner, ...]
        hint: str | None

    assert _unconfined(Outer) == {"Inner.caption", "Outer.hint", "Outer.names"}
