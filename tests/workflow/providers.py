"""Providers that a test can make answer, fail, lie or stay silent, on their real wire formats.

One HTTP server on loopback plays Rekognition, Bedrock Guardrails and SageMaker Runtime; the
handlers reach it through boto3's own `AWS_ENDPOINT_URL_*`.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Answer = tuple[int, dict[str, Any]]

SAFE_PICTURE: Answer = (200, {"ModerationLabels": [], "ModerationModelVersion": "7.0"})
SAFE_WORDS: Answer = (200, {"action": "NONE", "outputs": [], "assessments": []})


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
    #: Called with the input location, the inference id and the output location of a request.
    generate: Callable[[str, str, str], None] | None = None
    work_bucket: str = ""
    requests: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        providers = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, answer, headers = providers.answer(self.path, self.headers, body)
                raw = json.dumps(answer).encode()
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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str, headers: Any, body: bytes) -> tuple[int, Any, dict[str, str]]:
        operation = headers.get("X-Amz-Target", "").rpartition(".")[2]
        if operation:
            self.asked.append({"operation": operation, **json.loads(body)})
        if operation == "DetectModerationLabels":
            return *_next(self.pictures), {}
        if operation == "DetectLabels":
            return 200, {"Labels": [{"Name": "Sea", "Confidence": 98.0}]}, {}
        if operation == "DetectFaces":
            return 200, {"FaceDetails": []}, {}
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
            threading.Thread(
                target=self.generate, args=(location, inference, output), daemon=True
            ).start()
        locations = {
            "X-Amzn-SageMaker-OutputLocation": output,
            "X-Amzn-SageMaker-FailureLocation": failure,
        }
        return 202, {"InferenceId": inference}, locations


def _next(answers: list[Answer]) -> Answer:
    return answers.pop(0) if len(answers) > 1 else answers[0]
