"""What is wrong shows: a deliberately damaged copy fails, and says where.

`sam validate` and `sam build` pass most of these.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.sam import build, functions, invoke, references, targets
from local.sam.build import Build
from local.sam.failure import SamError
from local.sam.golden_story import GoldenStory
from local.sam.invoke import Containers
from local.sam.runtime import Runtime

ROOT = Path(__file__).resolve().parents[2]
BUILT_FROM = ("template.yaml", "samconfig.toml", "functions", "layers", "statemachine")
_BUILD_SECONDS = 900


@pytest.fixture
def copy(tmp_path: Path, interpreter: Runtime) -> Path:
    """The project, as far as it is built, to be damaged; its layers, which take long, are empty."""
    for name in BUILT_FROM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy2(source, tmp_path / name)
    (tmp_path / "requirements").mkdir()
    shutil.copy2(ROOT / "requirements" / "lambda.txt", tmp_path / "requirements")
    for layer in ("media", "provenance"):
        (tmp_path / "layers" / layer / "requirements.txt").write_text("")
    (tmp_path / ".venv-sam").symlink_to(ROOT / ".venv-sam")
    (tmp_path / functions.BUILD_FOLDER).mkdir()
    (tmp_path / functions.BUILD_FOLDER / "runtime").symlink_to(interpreter.packages)
    return tmp_path


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def _make_build(project: Path) -> subprocess.CompletedProcess[str]:
    """`make build` of a copy, as far as its first architecture."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        [sys.executable, "-m", "local.sam", "--root", project, "build"],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        timeout=_BUILD_SECONDS,
        check=False,
    )


def test_a_requirement_that_is_missing_fails_the_build(copy: Path) -> None:
    """`sam build` itself reports success: pydantic is only missed when it is imported."""
    required = copy / "functions" / "requirements.txt"
    kept = [
        block
        for block in required.read_text("utf-8").replace("\\\n", "\\\0").splitlines()
        if not block.startswith("pydantic==")
    ]
    required.write_text("\n".join(kept).replace("\\\0", "\\\n") + "\n")
    done = _make_build(copy)
    assert done.returncode == 1
    assert "ApiFunction is not complete" in done.stderr
    assert "No module named 'pydantic'" in done.stderr


