"""Runs the stand-ins on a loopback port: `PORT=… MODEL_URL=… … python -m local.standins`."""

import os
import sys

import uvicorn

from local.standins import wire
from local.standins.app import Settings, make_app

_NEEDED = ("PORT", "MODEL_URL", "STACK_NAME", "AWS_ENDPOINT_URL", "AWS_REGION")
#: Calls that take longer are cut off when the process is asked to stop.
_STOP_SECONDS = 3


def main() -> None:
    """Serve until stopped."""
    missing = [name for name in _NEEDED if name not in os.environ]
    if missing:
        sys.exit(f"the stand-ins need {', '.join(missing)}; local/stack.py sets them")
    wire.log_to_stdout()
    app = make_app(
        Settings(
            model_url=os.environ["MODEL_URL"],
            stack_name=os.environ["STACK_NAME"],
            region=os.environ["AWS_REGION"],
        )
    )
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )


if __name__ == "__main__":
    main()
