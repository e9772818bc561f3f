"""Files that nobody thought of, read as strangers' files are: `make fuzz-verify`.

Three parts; the page docs/benchmarks/verify.md says what came of them.

1. Mutated files. The readers' own code reads each in a process that is forked for it, bound by the
   limits of the service, and measured by the kernel: seconds, greatest memory, how it ended.
2. Some of them through all of `sandbox.read` and `looking.look_at`, as functions call them.
3. Coverage-guided fuzzing (atheris, libFuzzer): each line of Python that a file meets is known
   to it; native code (c2pa-python's Rust, FFmpeg, Pillow's decoders) is met by the same files. It
   stops at a crash, a hang, or 512 MB. It has no more than the service gives its children.

SEED makes other files, CASES and SECONDS more or fewer; a file that goes beyond a limit is kept in
out/fuzz-verify.
"""

# ruff: noqa: T201 - a command line prints

import argparse
import json
import multiprocessing
import os
import platform
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from confined import child, parent
from find_mark import looking
from provenance import kinds, sandbox
from tests.provenance import corpus, ours
from tests.provenance.mutation import mutated

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks" / "verify.md"
FOUND = ROOT / "out" / "fuzz-verify"
CASES, SECONDS = 12_000, 1_800
LEAST_FILES = 10_000
#: What each file may cost at most.
MOST_SECONDS, MOST_BYTES = 5.0, 512_000_000
#: By the clock: a machine with other work to do takes longer over what is no hang.
HANGING_SECONDS = 30.0
#: libFuzzer is asked so often how much processor time it had.
STRETCH_SECONDS = 300
#: Every so many a file goes through everything.
WHOLE_EVERY = 60
READERS = ("credential", "pictures")
LIMITS = {"credential": sandbox.LIMITS, "pictures": looking.LIMITS}


def reader(name: str) -> Callable[[str, Any], None]:
    """What a child of the service runs."""
    if name == "credential":
        from provenance import verification  # noqa: F401, PLC0415 - loaded before children are forked

        return sandbox.child
    from find_mark import pictures  # noqa: PLC0415 - the same

    return pictures.child


class Cost(NamedTuple):
    """Seconds of processor time, seconds by the clock, and the greatest memory."""

    seconds: float = 0.0
    clock_seconds: float = 0.0
    memory_bytes: int = 0


@dataclass
class Tally:
    """What became of the files of one reader; seconds of processor time, and by the clock."""

    ended: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    clock_seconds: float = 0.0
    memory_bytes: int = 0
    bad: list[str] = field(default_factory=list)

    def add(self, how: str, cost: Cost, case: str) -> None:
        """Count one."""
        self.ended[how] += 1
        self.seconds = max(self.seconds, cost.seconds)
        self.clock_seconds = max(self.clock_seconds, cost.clock_seconds)
        self.memory_bytes = max(self.memory_bytes, cost.memory_bytes)
        if how.startswith("crashed") or how == "hung" or cost.seconds > MOST_SECONDS:
            self.bad.append(f"{case}: {how}, {cost.seconds:.2f} s")
        elif cost.memory_bytes > MOST_BYTES:
            self.bad.append(f"{case}: {cost.memory_bytes / 1e6:.0f} MB")


def case(seed: int, number: int) -> tuple[str, bytes]:
    """The file with this number: for the same seed the same changes of the same kind of file."""
    rng = np.random.default_rng([seed, number])
    samples = list(corpus.samples().items())
    name, body = samples[number % len(samples)]
    _, other = samples[int(rng.integers(len(samples)))]
    return name, mutated(body, other, rng)


def mutate(name: str, seed: int, cases: int, ends: float) -> Tally:
    """Read so many files, each in a process of its own, until `ends` at most."""
    run, tally = reader(name), Tally()
    with tempfile.TemporaryDirectory() as folder:
        path, answer = Path(folder) / "file", Path(folder) / "answer"
        for number in range(cases):
            if time.time() > ends:
                break
            sample, body = case(seed, number)
            path.write_bytes(body)
            label = f"{name}, {sample} {seed}/{number}"
            try:
                media_type = kinds.sniff(path)
            except kinds.NotReadable:
                tally.add("not begun", Cost(), label)
                continue
            if name == "credential" and media_type == "video/x-matroska":
                tally.add("not begun", Cost(), label)
                continue
            how, cost = forked(partial(run, str(path), media_type), LIMITS[name], answer)
            if how == "answered":
                how = believed(name, answer.read_bytes())
            tally.add(how, cost, label)
            if tally.bad and tally.bad[-1].startswith(label):
                FOUND.mkdir(parents=True, exist_ok=True)
                (FOUND / f"{name}-{seed}-{number}").write_bytes(body)
    return tally


