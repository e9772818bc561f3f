"""Rules that hold for every file, whoever writes the next one."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from story import receipt
from tests.contract import source
from tests.contract.definition import ROOT

CODE = sorted(
    path
    for folder in ("functions", "model_endpoint", "local", "cli")
    for path in (ROOT / folder).rglob("*.py")
)
DEPLOYED = [
    path for path in CODE if path.relative_to(ROOT).parts[0] in {"functions", "model_endpoint"}
]
UNNAMED = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "lib"}
#: What a client does without a call to its service.
LOCAL_METHODS = {"get_paginator", "generate_presigned_url", "generate_presigned_post", "meta"}
LOCAL_SIGNS = re.compile(
    r"localhost|endpoint_url|:4566|AWS_SAM_LOCAL|ministack|localstack|IS_LOCAL", re.IGNORECASE
)


def _label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _calls() -> dict[str, set[str]]:
    """Every AWS operation that functions/ calls, as receipts name it, with the files that do."""
    session = botocore.session.get_session()
    found: dict[str, set[str]] = {}
    for path in sorted(source.FUNCTIONS_ROOT.rglob("*.py")):
        for service, method in source.aws_calls(path):
            if method in LOCAL_METHODS:
                continue
            model = session.get_service_model(service)
            (operation,) = [n for n in model.operation_names if xform_name(n) == method]
            found.setdefault(f"{model.service_name}:{operation}", set()).add(_label(path))
    return found


def test_every_aws_call_has_a_price_or_is_known_to_be_free() -> None:
    prices = receipt.prices()
    calls = _calls()
    assert len(calls) > 15, "the calls were not found, so nothing was compared"
    assert calls.keys() <= prices["calls"].keys() | set(prices["free_calls"])


def test_no_call_has_a_price_and_is_free() -> None:
    prices = receipt.prices()
    assert not prices["calls"].keys() & set(prices["free_calls"])


def test_no_function_scans() -> None:
    assert not [call for call in _calls() if call.endswith(":Scan")]


@pytest.mark.parametrize("path", source.files("story"), ids=_label)
def test_the_domain_knows_neither_aws_nor_the_seam_to_it(path: Path) -> None:
    tops = {name.split(".")[0] for name in source.imported(path)}
    assert not tops & {"boto3", "botocore", "cloud", "aws_lambda_powertools"}


def test_only_the_seam_makes_clients() -> None:
    importers = {
        _label(path)
        for path in source.FUNCTIONS_ROOT.rglob("*.py")
        if {"boto3", "botocore.session"} & _heads(source.imported(path))
    }
    assert importers == {"functions/cloud/clients.py"}


def _heads(names: Iterable[str]) -> set[str]:
    """Each name, and its first one and two parts."""
    return {".".join(name.split(".")[:count]) for name in names for count in (1, 2)}


def test_no_function_imports_more_of_boto3_than_its_clients() -> None:
    """What is above botocore costs a cold start and is not used."""
    for path in source.FUNCTIONS_ROOT.rglob("*.py"):
        assert "boto3" not in _heads(source.imported(path)), _label(path)


def test_states_import_no_other_state() -> None:
    shared = {"story", "cloud", "confined", "provenance", "watermark", "fingerprints", "frames"}
    states = source.OURS - shared
    for state in states:
        for path in source.files(state):
            others = {name.split(".")[0] for name in source.imported(path)} & states - {state}
            assert not others, f"{_label(path)} reaches into {others}"


@pytest.mark.parametrize("path", DEPLOYED, ids=_label)
def test_deployed_code_has_no_case_for_a_laptop(path: Path) -> None:
    documented = {
        id(node.value) for node in ast.walk(source.tree(path)) if isinstance(node, ast.Expr)
    }
    named = [
        node
        for node in ast.walk(source.tree(path))
        if (isinstance(node, ast.Name) and LOCAL_SIGNS.search(node.id))
        or (isinstance(node, ast.keyword) and node.arg and LOCAL_SIGNS.search(node.arg))
        or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documented
            and LOCAL_SIGNS.search(node.value)
        )
    ]
    assert not [ast.unparse(node) for node in named]


@pytest.mark.parametrize("path", CODE, ids=_label)
def test_a_file_is_named_after_a_concept(path: Path) -> None:
    assert not {part.removesuffix(".py") for part in path.relative_to(ROOT).parts} & UNNAMED


@pytest.mark.parametrize("path", CODE, ids=_label)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", DEPLOYED, ids=_label)
def test_deployed_code_does_not_swallow_what_it_does_not_know(path: Path) -> None:
    """`except Exception` may only raise again: a failure that nobody expected must be seen."""
    for node in ast.walk(source.tree(path)):
        if isinstance(node, ast.ExceptHandler) and (
            node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
        ):
            assert any(isinstance(inner, ast.Raise) for inner in ast.walk(node)), _label(path)


def test_one_module_writes_the_trail_and_only_adds_to_it() -> None:
    """IAM cannot tell a new line from one that overwrites another; the code can."""
    writers = {
        _label(path)
        for path in DEPLOYED
        if any(
            isinstance(node, ast.Constant) and str(node.value).startswith("AUDIT")
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
        )
    }
    assert writers == {"functions/cloud/audit.py"}
    text = (ROOT / "functions/cloud/audit.py").read_text("utf-8")
    assert re.findall(r"\.(put|update|delete|transact|batch)\w*\(", text) == ["put"]
    assert 'ConditionExpression="attribute_not_exists(pk)"' in text
