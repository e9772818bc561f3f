"""The workflow's definition and the template, and a walk along the definition's own expressions.

The walk is no second Step Functions: it knows the few things our states do (Arguments, Choices,
Catch by name, Assign, Output) and evaluates each expression with jsonata-python, so that a field
which a contract lacks shows as an expression that gives nothing.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonata  # type: ignore[import-untyped]  # it ships no types
from samtranslator.yaml_helper import yaml_parse

from local import golden_events

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "statemachine" / "story.asl.json").read_text("utf-8")
MACHINE: dict[str, Any] = json.loads(TEXT)
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
LAMBDA_TASKS = {name: state for name, state in TASKS.items() if ":lambda:" in state["Resource"]}
STATUS_WRITES = {
    name: state
    for name, state in TASKS.items()
    if state["Resource"].endswith("dynamodb:updateItem")
    and "'STORY#'" in state["Arguments"]["Key"]["pk"]["S"]
}
CHOICES = {name: state for name, state in STATES.items() if state["Type"] == "Choice"}

TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::Function"
}
GLOBALS: dict[str, Any] = TEMPLATE["Globals"]["Function"]
WORKFLOW: dict[str, Any] = RESOURCES["StoryWorkflow"]["Properties"]

_BEGIN, _END = "{%", "%}"
_MAX_STEPS = 60


def nexts(state: dict[str, Any]) -> set[str]:
    """Every state that can follow this one."""
    found = {branch["Next"] for key in ("Choices", "Catch") for branch in state.get(key, [])}
    return found | {state[key] for key in ("Next", "Default") if key in state}


def reachable(start: str) -> set[str]:
    """The states on some way from this one, itself included."""
    seen, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += nexts(STATES[name])
    return seen


def function_of(state: dict[str, Any]) -> str:
    """The logical id of the function that a Lambda task invokes."""
    name: str = state["Arguments"]["FunctionName"]
    return name.removeprefix("${").removesuffix("}")


def package_of(function: str) -> str:
    """The package in functions/ that holds a function's handler."""
    handler: str = FUNCTIONS[function]["Handler"]
    return handler.split(".", maxsplit=1)[0]


def expressions(value: Any) -> Iterator[str]:
    """Every JSONata expression anywhere inside a value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)
    elif isinstance(value, str) and value.startswith(_BEGIN):
        yield value.removeprefix(_BEGIN).removesuffix(_END)


def evaluate(value: Any, variables: dict[str, Any]) -> Any:
    """A value with each expression in it replaced by what it gives; giving nothing is an error."""
    if isinstance(value, dict):
        return {key: evaluate(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [evaluate(inner, variables) for inner in value]
    if not (isinstance(value, str) and value.startswith(_BEGIN)):
        return value
    expression = value.removeprefix(_BEGIN).removesuffix(_END)
    parsed = jsonata.Jsonata(expression)
    for name, bound in variables.items():
        parsed.assign(name, bound)
    found = parsed.evaluate(None)
    if found is None:
        raise LookupError(f"{expression.strip()} gives nothing")
    return json.loads(json.dumps(found))


@dataclass
class Fails(Exception):
    """What a played task answers instead of a result."""

    error: str
    cause: str = "{}"


@dataclass
class Walk:
    """One way through the definition."""

    names: list[str] = field(default_factory=list)
    #: The evaluated Arguments of each task, the last visit's.
    arguments: dict[str, Any] = field(default_factory=dict)
    #: Every visit's Payload of each Lambda task, in order.
    payloads: dict[str, list[Any]] = field(default_factory=dict)
    #: Error and Cause of the Fail state that ended it.
    failed: dict[str, str] | None = None


Answer = Callable[[str, Walk], Any]

#: What the writes of a status answer, each only what it has set itself.
_TAKEN = {
    "language": {"S": "en"},
    "claimed_at": {"S": golden_events.TIME},
    "allow_fallback": {"BOOL": True},
}
_CLAIMED = {"Attributes": {"draft": {"BOOL": False}, **_TAKEN}}
_DRAFTED = {"Attributes": {"draft": {"BOOL": True}, **_TAKEN}}


def golden(name: str, _walk: Walk) -> Any:
    """What a state of the golden story answers; a native one that it has claimed no draft."""
    if name in STATUS_WRITES:
        return _CLAIMED
    if name not in golden_events.OUTPUTS:
        return {}
    return golden_events.OUTPUTS[name].model_dump(mode="json")


def drafted(name: str, done: Walk) -> Any:
    """A story that has no words yet."""
    return _DRAFTED if name in {"ClaimUpload", "ClaimRetry"} else golden(name, done)


def walk(answer: Answer = golden, given: Any = None) -> Walk:
    """Follow the definition with golden outputs, or whatever `answer` says a task says.

    It begins with an upload, or with the input that is `given`.
    """
    done = Walk()
    variables: dict[str, Any] = {}
    given = given or golden_events.upload_detail()
    context = {
        "Execution": {"Id": golden_events.EXECUTION_ARN},
        "Task": {"Token": golden_events.TOKEN},
    }
    name: str | None = MACHINE["StartAt"]
    while name is not None:
        if len(done.names) == _MAX_STEPS:
            raise AssertionError(f"{_MAX_STEPS} states and no end: {done.names}")
        done.names.append(name)
        state = STATES[name]
        known = {**variables, "states": {"input": given, "context": context}}
        if state["Type"] == "Succeed":
            name = None
        elif state["Type"] == "Fail":
            done.failed = evaluate({key: state[key] for key in ("Error", "Cause")}, known)
            name = None
        elif state["Type"] == "Choice":
            branch = _chosen(state, known)
            assigned = evaluate(branch.get("Assign", {}), known)
            variables |= assigned
            name = branch["Next"]
        else:
            name, given = _task(name, known, variables, answer, done)
    return done


def _chosen(state: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    for branch in state["Choices"]:
        if evaluate(branch["Condition"], known) is True:
            chosen: dict[str, Any] = branch
            return chosen
    return {"Next": state["Default"]}


def _task(
    name: str, known: dict[str, Any], variables: dict[str, Any], answer: Answer, done: Walk
) -> tuple[str, Any]:
    """Run a task: its arguments, its answer or error, what it assigns; returns what follows."""
    state = STATES[name]
    done.arguments[name] = evaluate(state["Arguments"], known)
    states = known["states"]
    then: dict[str, Any] = state
    try:
        if name in LAMBDA_TASKS:
            done.payloads.setdefault(name, []).append(done.arguments[name]["Payload"])
        said = answer(name, done)
        plain = name not in LAMBDA_TASKS or state["Resource"].endswith(".waitForTaskToken")
        states["result"] = said if plain else {"Payload": said, "StatusCode": 200}
    except Fails as failed:
        then = next(
            catch
            for catch in state["Catch"]
            if failed.error in catch["ErrorEquals"] or "States.ALL" in catch["ErrorEquals"]
        )
        states["errorOutput"] = {"Error": failed.error, "Cause": failed.cause}
    variables |= evaluate(then.get("Assign", {}), known)
    return then["Next"], evaluate(then["Output"], known) if "Output" in then else states["input"]
