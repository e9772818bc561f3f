"""A client of the API over plain HTTP: what any other program would send and receive."""

from __future__ import annotations

import base64
import io
import json
import re
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from cli.outcome import CommandFailed, Exit, exit_of_code
from cli.profile import Profile, is_loopback
from story import limits
from story.view import CreateStory, Problem, StoryCreated, StoryView, UploadForm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONNECT_SECONDS = 5.0
#: The API's gateway itself gives up after 30 s.
ANSWER_SECONDS = 35.0
LEAST_SECONDS = 0.05
CHUNK_BYTES = 1 << 16

#: What S3 calls the ways in which an upload form refuses a file.
UPLOAD_CODES = {"EntityTooLarge": "too_large", "EntityTooSmall": "unreadable"}

Answer = TypeVar("Answer", bound=BaseModel)


class Unanswered(CommandFailed):
    """The server could not be reached, broke off, or answered 429 or 5xx: asking again may help."""


class Deadline:
    """The moment at which the command gives up."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self._end - time.monotonic())

    def check(self, doing: str) -> None:
        """Raise CommandFailed when the time is over."""
        if not self.left:
            raise CommandFailed(
                "time_out", f"{doing} when --timeout {self.seconds:g} s was over", Exit.FAILED
            )


class Fetched(NamedTuple):
    """A story as parsed, and the very bytes that the API sent."""

    view: StoryView
    raw: bytes


class Caller(NamedTuple):
    """Who is signed in, as the access token says: Cognito's `sub`, and the groups."""

    sub: str
    groups: tuple[str, ...]


