"""Requests that nobody thought of, made up from the OpenAPI document: `make fuzz-api`.

Schemathesis sends them to a stack of their own that checks every signature and role. No answer may
be a 5xx, have a status, a media type or a body that the document does not have, take what the
document forbids, or refuse what it allows. SEED repeats a run, SECONDS makes it longer.
"""

# ruff: noqa: T201 - a command line prints

import argparse
import math
import os
import secrets
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_CONFIGURATION = ROOT / "tests" / "fuzz_api.toml"
#: The variable that names the file with the access tokens, one a user, between spaces: those of a
#: hundred users are more than the system hands to a process in a variable.
TOKENS_FILE = "ENLIVEN_FUZZ_TOKENS_FILE"
#: How many requests a user sends before the next takes over: fewer than he may in a minute.
REQUESTS_EACH = 90
#: More than the local stack has ever answered.
_MOST_REQUESTS_A_SECOND = 40
_DEFAULT_SECONDS = 300
#: What starting, shrinking and telling may take beside the requests.
_GRACE_SECONDS = 120
_MAX_SEED = 2**32


def users(seconds: int) -> int:
    """How many users a run of so many seconds needs."""
    return math.ceil(seconds * _MOST_REQUESTS_A_SECOND / REQUESTS_EACH)


def run(
    api_url: str, tokens: list[str], *, seconds: int, seed: int, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Fuzz a running API for so many seconds; returncode 0 if nothing was found.

    What Schemathesis keeps goes to `folder`.
    """
    kept = folder / "tokens"
    kept.touch(mode=0o600)
    kept.write_text(" ".join(tokens))
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(_CONFIGURATION)]
    document = str(ROOT / "docs" / "openapi.json")
    options = ["--url", api_url, "--seed", str(seed), "--max-time", str(seconds)]
    options += ["--continue-on-failure", "--no-color", "--generation-database", "none"]
    options += ["--report", "ndjson", "--report-dir", str(folder)]
    return subprocess.run(
        [*command, "run", document, *options],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),  # where its configuration finds tests.fuzz_hooks
            TOKENS_FILE: str(kept),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds + _GRACE_SECONDS,
        check=False,
    )


def main() -> int:
    """Start a stack, fuzz it, stop it; 0 if nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=_DEFAULT_SECONDS)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(_MAX_SEED))
    asked = parser.parse_args()
    # The hooks import this module, and need none of what starts a stack.
    from tests.local.deployment import deployed  # noqa: PLC0415 - see above

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with contextmanager(deployed)(folder) as deployment:
            tokens = [deployment.newcomer().token for _ in range(users(asked.seconds))]
            done = run(
                deployment.api_url, tokens, seconds=asked.seconds, seed=asked.seed, folder=folder
            )
    print(done.stdout)
    print(f"The same again: make fuzz-api SEED={asked.seed} SECONDS={asked.seconds}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
