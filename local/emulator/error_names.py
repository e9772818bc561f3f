"""A failing Python handler is known by its exception's class, as on AWS.

ministack calls every failure `Runtime.HandlerError`; Step Functions' Retry and Catch match the
class name, so none of them would ever fire.
"""

import threading
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_REPORTED = '"error": str(e), "trace": traceback.format_exc()'
_REPORTED_WITH_CLASS = f'{_REPORTED}, "error_class": type(e).__name__'


def install() -> None:
    """Let the worker report the class, and the invocation's result carry it."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_REPORTED) != 1:
        raise RuntimeError("ministack's Python worker no longer reports errors as expected")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_REPORTED, _REPORTED_WITH_CLASS)

    # The warm executor drops unknown fields of the worker's answer; both run in one thread.
    answered = threading.local()
    invoke = lambda_runtime.Worker.invoke
    execute = lambda_svc._execute_function_warm

    def remember(worker: Any, *args: Any, **kwargs: Any) -> Any:
        answered.last = invoke(worker, *args, **kwargs)
        return answered.last

    def name_the_error(*args: Any, **kwargs: Any) -> Any:
        answered.last = {}
        result = execute(*args, **kwargs)
        if result.get("error") and "error_class" in answered.last:
            result["body"]["errorType"] = answered.last["error_class"]
            result["body"]["stackTrace"] = answered.last["trace"].splitlines()
        return result

    lambda_runtime.Worker.invoke = remember
    lambda_svc._execute_function_warm = name_the_error
