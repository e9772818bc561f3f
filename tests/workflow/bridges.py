"""What moto's Step Functions lacks to run our real workflow in this process.

JSONata (moto leaves its evaluator empty) through jsonata-python; Lambda: an invocation calls the
real handler here and answers errors as the Lambda service does, by class name; and the cause of
SendTaskFailure, which moto drops. DynamoDB: UPDATED_NEW names what was set, changed or not, and an
update is atomic. And moto parses the definition again for each execution: its syntax tree is kept.
"""

import json
import re
import threading
import traceback
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jsonata
import pytest
from jsonata.utils import Utils
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.responses import EmptyResult
from moto.dynamodb.responses import DynamoHandler
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

Handler = Callable[[dict[str, Any], Any], Any]


def _evaluate(expression: str) -> Any:
    # What `_declare` wrote is given as values: to parse it as JSONata takes longer than all else.
    parts = expression.split(_MARK)
    try:
        parsed = jsonata.Jsonata("".join(parts[::2]))
        # Step Functions adds these to JSONata's own functions.
        parsed.register_lambda("uuid", lambda: str(uuid.uuid4()))
        parsed.register_lambda("parse", json.loads)
        for bindings in parts[1::2]:
            for name, value in json.loads(bindings).items():
                parsed.assign(name.removeprefix("$"), _with_nulls(value))
        return parsed.evaluate(None)
    except Exception as error:
        # Whatever the evaluator says, the workflow sees it as a failed expression.
        raise moto_jsonata.JSONataException("UNKNOWN", str(error)) from error


def _with_nulls(value: Any) -> Any:
    """JSON's null, which for the evaluator is something else than what is not there."""
    if isinstance(value, dict):
        return {name: _with_nulls(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_nulls(each) for each in value]
    return Utils.NULL_VALUE if value is None else value


#: Stands before and after values in an expression; JSON writes it as an escape.
_MARK = "\x00"


def _declare(bindings: Mapping[str, Any]) -> str:
    """In place of moto's own, for which a text with quotes is no text and a time is nothing."""
    return _MARK + json.dumps(bindings, default=str) + _MARK


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


_parse = AmazonStateLanguageParser.parse


@cache
def _syntax_tree(definition: str) -> Any:
    return _parse(definition)[1]


def _parse_once(definition: str) -> tuple[Any, Any]:
    """The program is made anew for each execution, since executions keep their state in it."""
    tree = _syntax_tree(definition)
    return Preprocessor().visit(tree), tree


#: The same definition is valid for every test.
_validate_once = cache(StepFunctionsParserBackend._validate_definition)


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
    patch.setattr(AmazonStateLanguageParser, "parse", staticmethod(_parse_once))
    patch.setattr(StepFunctionsParserBackend, "_validate_definition", staticmethod(_validate_once))
    patch.setattr(StepFunctionResponse, "send_task_failure", _send_task_failure)
    patch.setattr(DynamoHandler, "update_item", _update_atomically)
    patch.setattr(DynamoHandler, "_build_updated_new_attributes", _updated_new)
    patch.setattr(LambdaSimpleBackend, "invoke", invoke)
