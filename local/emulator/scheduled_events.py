"""A history's TaskScheduled says what the task was given, as on AWS.

ministack leaves `parameters` out: docs.aws.amazon.com/step-functions/latest/apireference/
API_TaskScheduledEventDetails.html.
"""

import json
import threading
from typing import Any

from ministack.services import stepfunctions


def install() -> None:
    """Remember a task's arguments as they are evaluated, and put them into its event."""
    evaluate = stepfunctions._apply_jsonata_arguments
    add = stepfunctions._add_event
    # Both happen one after the other in the thread that runs the state.
    evaluated = threading.local()

    def evaluate_and_remember(*args: Any, **kwargs: Any) -> Any:
        evaluated.arguments = evaluate(*args, **kwargs)
        return evaluated.arguments

    def add_with_parameters(
        execution: dict[str, Any], event_type: str, details: dict[str, Any] | None = None
    ) -> Any:
        if event_type == "TaskScheduled" and details and hasattr(evaluated, "arguments"):
            scheduled = details["taskScheduledEventDetails"]
            scheduled["parameters"] = json.dumps(evaluated.arguments)
            del evaluated.arguments
        return add(execution, event_type, details)

    stepfunctions._apply_jsonata_arguments = evaluate_and_remember
    stepfunctions._add_event = add_with_parameters
