"""Every operation of the document with every kind of token that must not open it."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.stack import SIGNING_KEYS
from tests.local.deployment import SIGN_UP_CODE, Browser, Deployment
from tests.operations import OPERATIONS, Operation

PROTECTED = [operation for operation in OPERATIONS if not operation.public]
PUBLIC = [operation for operation in OPERATIONS if operation.public]
REVIEWING = [operation for operation in PROTECTED if operation.path.startswith("/reviews")]
OF_A_STORY = [
    operation for operation in PROTECTED if operation.of_a_story and operation not in REVIEWING
]


def _part(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _signed(
    token: str, sign: Callable[[bytes], bytes], *, claims: dict[str, Any], **header: str
) -> str:
    """A token with other claims, and with a signature over them."""
    head, body, _ = token.split(".")
    parts = [
        _encoded(json.dumps(part).encode()) for part in (_part(head) | header, _part(body) | claims)
    ]
    unsigned = ".".join(parts)
    return f"{unsigned}.{_encoded(sign(unsigned.encode()))}"


def _rs256(key: rsa.RSAPrivateKey) -> Callable[[bytes], bytes]:
    return lambda said: key.sign(said, padding.PKCS1v15(), hashes.SHA256())


def _pool_key(deployment: Deployment) -> rsa.RSAPrivateKey:
    """The key that the emulator's pool signs access tokens with: for tokens only time makes bad."""
    pool = deployment.outputs["UserPoolId"]
    path = deployment.stack.state_dir / SIGNING_KEYS / f"{pool}-access.pem"
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _nothing(_: Deployment, __: str) -> None:
    return None


def _garbage(_: Deployment, __: str) -> str:
    return "nonsense"


def _other_claims(_: Deployment, token: str) -> str:
    """Another user's id under the signature of one's own token."""
    head, body, signature = token.split(".")
    claims = _part(body) | {"sub": str(uuid.uuid4())}
    return f"{head}.{_encoded(json.dumps(claims).encode())}.{signature}"


def _other_key(_: Deployment, token: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return _signed(token, _rs256(key), claims={})


def _unsigned(_: Deployment, token: str) -> str:
    return _signed(token, lambda _: b"", claims={}, alg="none")


def _public_key_as_secret(deployment: Deployment, token: str) -> str:
    """HS256 with the pool's public key: what a verifier believes that trusts `alg`."""
    public = _pool_key(deployment).public_key()
    secret = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    def sign(said: bytes) -> bytes:
        made = hmac.HMAC(secret, hashes.SHA256())
        made.update(said)
        return made.finalize()

    return _signed(token, sign, claims={}, alg="HS256")


def _expired(deployment: Deployment, token: str) -> str:
    now = int(time.time())
    return _signed(
        token, _rs256(_pool_key(deployment)), claims={"iat": now - 3_660, "exp": now - 60}
    )


def _other_pool(deployment: Deployment, _: str) -> str:
    """Somebody's of another pool in the same account, signed in there."""
    cognito = deployment.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="another", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    return _sign_in(deployment, client)


def _other_client(deployment: Deployment, _: str) -> str:
    """Of the same pool, but issued to another application."""
    client = deployment.client("cognito-idp").create_user_pool_client(
        UserPoolId=deployment.outputs["UserPoolId"],
        ClientName="another",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
    )["UserPoolClient"]["ClientId"]
    return _sign_in(deployment, client)


def _sign_in(deployment: Deployment, client: str) -> str:
    name, password = f"stranger-{uuid.uuid4().hex[:8]}", f"Aa1-{uuid.uuid4().hex}"
    mail = [{"Name": "email", "Value": f"{name}@example.com"}]
    answers = [
        deployment.cognito(operation, ClientId=client, **asked)
        for operation, asked in (
            ("SignUp", {"Username": name, "Password": password, "UserAttributes": mail}),
            ("ConfirmSignUp", {"Username": name, "ConfirmationCode": SIGN_UP_CODE}),
            (
                "InitiateAuth",
                {
                    "AuthFlow": "USER_PASSWORD_AUTH",
                    "AuthParameters": {"USERNAME": name, "PASSWORD": password},
                },
            ),
        )
    ]
    for answer in answers:
        answer.raise_for_status()
    return str(answers[-1].json()["AuthenticationResult"]["AccessToken"])


BAD: dict[str, Callable[[Deployment, str], str | None]] = {
    "no token": _nothing,
    "no JWT": _garbage,
    "other claims": _other_claims,
    "another key": _other_key,
    "alg none": _unsigned,
    "the public key as a secret": _public_key_as_secret,
    "expired": _expired,
    "another pool": _other_pool,
    "another client": _other_client,
}


@pytest.fixture(scope="module")
def ana_id(ana: Browser) -> str:
    """A story of ana's."""
    return str(ana.create()["story"]["id"])


@pytest.fixture(scope="module")
def bad(deployment: Deployment, ana: Browser) -> dict[str, str | None]:
    """One token a kind."""
    return {kind: make(deployment, ana.token) for kind, make in BAD.items()}


def ask(
    deployment: Deployment, operation: Operation, story_id: str, token: str | None
) -> httpx.Response:
    """Call an operation with the least that it takes."""
    headers = {"Idempotency-Key": str(uuid.uuid4())} if operation.takes_a_key else {}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    body = {} if operation.body is None else {operation.body_is: operation.a_body()}
    url = deployment.api_url + operation.path_of(story_id)
    return httpx.request(operation.method, url, headers=headers, timeout=60, **body)


def named(operation: Operation) -> str:
    return operation.id


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("operation", PROTECTED, ids=named)
def test_a_bad_token_opens_nothing(
    deployment: Deployment,
    ana_id: str,
    bad: dict[str, str | None],
    operation: Operation,
    kind: str,
) -> None:
    answer = ask(deployment, operation, ana_id, bad[kind])
    # The gateway's own words: such a request never reaches the function.
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_the_key_that_makes_expired_tokens_makes_good_ones(
    deployment: Deployment, ana: Browser
) -> None:
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + 600}
    token = _signed(ana.token, _rs256(_pool_key(deployment)), claims=claims)
    assert Browser(deployment, token).request("GET", "/stories").status_code == 200


