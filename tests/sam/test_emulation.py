"""The same handlers under Lambda's runtime interface emulator, where no engine is needed."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from local.sam import emulation, invoke, targets
from local.sam.build import Build
from local.sam.emulation import Emulation
from local.sam.failure import SamError
from local.sam.golden_story import GoldenStory
from local.sam.runtime import Runtime

ROOT = Path(__file__).resolve().parents[2]
SAM = ROOT / ".venv-sam" / "bin" / "sam"
#: Given a function's logical id and a folder for its log.
Emulate = Callable[[str, Path], AbstractContextManager[Emulation]]
SHORT_SECONDS = 2
LONG_SECONDS = 60


@pytest.fixture(scope="session")
def emulate(host: Build, interpreter: Runtime, story: GoldenStory) -> Emulate:
    """Runs a function as it is deployed, with its variables, on the story's stack."""
    of_stack = story.stack.environment()
    own = invoke.variables(host, story)

    def run(function: str, folder: Path) -> AbstractContextManager[Emulation]:
        environment = own[function] | of_stack
        return emulation.emulated(host.functions[function], interpreter, SAM, environment, folder)

    return run


@pytest.mark.parametrize("name", targets.TARGETS)
def test_a_function_answers_cold_and_warm_within_its_memory_and_time(
    emulate: Emulate, story: GoldenStory, tmp_path: Path, name: str
) -> None:
    target = targets.named(name)
    event = target.prepare(story)
    with emulate(target.function, tmp_path) as emulated:
        cold = emulated.invoke(event)
        targets.checked(target, story, event, cold.answer.value)
        warm = emulated.invoke(event)
    # Every function may be invoked twice with the same event: AWS itself does so.
    assert isinstance(warm.answer.value, dict)
    assert "errorType" not in warm.answer.value, warm.answer.value
    function = emulated.function
    assert cold.seconds < function.timeout_s
    assert 10_000_000 < warm.peak_bytes < function.memory_mb * 1_000_000
    print(  # noqa: T201 - figures, for who runs with -s
        f"{name}: cold {cold.seconds:.2f} s, warm {warm.seconds:.2f} s, "
        f"{warm.peak_bytes / 1e6:.0f} of {function.memory_mb} MB"
    )


def _with_handler(host: Build, folder: Path, body: str) -> Path:
    """A copy of a build's code, on the disk once, with another body in one handler."""
    code = folder / "code"
    shutil.copytree(host.functions["StoryProgressFunction"].code, code, symlinks=True)
    package = code / "story_progress"
    shutil.rmtree(package / "__pycache__")
    (package / "handler.py").write_text(f"import time, os\ndef handler(event, context):\n{body}")
    return code


def test_a_function_is_ended_at_its_time_out(
    host: Build, interpreter: Runtime, tmp_path: Path
) -> None:
    code = _with_handler(host, tmp_path, f"    time.sleep({LONG_SECONDS})\n    return {{}}\n")
    function = host.functions["StoryProgressFunction"]
    slow = replace(function, code=code, timeout_s=SHORT_SECONDS)
    with (
        emulation.emulated(slow, interpreter, SAM, {}, tmp_path) as emulated,
        pytest.raises(SamError, match=r"Task timed out after 2\.00 seconds"),
    ):
        emulated.invoke({})


def test_a_function_is_told_its_memory_and_time_and_sees_nothing_of_ours(
    host: Build, interpreter: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_DEVELOPER", "x")
    body = (
        "    left = context.get_remaining_time_in_millis()\n"
        "    return dict(os.environ) | {'mb': context.memory_limit_in_mb, 'left_ms': left}\n"
    )
    code = _with_handler(host, tmp_path, body)
    function = replace(host.functions["StoryProgressFunction"], code=code)
    told = {"STORIES_TABLE": "stories"}
    with emulation.emulated(function, interpreter, SAM, told, tmp_path) as emulated:
        seen = emulated.invoke({}).answer.value
    assert int(seen["mb"]) == function.memory_mb == 512
    assert 0 < seen["left_ms"] <= function.timeout_s * 1000 == 10_000
    assert seen["STORIES_TABLE"] == "stories"
    assert "SECRET_OF_THE_DEVELOPER" not in seen
    assert not [name for name in seen if name.startswith(("VIRTUAL_ENV", "PYTEST", "HOME"))]
