"""The samples of docs/mobile.md against the OpenAPI document, and Cognito's against its model."""

import re
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from jsonschema import Draft202012Validator

from story.states import ENDED
from tests.contract.samples import SAMPLES, Request, Sample, snake
from tests.operations import DOCUMENT, OPERATIONS, Operation

COGNITO = botocore.session.get_session().get_service_model("cognito-idp")
SCHEMAS: dict[str, dict[str, Any]] = DOCUMENT["components"]["schemas"]
REQUESTS = [
    pytest.param(sample, request, id=f"{sample.language} {request.method} {request.path}")
    for sample in SAMPLES.values()
    for request in sample.requests
]
SHOWN = {"createStory", "renewUpload", "getStory", "cancelStory", "deleteStory"}


@pytest.fixture(params=SAMPLES.values(), ids=SAMPLES.keys())
def sample(request: pytest.FixtureRequest) -> Sample:
    found: Sample = request.param
    return found


def _operation(request: Request) -> Operation:
    """Which operation of the document a request is."""
    (found,) = [
        operation
        for operation in OPERATIONS
        if (operation.method, re.sub(r"\{\w+\}", "{}", operation.path))
        == (request.method, request.path)
    ]
    return found


def _headers(operation: Operation) -> set[str]:
    return {each["name"] for each in operation.said.get("parameters", []) if each["in"] == "header"}


def test_a_sample_has_no_error_of_syntax(sample: Sample) -> None:
    assert [node.start_point for node in sample.nodes("ERROR")] == []
    assert not sample.root.has_error


def test_what_is_no_swift_or_kotlin_is_found(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Sample(sample.language)
    monkeypatch.setitem(
        broken.__dict__,
        "text",
        sample.text.replace("while (true) {", "while (true {").replace(
            "while true {", "while true ["
        ),
    )
    assert broken.root.has_error


@pytest.mark.parametrize(("sample", "request_"), REQUESTS)
def test_a_request_is_one_that_the_document_has(sample: Sample, request_: Request) -> None:
    operation = _operation(request_)
    assert ("key" in request_.given) == operation.takes_a_key
    assert ("body" in request_.given) == (operation.body is not None)
    if "known" in request_.given:
        assert "If-None-Match" in _headers(operation)
    assert _headers(operation) <= sample.headers
    if operation.body is not None:
        schema = {**operation.body, "components": DOCUMENT["components"]}
        Draft202012Validator(schema).validate(request_.body)


def test_a_body_that_the_document_forbids_would_be_found() -> None:
    (create,) = [each for each in OPERATIONS if each.id == "createStory"]
    schema = {**(create.body or {}), "components": DOCUMENT["components"]}
    for wrong in (
        {"promt": "x"},
        {"prompt": "x", "seconds": "5"},
        {"prompt": "x", "peopleConsent": True},
    ):
        assert not Draft202012Validator(schema).is_valid(wrong)


def test_a_sample_shows_a_whole_story(sample: Sample) -> None:
    assert {_operation(request).id for request in sample.requests} >= SHOWN


def test_a_sample_sends_no_header_that_nobody_asked_for(sample: Sample) -> None:
    asked = set().union(*(_headers(_operation(request)) for request in sample.requests))
    # OkHttp takes the content type from the body.
    usual = {"Authorization", "Content-Type", "X-Amz-Target"}
    assert asked <= sample.headers <= asked | usual


def test_sign_in_is_as_cognito_has_it(sample: Sample) -> None:
    operations = [operation for operation, _ in sample.sign_in_requests]
    assert sorted(operations) == ["ConfirmSignUp", "InitiateAuth", "InitiateAuth", "SignUp"]
    for operation, asked in sample.sign_in_requests:
        shape = COGNITO.operation_model(operation).input_shape
        report = ParamValidator().validate(asked, shape)
        assert not report.has_errors(), report.generate_report()
    flows = {asked["AuthFlow"] for name, asked in sample.sign_in_requests if name == "InitiateAuth"}
    assert flows == {"USER_PASSWORD_AUTH", "REFRESH_TOKEN_AUTH"}


def test_a_sample_knows_every_status_in_which_a_story_rests(sample: Sample) -> None:
    assert set(re.findall(r'"([A-Z_]{5,})"', sample.text)) - {"SignUp"} >= set(ENDED)
    named = set(re.findall(r'"(AWAITING_\w+|PROCESSING)"', sample.text))
    assert not named, "what a sample does not know it shows as under way"


def test_the_file_is_the_last_part_of_the_form() -> None:
    kotlin = re.findall(r"addFormDataPart\((\"?\w+)", SAMPLES["kotlin"].text)
    assert kotlin == ["name", '"file']
    swift = re.findall(r'form-data; name=\\"(.+?)\\"', SAMPLES["swift"].text)
    assert swift == [r"\(name)", "file"]


# What is read of answers ------------------------------------------------------------------------

SWIFT_TYPES = {
    "string": {"String", "URL"},
    "integer": {"Int"},
    "number": {"Double"},
    "boolean": {"Bool"},
}
DECODED = dict(
    re.findall(
        r"struct (\w+): Decodable, Sendable \{\n(.*?)^\}",
        SAMPLES["swift"].text,
        re.MULTILINE | re.DOTALL,
    )
)


def _is_nullable(schema: dict[str, Any], name: str) -> bool:
    said = schema["properties"][name]
    null = any(each.get("type") == "null" for each in said.get("anyOf", []))
    return null or name not in schema["required"]


def _fits(said: dict[str, Any], swift: str) -> bool:
    (plain,) = [each for each in said.get("anyOf", [said]) if each.get("type") != "null"]
    if "$ref" in plain:
        name = plain["$ref"].rpartition("/")[2]
        return swift == ("String" if "enum" in SCHEMAS[name] else name)
    if plain["type"] == "array":
        return swift[0] == "[" and _fits(plain["items"], swift[1:-1])
    if plain["type"] == "object":
        return swift == "[String: String]" and plain["additionalProperties"]["type"] == "string"
    return swift in SWIFT_TYPES[plain["type"]]


@pytest.mark.parametrize("name", DECODED)
def test_swift_reads_fields_that_answers_have_and_expects_null_where_it_may_come(name: str) -> None:
    schema = SCHEMAS[name]
    fields = re.findall(r"let (\w+): ([^?\n/]+?)(\?)?(?:\s*//.*)?$", DECODED[name], re.MULTILINE)
    assert fields
    for field, swift, optional in fields:
        assert snake(field) in schema["properties"], field
        assert _fits(schema["properties"][snake(field)], swift), field
        assert bool(optional) == _is_nullable(schema, snake(field)), field


def test_kotlin_reads_fields_that_answers_have_and_asks_before_it_reads_what_may_be_null() -> None:
    text = SAMPLES["kotlin"].text
    schemas = [SCHEMAS[name] for name in ("StoryCreated", "StoryView", "UploadForm", "Problem")]
    read = set(re.findall(r'get(?:String|JSONObject|Int|Double)\("([a-z_]+)"\)', text))
    assert read >= {"story", "upload", "id", "status", "fields", "url", "video_url", "code"}
    for name in read:
        (schema,) = [
            each for each in schemas if name in each["properties"] and name != "status"
        ] or [SCHEMAS["StoryView"]]
        if _is_nullable(schema, name):
            assert re.search(rf'(?:isNull|has)\("{name}"\)', text), name
