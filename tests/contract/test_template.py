"""The template against the code that it deploys."""

import importlib

import pytest

from cloud.environment import load
from tests.contract import source
from tests.contract.definition import (
    FUNCTIONS,
    GLOBALS,
    LAMBDA_TASKS,
    RESOURCES,
    ROOT,
    TEMPLATE,
    WORKFLOW,
    function_of,
    package_of,
)

LAYERS = {"MediaLayer": "layers/media", "ProvenanceLayer": "layers/provenance"}


#: Values of the variables that are no plain name.
_PLAUSIBLE = {
    "TSA_URL": "https://example.invalid",
    "SECOND_TSA_URL": "https://second.example.invalid",
    "DAILY_GENERATIONS": "1000",
    "REPORT_CONTACT": "mailto:reports@example.invalid",
    "DAILY_STORIES_PER_USER": "20",
    "REQUESTS_PER_MINUTE": "120",
    "REPORT_THRESHOLD": "12",
    "REPORTS_PER_HOUR": "20",
    "CHECKS_PER_HOUR": "20",
    "CHECKS_PER_HOUR_OF_ALL": "1000",
    "ENGINE_MAX_SECONDS": "5",
    "ENGINE_CLIP_SECONDS": "4",
    "ENGINE_WAKE_SECONDS": "0",
    "REKOGNITION_QUOTA": "50",
    "REKOGNITION_CONCURRENCY": "4",
    "STATE_CONCURRENCY": "20",
    "RECOGNIZE_CELEBRITIES": "off",
}


#: What boto3 reads by itself, by the function that has it.
_READ_BY_BOTO3 = {
    function: {"AWS_ENDPOINT_URL_S3"} for function in ("ApiFunction", "ReviewFunction")
}
#: One code behind one gateway, twice: each has the variables of its own routes.
SHARING = ("ApiFunction", "ReviewFunction")


def _variables(function: str) -> set[str]:
    own = FUNCTIONS[function].get("Environment", {}).get("Variables", {})
    return {*GLOBALS["Environment"]["Variables"], *own}


def test_the_definition_is_where_the_template_says() -> None:
    assert (ROOT / WORKFLOW["DefinitionUri"]).is_file()


