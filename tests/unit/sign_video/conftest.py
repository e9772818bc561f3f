"""A real stack in process: moto's KMS signs, SSM holds the chain, S3 and DynamoDB keep the rest."""

from __future__ import annotations

import functools
import io
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from moto import mock_aws
from PIL import Image

from cloud import media
from cloud.certificates import NOTHING
from cloud.clients import client
from local import certificates
from provenance import verification
from sign_video.handler import handler
from story.generation import EngineName
from tests.unit.sign_video.samples import FINGERPRINTS
from tests.unit.sign_video.time_stamps import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORY = "0123456789abcdef0123456789abcdef"
CHAIN, ANCHORS = "/enliven/chain", "/enliven/anchors"
MOTION = EngineName(family="procedural", name="Enliven Motion", version="1.2.3")


@functools.cache
def clip(frames: int = 24, size: tuple[int, int] = (90, 160)) -> bytes:
    """A small H.264 MP4."""
    width, height = size
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        ramp = np.linspace(0, 200, width, dtype=np.uint8)
        for index in range(frames):
            pixels = np.broadcast_to(ramp[None, :, None] + index, (height, width, 3))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return written.getvalue()


@functools.cache
def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (90, 160)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, "JPEG")
    return written.getvalue()


@dataclass
class Stack:
    """What SignVideo finds around it."""

    key_id: str
    folder: Path
    clip: bytes = field(default_factory=clip)
    poster: bytes = field(default_factory=lambda: jpeg((200, 40, 10)))
    ingredient: bytes = field(default_factory=lambda: jpeg((10, 40, 200)))

    @property
    def root(self) -> str:
        return (self.folder / certificates.ROOT_FILE).read_text()

    @property
    def chain(self) -> str:
        value: str = client("ssm").get_parameter(Name=CHAIN)["Parameter"]["Value"]
        return value

    def install(self) -> None:
        certificates.install(
            client("ssm"), client("kms"), self.key_id, CHAIN, ANCHORS, folder=self.folder
        )

    def set_parameter(self, name: str, value: str) -> None:
        client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def event(self, engine: EngineName = MOTION, language: str = "en") -> dict[str, Any]:
        def put(name: str, body: bytes, media_type: str) -> dict[str, Any]:
            return media.write("work", f"work/{STORY}/1/{name}", body, media_type).model_dump()

        return {
            "story_id": STORY,
            "attempt": 1,
            "clip": put("labelled.mp4", self.clip, "video/mp4"),
            "poster": put("poster.jpg", self.poster, "image/jpeg"),
            "ingredient": put("ingredient.jpg", self.ingredient, "image/jpeg"),
            "engine": engine.model_dump(),
            "language": language,
            "fingerprints": FINGERPRINTS.model_dump(),
        }

    def run(self, engine: EngineName = MOTION, language: str = "en") -> dict[str, Any]:
        return handler(self.event(engine, language), None)  # type: ignore[arg-type]  # no Lambda around it

    def trust(self, certificate: str) -> None:
        """Add a root to the anchors."""
        anchors = client("ssm").get_parameter(Name=ANCHORS)["Parameter"]["Value"]
        self.set_parameter(ANCHORS, anchors + certificate)

    def reading(self) -> verification.Reading:
        """What the published video's credential says to those who trust the anchors."""
        anchors = client("ssm").get_parameter(Name=ANCHORS)["Parameter"]["Value"]
        video = io.BytesIO(self.object(f"{STORY}/story.mp4"))
        reading = verification.read(video, "video/mp4", anchors)
        assert reading is not None
        return reading

    def published(self) -> list[str]:
        listed = client("s3").list_objects_v2(Bucket="stories")
        return [item["Key"] for item in listed.get("Contents", [])]

    def object(self, key: str) -> bytes:
        body: bytes = client("s3").get_object(Bucket="stories", Key=key)["Body"].read()
        return body


@dataclass(frozen=True)
class Signed:
    """A story that went through SignVideo, for tests that only look at it."""

    video: bytes
    poster: bytes
    output: dict[str, Any]
    root: str
    sources: Stack


@contextmanager
def deployed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Stack]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "STORIES_TABLE": "stories",
        "STORIES_BUCKET": "stories",
        "CERTIFICATE_CHAIN_PARAMETER": CHAIN,
        "TRUST_ANCHORS_PARAMETER": ANCHORS,
        "TSA_URL": "",
        "SECOND_TSA_URL": "",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        for bucket in ("work", "stories"):
            client("s3").create_bucket(Bucket=bucket)
        keys = {"pk": "HASH", "sk": "RANGE"}
        client("dynamodb").create_table(
            TableName="stories",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        made = client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        stack = Stack(made["KeyMetadata"]["KeyId"], folder)
        monkeypatch.setenv("SIGNING_KEY_ID", stack.key_id)
        for parameter in (CHAIN, ANCHORS):
            stack.set_parameter(parameter, NOTHING)
        yield stack


@pytest.fixture(scope="module", autouse=True)
def clients() -> Iterator[None]:
    """Clients that no other test made; making one takes longer than most tests here."""
    client.cache_clear()
    yield
    client.cache_clear()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stack]:
    """A stack as it is just after deployment: a key, and no certificates."""
    with deployed(monkeypatch, tmp_path) as stack:
        yield stack


@pytest.fixture
def stack(bare: Stack) -> Stack:
    """The same with a throw-away chain for its key."""
    bare.install()
    return bare


@pytest.fixture
def time_stamps(tmp_path: Path) -> Path:
    """The folder of a time stamp authority: a key, a certificate, and the openssl command."""
    if shutil.which("openssl") is None:
        pytest.skip("the time stamp authority of this test is the openssl command: not installed")
    folder = tmp_path / "authority"
    folder.mkdir()
    prepare(folder)
    return folder


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        deployed(monkeypatch, tmp_path_factory.mktemp("signed")) as stack,
    ):
        stack.install()
        output = stack.run()
        video, poster = (stack.object(output[name]["key"]) for name in ("video", "poster"))
        return Signed(video, poster, output, stack.root, stack)
