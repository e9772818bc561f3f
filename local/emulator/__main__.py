"""Runs the patched emulator: `GATEWAY_PORT=… BIND_HOST=127.0.0.1 python -m local.emulator`."""

import sys
from importlib import metadata

from local.emulator import (
    authorization,
    callbacks,
    cloudformation,
    error_names,
    executions,
    http_api,
    retries,
    s3_events,
    scheduled_events,
    session_secrets,
    workers,
)

MINISTACK_VERSION = "1.5.33"


def main() -> None:
    """Patch, then serve until stopped.

    The patches replace private functions, so they hold for one version only.
    """
    installed = metadata.version("ministack")
    if installed != MINISTACK_VERSION:
        sys.exit(
            f"ministack {installed} is installed; local/emulator patches {MINISTACK_VERSION} only: "
            f"pip install ministack=={MINISTACK_VERSION}"
        )
    for patch in (
        error_names,
        executions,
        callbacks,
        retries,
        s3_events,
        scheduled_events,
        http_api,
        cloudformation,
        authorization,
        session_secrets,
        workers,
    ):
        patch.install()

    # Imported last: the application captures functions of the services as it is loaded.
    from ministack.app import main as serve  # noqa: PLC0415

    serve()


if __name__ == "__main__":
    main()
