"""Runs inside the runtime's isolated interpreter: imports a handler and all that it may import.

Given as JSON on standard input: {"handler": "api.handler", "path": [...], "everything": true};
answers on standard output {"wall_s", "cpu_s", "modules", "from": {top-level module: its file}} or
fails with the traceback of the import that is not there. Standard library only: nothing else can
be imported before the path is set.
"""

from __future__ import annotations

import ast
import importlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> None:
    """Import, measure, and then import what the code imports only when it is called."""
    asked = json.load(sys.stdin)
    sys.path[:0] = asked["path"]
    wall, cpu = time.perf_counter(), time.process_time()
    importlib.import_module(asked["handler"])
    measured = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    modules = 1
    if asked["everything"]:
        modules = _import_reachable(asked["handler"], Path(asked["path"][0]))
    loaded = {
        name: str(module.__file__)
        for name, module in sys.modules.items()
        if "." not in name and getattr(module, "__file__", None) not in {None, __file__}
    }
    json.dump({**measured, "modules": modules, "from": loaded}, sys.stdout)


def _import_reachable(handler: str, code: Path) -> int:
    """Import every module that the function's own modules name anywhere, types' ones excepted."""
    seen, waiting = set[str](), [handler]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        importlib.import_module(name)
        source = _source(name, code)
        if source is not None:
            waiting += _imports(ast.parse(source.read_bytes()).body, code)
    return len(seen)


def _source(name: str, code: Path) -> Path | None:
    """The file of a module that is the function's own, not of a package that it requires."""
    if not (code / name.partition(".")[0] / "__init__.py").is_file():
        return None
    if any(code.glob(f"{name.partition('.')[0]}-*.dist-info")):
        return None
    path = code.joinpath(*name.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _imports(body: list[ast.stmt], code: Path) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
            yield from _imports(statement.orelse, code)
        elif isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            for alias in statement.names:
                # `from cloud import media` names a module, `from cloud.media import read` none.
                inner = f"{statement.module}.{alias.name}"
                if _source(inner, code):
                    yield inner
        else:
            for inner_body in _bodies(statement):
                yield from _imports(inner_body, code)


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        if inner := getattr(statement, name, None):
            yield inner
    for handler in getattr(statement, "handlers", []):
        yield handler.body


if __name__ == "__main__":
    main()
