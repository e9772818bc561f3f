"""A child that does anything it likes: it ends as a sentence, and takes nothing with it."""

import sys
import time
from pathlib import Path

import pytest

from confined import parent

LIMITS = parent.Limits(seconds=5.0, memory_bytes=120_000_000, answer_bytes=1_000)

HOSTILE = """
import ctypes, os, socket, subprocess, sys, time

def answer(words): sys.stdout.write(words + sys.stdin.read())
def environment(): sys.stdout.write(",".join(sorted(os.environ)))
def hang(): time.sleep(60)
def spin():
    while True: pass
def hoard(): sys.stdout.write(str(len(bytearray(400_000_000))))
def hoard_natively():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    sys.stdout.write(str(libc.malloc(ctypes.c_size_t(400_000_000))))
def crash(): ctypes.string_at(0)
def chatter():
    while True: sys.stdout.write("x" * 4096)
def complain(): raise RuntimeError("no")
def fill(path):
    with open(path, "wb") as file: file.write(b"x" * 5_000)
"""


@pytest.fixture(autouse=True)
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hostile.py").write_text(HOSTILE)
    monkeypatch.syspath_prepend(str(tmp_path))


def run(function: str, *arguments: str, limits: parent.Limits = LIMITS, given: bytes = b"") -> str:
    return parent.run("hostile", function, arguments, limits, given=given).decode()


def why(function: str, *arguments: str, limits: parent.Limits = LIMITS) -> str:
    with pytest.raises(parent.Unanswered) as caught:
        run(function, *arguments, limits=limits)
    return str(caught.value)


def test_a_child_gets_its_arguments_and_its_input_and_answers() -> None:
    assert run("answer", "yes, ", given=b"indeed") == "yes, indeed"


def test_no_credential_is_in_a_child_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ):
        monkeypatch.setenv(name, "secret")
    assert "AWS" not in run("environment")


@pytest.mark.parametrize("function", ["hang", "spin"])
def test_a_child_that_does_not_end_is_ended(function: str) -> None:
    began = time.monotonic()
    limits = parent.Limits(0.5, LIMITS.memory_bytes, LIMITS.answer_bytes)
    assert "longer than 0.5 s" in why(function, limits=limits)
    assert time.monotonic() - began < 5


def test_processor_time_is_limited_apart_from_the_clock() -> None:
    limits = parent.Limits(20.0, LIMITS.memory_bytes, LIMITS.answer_bytes, cpu_seconds=1)
    assert why("spin", limits=limits) == "reading it took longer than 1 s of processor time"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what a process may allocate")
def test_a_child_cannot_have_all_memory() -> None:
    assert why("hoard") == "reading it takes more than 120 MB of memory"
    assert run("hoard_natively") == "None"


def test_a_crash_is_the_child_s_alone() -> None:
    assert "SIGSEGV" in why("crash")
    assert "status 1" in why("complain")


def test_a_child_cannot_talk_without_end_nor_fill_the_disk(tmp_path: Path) -> None:
    assert why("chatter") == "what it holds is more than 1000 bytes when told"
    assert "fail" in why("fill", str(tmp_path / "large"))
    assert (tmp_path / "large").stat().st_size <= 1_001
