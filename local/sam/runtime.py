"""Lambda's Python runtime outside of AWS: its interface client, boto3, and the interpreter.

The managed runtime brings boto3, so the functions do not carry it. Here it is installed, locked
with hashes, into a folder of the build; functions see their own code, their layers, and this.
"""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.sam import interpreter
from local.sam.failure import SamError
from local.sam.functions import Function

LOCKED = Path("requirements") / "lambda.txt"
_PROBE = Path(__file__).with_name("probe.py")
_RECIPE = "recipe"
_INSTALL_SECONDS = 600
_IMPORT_SECONDS = 300


@dataclass(frozen=True)
class Runtime:
    """Where the interpreter is, and what stands in for the managed runtime's packages."""

    python: Path
    packages: Path

    @property
    def standard_library(self) -> Path:
        """Where the interpreter keeps its own modules."""
        asked: list[str | Path] = [
            self.python,
            "-I",
            "-S",
            "-c",
            "import os; print(os.path.dirname(os.__file__))",
        ]
        said = subprocess.run(asked, capture_output=True, text=True, check=True)
        return Path(said.stdout.strip())

    def probe(self, function: Function, *, everything: bool) -> dict[str, Any]:
        """Import a function where nothing of the development environment can be seen.

        Raises SamError with the interpreter's own words if something is missing.
        """
        path = [*function.import_path, self.packages]
        told = {
            "handler": function.handler.rpartition(".")[0],
            "path": [str(part.resolve()) for part in path],
            "everything": everything,
        }
        ran = subprocess.run(
            # -I: no environment, no user's packages, no current folder; -S: no site-packages.
            [self.python, "-I", "-S", "-B", _PROBE.resolve()],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            # What Lambda always sets and some import asks for.
            env={"AWS_DEFAULT_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"},
            cwd=function.code,
            timeout=_IMPORT_SECONDS,
            check=False,
        )
        if ran.returncode != 0:
            raise SamError(
                f"{function.name} is not complete: what it imports is neither in its build, nor in "
                f"its layers, nor in the runtime\n{ran.stderr.strip()}"
            )
        answer: dict[str, Any] = json.loads(ran.stdout)
        return answer


def prepare(project_root: Path, build_root: Path) -> Runtime:
    """Find the interpreter and install the runtime's packages, unless they are there.

    Raises SamError.
    """
    python = interpreter.find()
    packages = build_root / "runtime"
    locked = project_root / LOCKED
    recipe = hashlib.sha256(locked.read_bytes() + str(python).encode()).hexdigest()
    mark = packages / _RECIPE
    if mark.is_file() and mark.read_text() == recipe:
        return Runtime(python, packages)
    shutil.rmtree(packages, ignore_errors=True)
    _run(
        [
            *(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--root-user-action", "ignore", "--no-compile", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "--target", packages, "-r", locked),
        ],
        "the runtime's packages cannot be installed",
    )
    compile_tree(python, packages)
    mark.write_text(recipe)
    return Runtime(python, packages)


def compile_tree(python: Path, folder: Path) -> None:
    """Byte-compile a folder for good: Lambda cannot write next to the code, and never looks back.

    Unchecked hashes, so that neither a zip's times nor a look at the source matter.
    """
    _run(
        [
            *(python, "-I", "-m", "compileall", "-q", "-j", "2"),
            *("--invalidation-mode", "unchecked-hash", "-s", folder, folder),
        ],
        f"{folder} cannot be byte-compiled",
    )


def _run(arguments: list[str | Path], problem: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(
        arguments,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    if ran.returncode != 0:
        raise SamError(f"{problem}\n{ran.stdout.strip()}\n{ran.stderr.strip()}")