def test_a_requirement_that_does_not_exist_fails_the_build_and_leaves_none(copy: Path) -> None:
    left = copy / functions.BUILD_FOLDER / "x86_64" / "ApiFunction"
    left.mkdir(parents=True)
    (copy / "functions" / "requirements.txt").write_text("pydantic==0.0.0.1\n")
    done = _make_build(copy)
    assert done.returncode == 1
    assert "sam build failed for x86_64" in done.stderr
    assert not left.exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "DefinitionUri: statemachine/story.asl.json",
            "DefinitionUri: statemachine/tale.asl.json",
            "StoryWorkflow.DefinitionUri is statemachine/tale.asl.json, where no file is",
        ),
        (
            "        EventBus: !Ref EventBus\n",
            "",
            "story.asl.json has ${EventBus}, which StoryWorkflow does not substitute",
        ),
        (
            "        EventBus: !Ref EventBus\n",
            "        EventBus: !Ref EventBus\n        Bus: !Ref EventBus\n",
            "StoryWorkflow substitutes Bus, which story.asl.json does not have",
        ),
        (
            "STORIES_TABLE: !Ref StoriesTable",
            "STORIES_TABLE: !Ref StoryTable",
            "names StoryTable, which is no resource or parameter",
        ),
        (
            "WORK_BUCKET: !Ref WorkBucket",
            "WORK_BUCKET: !Sub '${Work}-bucket'",
            "names Work, which is no resource or parameter",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_fails_the_build(
    copy: Path, old: str, new: str, said: str
) -> None:
    template = copy / "template.yaml"
    _replace(template, old, new)
    done = _make_build(copy)
    assert done.returncode == 1
    assert said in done.stderr


def test_a_template_that_is_no_yaml_is_named(copy: Path) -> None:
    _replace(copy / "template.yaml", "Globals:", "Globals: {")
    done = _make_build(copy)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{copy / 'template.yaml'} is no YAML: ")


def test_the_template_as_it_is_has_no_such_reference() -> None:
    references.check(ROOT / "template.yaml")


def _damaged(host: Build, folder: Path, damage: Callable[[Path], None]) -> Build:
    """A build whose one function's code is a damaged copy; the layers are where they were."""
    damaged = folder / functions.BUILD_FOLDER / host.architecture
    shutil.copytree(host.folder, damaged, copy_function=os.link)
    # Where the built template looks for the workflow's definition.
    shutil.copytree(ROOT / "statemachine", folder / "statemachine")
    code = damaged / "DirectSceneFunction"
    # Links are shared with the build: what is damaged must be a file of its own.
    for name in ("direct_scene", "story", "cloud"):
        shutil.rmtree(code / name)
        shutil.copytree(host.functions["DirectSceneFunction"].code / name, code / name)
        for compiled in (code / name).rglob("__pycache__"):
            shutil.rmtree(compiled)
    damage(code)
    return Build(host.architecture, damaged, functions.read(damaged / "template.yaml"))


def _ask(
    damaged: Build, containers: Containers, story: GoldenStory, name: str = "DirectScene"
) -> str:
    """What the checker says of an invocation of a damaged build."""
    target = targets.named(name)
    event = target.prepare(story)
    template = functions.load(containers.template)
    function = template["Resources"][target.function]["Properties"]
    declared = damaged.functions[target.function].variables
    given = function["Environment"]["Variables"]
    values = {
        variable: value
        for variable, value in given.items()
        if variable in declared or variable.startswith("AWS_")
    }
    path = invoke.write_template(damaged, {target.function: values})
    shaken = Containers(
        containers.engine, containers.sam, path, containers.environment, containers.layers
    )
    with pytest.raises(SamError) as failed:
        targets.checked(target, story, event, shaken.invoke(target.function, event).value)
    return str(failed.value)


def test_a_handler_that_raises_fails_by_name(
    host: Build, containers: Containers, story: GoldenStory, tmp_path: Path
) -> None:
    def damage(code: Path) -> None:
        _replace(code / "direct_scene" / "handler.py", "tags, faces = ", "tags, faces = 1 / 0, ")

    said = _ask(_damaged(host, tmp_path, damage), containers, story)
    assert said.startswith("DirectScene failed: ZeroDivisionError")


def test_a_handler_that_answers_something_else_breaks_its_contract(
    host: Build, containers: Containers, story: GoldenStory, tmp_path: Path
) -> None:
    def damage(code: Path) -> None:
        _replace(
            code / "direct_scene" / "handler.py",
            'return DirectSceneOutput(direction=written).model_dump(mode="json")',
            'return {"directions": written.key}',
        )

    said = _ask(_damaged(host, tmp_path, damage), containers, story)
    assert said.startswith("DirectScene broke its contract")


def test_a_handler_that_cannot_be_imported_fails_by_name(
    host: Build, containers: Containers, story: GoldenStory, tmp_path: Path
) -> None:
    def damage(code: Path) -> None:
        _replace(code / "direct_scene" / "handler.py", "import direction", "import directions")

    said = _ask(_damaged(host, tmp_path, damage), containers, story)
    assert "ImportModuleError" in said


def test_a_variable_that_the_template_lost_fails_the_function(
    host: Build, containers: Containers, story: GoldenStory, tmp_path: Path
) -> None:
    damaged = _damaged(host, tmp_path, lambda _: None)
    # A link of the build's own: it must become a file of its own first.
    template = damaged.template.read_text("utf-8")
    damaged.template.unlink()
    start = template.index("  DirectSceneFunction:")
    before, after = template[:start], template[start:]
    assert "WORK_BUCKET:" in after
    lines = after.split("\n")
    place = next(index for index, line in enumerate(lines) if "WORK_BUCKET:" in line)
    lines[place] = lines[place].replace("WORK_BUCKET:", "WORKBUCKET:")
    damaged.template.write_text(before + "\n".join(lines))
    again = Build(damaged.architecture, damaged.folder, functions.read(damaged.template))
    assert "WORK_BUCKET" not in again.functions["DirectSceneFunction"].variables
    said = _ask(again, containers, story)
    assert said.startswith("DirectScene failed: SettingInvalid")
    assert "WORK_BUCKET" in said


def test_a_variable_that_the_stack_does_not_give_is_missed_before_anything_runs(
    host: Build, story: GoldenStory
) -> None:
    function = host.functions["ApiFunction"]
    newer = functions.Function(
        **{**function.__dict__, "variables": (*function.variables, "NEW_VARIABLE")}
    )
    newer_build = Build(host.architecture, host.folder, {"ApiFunction": newer})
    with pytest.raises(SamError, match="gives ApiFunction no NEW_VARIABLE"):
        invoke.variables(newer_build, story)


def test_a_package_that_went_missing_fails_the_check(
    host: Build, interpreter: Runtime, tmp_path: Path
) -> None:
    damaged = _damaged(host, tmp_path, lambda code: shutil.rmtree(code / "pydantic_core"))
    with pytest.raises(SamError, match=r"(?s)DirectSceneFunction is not complete.*pydantic_core"):
        build.check(damaged, interpreter)
