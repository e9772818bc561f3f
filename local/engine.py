"""Which engine the laptop's endpoint runs: the motion engine, or a trained model in miniature.

The latter (`make up ENGINE=tiny`) is the real server with the real classes of a trained model, in
the environment of `make test-diffusion`, on weights that `local.tiny` draws by chance. Its pictures
show nothing, and InspectVideo refuses them as it does any: what is to be seen is all that surrounds
a model, the motion engine that stands in for it included.
"""

import sys
from pathlib import Path

from local.processes import StackError

MOTION, TINY = "motion", "tiny"
ENGINES = (MOTION, TINY)
#: As the Makefile makes it.
TINY_FOLDER = ".venv-diffusion"
_WEIGHTS = f"{TINY_FOLDER}/tiny"

_READY_SECONDS = 60.0
#: PyTorch and diffusers take 15 s of a core to be imported, and a machine has other work.
_TINY_READY_SECONDS = 300.0


def interpreter(project_root: Path, engine: str) -> str:
    """The Python that has what the engine needs.

    Raises:
        StackError: the miniature has not been made.
    """
    if engine != TINY:
        return sys.executable
    python = project_root / TINY_FOLDER / "bin" / "python"
    for needed in (python, project_root / _WEIGHTS / "manifest.json"):
        if not needed.is_file():
            raise StackError(f"{needed} is not there: `make up ENGINE=tiny` makes it")
    return str(python)


def environment(project_root: Path, engine: str) -> dict[str, str]:
    """What tells the model server which engine to run."""
    if engine != TINY:
        return {"ENGINE": engine}
    return {
        "ENGINE": engine,
        "MODEL_FOLDER": str(project_root / _WEIGHTS),
        # Two threads wait for each other longer than they compute (docs/benchmarks/diffusion.md).
        "OMP_NUM_THREADS": "1",
    }


def ready_seconds(engine: str) -> float:
    """How long to wait until it answers."""
    return _TINY_READY_SECONDS if engine == TINY else _READY_SECONDS
