"""Finding the Python of the Lambda runtime: `sam build` resolves wheels with it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local.sam.failure import SamError

VERSION = "3.13"
_ASK = "import sys; print('{}.{}'.format(*sys.version_info))"
_ASK_SECONDS = 60


def find() -> Path:
    """The interpreter of the functions' runtime. Raises SamError that says how to get one."""
    tried = []
    for candidate in _candidates():
        if _answers(candidate):
            return candidate
        tried.append(str(candidate))
    looked = f" Not one: {', '.join(tried)}." if tried else ""
    raise SamError(
        f"Python {VERSION}, which the functions run on, was not found on PATH as python{VERSION}, "
        f"among pyenv's versions or among uv's.{looked} Install it: `apt-get install "
        f"python{VERSION}` where the distribution has it, `pyenv install {VERSION}`, `uv python "
        f"install {VERSION}`, or `brew install python@{VERSION}`"
    )


def _candidates() -> Iterator[Path]:
    name = f"python{VERSION}"
    # Every folder of PATH, not only the first hit: that may be a shim which starts nothing.
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if (path := Path(folder) / name).is_file():
            yield path
    for root in (os.environ.get("PYENV_ROOT"), Path.home() / ".pyenv"):
        if root:
            yield from sorted(Path(root).glob(f"versions/{VERSION}*/bin/{name}"), reverse=True)
    # The development environment has a uv of its own.
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    if uv := shutil.which("uv", path=os.pathsep.join(folders)):
        asked = [uv, "python", "find", "--no-python-downloads", VERSION]
        found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
        if found:
            yield Path(found)


def _answers(path: Path) -> bool:
    try:
        said = subprocess.run(
            [path, "-I", "-c", _ASK],
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.returncode == 0 and said.stdout.strip() == VERSION
