"""What docs/ says is what the code, the template and the command line have."""

import json
import os
import re
import shlex
import subprocess
from argparse import ArgumentParser, _SubParsersAction
from functools import cache

import pytest

from cli import costs, figures
from cli.main import COMMANDS, parser
from local import pages
from tests.contract.definition import RESOURCES, ROOT, TEMPLATE


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_pages_tables_are_those_that_the_code_makes(name: str) -> None:
    written = (pages.DOCS / name).read_text("utf-8")
    assert written == pages.page(name), "run: python -m local.pages"


def _pages() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(pages.DOCS.glob("*.md"))}


PAGES = _pages()
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
VARIABLES = set(re.findall(r"\b[A-Z_]{2,}\b", (ROOT / "Makefile").read_text("utf-8")))
_TOP = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}


def _code(text: str) -> list[str]:
    """What stands as code: between backticks, in fenced and in indented blocks."""
    fenced = re.findall(r"^```(?:sh|text)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^    (\S.*)$", text, re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", text)
    return [*spans, *indented, *(line for block in fenced for line in block.splitlines())]


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", PAGES[name]):
        path, _, anchor = target.partition("#")
        file = (pages.DOCS / path) if path else pages.DOCS / name
        assert file.exists(), target
        if anchor:
            assert anchor in _anchors(file.read_text("utf-8")), target


@pytest.mark.parametrize("name", PAGES)
def test_every_path_that_is_named_exists(name: str) -> None:
    for said in _code(PAGES[name]):
        for word in said.split():
            if not re.fullmatch(r"[\w./-]+", word):
                continue
            inside = "/" in word and word.split("/")[0] in _TOP - {"out"}
            file = re.fullmatch(r"[\w-]+\.(?:py|md|yaml|json|toml)", word)
            if inside or (file and word not in MADE):
                assert (ROOT / word).exists(), f"{word} in docs/{name}"


#: Files that a command makes, or that travel in a tar.
MADE = {"hashes.txt", "direction.json", "report.json"}


@pytest.mark.parametrize("name", PAGES)
def test_every_make_target_and_variable_that_is_named_exists(name: str) -> None:
    for said in _code(PAGES[name]):
        command = re.match(r"make ([a-z-]+)(.*)$", said)
        if command:
            assert command[1] in TARGETS, said
            assert set(re.findall(r"([A-Z_]+)=", command[2])) <= VARIABLES, said


@pytest.mark.parametrize("name", PAGES)
def test_every_command_that_is_named_exists_with_its_arguments(name: str) -> None:
    for said in _code(PAGES[name]):
        command = re.match(r"(?:\.venv/bin/)?enliven ([a-z]+)(.*)$", said)
        if command is None:
            continue
        assert command[1] in COMMANDS, said
        help_text = _help(command[1])
        options = set(re.findall(r"(?<!\w)(--[a-z-]+)", command[2]))
        assert options <= set(re.findall(r"--[a-z-]+", help_text)), said


@cache
def _help(command: str) -> str:
    """The help of a command, that of its own subcommands included."""
    found = parser([command])
    waiting: list[ArgumentParser] = [found]
    text = ""
    while waiting:
        each = waiting.pop()
        text += each.format_help()
        for action in each._actions:
            if isinstance(action, _SubParsersAction):
                named = action.choices
                waiting += [named[command]] if command in named else list(named.values())
    return text


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("deploy",), {"environment": "dev", "region": None, "parameter": [], "yes": False}),
        (
            ("deploy", "REGION=us-west-2", "PARAMETERS=A=1 B=2", "YES=yes"),
            {"region": "us-west-2", "parameter": ["A=1", "B=2"], "yes": True},
        ),
        (("deploy", "CERTIFICATE=throw-away"), {"throw_away_certificate": True}),
        (("destroy", "ENVIRONMENT=prod"), {"environment": "prod", "everything": False}),
        (("destroy", "EVERYTHING=yes", "YES=yes"), {"everything": True, "yes": True}),
    ],
)
def test_makes_variables_become_the_commands_arguments(
    asked: tuple[str, ...], expected: dict[str, object]
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    ready = ROOT / ".venv" / ".ready"
    done = subprocess.run(
        ["make", "--dry-run", "--assume-old", str(ready.relative_to(ROOT)), *asked],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    (command,) = [
        line for line in done.stdout.replace("\\\n", " ").splitlines() if "enliven" in line
    ]
    words = shlex.split(command)[1:]
    options = vars(parser(words).parse_args(words))
    assert {name: options[name] for name in expected} == expected


@pytest.mark.parametrize("name", PAGES)
def test_every_module_that_is_run_exists(name: str) -> None:
    for said in _code(PAGES[name]):
        for module in re.findall(r"python -m ([\w.]+)", said):
            # The two roots that modules are imported from.
            paths = [root.joinpath(*module.split(".")) for root in (ROOT, ROOT / "functions")]
            assert any(
                path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
                for path in paths
            ), said


def test_the_index_names_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", PAGES["README.md"]))
    assert linked == PAGES.keys() - {"README.md"}


def test_parameters_that_pages_name_are_the_templates() -> None:
    known = {*TEMPLATE["Parameters"], *TEMPLATE["Outputs"], *RESOURCES}
    for name, text in PAGES.items():
        for said in re.findall(r"parameters? `(\w+)`(?:, `(\w+)`)?", text):
            assert {each for each in said if each} <= known, f"{said} in docs/{name}"


def test_the_numbers_in_the_words_about_costs_are_those_of_the_tables() -> None:
    typical = json.loads((ROOT / "cli" / "typical_story.json").read_text("utf-8"))
    text = PAGES["costs.md"]
    for engine in costs.ENGINES:
        assert f"{figures.clip_seconds(engine):.3g} s" in text
    assert f"about {1000 * typical['around']['stored_gb_month']:.1f} MB" in text
    assert TEMPLATE["Parameters"]["DailyGenerations"]["Default"] == 1_000
    assert TEMPLATE["Parameters"]["MaxInstances"]["Default"] == 2


def test_what_each_engine_costs_by_the_readme_is_what_the_page_has() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    told = {
        (cells[1].split("`")[1], cells[2], *cells[4:6])
        for line in text.splitlines()
        if re.match(r"\| `(motion|wan-\w+|ltx-2)`", line)
        for cells in [[cell.strip() for cell in line.split("|")]]
    }
    made = {
        (cells[1].strip("`"), cells[3], *cells[5:7])
        for line in pages.choices().splitlines()[2:]
        for cells in [[cell.strip() for cell in line.split("|")]]
    }
    assert told == made
