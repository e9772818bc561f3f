"""What `make build` leaves: complete, small, compiled, and for the right processor."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import pytest

from local.sam import build, functions
from local.sam.build import Build
from local.sam.failure import SamError
from local.sam.functions import ARCHITECTURES
from local.sam.runtime import Runtime
from tests.contract.definition import FUNCTIONS, GLOBALS, RESOURCES

ROOT = Path(__file__).resolve().parents[2]
#: The flags of a .pyc that nobody checks against its source (PEP 552): hash-based, unchecked.
UNCHECKED_HASH = 0b01
MAX_UNZIPPED_BYTES = 240_000_000


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_function_of_the_template_is_built(made: dict[str, Build], architecture: str) -> None:
    assert set(made[architecture].functions) == set(FUNCTIONS)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_with_its_layers_is_small_enough(
    made: dict[str, Build], architecture: str, function: str
) -> None:
    assert build.unzipped_bytes(made[architecture].functions[function]) <= MAX_UNZIPPED_BYTES


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_imports_resolve_inside_its_own_build(
    host: Build, interpreter: Runtime, function: str
) -> None:
    built = host.functions[function]
    answer = interpreter.probe(built, everything=True)
    allowed = [*built.import_path, interpreter.packages, interpreter.standard_library]
    roots = tuple(str(path.resolve()) for path in allowed)
    assert not [origin for origin in answer["from"].values() if not origin.startswith(roots)]
    assert answer["modules"] > 5
    # What the development environment has, and no function may lean on.
    assert not {"pytest", "ministack", "httpx", "samtranslator"} & set(answer["from"])


def test_boto3_is_the_runtimes_and_pydantic_the_functions_own(
    host: Build, interpreter: Runtime
) -> None:
    built = host.functions["ApiFunction"]
    origins = interpreter.probe(built, everything=True)["from"]
    assert origins["boto3"].startswith(str(interpreter.packages.resolve()))
    assert origins["pydantic"].startswith(str(built.code.resolve()))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_both_processors_get_the_same_packages(made: dict[str, Build], function: str) -> None:
    x86_64, arm64 = (made[each].functions[function] for each in ARCHITECTURES)
    for one, other in zip(x86_64.import_path, arm64.import_path, strict=True):
        assert build.distributions(one) == build.distributions(other)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_shared_objects_are_for_their_processor(made: dict[str, Build], architecture: str) -> None:
    machine = {"x86_64": 62, "arm64": 183}[architecture]
    function = made[architecture].functions["LabelVideoFunction"]
    objects = [
        path
        for tree in (function.code, *function.layers)
        for path in tree.rglob("*.so*")
        if path.read_bytes()[:4] == b"\x7fELF"
    ]
    assert len(objects) > 50
    assert {int.from_bytes(path.read_bytes()[18:20], "little") for path in objects} == {machine}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_module_is_compiled_for_good(made: dict[str, Build], architecture: str) -> None:
    for function in made[architecture].functions.values():
        for source in [*function.code.glob("*/handler.py"), *function.code.glob("pydantic/*.py")]:
            compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
            flags = int.from_bytes(compiled.read_bytes()[4:8], "little")
            assert flags == UNCHECKED_HASH, compiled


def test_the_cloud_gets_arm64_and_this_machine_may_ask_for_its_own() -> None:
    assert GLOBALS["Architectures"] == [{"Ref": "Architecture"}]
    for layer in ("MediaLayer", "ProvenanceLayer"):
        assert RESOURCES[layer]["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}


def test_a_build_for_another_processor_is_refused(
    made: dict[str, Build], interpreter: Runtime
) -> None:
    arm64 = made["arm64"]
    mislabelled = Build("x86_64", arm64.folder, arm64.functions)
    with pytest.raises(SamError, match=r"is for processor 183 \(ELF\), not for x86_64"):
        build.check(mislabelled, interpreter)


def test_a_build_that_grew_too_large_is_refused(
    host: Build, interpreter: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "MAX_UNZIPPED_BYTES", 1_000_000)
    with pytest.raises(SamError, match="MB with its layers; at most 1 MB"):
        build.check(host, interpreter)


def test_a_module_of_the_development_environment_is_not_lent(
    host: Build, interpreter: Runtime, tmp_path: Path
) -> None:
    """httpx is installed right here, and no function may find it."""
    assert importlib.util.find_spec("httpx") is not None
    assert sys.prefix not in str(interpreter.packages)
    (tmp_path / "leaning").mkdir()
    (tmp_path / "leaning" / "__init__.py").touch()
    (tmp_path / "leaning" / "handler.py").write_text("def handler(*_):\n    import httpx\n")
    code = host.functions["ApiFunction"]
    leaning = functions.Function(
        "Leaning", "leaning.handler.handler", tmp_path, (), code.memory_mb, code.timeout_s, ()
    )
    with pytest.raises(SamError, match=r"(?s)Leaning is not complete.*No module named 'httpx'"):
        interpreter.probe(leaning, everything=True)


def test_a_change_of_code_renews_a_build_without_building_anew(
    host: Build, interpreter: Runtime, tmp_path: Path
) -> None:
    for name in ("functions", "layers", "statemachine"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy2(ROOT / "template.yaml", tmp_path)
    built = tmp_path / functions.BUILD_FOLDER
    shutil.copytree(host.folder, built / host.architecture, copy_function=os.link)
    shutil.copy2(ROOT / functions.BUILD_FOLDER / f"{host.architecture}.made-from.json", built)
    no_sam = tmp_path / "no-sam"
    handler = Path("story_progress") / "handler.py"
    before = (host.functions["ApiFunction"].code / handler).read_text("utf-8")

    unchanged = build.up_to_date(tmp_path, no_sam, interpreter)
    assert (unchanged.functions["ApiFunction"].code / handler).read_text("utf-8") == before

    changed = f"{before}\n# changed\n"
    (tmp_path / "functions" / handler).write_text(changed)
    renewed = build.up_to_date(tmp_path, no_sam, interpreter)
    for function in renewed.functions.values():
        assert (function.code / handler).read_text("utf-8") == changed
        compiled = function.code / "story_progress" / "__pycache__" / "handler.cpython-313.pyc"
        assert int.from_bytes(compiled.read_bytes()[4:8], "little") == UNCHECKED_HASH
    # The build that it was copied from shares the files that have not changed, and no other.
    assert (host.functions["ApiFunction"].code / handler).read_text("utf-8") == before

    (tmp_path / "template.yaml").write_text("Resources: {}\n")
    with pytest.raises(OSError, match="no-sam"):
        build.up_to_date(tmp_path, no_sam, interpreter)
