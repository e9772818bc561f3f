"""Tasks that wait for a token: a failing invocation fails the task, and a token dies with it.

ministack swallows the failure and then waits for a token that nobody will send; it also lets a
token answer an execution that was stopped meanwhile.
"""

import json
import threading
import time
from typing import Any

from ministack.services import stepfunctions

from local.emulator import executions

#: How often a waiting task looks whether its execution still runs.
_POLL_SECONDS = 0.2


def _timeout_seconds(state: dict[str, Any], data: Any) -> float:
    """TimeoutSeconds of a state: a number, or in JSONata an expression."""
    limit = state.get("TimeoutSeconds", float("inf"))
    if isinstance(limit, str):
        limit = stepfunctions._apply_jsonata_template(limit, data)
    return float(limit)


def _invoke_with_callback(resource: str, data: Any, token: str, state: dict[str, Any]) -> Any:
    """Invoke, then wait for SendTaskSuccess or SendTaskFailure, the time-out or the end."""
    answer: dict[str, Any] = {"event": threading.Event(), "result": None, "error": None}
    stepfunctions._task_tokens[token] = answer
    execution = executions.current.get()
    deadline = time.monotonic() + _timeout_seconds(state, data)
    try:
        stepfunctions._invoke_resource(resource.replace(".waitForTaskToken", ""), data)
        while not answer["event"].wait(_POLL_SECONDS):
            if execution["status"] != "RUNNING":
                raise stepfunctions._ExecutionError(
                    "States.Runtime", f"the execution ended as {execution['status']}"
                )
            if time.monotonic() >= deadline:
                raise stepfunctions._ExecutionError(
                    "States.Timeout", "Task timed out waiting for callback"
                )
    finally:
        stepfunctions._task_tokens.pop(token, None)
    if answer["error"]:
        raise stepfunctions._ExecutionError(answer["error"]["Error"], answer["error"]["Cause"])
    return json.loads(answer["result"])


def install() -> None:
    """Replace the callback integration."""
    stepfunctions._invoke_with_callback = _invoke_with_callback
