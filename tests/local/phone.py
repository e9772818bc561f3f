"""A phone: a program of its own that knows one address, a name and a password.

Run in another network namespace, it has no loopback in common with the stack, and imports nothing
of ours. It reads {page, username, password, photo, video, ports} from standard input and writes
what it met to standard output, as JSON.
"""

import json
import socket
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

TARGET = "AWSCognitoIdentityProviderService."
PATIENCE_SECONDS = 120.0
CONNECT_SECONDS = 3.0
#: What the local Cognito confirms a sign-up by; it sends no mail.
CODE = "123456"
#: Bytes that are more than a form allows and still go through to S3, which says so.
TOO_LARGE = 30_000_000

SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host"
#: What the emulator would answer whoever reached it: (method, path, headers).
CONTROL_PLANE: dict[str, tuple[str, str, dict[str, str]]] = {
    "S3 ListBuckets": ("GET", "/", {"Authorization": SIGNED.format("s3")}),
    "S3 ListBuckets, unsigned": ("GET", "/", {}),
    "DynamoDB ListTables": ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}),
    "DynamoDB Scan": ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.Scan"}),
    "STS GetCallerIdentity": ("POST", "/?Action=GetCallerIdentity&Version=2011-06-15", {}),
    "KMS ListKeys": ("POST", "/", {"X-Amz-Target": "TrentService.ListKeys"}),
    "Step Functions": ("POST", "/", {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}),
    "Cognito ListUsers": ("POST", "/", {"X-Amz-Target": TARGET + "ListUsers"}),
    "Lambda ListFunctions": ("GET", "/2015-03-31/functions", {}),
    "ministack ready": ("GET", "/_ministack/ready", {}),
    "ministack reset": ("POST", "/_ministack/reset", {}),
    "the API's other address": ("GET", "/_aws/execute-api/x/$default/stories", {}),
    "an unlisted path": ("GET", "/unlisted", {}),
    "a path with a trick": ("GET", "/stories/%2e%2e/_ministack/ready", {}),
}


def main() -> None:
    told = json.load(sys.stdin)
    with httpx.Client(trust_env=False, timeout=60) as http:
        met = {"refused": probe(http, told["page"]), "ports": knock(told["page"], told["ports"])}
        met |= live(http, told)
    json.dump(met, sys.stdout)


def probe(http: httpx.Client, page: str) -> dict[str, list[Any]]:
    """Status and code that each of them got; the code is empty where it was no refusal."""
    origin = page.removesuffix(urlsplit(page).path)
    found: dict[str, list[Any]] = {}
    for name, (method, path, headers) in CONTROL_PLANE.items():
        answer = http.request(method, origin + path, headers=headers)
        problem = answer.headers["content-type"] == "application/problem+json"
        found[name] = [answer.status_code, answer.json()["code"] if problem else ""]
    return found


def knock(page: str, ports: list[int]) -> dict[str, bool]:
    """Whether something listens on the stack's other ports, by the address that a phone knows."""
    found = {}
    for port in ports:
        with socket.socket() as caller:
            caller.settimeout(CONNECT_SECONDS)
            found[str(port)] = caller.connect_ex((urlsplit(page).hostname, port)) == 0
    return found


def live(http: httpx.Client, told: dict[str, Any]) -> dict[str, Any]:
    """Sign in, make a story, send its photo, wait, fetch the video."""
    config = http.get(told["page"]).raise_for_status().json()

    def cognito(operation: str, **asked: Any) -> dict[str, Any]:
        answer = http.post(
            config["cognito_url"],
            headers={
                "X-Amz-Target": TARGET + operation,
                "Content-Type": "application/x-amz-json-1.1",
            },
            json={"ClientId": config["client_id"], **asked},
        )
        assert answer.is_success, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def sign_in(username: str, password: str) -> str:
        given = {"USERNAME": username, "PASSWORD": password}
        said = cognito("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
        return str(said["AuthenticationResult"]["AccessToken"])

    visitor = {"Username": "visitor@example.com", "Password": f"A-visitors-own-{time.time_ns()}"}
    cognito("SignUp", **visitor, UserAttributes=[{"Name": "email", "Value": visitor["Username"]}])
    cognito("ConfirmSignUp", Username=visitor["Username"], ConfirmationCode=CODE)
    keys = http.get(f"{config['cognito_url']}/{config['user_pool_id']}/.well-known/jwks.json")
    theirs = sign_in(visitor["Username"], visitor["Password"])
    token = sign_in(told["username"], told["password"])
    http.headers["Authorization"] = f"Bearer {token}"
    made = http.post(
        f"{config['api_url']}/stories",
        json={"prompt": "clouds drift"},
        headers={"Idempotency-Key": "a-phones-first-story"},
    ).raise_for_status()
    story, form = made.json()["story"], made.json()["upload"]
    del http.headers["Authorization"]

    def send(photo: bytes) -> httpx.Response:
        return http.post(form["url"], data=form["fields"], files={"file": ("photo", photo)})

    large, sent = send(b"\0" * TOO_LARGE), send(Path(told["photo"]).read_bytes())
    ended = time.monotonic() + PATIENCE_SECONDS
    url, bearer = f"{config['api_url']}/stories/{story['id']}", {"Authorization": f"Bearer {token}"}
    while story["status"] in {"AWAITING_PHOTO", "PROCESSING"} and time.monotonic() < ended:
        time.sleep(0.2)
        story = http.get(url, headers=bearer).raise_for_status().json()
    met = {
        "large": [large.status_code, "EntityTooLarge" in large.text],
        "sent": sent.status_code,
        "status": story["status"],
        "reasons": story["reasons"],
        "without a token": http.get(url).status_code,
        "as a visitor": http.get(url, headers={"Authorization": f"Bearer {theirs}"}).status_code,
        "keys": sorted(keys.json()),
    }
    if story["status"] == "READY":
        video = http.get(story["video_url"]).raise_for_status()
        Path(told["video"]).write_bytes(video.content)
        part = http.get(story["video_url"], headers={"Range": "bytes=0-7"})
        met |= {
            "video": video.headers["content-type"],
            "poster": http.get(story["poster_url"]).headers["content-type"],
            "part": [part.status_code, part.content[4:8].decode()],
            "unsigned": http.get(story["video_url"].partition("?")[0]).status_code,
            "hosts": sorted({urlsplit(u).netloc for u in (form["url"], story["video_url"])}),
        } | check(http, config["api_url"], video.content)
    return met


def check(http: httpx.Client, api_url: str, clip: bytes) -> dict[str, Any]:
    """Ask where a clip was made, as anybody may, on the page's own way."""
    page = http.get(f"{api_url}/verify", headers={"Accept-Language": "ar"})
    made = http.post(f"{api_url}/verify", headers={"Idempotency-Key": "a-phones-first-check"})
    created = made.raise_for_status().json()
    form = created["upload"]
    sent = http.post(form["url"], data=form["fields"], files={"file": ("clip", clip)})
    ended = time.monotonic() + PATIENCE_SECONDS
    answer: dict[str, Any] = {"status": "waiting"}
    while answer["status"] not in {"done", "failed"} and time.monotonic() < ended:
        time.sleep(0.2)
        answer = http.get(f"{api_url}/verify/{created['id']}").raise_for_status().json()
    return {
        "check": [sent.status_code, answer.get("answer"), urlsplit(form["url"]).netloc],
        "check's page": [
            page.headers["content-language"],
            page.headers["content-security-policy"].count(urlsplit(api_url).netloc),
        ],
    }


if __name__ == "__main__":
    main()