def test_the_code_is_where_the_template_says() -> None:
    assert (ROOT / GLOBALS["CodeUri"]) == source.FUNCTIONS_ROOT
    assert not [name for name, function in FUNCTIONS.items() if "CodeUri" in function]
    for layer, folder in LAYERS.items():
        assert (ROOT / RESOURCES[layer]["Properties"]["ContentUri"]) == ROOT / folder
        assert (ROOT / folder / "requirements.txt").is_file()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_handler_exists(function: str) -> None:
    module, _, name = FUNCTIONS[function]["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


def test_every_package_with_a_handler_is_deployed() -> None:
    handlers = {path.parent.name for path in source.FUNCTIONS_ROOT.glob("*/handler.py")}
    assert {package_of(function) for function in FUNCTIONS} == handlers


def test_a_running_story_keeps_the_versions_that_it_began_with() -> None:
    for state in LAMBDA_TASKS.values():
        function = function_of(state)
        substitution = WORKFLOW["DefinitionSubstitutions"][function]
        assert substitution == {"Ref": f"{function}.Version"}


def test_the_workflow_may_invoke_what_its_states_invoke_and_nothing_else() -> None:
    (allowed,) = [
        statement["Resource"]
        for policy in WORKFLOW["Policies"]
        for statement in policy["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
    ]
    invoked = {function_of(state) for state in LAMBDA_TASKS.values()}
    assert {resource["Fn::Sub"] for resource in allowed} == {
        f"${{{function}.Arn}}:*" for function in invoked
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_the_variables_that_its_settings_ask_for_and_no_other(
    function: str,
) -> None:
    asked = {
        name.upper()
        for model in source.settings(package_of(function))
        for name in model.model_fields
    }
    own = FUNCTIONS[function].get("Environment", {}).get("Variables", {}).keys()
    everywhere = GLOBALS["Environment"]["Variables"].keys()
    if function in SHARING:
        together = set().union(*(_variables(each) for each in SHARING))
        assert own <= asked | _READ_BY_BOTO3[function]
        assert together == asked | everywhere | _READ_BY_BOTO3[function]
        return
    # Only what all functions have may be there unasked: one of them works on no story.
    assert own == (asked - everywhere) | _READ_BY_BOTO3.get(function, set())
    assert asked <= own | everywhere


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_settings_load_from_variables_of_the_templates_names(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in set().union(*map(_variables, SHARING if function in SHARING else [function])):
        monkeypatch.setenv(name, _PLAUSIBLE.get(name, "example"))
    for model in source.settings(package_of(function)):
        assert load(model)


def test_the_api_signs_for_s3_by_the_clients_address_and_never_calls_it() -> None:
    """S3 signs the host: the address that links are signed for is not one to call S3 by."""
    for function in SHARING:
        variables = FUNCTIONS[function]["Environment"]["Variables"]
        assert variables["AWS_ENDPOINT_URL_S3"] == {"Ref": "MediaEndpoint"}
    assert TEMPLATE["Parameters"]["MediaEndpoint"]["Default"] == "", (
        "boto3 takes an empty one for none"
    )
    methods = {
        method
        for path in source.files("api")
        for service, method in source.aws_calls(path)
        if service == "s3"
    }
    assert methods == {"generate_presigned_url", "generate_presigned_post"}
    imported = {name for path in source.files("api") for name in source.imported(path)}
    assert "cloud.media" not in imported, "it reads and writes objects"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_packages_are_in_its_layers_or_beside_it(function: str) -> None:
    available = source.requirements(source.FUNCTIONS_ROOT / "requirements.in")
    for layer in FUNCTIONS[function].get("Layers", []):
        # The locked list: what a named package brings is there as well.
        available |= source.requirements(ROOT / LAYERS[layer["Ref"]] / "requirements.txt")
    assert source.third_party(package_of(function)) <= available


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_carries_no_layer_that_it_does_not_need(function: str) -> None:
    needed = source.third_party(package_of(function))
    for layer in FUNCTIONS[function].get("Layers", []):
        assert needed & source.requirements(ROOT / LAYERS[layer["Ref"]] / "requirements.in")


def test_who_asks_gate_3_waits_longer_than_it_takes() -> None:
    gate, asker = FUNCTIONS["PostStoryFunction"], FUNCTIONS["ApiFunction"]
    assert gate["Timeout"] + 5 <= asker.get("Timeout", GLOBALS["Timeout"]) <= 30
    assert asker["Environment"]["Variables"]["POST_STORY_FUNCTION"] == {
        "Ref": "PostStoryFunction.Alias"
    }


def test_gate_3_waits_longer_than_a_second_look_takes() -> None:
    look, asker = FUNCTIONS["LookAgainFunction"], FUNCTIONS["PostStoryFunction"]
    assert look["Timeout"] + 5 <= asker["Timeout"]
    assert asker["Environment"]["Variables"]["LOOK_AGAIN_FUNCTION"] == {
        "Ref": "LookAgainFunction.Alias"
    }


def test_the_api_needs_nothing_of_what_makes_gate_3_slow() -> None:
    assert "Layers" not in FUNCTIONS["ApiFunction"]
    assert not source.third_party("api") & {"c2pa-python", "cryptography"}


def test_of_the_functions_that_clients_reach_one_alone_knows_where_evidence_is() -> None:
    knowing = {f for f in SHARING if "EVIDENCE_BUCKET" in _variables(f)}
    assert knowing == {"ReviewFunction"}


def test_the_address_that_the_api_reads_is_the_one_that_is_written() -> None:
    named = RESOURCES["PublicUrlParameter"]["Properties"]["Name"]
    assert FUNCTIONS["ApiFunction"]["Environment"]["Variables"]["PUBLIC_URL_PARAMETER"] == named
