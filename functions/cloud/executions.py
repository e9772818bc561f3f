"""Starting and stopping a story's execution, from outside of the workflow."""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from cloud.clients import answers, client, error_code
from cloud.environment import Environment, load

#: An execution that has ended cannot be stopped: AWS answers so or changes nothing.
_OVER = frozenset({"ExecutionDoesNotExist", "ValidationException"})


class WorkflowSettings(Environment):
    """The state machine's alias: a retry runs the code of today."""

    story_workflow: str


def start_retry(story_id: str, attempt: int) -> bool:
    """Start the execution of one attempt, once; False if it has run and ended already.

    The name is the attempt's own, so that starting it again while it runs is the same execution.
    """
    try:
        with answers("Step Functions"):
            client("stepfunctions").start_execution(
                stateMachineArn=load(WorkflowSettings).story_workflow,
                name=f"{story_id}-{attempt}",
                input=json.dumps({"retry": {"story_id": story_id, "attempt": attempt}}),
            )
    except ClientError as error:
        if error_code(error) == "ExecutionAlreadyExists":
            return False
        raise
    return True


def stop(execution_arn: str) -> None:
    """Stop an execution; one that is over, or gone, stays as it is."""
    try:
        with answers("Step Functions"):
            client("stepfunctions").stop_execution(executionArn=execution_arn)
    except ClientError as error:
        if error_code(error) not in _OVER:
            raise