class StoriesApi:
    """The API of one profile, signed in as its user."""

    def __init__(self, profile: Profile, deadline: Deadline) -> None:
        self._profile = profile
        self._deadline = deadline
        self._token: str | None = None
        self._http = httpx.Client(
            # A proxy of the environment cannot reach this machine's loopback.
            trust_env=not is_loopback(profile.api_url),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _patience(self) -> httpx.Timeout:
        return patience(self._deadline)

    def sign_in(self) -> None:
        """Exchange the user's password for an access token (InitiateAuth, unsigned)."""
        password = self._profile.password
        if password is None:  # profile.load() fills it in
            raise CommandFailed("password_missing", f"no password for {self._profile.username}")
        with reaching(self._profile.sign_in_url):
            response = self._http.post(
                self._profile.sign_in_url + "/",
                timeout=self._patience(),
                headers={
                    "Content-Type": "application/x-amz-json-1.1",
                    "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
                },
                content=json.dumps(
                    {
                        "AuthFlow": "USER_PASSWORD_AUTH",
                        "ClientId": self._profile.client_id,
                        "AuthParameters": {
                            "USERNAME": self._profile.username,
                            "PASSWORD": password.get_secret_value(),
                        },
                    }
                ),
            )
        try:
            answer = response.json()
            if response.is_success and "AuthenticationResult" not in answer:
                raise CommandFailed(
                    "sign_in_refused",
                    f"Cognito asks {self._profile.username} for {answer.get('ChallengeName')}: "
                    "finish it once, for example in the web client",
                )
            if response.is_success:
                self._token = str(answer["AuthenticationResult"]["AccessToken"])
                return
            reason = f"{answer['__type']}: {answer.get('message', '')}"
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CommandFailed(
                "sign_in_failed", f"{_said(response)}, which is no answer of Cognito"
            ) from None
        raise CommandFailed("sign_in_refused", f"{self._profile.username}: {reason}")

    def caller(self) -> Caller:
        """Sign in and say as whom.

        The token comes straight from Cognito; whether it is genuine is for the API to check.
        """
        self.sign_in()
        try:
            body = str(self._token).split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
            return Caller(str(claims["sub"]), tuple(claims.get("cognito:groups", ())))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise CommandFailed(
                "sign_in_failed", f"{self._profile.username}'s access token is no JWT: {error!r}"
            ) from error

    def create(self, request: CreateStory) -> StoryCreated:
        """POST /stories, under a key of its own: what is repeated below makes no other story."""
        key = {"Idempotency-Key": str(uuid.uuid4())}
        body = request.model_dump(mode="json")
        return _parse(StoryCreated, self._ask("POST", "/stories", body, key))

    def story(self, story_id: str) -> Fetched:
        """GET /stories/{id}."""
        response = self._ask("GET", f"/stories/{story_id}")
        return Fetched(_parse(StoryView, response), response.content)

    def call(
        self, model: type[Answer], method: str, path: str, body: object = None
    ) -> tuple[Answer, bytes]:
        """Any operation: its answer as parsed, and the very bytes; a POST has a key of its own."""
        key = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else None
        response = self._ask(method, path, body, key)
        return _parse(model, response), response.content

    def upload(self, form: UploadForm, photo: Path) -> None:
        """Send a photo with its form; raises CommandFailed in the words of the form's owner."""
        send_form(self._http, form, photo, self._deadline)

    def download(self, url: str, target: Path) -> None:
        """Fetch a file to a temporary name beside `target`, then move it there in one step."""
        temporary = target.with_name(f".{target.name}.part")
        try:
            with (
                reaching(url),
                self._http.stream("GET", url, timeout=self._patience()) as response,
            ):
                if not response.is_success:
                    response.read()
                    raise Unanswered("download_failed", f"{_said(response)} for {target.name}")
                with temporary.open("wb") as file:
                    for chunk in self._measured(response):
                        file.write(chunk)
            temporary.replace(target)
        except OSError as error:
            raise CommandFailed("file_unwritable", f"{target}: {error.strerror}") from error
        finally:
            temporary.unlink(missing_ok=True)

    def _measured(self, response: httpx.Response) -> Iterator[bytes]:
        """The body's chunks, within the deadline and the size that a clip may have."""
        for chunk in response.iter_bytes(CHUNK_BYTES):
            self._deadline.check("still downloading")
            if response.num_bytes_downloaded > limits.MAX_CLIP_BYTES:
                raise CommandFailed(
                    "download_failed", f"more than {limits.MAX_CLIP_BYTES / 2**20:.0f} MiB"
                )
            yield chunk

    def _ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask the API; signs in when there is no token, and once more when it has expired."""
        if self._token is None:
            self.sign_in()
        response = self._send(method, path, body, headers)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self.sign_in()
            response = self._send(method, path, body, headers)
        if response.is_success:
            return response
        raise _problem(response)

    def _send(
        self, method: str, path: str, body: object, headers: dict[str, str] | None
    ) -> httpx.Response:
        with reaching(self._profile.api_url):
            return self._http.request(
                method,
                self._profile.api_url + path,
                json=body,
                timeout=self._patience(),
                headers={"Authorization": f"Bearer {self._token}", **(headers or {})},
            )


def patience(deadline: Deadline) -> httpx.Timeout:
    """How long one request may wait: never past the deadline."""
    answer = max(LEAST_SECONDS, min(ANSWER_SECONDS, deadline.left))
    return httpx.Timeout(answer, connect=min(CONNECT_SECONDS, answer))


def send_form(
    http: httpx.Client, form: UploadForm, path: Path, deadline: Deadline, *, what: str = "photo"
) -> None:
    """Send a file with a form; raises CommandFailed in the words of the form's owner.

    what: what the file is, in the codes of errors: "photo" or "file".
    """
    try:
        with _TimedFile(path, deadline) as file, reaching(form.url):
            response = http.post(
                form.url,
                data=form.fields,
                files={"file": (what, file)},
                timeout=patience(deadline),
            )
    except OSError as error:
        raise CommandFailed(
            f"{what}_unreadable", f"{path}: {error.strerror}", Exit.USAGE
        ) from error
    except Unanswered:
        # A server may refuse a body by hanging up before it has read all of it.
        count = path.stat().st_size
        if count > form.max_bytes:
            raise CommandFailed(
                f"{what}_too_large", f"{count:,} bytes; at most {form.max_bytes:,}", Exit.USAGE
            ) from None
        raise
    if response.is_success:
        return
    code = re.search(r"<Code>([\w.]{1,80})</Code>", response.text)
    message = re.search(r"<Message>([^<]{1,400})</Message>", response.text)
    if code is None:
        raise CommandFailed("upload_failed", f"{_said(response)}, which is no answer of S3")
    if response.is_server_error:
        raise CommandFailed("upload_failed", f"S3 answered {response.status_code} {code[1]}")
    detail = f"the upload was refused: {message[1] if message else code[1]}"
    if code[1] == "EntityTooLarge":
        detail = f"{detail} (at most {form.max_bytes / 2**20:.0f} MiB)"
    named = f"{what}_{UPLOAD_CODES[code[1]]}" if code[1] in UPLOAD_CODES else "upload_refused"
    raise CommandFailed(named, f"{detail} [{code[1]}]", Exit.USAGE)


class _TimedFile(io.FileIO):
    """A file that stops being read when the time is over; httpx streams it to the server."""

    def __init__(self, path: Path, deadline: Deadline) -> None:
        super().__init__(path)
        self._deadline = deadline

    def read(self, size: int | None = -1) -> bytes:
        self._deadline.check("still uploading")
        return super().read(-1 if size is None else size)


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Convert the transport's failures, once, into one that names the server."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise Unanswered(
            "server_silent", f"{_origin(url)} did not answer in time ({type(error).__name__})"
        ) from error
    except httpx.ConnectError as error:
        remedy = "; is the stack up? run `enliven up`" if is_loopback(url) else ""
        raise Unanswered(
            "server_unreachable", f"cannot connect to {_origin(url)}{remedy}"
        ) from error
    except httpx.TransportError as error:
        raise Unanswered(
            "connection_lost", f"{_origin(url)} broke the connection off: {error}"
        ) from error
    except httpx.InvalidURL as error:
        raise CommandFailed("answer_invalid", f"{url!r} is no URL: {error}") from error


def _origin(url: str) -> str:
    """The server of a URL, without path and query: presigned ones are secrets."""
    parts = httpx.URL(url)
    return f"{parts.scheme}://{parts.netloc.decode('ascii', 'replace')}"


def _said(response: httpx.Response) -> str:
    begin = " ".join(response.text[:80].split())
    return f"{_origin(str(response.url))} answered {response.status_code} {begin!r}"


def _problem(response: httpx.Response) -> CommandFailed:
    """What an answer that is not 2xx means: RFC 9457 problem details, or something in its place."""
    passing = response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error
    kind = Unanswered if passing else CommandFailed
    try:
        problem = Problem.model_validate_json(response.content, extra="ignore")
    except ValidationError:
        return kind("answer_invalid", f"{_said(response)}, which is no answer of the API")
    status = exit_of_code(problem.code)
    if response.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY}:
        status = Exit.USAGE
    return kind(problem.code, problem.detail, status)


def of_answer(model: type[Answer], response: httpx.Response) -> Answer:
    """An answer as parsed. Raises CommandFailed with what a refusal says."""
    if not response.is_success:
        raise _problem(response)
    return _parse(model, response)


def _parse(model: type[Answer], response: httpx.Response) -> Answer:
    """Parse an answer; fields that a newer API adds are no fault."""
    try:
        return model.model_validate_json(response.content, extra="ignore")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise CommandFailed(
            "answer_invalid",
            f"{_origin(str(response.url))} sent no {model.__name__}: {where}: {first['msg']}",
        ) from None
