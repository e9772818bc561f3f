"""Executions end once, can time out, and start once for one name and input.

StartExecution: "If you call StartExecution with the same name and input as a running execution,
the call succeeds and returns the same response as the original request."
"""

import contextvars
import json
import threading
from typing import Any

from ministack.services import stepfunctions

#: The execution whose states the current thread runs; callbacks.py gives up with it.
current: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("execution")


def _time_out(execution: dict[str, Any], seconds: float) -> None:
    if execution["status"] != "RUNNING":
        return
    cause = f"The execution did not end within {seconds:g} seconds"
    execution.update(
        status="TIMED_OUT",
        error="States.Timeout",
        cause=cause,
        stopDate=stepfunctions.now_iso(),
    )
    details = {"error": "States.Timeout", "cause": cause}
    stepfunctions._add_event(
        execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": details}
    )
    stepfunctions._emit_execution_status_event(execution)


def _machine_timeout_seconds(execution: dict[str, Any]) -> float | None:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"])
    limit = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
    return None if limit is None else float(limit)


def install() -> None:
    """Replace the runner, the failure report and StartExecution."""
    run = stepfunctions._run_execution
    fail = stepfunctions._fail_execution
    start = stepfunctions._start_execution

    def run_with_time_limit(arn: str) -> None:
        execution = stepfunctions._executions.get(arn)
        if execution is None:
            return
        current.set(execution)
        seconds = _machine_timeout_seconds(execution)
        if seconds is None:
            run(arn)
            return
        # A timer's thread does not inherit the account and region that the stores are scoped by.
        scope = contextvars.copy_context()
        timer = threading.Timer(seconds, scope.run, (_time_out, execution, seconds))
        timer.daemon = True
        timer.start()
        try:
            run(arn)
        finally:
            timer.cancel()

    def fail_if_running(execution: dict[str, Any], error: str, cause: str) -> None:
        # A state may fail after StopExecution or the time-out: the first ending stands.
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    def start_once(request: dict[str, Any]) -> Any:
        machine_arn = stepfunctions._resolve_state_machine_arn(request.get("stateMachineArn", ""))
        if machine_arn and request.get("name"):
            arn = machine_arn.replace(":stateMachine:", ":execution:") + f":{request['name']}"
            running = stepfunctions._executions.get(arn)
            if (
                running
                and running["status"] == "RUNNING"
                and running["input"] == request.get("input", "{}")
            ):
                return stepfunctions.json_response(
                    {"executionArn": arn, "startDate": running["startDate"]}
                )
        return start(request)

    stepfunctions._run_execution = run_with_time_limit
    stepfunctions._fail_execution = fail_if_running
    stepfunctions._start_execution = start_once
