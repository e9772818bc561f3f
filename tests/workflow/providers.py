"""Providers that a test can make answer, fail, lie or stay silent, on their real wire formats.

One HTTP server on loopback plays Rekognition, Bedrock Guardrails and SageMaker Runtime; the
handlers reach it through boto3's own `AWS_ENDPOINT_URL_*`.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Answer = tuple[int, dict[str, Any]]

#: Longer than a caller's patience in the tests of silence.
SILENCE_SECONDS = 0.8

SAFE_PICTURE: Answer = (200, {"ModerationLabels": [], "ModerationModelVersion": "7.0"})
SAFE_WORDS: Answer = (200, {"action": "NONE", "outputs": [], "assessments": []})
SEASIDE: Answer = (200, {"Labels": [{"Name": "Sea", "Confidence": 98.0}]})
NOBODY: Answer = (200, {"FaceDetails": []})
NO_TEXT: Answer = (200, {"TextDetections": [], "TextModelVersion": "3.0"})
UNKNOWN_FACES: Answer = (200, {"CelebrityFaces": [], "UnrecognizedFaces": []})


def somebody(low: int = 30, high: int = 45) -> Answer:
    """One face, of somebody between these ages."""
    box = {"Left": 0.4, "Top": 0.2, "Width": 0.2, "Height": 0.2}
    face = {"BoundingBox": box, "Confidence": 99.5, "AgeRange": {"Low": low, "High": high}}
    return 200, {"FaceDetails": [face]}


def readable(*lines: str) -> Answer:
    """Lines of text in a picture."""
    found = [{"DetectedText": line, "Type": "LINE", "Confidence": 99.0} for line in lines]
    return 200, {"TextDetections": found, "TextModelVersion": "3.0"}


def picture(name: str, parent: str, confidence: float) -> Answer:
    labels = [{"Name": parent, "ParentName": "", "Confidence": confidence, "TaxonomyLevel": 1}]
    if name != parent:
        labels.append(
            {"Name": name, "ParentName": parent, "Confidence": confidence, "TaxonomyLevel": 2}
        )
    return 200, {"ModerationLabels": labels, "ModerationModelVersion": "7.0"}


def blocked(kind: str) -> Answer:
    found = {"type": kind, "confidence": "HIGH", "action": "BLOCKED"}
    assessments = [{"contentPolicy": {"filters": [found]}}]
    return 200, {"action": "GUARDRAIL_INTERVENED", "outputs": [], "assessments": assessments}


def throttled() -> Answer:
    return 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}


@dataclass
class Providers:
    """What the next calls answer. A list is used up from the front; its last entry stays."""

    pictures: list[Answer] = field(default_factory=lambda: [SAFE_PICTURE])
    words: list[Answer] = field(default_factory=lambda: [SAFE_WORDS])
    labels: list[Answer] = field(default_factory=lambda: [SEASIDE])
    faces: list[Answer] = field(default_factory=lambda: [NOBODY])
    texts: list[Answer] = field(default_factory=lambda: [NO_TEXT])
    #: Which of the lists above is never answered from: its caller has to give up.
    silent: str = ""
    celebrities: list[Answer] = field(default_factory=lambda: [UNKNOWN_FACES])
    #: Called with the input location, the inference id and the output location of a request.
    generate: Callable[[str, str, str], None] | None = None
    work_bucket: str = ""
    requests: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    _generations: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        providers = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, answer, headers = providers.answer(self.path, self.headers, body)
                raw = json.dumps(answer).encode()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.reply(status, raw, headers)

            def reply(self, status: int, raw: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def finish(self) -> None:
        """Wait for what is being generated: it may not reach into the test that comes next."""
        for generation in self._generations:
            generation.join(timeout=30)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, Any, dict[str, str]]:
        operation = headers.get("X-Amz-Target", "").rpartition(".")[2]
        if operation:
            self.asked.append({"operation": operation, **json.loads(body)})
        pictures = {
            "DetectModerationLabels": self.pictures,
            "DetectLabels": self.labels,
            "DetectFaces": self.faces,
            "DetectText": self.texts,
            "RecognizeCelebrities": self.celebrities,
        }
        if operation == "DetectModerationLabels" and self.silent == "pictures":
            time.sleep(SILENCE_SECONDS)
        if path.startswith("/guardrail/") and self.silent == "words":
            time.sleep(SILENCE_SECONDS)
        if operation in pictures:
            return *_next(pictures[operation]), {}
        if path.startswith("/guardrail/"):
            self.asked.append({"operation": "ApplyGuardrail", **json.loads(body)})
            return *_next(self.words), {}
        if path.endswith("/async-invocations"):
            return self._accept(headers)
        return 404, {"__type": "UnknownOperationException"}, {}

    def _accept(self, headers: Any) -> tuple[int, Any, dict[str, str]]:
        inference = headers["X-Amzn-SageMaker-Inference-Id"]
        name = f"{len(self.requests):04d}-{inference[-3:]}"
        self.requests.append(inference)
        output = f"s3://{self.work_bucket}/results/{name}.out"
        failure = f"s3://{self.work_bucket}/failures/{name}-error.out"
        if self.generate is not None:
            location = headers["X-Amzn-SageMaker-InputLocation"]
            generation = threading.Thread(
                target=self.generate, args=(location, inference, output), daemon=True
            )
            generation.start()
            self._generations.append(generation)
        locations = {
            "X-Amzn-SageMaker-OutputLocation": output,
            "X-Amzn-SageMaker-FailureLocation": failure,
        }
        return 202, {"InferenceId": inference}, locations


_turn = threading.Lock()


def _next(answers: list[Answer]) -> Answer:
    with _turn:
        return answers.pop(0) if len(answers) > 1 else answers[0]
