"""What the code of functions/ imports, needs and calls, read from its syntax."""

import ast
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from cloud.environment import Environment
from tests.contract.definition import ROOT

FUNCTIONS_ROOT = ROOT / "functions"
OURS = {path.name for path in FUNCTIONS_ROOT.iterdir() if (path / "__init__.py").exists()}
#: boto3 and what it brings come with the Lambda runtime.
RUNTIME = {"boto3", "botocore"}


def files(package: str) -> list[Path]:
    """The modules of a package in functions/."""
    return sorted((FUNCTIONS_ROOT / package).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """A module's syntax."""
    return ast.parse(path.read_text("utf-8"))


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a module imports anywhere in it, for types alone included."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(module: str) -> Path | None:
    path = FUNCTIONS_ROOT.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.exists():
            return candidate
    return None


def reached(package: str) -> set[Path]:
    """The modules of a package and of ours that it imports, directly or not."""
    seen, waiting = set[Path](), files(package)
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            ours = (name for name in imported(path) if name.split(".")[0] in OURS)
            waiting += [found for found in map(_file, ours) if found]
    return seen


def third_party(package: str) -> set[str]:
    """The distributions that a package needs, by their normalised names."""
    tops = {name.split(".")[0] for path in reached(package) for name in imported(path)}
    foreign = tops - OURS - RUNTIME - set(sys.stdlib_module_names)
    owners = packages_distributions()
    return {normalised(owners[name][0]) for name in foreign}


def normalised(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(path: Path) -> set[str]:
    """The distributions that a requirements file names."""
    lines = (line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return {normalised(re.split(r"[<>=!~\[; ]", line)[0]) for line in lines if line}


def settings(package: str) -> set[type[Environment]]:
    """The settings that the modules of a package, and ours that they reach, declare."""
    found = set()
    for path in reached(package):
        dotted = ".".join(path.relative_to(FUNCTIONS_ROOT).with_suffix("").parts)
        if not any(
            name in {"cloud.environment", "cloud.environment.Environment"}
            for name in imported(path)
        ):
            continue
        module = importlib.import_module(dotted)
        found |= {
            value
            for _, value in inspect.getmembers(module, inspect.isclass)
            if issubclass(value, Environment) and value.__module__ == dotted
        }
    return found - {Environment}


def aws_calls(path: Path) -> Iterator[tuple[str, str]]:
    """(service, method) of every call on a client, `client("s3").get_object` or through a name."""
    module = tree(path)
    clients = {
        node.targets[0].id: _service(node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and _service(node.value)
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.Attribute):
            continue
        service = _service(node.value)
        if service is None and isinstance(node.value, ast.Name):
            service = clients.get(node.value.id)
        if service is None:
            continue
        yield service, node.attr
    for node in ast.walk(module):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"get_paginator", "get_waiter"}
        ):
            service = _service(node.func.value)
            (asked,) = node.args
            if service is None:
                raise AssertionError(f"{path}: whose paginator is {ast.unparse(node)}?")
            yield service, str(ast.literal_eval(asked))


def _service(node: ast.expr) -> str | None:
    """The service of an expression `client("…")`, or None."""
    if not (isinstance(node, ast.Call) and ast.unparse(node.func) in {"client", "clients.client"}):
        return None
    (named,) = node.args
    return str(ast.literal_eval(named))
