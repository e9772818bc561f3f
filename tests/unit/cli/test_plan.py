"""What is deployed: the environments of samconfig.toml, parameters, and the cost at rest."""

import pytest

from cli import costs, plan
from cli.outcome import CommandFailed
from tests.contract.definition import ROOT


def _read(*given: str, environment: str = "dev", stack: str | None = None) -> plan.Plan:
    return plan.read(ROOT, environment, stack, given)


def test_an_environment_gives_name_and_parameters_and_the_command_line_has_the_last_word() -> None:
    dev = _read()
    assert (dev.stack_name, dev.engine, dev.value("MinInstances")) == ("enliven-dev", "motion", "0")
    changed = _read("MinInstances=1", "Engine=wan-5b", stack="mine")
    assert (changed.stack_name, changed.value("MinInstances")) == ("mine", "1")
    assert changed.instance == "ml.g6.2xlarge"
    assert _read(environment="prod").value("DeletionProtection") == "true"


def test_what_is_not_given_is_the_templates_default() -> None:
    assert _read().value("DailyGenerations") == "1000"


def test_an_update_keeps_what_was_given_before_and_nobody_gives_now() -> None:
    before = {"EngineImageUri": "image", "LogRetentionDays": "90", "Removed": "long ago"}
    found = {
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in before.items()
        ]
    }
    kept = _read("MaxInstances=5").continuing(found)
    assert kept.value("EngineImageUri") == "image"
    assert kept.value("LogRetentionDays") == "7", "samconfig.toml gives it"
    assert kept.value("MaxInstances") == "5"
    assert "Removed" not in kept.parameters
    assert _read().continuing(None) == _read()


def test_reservations_are_added_up() -> None:
    assert _read().reserved == 50 + 8 * 20 + 3 * 10
    assert _read("ApiConcurrency=0", "StateConcurrency=0", "CheckConcurrency=0").reserved == 0


def test_the_cost_at_rest_is_that_of_the_parameters() -> None:
    warm, cold = (costs.total(_read(f"MinInstances={n}").cost_at_rest()) for n in (1, 0))
    assert warm - cold > 720 * 0.2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Engin=motion", "it has AlarmEmail"),
        ("Engine=fast", "one of none, motion"),
        ("MaxInstances=two", "must be a number"),
        ("Engine", "NAME=VALUE"),
    ],
)
def test_a_parameter_that_the_template_would_refuse_is_refused_here(given: str, said: str) -> None:
    with pytest.raises(CommandFailed, match=said):
        _read(given)


def test_an_unknown_environment_is_told_those_there_are() -> None:
    with pytest.raises(CommandFailed, match="it has dev, prod"):
        _read(environment="staging")
