"""What moto's Step Functions lacks to run our real workflow in this process.

JSONata (moto leaves its evaluator empty) through jsonata-python; Lambda: an invocation calls the
real handler here and answers errors as the Lambda service does, by class name; and the cause of
SendTaskFailure, which moto drops.
"""

import json
import traceback
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import jsonata
import pytest
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.responses import EmptyResult
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata
from moto.stepfunctions.responses import StepFunctionResponse

Handler = Callable[[dict[str, Any], Any], Any]


def _evaluate(expression: str) -> Any:
    try:
        parsed = jsonata.Jsonata(expression)
        # Step Functions adds these to JSONata's own functions.
        parsed.register_lambda("uuid", lambda: str(uuid.uuid4()))
        parsed.register_lambda("parse", json.loads)
        return parsed.evaluate(None)
    except Exception as error:
        # Whatever the evaluator says, the workflow sees it as a failed expression.
        raise moto_jsonata.JSONataException("UNKNOWN", str(error)) from error


def _declare(bindings: Mapping[str, Any]) -> str:
    """As moto's own, but a text with quotes stays a text, and a time becomes one."""
    return "".join(f"{name}:={json.dumps(value, default=str)};" for name, value in bindings.items())


def _send_task_failure(self: StepFunctionResponse) -> Any:
    self.stepfunction_backend.send_task_failure(
        self._get_param("taskToken"), self._get_param("error"), self._get_param("cause")
    )
    return EmptyResult()


def install(patch: pytest.MonkeyPatch, handlers: Mapping[str, Handler]) -> None:
    """Let moto evaluate JSONata and call these handlers, named as in the template."""

    def invoke(
        _backend: Any, name: str, _qualifier: Any, body: Any, _headers: Any, answer: dict[str, str]
    ) -> bytes:
        handler = handlers[name.rsplit(":", maxsplit=1)[-1]]
        try:
            return json.dumps(handler(json.loads(body or "{}"), None)).encode()
        except Exception as error:  # noqa: BLE001 - Lambda reports every error by its class name
            answer["x-amz-function-error"] = "Unhandled"
            return json.dumps(
                {
                    "errorType": type(error).__name__,
                    "errorMessage": str(error),
                    "stackTrace": traceback.format_exc().splitlines(),
                }
            ).encode()

    patch.setattr(moto_jsonata, "_eval_jsonata", _evaluate)
    patch.setattr(states, "encode_jsonata_variable_declarations", _declare)
    patch.setattr(variable_store, "encode_jsonata_variable_declarations", _declare)
    patch.setattr(StepFunctionResponse, "send_task_failure", _send_task_failure)
    patch.setattr(LambdaSimpleBackend, "invoke", invoke)
