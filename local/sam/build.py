"""`make build`: `sam build` for both processors, from nothing, and proof that it is complete."""

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

from local.sam import functions, references, runtime
from local.sam.failure import SamError
from local.sam.functions import ARCHITECTURES, Function
from local.sam.runtime import Runtime

#: Lambda unpacks at most 250 MiB of function and layers; this leaves some for tomorrow.
MAX_UNZIPPED_BYTES = 240_000_000
_BUILD_SECONDS = 900
#: What a build is made from: what asks for a new one, and what can be renewed in it.
_SOURCES = {
    "required": ("template.yaml", "functions/requirements.txt", "layers/**/*", "statemachine/*"),
    "code": ("functions/*/**/*",),
}
#: Nothing imports these: archives for linking, and the tests of packages.
_USELESS_SUFFIXES = {".rlib", ".a"}
_USELESS_FOLDER = "tests"
#: ELF's e_machine, two bytes at offset 18 (System V ABI, chapter 4).
_ELF_MACHINES = {"x86_64": 62, "arm64": 183}
_ELF_MAGIC = b"\x7fELF"
_E_MACHINE = slice(18, 20)


@dataclass(frozen=True)
class Build:
    """One architecture's build."""

    architecture: str
    folder: Path
    functions: dict[str, Function]
    #: (wall, processor) seconds of each handler's import, where this machine can import it.
    imports: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def template(self) -> Path:
        """The template whose paths are the built folders."""
        return self.folder / "template.yaml"


def find(project_root: Path, architecture: str) -> Build:
    """The build that is there. Raises SamError if there is none."""
    folder = project_root / functions.BUILD_FOLDER / architecture
    return Build(architecture, folder, functions.read(folder / "template.yaml"))


def build(project_root: Path, sam: Path, found: Runtime, architecture: str) -> Build:
    """Build one architecture from nothing and hold it to what it must be. Raises SamError."""
    source = project_root / "template.yaml"
    references.check(source)
    folder = project_root / functions.BUILD_FOLDER / architecture
    mark, made_from = _mark(project_root, architecture), _made_from(project_root)
    # After a failed resolve, a build over an earlier one reports success with nothing inside.
    mark.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    _sam_build(project_root, sam, found.python, architecture, folder)
    made = find(project_root, architecture)
    first: dict[str, Path] = {}
    for tree in _trees(made):
        _strip(tree)
        twin = first.setdefault(_digest(tree), tree)
        if twin == tree:
            runtime.compile_tree(found.python, tree)
        else:
            # Functions of one CodeUri are built alike: compiled once, and on the disk once.
            shutil.rmtree(tree)
            shutil.copytree(twin, tree, copy_function=os.link)
    checked = replace(made, imports=check(made, found))
    mark.write_text(json.dumps(made_from))
    return checked


def up_to_date(project_root: Path, sam: Path, found: Runtime) -> Build:
    """This machine's build of the project as it is now: made, renewed or left as it is.

    Where only the functions' own code has changed, only that is copied: a second, not a minute.
    Raises SamError.
    """
    architecture = functions.host_architecture()
    mark, now = _mark(project_root, architecture), _made_from(project_root)
    known = json.loads(mark.read_text()) if mark.is_file() else {}
    if known.get("required") != now["required"]:
        return build(project_root, sam, found, architecture)
    made = find(project_root, architecture)
    if known["code"] != now["code"]:
        mark.unlink()
        _renew(project_root / "functions", made, found)
        mark.write_text(json.dumps(now))
    return made


def _mark(project_root: Path, architecture: str) -> Path:
    return project_root / functions.BUILD_FOLDER / f"{architecture}.made-from.json"


def _made_from(project_root: Path) -> dict[str, str]:
    return {kind: _sources(project_root, patterns) for kind, patterns in _SOURCES.items()}


