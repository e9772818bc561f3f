"""What libFuzzer drives, one reader a run: `python -m tests.fuzz_verify_guided READER …`.

Python code is instrumented, so that what leads to a line that no file has reached is kept. The
readers run in this process: a crash of native code ends it, and libFuzzer keeps the file. It may
have as much memory as a child of the service, since native code asks for what a file claims to
hold, and only where it gets that does it find out that the file is shorter.
"""

import io
import os
import resource
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["provenance", "find_mark", "fingerprints", "watermark", "story", "PIL"]
):
    from find_mark import looking, pictures
    from provenance import kinds, sandbox, verification

assert verification, "loaded here, so that it is instrumented"

READER, LIMITS = {
    "credential": (sandbox.child, sandbox.LIMITS),
    "pictures": (pictures.child, looking.LIMITS),
}[sys.argv[1]]
PATH = Path(tempfile.mkdtemp(dir=os.environ.get("TMPDIR"))) / "file"


class _Answer(io.TextIOWrapper):
    """Takes what a reader tells in place of standard output."""


@atheris.instrument_func  # type: ignore[untyped-decorator]  # atheris ships no types
def one(body: bytes) -> None:
    """Read one file as the child does."""
    PATH.write_bytes(body)
    try:
        media_type = kinds.sniff(PATH)
    except kinds.NotReadable:
        return
    if READER is sandbox.child and media_type == "video/x-matroska":
        return
    told, sys.stdout = sys.stdout, _Answer(io.BytesIO())
    asked, sys.stdin = sys.stdin, io.StringIO()
    try:
        READER(str(PATH), media_type)
    except MemoryError:
        pass
    finally:
        sys.stdout, sys.stdin = told, asked


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (LIMITS.memory_bytes, most))
    atheris.Setup([sys.argv[0], *sys.argv[2:]], one)
    atheris.Fuzz()