@pytest.mark.parametrize("operation", PROTECTED, ids=named)
def test_an_id_token_is_told_what_is_missing(
    deployment: Deployment, ana_id: str, operation: Operation
) -> None:
    token = deployment.tokens(deployment.people[0])["IdToken"]
    answer = ask(deployment, operation, ana_id, token)
    assert (answer.status_code, answer.json()["code"]) == (401, "access_token_required")
    assert "access_token_required" in operation.codes(401)


@pytest.mark.parametrize("operation", OF_A_STORY, ids=named)
def test_another_users_story_is_as_absent_as_one_that_never_was(
    deployment: Deployment, ana: Browser, ana_id: str, bo: Browser, operation: Operation
) -> None:
    before = ana.story(ana_id)
    theirs = ask(deployment, operation, ana_id, bo.token)
    assert (theirs.status_code, theirs.json()["code"]) == (404, "story_not_found")
    unknown = "0" * 32
    none = ask(deployment, operation, unknown, bo.token)
    assert theirs.text.replace(ana_id, unknown) == none.text
    assert ana.story(ana_id) == before


@pytest.mark.parametrize("operation", REVIEWING, ids=named)
def test_what_reviewers_do_nobody_else_does_whosever_story_it_is(
    deployment: Deployment, ana: Browser, ana_id: str, bo: Browser, operation: Operation
) -> None:
    for story_id in (ana_id, "0" * 32):
        for who in (ana, bo):
            answer = ask(deployment, operation, story_id, who.token)
            assert (answer.status_code, answer.json()["code"]) == (403, "reviewers_only")
    assert "reviewers_only" in operation.codes(403)


@pytest.mark.parametrize("kind", [*BAD, "id token"])
@pytest.mark.parametrize("operation", PUBLIC, ids=named)
def test_what_is_public_asks_nobody_who_he_is(
    deployment: Deployment,
    ana_id: str,
    bad: dict[str, str | None],
    operation: Operation,
    kind: str,
) -> None:
    token = bad.get(kind) or deployment.tokens(deployment.people[0])["IdToken"]
    answer = ask(deployment, operation, ana_id, token)
    # A story that nobody posted is not there for the public either.
    made = 201 if operation.method == "POST" else 200
    assert answer.status_code == (404 if operation.of_a_story else made)
