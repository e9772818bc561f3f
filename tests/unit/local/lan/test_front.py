"""What phones may reach, and that nothing else gets through."""

import json
from typing import Any

import httpx
import pytest

from local.lan.front import template_of
from local.lan.settings import Settings
from tests.unit.local.lan.conftest import Behind, serving

TARGET = "AWSCognitoIdentityProviderService."


def code(answer: httpx.Response) -> str:
    """The code of a refusal, whose form is checked on the way."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"].endswith((".", "given."))
    return str(problem["code"])


def test_the_apis_routes_reach_the_api_and_say_what_it_says(
    phone: httpx.Client, behind: Behind, front: Settings
) -> None:
    answer = phone.post(
        "/stories?cursor=x%3D",
        json={"prompt": "clouds"},
        headers={
            "Authorization": "Bearer t",
            "Idempotency-Key": "k",
            "X-Amz-Target": "DynamoDB_20120810.Scan",
            "X-Forwarded-For": "127.0.0.1",
        },
    )
    assert (answer.status_code, answer.json()) == (200, {"answer": 42})
    assert answer.headers["retry-after"] == "5"
    assert "x-amz-request-id" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    (seen,) = behind.seen
    assert seen.target == "/_aws/execute-api/a1b2c3d4/$default/stories?cursor=x%3D"
    assert json.loads(seen.body) == {"prompt": "clouds"}
    assert seen.headers["host"] == front.host
    assert seen.headers["authorization"] == "Bearer t"
    assert seen.headers["idempotency-key"] == "k"
    assert not {"x-amz-target", "x-forwarded-for"} & seen.headers.keys()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/stories/0f0f"),
        ("POST", "/stories/0f0f/cancel"),
        ("GET", "/us-east-1_Pool/.well-known/jwks.json"),
    ],
)
def test_what_is_on_the_list_is_passed_on(
    phone: httpx.Client, behind: Behind, method: str, path: str
) -> None:
    assert phone.request(method, path).status_code == 200
    assert len(behind.seen) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/ready",
        "/_ministack/reset",
        "/_aws/execute-api/a1b2c3d4/$default/stories",
        "/_aws/execute-api/a1b2c3d4/stories",
        "/_localstack/health",
        "/health",
        "/2015-03-31/functions",
        "/us-east-1_Other/.well-known/jwks.json",
        "/us-east-1_Pool/.well-known/openid-configuration",
        "/enliven-work/work/1",
        "/enliven-stories",
        "/enliven-stories/",
        "/enliven-uploads/uploads/1/photo",
        "/enliven-packages/a.zip",
        "/stories/0f0f/other",
        "/STORIES",
        "/stories/",
        "/connect/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_what_is_not_on_the_list_reaches_nothing(
    phone: httpx.Client, behind: Behind, method: str, path: str
) -> None:
    answer = phone.request(method, path)
    assert answer.status_code in {400, 404}
    if method != "HEAD":
        assert code(answer) in {"not_found", "path_invalid"}
    assert behind.seen == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/stories", "/enliven-uploads", "/enliven-stories/a/b"])
def test_another_method_of_a_known_path_reaches_nothing(
    phone: httpx.Client, behind: Behind, method: str, path: str
) -> None:
    answer = phone.request(method, path)
    assert answer.status_code == 405
    assert method not in answer.headers["allow"]
    assert behind.seen == []


@pytest.mark.parametrize(
    "route", ["ANY /stories", "$default", "GET /files/{path+}", "GET /a*", "GET /a b"]
)
def test_a_route_that_is_too_wide_is_not_listed(route: str) -> None:
    with pytest.raises(ValueError, match="let in more than can be foreseen"):
        template_of(route)


def test_a_route_stands_for_itself_only() -> None:
    method, path = template_of("GET /stories/{story_id}/a.b")
    assert method == "GET"
    assert path.fullmatch("/stories/0f/a.b")
    assert not path.fullmatch("/stories/0f/axb")
    assert not path.fullmatch("/stories/0f/1/a.b")


# The API --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "query", "refused"),
    [
        (
            {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/x"},
            "",
            "bearer_token_required",
        ),
        ({}, "?X-Amz-Credential=123456789012/x", "query_invalid"),
        ({}, "?x-amz-signature=1", "query_invalid"),
        ({}, "?Action=ListUsers", "query_invalid"),
        ({}, "?acl", "query_invalid"),
        ({}, "?" + "a" * 5000, "query_invalid"),
    ],
)
def test_what_would_speak_to_aws_behind_the_api_is_refused(
    phone: httpx.Client, behind: Behind, headers: dict[str, str], query: str, refused: str
) -> None:
    assert code(phone.get(f"/stories{query}", headers=headers)) == refused
    assert behind.seen == []


def test_a_large_body_for_the_api_is_refused_and_the_sender_hears_it(
    phone: httpx.Client, behind: Behind
) -> None:
    answer = phone.post("/stories", content=b"x" * 3_000_000)
    assert (answer.status_code, code(answer)) == (413, "body_too_large")
    assert "3,000,000 bytes; at most 65,536" in answer.json()["detail"]
    assert behind.seen == []


# Sign-in --------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["InitiateAuth", "SignUp", "ConfirmSignUp"])
def test_signing_in_and_up_reach_cognito_with_nothing_else(
    phone: httpx.Client, behind: Behind, operation: str
) -> None:
    answer = phone.post(
        "/",
        json={"ClientId": "the-client", "Username": "ana"},
        headers={"X-Amz-Target": TARGET + operation, "Authorization": "AWS4-HMAC-SHA256 x"},
    )
    assert answer.status_code == 200
    (seen,) = behind.seen
    assert (seen.method, seen.target) == ("POST", "/")
    assert seen.headers["x-amz-target"] == TARGET + operation
    assert seen.headers["content-type"] == "application/x-amz-json-1.1"
    assert "authorization" not in seen.headers


@pytest.mark.parametrize(
    "target",
    [
        "",
        "InitiateAuth",
        TARGET + "AdminSetUserPassword",
        TARGET + "ListUsers",
        TARGET + "ForgotPassword",
        TARGET + "initiateauth",
        "DynamoDB_20120810.Scan",
        "AWSStepFunctions.ListExecutions",
        "secretsmanager.GetSecretValue",
    ],
)
def test_every_other_operation_of_the_control_plane_is_refused(
    phone: httpx.Client, behind: Behind, target: str
) -> None:
    answer = phone.post("/", json={"ClientId": "the-client"}, headers={"X-Amz-Target": target})
    assert (answer.status_code, code(answer)) == (403, "operation_not_served")
    assert behind.seen == []


def test_query_protocol_services_are_refused(phone: httpx.Client, behind: Behind) -> None:
    for action in ("GetCallerIdentity", "AssumeRole", "ListQueues"):
        answer = phone.post("/", data={"Action": action, "Version": "2011-06-15"})
        assert code(answer) == "operation_not_served"
        assert phone.get(f"/?Action={action}").status_code == 405
    assert behind.seen == []


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        (b"", "body_invalid"),
        (b"[]", "body_invalid"),
        (b"{}", "body_invalid"),
        (b"[" * 10_000, "body_invalid"),
        (b'{"ClientId": "another"}', "client_unknown"),
        (b'{"ClientId": "the-client", "ClientId": "another"}', "client_unknown"),
        (b'{"ClientId": ["the-client"]}', "client_unknown"),
        (b"x" * 20_000, "body_too_large"),
    ],
)
def test_sign_in_is_for_the_stacks_own_client(
    phone: httpx.Client, behind: Behind, body: bytes, refused: str
) -> None:
    answer = phone.post("/", content=body, headers={"X-Amz-Target": TARGET + "InitiateAuth"})
    assert code(answer) == refused
    assert behind.seen == []


# The page -------------------------------------------------------------------------------------


def test_an_app_gets_what_it_needs_as_json_and_no_secret(
    phone: httpx.Client, front: Settings
) -> None:
    told = phone.get("/connect").json()
    assert told.pop("open_until").endswith("Z")
    assert told == {
        "api_url": front.origin,
        "cognito_url": front.origin,
        "region": "us-east-1",
        "user_pool_id": "us-east-1_Pool",
        "client_id": "the-client",
    }


def test_a_browser_gets_a_page_that_runs_nothing(phone: httpx.Client, front: Settings) -> None:
    answer = phone.get("/connect", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert f"{front.origin}/connect" in answer.text
    assert "plain HTTP" in answer.text
    assert "<script" not in answer.text


def test_a_local_aws_that_is_gone_is_said() -> None:
    with serving(1) as lonely:
        answer = httpx.get(f"{lonely.origin}/stories", trust_env=False)
    assert (answer.status_code, code(answer)) == (502, "stack_silent")