def forked(run: Callable[[], None], limits: parent.Limits, answer: Path) -> tuple[str, Cost]:
    """How a process ends that is bound by limits and runs this, and what it cost."""
    began = time.monotonic()
    process = os.fork()
    if not process:
        status = 1
        try:
            written = os.open(answer, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            nothing = os.open(os.devnull, os.O_RDWR)
            for old, new in ((nothing, 0), (written, 1), (nothing, 2)):
                os.dup2(old, new)
            sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
            child.bind(60, limits.memory_bytes, limits.answer_bytes + 1)
            run()
            sys.stdout.flush()
            status = 0
        except MemoryError:
            status = child.OUT_OF_MEMORY
        finally:
            os._exit(status)
    descriptor = os.pidfd_open(process)
    ready, _, _ = select.select([descriptor], [], [], HANGING_SECONDS)
    os.close(descriptor)
    if not ready:
        os.kill(process, signal.SIGKILL)
    _, status, used = os.wait4(process, 0)
    cost = Cost(used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss * 1024)
    if not ready:
        return "hung", cost
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return "answered", cost
    if code == child.OUT_OF_MEMORY:
        return "too much memory", cost
    name = signal.Signals(-code).name if code < 0 else f"status {code}"
    return f"crashed ({name})", cost


def believed(name: str, answer: bytes) -> str:
    """What a child told, by the parent's own rules."""
    if len(answer) > LIMITS[name].answer_bytes:
        return "told too much"
    if name == "credential":
        said = json.loads(answer)
        if said["broken"]:
            return "a broken credential"
        if said["unreadable"]:
            return "unreadable"
        return "a credential" if said["reading"] else "no credential"
    told = json.loads(answer.partition(b"\n")[0])
    return "unreadable" if told["why_unread"] else "pictures"


def whole(name: str, seed: int, cases: int, ends: float) -> Tally:
    """Every WHOLE_EVERY-th file through a reader as its function calls it."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for number in range(0, cases, WHOLE_EVERY):
            if time.time() > ends:
                break
            sample, body = case(seed, number + number // WHOLE_EVERY)
            path.write_bytes(body)
            began, used = time.monotonic(), _used()
            if name == "credential":
                found = sandbox.read(path, ours.published().root)
                how, why = str(found.verdict), found.unreadable
            else:
                seen = looking.look_at(path, (ours.KEY,))
                how, why = "pictures" if seen.mark else "unreadable", seen.why_unread
            if why is not None and "took longer" in why:
                how = "too late"
            cost = Cost(_used() - used, time.monotonic() - began, _greatest())
            tally.add(how, cost, f"whole {name}, {sample} {seed}/{number}")
    return tally


def _used() -> float:
    """Seconds of processor time of this process and its children."""
    each = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in each)


def _greatest() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


class Guided(NamedTuple):
    """What libFuzzer says at the end of its runs."""

    status: int
    files: int
    seconds: float
    slowest_seconds: int
    peak_mb: int
    reached: int
    told: str


def guided(name: str, seconds: int, ends: float) -> Guided:
    """Coverage-guided fuzzing of one reader for so much processor time, until `ends` at most."""
    FOUND.mkdir(parents=True, exist_ok=True)
    total = Guided(0, 0, 0.0, 0, 0, 0, "")
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(corpus.samples().values()):
            (Path(folder) / f"{number}").write_bytes(body)
        while total.status == 0 and total.seconds < seconds and time.time() < ends:
            left = min(seconds - total.seconds, ends - time.time(), STRETCH_SECONDS)
            ran = _stretch(name, folder, max(10, round(left)))
            total = Guided(
                ran.status,
                total.files + ran.files,
                total.seconds + ran.seconds,
                max(total.slowest_seconds, ran.slowest_seconds),
                max(total.peak_mb, ran.peak_mb),
                max(total.reached, ran.reached),
                ran.told,
            )
            print(name, total[:-1], flush=True)
    return total


def _stretch(name: str, folder: str, seconds: int) -> Guided:
    """One run of libFuzzer, which goes on from the files in the folder and adds to them."""
    used = _used()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.fuzz_verify_guided",
            name,
            folder,
            f"-max_total_time={seconds}",
            f"-timeout={HANGING_SECONDS:.0f}",
            f"-rss_limit_mb={MOST_BYTES // 1_000_000}",
            f"-artifact_prefix={FOUND}/{name}-",
            "-max_len=65536",
            "-print_final_stats=1",
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'functions'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    stats = {
        key: int(value)
        for key, value in re.findall(r"^stat::(\w+):\s+(\d+)$", done.stderr, re.MULTILINE)
    }
    reached = [int(found) for found in re.findall(r" cov: (\d+)", done.stderr)]
    return Guided(
        done.returncode,
        stats.get("number_of_executed_units", 0),
        _used() - used,
        stats.get("slowest_unit_time_sec", 0),
        stats.get("peak_rss_mb", 0),
        max(reached, default=0),
        done.stderr[-3_000:] if done.returncode else "",
    )


def page(
    tallies: dict[str, Tally],
    through: dict[str, Tally],
    runs: dict[str, Guided],
) -> str:
    """The whole page."""
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("c2pa-python", "av", "pillow", "pi-heif", "atheris")
    )
    every = [*tallies.values(), *through.values()]
    files = sum(sum(tally.ended.values()) for tally in tallies.values())
    slowest, waited = max(t.seconds for t in every), max(t.clock_seconds for t in every)
    largest = max(t.memory_bytes for t in every)
    load = os.getloadavg()[1]
    minutes = sum(run.seconds for run in runs.values()) / 60
    bad = [line for tally in every for line in tally.bad]
    crashes = sum(
        count for t in every for how, count in t.ended.items() if how.startswith("crashed")
    )
    hung = sum(tally.ended["hung"] for tally in every)
    lines = [
        "# Hostile files",
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by `python -m tests.fuzz_verify",
        f"{' '.join(sys.argv[1:])}` (`make fuzz-verify`).",
        f"{os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()};",
        f"{versions}.",
        "",
        "## Mutated files",
        "",
        f"{files:,} files, made from {len(corpus.samples())} small ones of each kind that is read,",
        "each changed in one to eight places (`tests/provenance/mutation.py`), each read in a",
        "process of its own under the service's limits.",
        "",
        "| what | measured | limit | |",
        "|---|---:|---:|---|",
        f"| files | {files:,} | {LEAST_FILES:,} | {_kept(files >= LEAST_FILES)} |",
        (
            f"| longest, processor time | {slowest:.2f} s | {MOST_SECONDS:g} s"
            f" | {_kept(slowest <= MOST_SECONDS)} |"
        ),
        f"| longest, by the clock of a busy machine | {waited:.2f} s | | |",
        (
            f"| greatest memory | {largest / 1e6:.0f} MB | {MOST_BYTES / 1e6:.0f} MB"
            f" | {_kept(largest <= MOST_BYTES)} |"
        ),
        f"| crashes | {crashes} | 0 | {_kept(not crashes)} |",
        f"| hung | {hung} | 0 | {_kept(not hung)} |",
        "",
        "| reader | " + "how they ended |",
        "|---|---|",
        *(f"| {name} | {_counts(tally)} |" for name, tally in tallies.items()),
        f"| `sandbox.read`, whole | {_counts(through['credential'])} |",
        f"| `looking.look_at`, whole | {_counts(through['pictures'])} |",
        "",
        *(["Beyond a limit:", "", *(f"- {line}" for line in bad[:40]), ""] if bad else []),
        "## Coverage-guided",
        "",
        (
            f"{minutes:.1f} minutes of processor time of {SECONDS // 60}:"
            f" {_kept(minutes >= SECONDS / 60)}."
        ),
        "",
        "| reader | files | minutes | slowest | greatest memory | branches reached | end |",
        "|---|---:|---:|---:|---:|---:|---|",
        *(_guided_row(name, run) for name, run in runs.items()),
        "",
    ]
    return "\n".join(lines)


def _kept(well: bool) -> str:
    return "kept" if well else "**missed**"


def _counts(tally: Tally) -> str:
    return ", ".join(f"{count:,} {how}" for how, count in tally.ended.most_common())


def _guided_row(name: str, run: Guided) -> str:
    end = "**stopped**, see out/fuzz-verify" if run.status else "nothing found"
    return (
        f"| {name} | {run.files:,} | {run.seconds / 60:.1f} | {run.slowest_seconds} s"
        f" | {run.peak_mb} MB | {run.reached} | {end} |"
    )


def main() -> int:
    """Run all parts, write the page; 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_verify", description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of processor time, guided")
    parser.add_argument("--clock", type=int, default=10_800, help="the most, by the clock")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="how many parts run at a time")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    ends, each = time.time() + options.clock, options.cases // len(READERS)
    spawned = multiprocessing.get_context("spawn")
    # Each part in a process of its own: the kernel tells the memory of its children together.
    with ProcessPoolExecutor(options.jobs, mp_context=spawned, max_tasks_per_child=1) as pool:
        share = options.seconds // len(READERS)
        changed = {name: pool.submit(mutate, name, options.seed, each, ends) for name in READERS}
        fuzzed = {name: pool.submit(guided, name, share, ends) for name in READERS}
        called = {name: pool.submit(whole, name, options.seed, each, ends) for name in READERS}
        tallies = {name: future.result() for name, future in changed.items()}
        through = {name: future.result() for name, future in called.items()}
        runs = {name: future.result() for name, future in fuzzed.items()}
    text = page(tallies, through, runs)
    options.page.parent.mkdir(parents=True, exist_ok=True)
    options.page.write_text(text, encoding="utf-8")
    print(text)
    bad = [line for tally in (*tallies.values(), *through.values()) for line in tally.bad]
    stopped = [run.told for run in runs.values() if run.status]
    print(*bad, *stopped, sep="\n", file=sys.stderr)
    return int(bool(bad or stopped))


if __name__ == "__main__":
    sys.exit(main())
