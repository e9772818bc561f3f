"""A base image of Lambda's Python runtime, made from this machine's own files.

It stands in for public.ecr.aws/lambda/python where no registry can be reached: the interpreter in
/var/lang, the runtime's packages in /var/runtime, and only the system libraries that Amazon Linux
has too, so that a package that needs more fails here as it would there.
"""

import hashlib
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from local.sam import interpreter
from local.sam.failure import SamError
from local.sam.runtime import Runtime

NAME = "enliven/lambda-python"
RECIPE_LABEL = "enliven.recipe"
_LDD = "/usr/bin/ldd"
#: Raised when what follows makes another image.
_RECIPE_VERSION = "2"
#: What SAM's own Dockerfile and the bootstrap run.
_TOOLS = ("sh", "mv", "cp", "rm", "chmod", "mkdir", "env", "cat")
#: What wheels of the manylinux policy may take for granted (PEP 600), beside the C library's own.
_LIBRARIES = (
    "libm.so.6",
    "libmvec.so.1",
    "libgcc_s.so.1",
    "libstdc++.so.6",
    "libnss_files.so.2",
    "libnss_dns.so.2",
    "libresolv.so.2",
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
)
_LEFT_OUT = {"test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "site-packages"}
#: Modules for windows on a screen and for CPython's own tests, and what embeds it.
_LEFT_OUT_BEGINNINGS = ("config-", "_tkinter", "_test")
#: As in the managed runtime, in this order (AWS Lambda developer guide, "Search paths").
_SEARCH_PATH = ":".join(
    [
        "/var/task",
        f"/opt/python/lib/python{interpreter.VERSION}/site-packages",
        "/opt/python",
        "/var/runtime",
    ]
)
_BOOTSTRAP = f"""#!/bin/sh
export PYTHONPATH="{_SEARCH_PATH}"
exec /var/lang/bin/python{interpreter.VERSION} -s -m awslambdaric "${{_HANDLER:-$1}}"
"""
_USERS = "root:x:0:0:root:/root:/bin/sh\nsbx_user1051:x:993:990::/tmp:/bin/sh\n"
_LIBRARY_PATH = ":".join(
    [
        *("/var/lang/lib", "/lib64", "/usr/lib64", "/var/runtime", "/var/runtime/lib"),
        *("/var/task", "/var/task/lib", "/opt/lib"),
    ]
)
#: The image's settings, as `docker import` takes them.
CHANGES = (
    "ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
    f"ENV LD_LIBRARY_PATH={_LIBRARY_PATH}",
    "ENV LANG=en_US.UTF-8",
    "ENV TZ=:/etc/localtime",
    "ENV LAMBDA_TASK_ROOT=/var/task",
    "ENV LAMBDA_RUNTIME_DIR=/var/runtime",
    "WORKDIR /var/task",
)


def tag(architecture: str) -> str:
    """The image's name in an engine."""
    return f"{NAME}:{interpreter.VERSION}-{architecture}"


def recipe(runtime: Runtime) -> str:
    """Stands for all that goes into the image: another one means another image."""
    facts = [_RECIPE_VERSION, str(runtime.python), _version(runtime.python), _BOOTSTRAP, *CHANGES]
    packages = (runtime.packages / "recipe").read_text()
    return hashlib.sha256("\n".join([*facts, packages]).encode()).hexdigest()


def write(runtime: Runtime, archive: Path) -> None:
    """Write the image's file system as a tar. Raises SamError where it cannot be made."""
    if not Path(_LDD).exists():
        raise SamError(f"An image of this machine's Python is made on Linux only: no {_LDD} here")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _skeleton(root)
        _interpreter(root, runtime.python)
        shutil.copytree(runtime.packages, root / "var/runtime", dirs_exist_ok=True)
        bootstrap = root / "var/runtime/bootstrap"
        bootstrap.write_text(_BOOTSTRAP)
        bootstrap.chmod(0o755)
        binaries = [root / "var/lang/bin" / f"python{interpreter.VERSION}"]
        binaries += (root / "var/lang/lib").rglob("*.so*")
        for name in _TOOLS:
            found = shutil.which(name)
            if found is None:
                raise SamError(f"{name} is not on PATH: the image needs it")
            binaries.append(_copied(Path(found), root / "bin" / name))
        _libraries(root, binaries)
        with tarfile.open(archive, "w") as packed:
            packed.add(root, ".", filter=_owned_by_root)


def _skeleton(root: Path) -> None:
    for name in ("bin", "lib", "lib64", "usr", "etc", "tmp", "proc", "sys", "dev", "opt", "root"):
        (root / name).mkdir()
    for name in ("task", "runtime", "lang/bin", "lang/lib", "rapid", "tmp"):
        (root / "var" / name).mkdir(parents=True)
    (root / "usr/lib").symlink_to("/lib")
    (root / "usr/lib64").symlink_to("/lib64")
    (root / "usr/bin").symlink_to("/bin")
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text(_USERS)
    (root / "etc/group").write_text("root:x:0:\n")
    (root / "etc/nsswitch.conf").write_text("hosts: files dns\n")


def _interpreter(root: Path, python: Path) -> None:
    name = f"python{interpreter.VERSION}"
    _copied(python, root / "var/lang/bin" / name)
    for alias in ("python3", "python"):
        (root / "var/lang/bin" / alias).symlink_to(name)
    library = Path(_ask(python, "import sysconfig; print(sysconfig.get_path('stdlib'))"))

    def left_out(_folder: str, names: list[str]) -> set[str]:
        return {
            each for each in names if each in _LEFT_OUT or each.startswith(_LEFT_OUT_BEGINNINGS)
        }

    shutil.copytree(library, root / "var/lang/lib" / name, ignore=left_out, symlinks=True)
    for shared in _needed(python):
        # A shared libpython stands beside its interpreter, not with the system's libraries.
        if shared.name.startswith("libpython"):
            _copied(shared, root / "var/lang/lib" / shared.name)


def _libraries(root: Path, binaries: Iterable[Path]) -> None:
    needed = {path for binary in binaries for path in _needed(binary)}
    cache = subprocess.run(
        ["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True
    ).stdout
    for name in _LIBRARIES:
        if found := re.search(rf"^\s+{re.escape(name)} .* => (\S+)$", cache, re.MULTILINE):
            needed.add(Path(found[1]))
    for path in needed:
        if path.name.startswith("libpython"):
            continue
        # A merged /usr has both spellings; the image has the shorter.
        inside = str(path).removeprefix("/usr").lstrip("/")
        _copied(path, root / inside)


def _needed(binary: Path) -> set[Path]:
    """The shared objects that the loader finds for a binary; none for a static one."""
    said = subprocess.run([_LDD, binary], capture_output=True, text=True, check=False).stdout
    return {Path(place) for place in re.findall(r"(?:=> |^\s+)(/\S+) \(", said, re.MULTILINE)}


def _copied(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source.resolve(), target)
    return target


def _ask(python: Path, question: str) -> str:
    asked: list[str | Path] = [python, "-I", "-c", question]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def _version(python: Path) -> str:
    return _ask(python, "import sys; print(sys.version)")


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