def _sources(project_root: Path, patterns: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in sorted(each for pattern in patterns for each in project_root.glob(pattern)):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(project_root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _renew(source: Path, made: Build, found: Runtime) -> None:
    """Replace the functions' own packages in a build by those of the project."""
    first, *others = [function.code for function in made.functions.values()]
    packages = {path.parent.name for path in source.glob("*/__init__.py")}
    for name in sorted(packages):
        shutil.rmtree(first / name, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source / name, first / name, ignore=ignored)
        runtime.compile_tree(found.python, first / name)
        for other in others:
            shutil.rmtree(other / name, ignore_errors=True)
            shutil.copytree(first / name, other / name, copy_function=os.link)
    check(made, found)


def check(made: Build, found: Runtime) -> dict[str, tuple[float, float]]:
    """Hold a build to what it must be; the (wall, processor) seconds of each handler's import.

    Raises SamError if a function is incomplete, too large, or for another processor.
    """
    imports = {}
    references.check(made.template)
    for tree in _trees(made):
        _check_processor(tree, made.architecture)
    for function in made.functions.values():
        size = unzipped_bytes(function)
        if size > MAX_UNZIPPED_BYTES:
            raise SamError(
                f"{function.name} has {size / 1e6:.0f} MB with its layers; at most "
                f"{MAX_UNZIPPED_BYTES / 1e6:.0f} MB unzipped are deployed"
            )
        if made.architecture == functions.host_architecture():
            imports[function.name] = _check_imports(function, found)
    return imports


def unzipped_bytes(function: Function) -> int:
    """What Lambda would unpack for a function: its code and its layers."""
    return sum(tree_bytes(tree) for tree in (function.code, *function.layers))


def tree_bytes(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def distributions(folder: Path) -> set[str]:
    """The packages installed below a folder: {"pydantic-2.13.5", …}."""
    return {path.name.removesuffix(".dist-info") for path in folder.rglob("*.dist-info")}


def check_same(one: Build, other: Build) -> None:
    """Raises SamError unless both architectures hold the same packages in the same versions.

    The imports of the one that this machine cannot run are proven by this and by its processor.
    """
    for name, function in one.functions.items():
        pairs = zip(function.import_path, other.functions[name].import_path, strict=True)
        for here, there in pairs:
            differing = distributions(here) ^ distributions(there)
            if differing:
                raise SamError(
                    f"{name}: {one.architecture} and {other.architecture} differ in "
                    f"{', '.join(sorted(differing))}"
                )


def _sam_build(
    project_root: Path, sam: Path, python: Path, architecture: str, folder: Path
) -> None:
    environment = dict(os.environ)
    environment.pop("PYTHONPATH", None)
    environment |= {
        # sam looks for the runtime's interpreter here.
        "PATH": os.pathsep.join([str(python.parent), environment.get("PATH", os.defpath)]),
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    command: list[str | Path] = [
        *(sam, "build", "--no-cached", "--template-file", project_root / "template.yaml"),
        *("--build-dir", folder, "--parameter-overrides", f"Architecture={architecture}"),
    ]
    ran = subprocess.run(
        command,
        cwd=project_root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_BUILD_SECONDS,
        check=False,
    )
    if ran.returncode != 0:
        raise SamError(f"sam build failed for {architecture}\n{ran.stdout}\n{ran.stderr}".strip())


def _trees(made: Build) -> list[Path]:
    found = [tree for each in made.functions.values() for tree in (each.code, *each.layers)]
    return list(dict.fromkeys(found))


def _strip(tree: Path) -> None:
    for path in sorted(tree.rglob("*")):
        if path.suffix in _USELESS_SUFFIXES and path.is_file():
            path.unlink()
        elif path.name == _USELESS_FOLDER and (path / "__init__.py").is_file():
            shutil.rmtree(path)


def _digest(tree: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(tree.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(tree)} {path.stat().st_size}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _check_processor(tree: Path, architecture: str) -> None:
    for path in tree.rglob("*"):
        if not path.is_file() or ".so" not in path.suffixes:
            continue
        with path.open("rb") as file:
            header = file.read(_E_MACHINE.stop)
        machine = int.from_bytes(header[_E_MACHINE], "little")
        if header.startswith(_ELF_MAGIC) and machine != _ELF_MACHINES[architecture]:
            raise SamError(f"{path} is for processor {machine} (ELF), not for {architecture}")


def _check_imports(function: Function, found: Runtime) -> tuple[float, float]:
    """Everything the function imports comes from its build, its layers or the runtime."""
    answer = found.probe(function, everything=True)
    # A virtual environment, the project, the user's packages: none may lend a module.
    allowed = [str(part.resolve()) for part in (*function.import_path, found.packages)]
    allowed.append(str(found.standard_library))
    strange = {
        name: origin
        for name, origin in answer["from"].items()
        if not origin.startswith(tuple(allowed))
    }
    if strange:
        listed = ", ".join(f"{name} ({origin})" for name, origin in sorted(strange.items()))
        raise SamError(f"{function.name} imports from outside of its build: {listed}")
    return answer["wall_s"], answer["cpu_s"]


def report(made: dict[str, Build]) -> str:
    """A line a function: bytes of each architecture, and the import on this machine's."""
    host = functions.host_architecture()
    lines = [f"{'function':<24}" + "".join(f"{each:>12}" for each in ARCHITECTURES) + "  import"]
    for name in made[host].functions:
        sizes = "".join(
            f"{unzipped_bytes(made[each].functions[name]) / 1e6:>9.0f} MB" for each in ARCHITECTURES
        )
        wall, cpu = made[host].imports[name]
        lines.append(f"{name:<24}{sizes}  {wall:.2f} s, {cpu:.2f} s of processor")
    return "\n".join(lines)
