"""What moto's Step Functions lacks to run our real workflow in this process.

JSONata (moto leaves its evaluator empty) through jsonata-python; Lambda: an invocation calls the
real handler here and answers errors as the Lambda service does, by class name; and the cause of
SendTaskFailure, which moto drops. DynamoDB: UPDATED_NEW names what was set, changed or not, and an
update is atomic.
"""

import json
import re
import threading
import traceback
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import jsonata
import pytest
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.responses import EmptyResult
from moto.dynamodb.responses import DynamoHandler
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


def _updated_new(self: DynamoHandler, _old: Any, new: dict[str, Any]) -> dict[str, Any]:
    """As AWS: moto leaves out what was set to the value that it had."""
    names = self.body.get("ExpressionAttributeNames", {})
    assigned = re.findall(r"([#\w]+)\s*=", self.body["UpdateExpression"])
    set_names = [names.get(name, name) for name in assigned]
    return {name: new[name] for name in set_names}


_one_update = threading.Lock()
_update_item = DynamoHandler.update_item


def _update_atomically(self: DynamoHandler) -> Any:
    """As AWS: moto looks whether the condition holds and writes, and lets others in between."""
    with _one_update:
        return _update_item(self)


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
    patch.setattr(DynamoHandler, "update_item", _update_atomically)
    patch.setattr(DynamoHandler, "_build_updated_new_attributes", _updated_new)
    patch.setattr(LambdaSimpleBackend, "invoke", invoke)
