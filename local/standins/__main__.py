"""Runs the stand-ins on a loopback port: `PORT=… MODEL_URL=… … python -m local.standins`."""

import os
import sys
from pathlib import Path

import uvicorn

from local.standins import wire
from local.standins.app import Settings, make_app

_NEEDED = ("PORT", "MODEL_URL", "STACK_NAME", "CACHE_DIR", "AWS_ENDPOINT_URL", "AWS_REGION")


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
            cache_dir=Path(os.environ["CACHE_DIR"]),
        )
    )
    uvicorn.run(
        app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning", access_log=False
    )


if __name__ == "__main__":
    main()
