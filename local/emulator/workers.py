"""Lambda workers: no wait for log lines that will not come, and not more than the machine can run.

ministack waits 50 ms after each invocation that logged nothing, to see whether a line is still on
its way, which is most of what a read of the API takes. And it starts a worker for every request
that finds none free: fifty requests at once start fifty interpreters, which on two cores keep each
other from getting ready for half a minute. On AWS each would have a processor of its own.
"""

import os
import queue
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

#: What a worker writes behind the last line of an invocation.
_END = "\x1eend of invocation"
#: The last thing that a worker does for an invocation: until then its answer is in a buffer.
_ANSWERS = """\
        _real_stdout.flush()

run()
"""
_ENDS_AND_ANSWERS = f"""\
        sys.stderr.write({_END + chr(10)!r})
        sys.stderr.flush()
{_ANSWERS}"""
#: A worker that died writes no end.
_LONGEST_DRAIN_SECONDS = 0.25

#: So many workers of a function at once are started without waiting.
AT_ONCE = max(4, os.cpu_count() or 1)
#: How long a request waits for one of them before it starts another. It must end, since a busy
#: worker may itself wait for the function; but with 5 s, fifty clients on a busy machine had 95
#: workers, which were then what it was busy with. The gateway gives up after 30 s.
_WAIT_SECONDS, _LOOK_SECONDS = 20.0, 0.005


def _drain(worker: Any, *_: Any, **__: Any) -> str:
    """The lines of one invocation."""
    lines: list[str] = []
    deadline = time.monotonic() + _LONGEST_DRAIN_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = worker._stderr_queue.get(timeout=left)
        except queue.Empty:
            break
        if line == _END:
            break
        lines.append(line)
    return "\n".join(lines)


def install() -> None:
    """Let workers mark the end of their lines, and requests wait for a free worker."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(_ANSWERS) != 1:
        raise RuntimeError("ministack's Python worker no longer answers as expected")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_ANSWERS, _ENDS_AND_ANSWERS)
    lambda_runtime.Worker._drain_stderr_bounded = _drain

    acquire = lambda_runtime.acquire_worker

    def acquire_free_or_near(
        name: str,
        config: dict[str, Any],
        code: bytes,
        qualifier: str = "$LATEST",
        max_concurrency: int | None = None,
    ) -> tuple[Any, str]:
        key = lambda_runtime._worker_key(name, config, qualifier)
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            with lambda_runtime._lock:
                workers = lambda_runtime._workers.get(key, [])
                near = len(workers) < AT_ONCE or any(not each.in_use for each in workers)
            if near:
                break
            time.sleep(_LOOK_SECONDS)
        taken: tuple[Any, str] = acquire(name, config, code, qualifier, max_concurrency)
        return taken

    lambda_runtime.acquire_worker = acquire_free_or_near
    lambda_svc.acquire_worker = acquire_free_or_near
