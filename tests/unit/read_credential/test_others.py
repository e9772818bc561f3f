"""Files that other tools have signed, good and broken: each gets the answer that is true.

tests/provenance/others/README.md says which tools, and how the files are made anew. Here they go
the way of a stranger's file: through ReadCredential's handler, Conclude's handler, and the words of
the API. What no tool would sign is made from what they have signed.

Starting a confined child takes longer than reading. So the child's code reads in this process, and
one test has some of the files read in a child.
"""

import functools
import io
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import boto3
import pytest

from api import telling
from cloud import checks
from conclude import handler as conclude
from confined import parent
from local import certificates
from provenance import answer, sandbox
from read_credential import handler as read_credential
from story.checks import Answer, Check, CredentialReading, CredentialReason, MarkReading, file_key
from tests.provenance import boxes, corpus, ours
from tests.provenance.mutation import flipped

FOLDER = Path(__file__).parents[2] / "provenance" / "others"
THEIR_ROOT = (FOLDER / "root.pem").read_text("ascii")
CHECK = "fedcba9876543210" * 2
GOOD = (
    "c2pa-ts_good.jpg", "c2pa-ts_good.png", "c2pa-ts_good.mp4", "c2pie_good.jpg",
    "c2pa-rs_good.jpg", "c2pa-rs_good.mp4", "c2pa-rs_edited.jpg",
)  # fmt: skip


def sample(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@functools.cache
def mine() -> ours.Published:
    """A small clip, signed as SignVideo signs."""
    return ours.sign(corpus.tiny())


class Answered(NamedTuple):
    """What a check says: its answer, why its first lamp is as it is, and its sentence."""

    answer: Answer | None
    reason: CredentialReason | None
    check: Check


class Service:
    """The two functions that a file's credential goes through, in an account of this process."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._bucket = "enliven-checks"
        boto3.client("s3").create_bucket(Bucket=self._bucket)
        patch.setenv("CHECKS_BUCKET", self._bucket)
        patch.setenv("CERTIFICATE_CHAIN_PARAMETER", "/chain")
        patch.setenv("TRUST_ANCHORS_PARAMETER", "/anchors")

    def trusts(self, chain: str, *anchors: str) -> None:
        """What is installed: whom the service signs as, and whom it trusts."""
        for name, value in (("/chain", chain), ("/anchors", "".join(anchors))):
            boto3.client("ssm").put_parameter(
                Name=name, Value=value or "unset", Type="String", Overwrite=True
            )

    def read(self, body: bytes) -> CredentialReading:
        """What ReadCredential says of a file."""
        put = boto3.client("s3").put_object(Bucket=self._bucket, Key=file_key(CHECK), Body=body)
        file = {
            "bucket": self._bucket,
            "key": file_key(CHECK),
            "etag": put["ETag"].strip('"'),
            "size": len(body),
        }
        said = read_credential.handler({"check_id": CHECK, "file": file}, None)  # type: ignore[arg-type]
        return CredentialReading.model_validate(said)

    def ask(self, body: bytes) -> Answered:
        """What a stranger is told of a file in whose pictures there is no mark."""
        key = {"pk": {"S": f"CHECK#{CHECK}"}, "sk": {"S": "META"}}
        table = boto3.client("dynamodb")
        table.delete_item(TableName="stories", Key=key)
        now = datetime.now(UTC)
        checks.create(CHECK, now)
        table.update_item(
            TableName="stories",
            Key=key,
            UpdateExpression="SET #status = :checking, claimed_at = :now",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":checking": {"S": "checking"},
                ":now": {"S": now.isoformat()},
            },
        )
        event = {
            "check_id": CHECK,
            "credential": self.read(body).model_dump(mode="json"),
            "mark": MarkReading(read=True).model_dump(mode="json"),
        }
        conclude.handler(event, None)  # type: ignore[arg-type]
        record = checks.find(CHECK, now)
        assert record is not None
        told = telling.tell(CHECK, record, now, posted=False)
        return Answered(told.answer, told.credential and told.credential.reason, told)


def here(
    _module: str, _function: str, arguments: list[str], _limits: object, *, given: bytes
) -> bytes:
    """What the child would write, written in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(given.decode()))
        patch.setattr(sys, "stdout", io.StringIO())
        sandbox.child(*arguments)  # type: ignore[arg-type]
        return str(sys.stdout.getvalue()).encode()  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def near() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parent, "run", here)
        yield patch


@pytest.fixture
def service(account: None, monkeypatch: pytest.MonkeyPatch) -> Service:
    assert account is None
    made = Service(monkeypatch)
    made.trusts(mine().chain, mine().root)
    return made


def test_a_good_file_of_a_stranger_is_intact_and_its_signer_unknown(service: Service) -> None:
    for name in GOOD:
        answered = service.ask(sample(name))
        assert answered[:2] == ("unknown", "untrusted"), name
        assert answered.check.credential
        assert answered.check.credential.failures == (), name
        assert "which hold, are by a signer whom nobody we trust vouches" in str(
            answered.check.sentence
        )


def test_a_good_file_of_somebody_we_trust_names_him_and_is_not_called_ours(
    service: Service,
) -> None:
    service.trusts(mine().chain, mine().root, THEIR_ROOT)
    for name in GOOD:
        answered = service.ask(sample(name))
        assert answered[:2] == ("unknown", "trusted"), name
        assert answered.check.sentence == (
            "Its Content Credentials, which hold, are by Somebody Else. Nothing in this file says"
            " that it was made with Enliven."
        )
    assert service.ask(mine().video)[:2] == ("verified", "ours")


def test_who_calls_himself_as_we_do_and_is_vouched_for_by_nobody_is_not_us(
    service: Service,
) -> None:
    """His certificate has our names; only a chain to an anchor makes a name worth something."""
    answered = service.ask(sample("c2pa-ts_namesake.mp4"))
    assert answered[:2] == ("unknown", "untrusted")
    assert answered.check.credential
    assert answered.check.credential.signed_by == certificates.ORGANISATION
    assert certificates.ORGANISATION not in str(answered.check.sentence)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("c2pa-ts_expired.jpg", "signingCredential.expired"),
        ("c2pa-ts_other_use.jpg", "signingCredential.invalid"),
        # Verifiers differ in this one: COSE wants the signature in another form (RFC 9053, 2.1).
        ("c2pa-ts_der.jpg", "signingCredential.invalid"),
    ],
)
def test_a_credential_that_is_not_sound_is_invalid_and_no_change_is_claimed(
    service: Service, name: str, code: str
) -> None:
    service.trusts(mine().chain, THEIR_ROOT)
    answered = service.ask(sample(name))
    assert answered[:2] == ("invalid", "unsound")
    assert answered.check.credential
    assert code in answered.check.credential.failures
    assert "not what was signed" not in str(answered.check.sentence)


def test_a_file_that_is_as_it_was_signed_is_not_blamed_for_what_it_was_made_from(
    service: Service,
) -> None:
    service.trusts(mine().chain, THEIR_ROOT)
    answered = service.ask(sample("c2pa-rs_broken_parent.jpg"))
    assert answered[:2] == ("invalid", "parts")
    assert str(answered.check.sentence).startswith("This file is what was signed, but the")


def _flipped_in_pictures(name: str) -> bytes:
    body = sample(name)
    if name.endswith(".mp4"):
        return flipped(body, boxes.first(body, "mdat").begin + 200)
    # The end of a JPEG's or PNG's data, before what closes it.
    return flipped(body, len(body) - 40)


def _flipped_in_claim(name: str) -> bytes:
    """One letter of the name of the program that made the claim, which is signed."""
    return _renamed(sample(name), b"digitalCapture")


def _renamed(body: bytes, text: bytes) -> bytes:
    at = body.index(text)
    return flipped(body, at)


def _transplanted(name: str, other: str) -> bytes:
    """The credential of one picture in another, in the same place and of the same length."""
    body, donor = sample(name), sample(other)
    cut = boxes.first(donor, "manifest")
    kept = boxes.first(body, "manifest")
    return body[: kept.begin] + donor[cut.begin : cut.end] + body[kept.end :]


@pytest.mark.parametrize("change", [_flipped_in_pictures, _flipped_in_claim])
def test_one_bit_of_anybodys_file_makes_it_another(
    service: Service, change: Callable[[str], bytes]
) -> None:
    service.trusts(mine().chain, THEIR_ROOT)
    for name in ("c2pa-ts_good.png", "c2pa-ts_good.mp4", "c2pa-rs_good.jpg", "c2pa-rs_good.mp4"):
        assert service.ask(change(name))[:2] == ("invalid", "changed"), name


def test_a_credential_of_another_file_makes_nothing_of_this_one(service: Service) -> None:
    service.trusts(mine().chain, mine().root, THEIR_ROOT)
    swapped = _transplanted("c2pa-ts_good.mp4", "c2pa-rs_good.mp4")
    assert service.ask(swapped)[:2] == ("invalid", "changed")
    # Ours in somebody's clip, too.
    body, signed = sample("c2pa-rs_good.mp4"), mine().video
    kept, cut = boxes.first(body, "manifest"), boxes.first(signed, "manifest")
    ours_in_it = body[: kept.begin] + signed[cut.begin : cut.end] + body[kept.end :]
    assert service.ask(ours_in_it)[:2] == ("invalid", "changed")


def test_what_was_cut_off_or_stripped_is_never_called_intact(service: Service) -> None:
    for name in ("c2pa-ts_good.png", "c2pa-rs_good.jpg", "c2pa-rs_good.mp4"):
        body = sample(name)
        for share in (0.3, 0.6, 0.99):
            answered = service.ask(body[: int(len(body) * share)])
            assert answered.answer in {"invalid", "unknown", None}, (name, share)
            assert answered.reason not in {"trusted", "untrusted", "ours"}, (name, share)
    body = sample("c2pa-ts_good.mp4")
    cut = boxes.first(body, "manifest")
    assert service.ask(body[: cut.begin] + body[cut.end :])[:2] == ("unknown", "absent")


def test_a_confined_child_says_the_same(tmp_path: Path, near: pytest.MonkeyPatch) -> None:
    (tmp_path / "flipped").write_bytes(_flipped_in_pictures("c2pa-rs_good.mp4"))
    files = [
        *(FOLDER / name for name in ("c2pa-ts_good.png", "c2pie_good.jpg")),
        tmp_path / "flipped",
    ]
    read_here = [sandbox.read(file, THEIR_ROOT) for file in files]
    near.undo()
    assert [sandbox.read(file, THEIR_ROOT) for file in files] == read_here
    assert [each.verdict for each in read_here] == ["trusted", "trusted", "invalid"]


def test_the_command_line_says_the_same(tmp_path: Path) -> None:
    said = {
        name: answer.of_credential(
            sandbox.read(_written(tmp_path, name), THEIR_ROOT if trusted else None)
        ).answer
        for name, trusted in (
            ("c2pa-ts_good.mp4", True),
            ("c2pie_good.jpg", False),
            ("c2pa-ts_expired.jpg", True),
            ("c2pa-rs_broken_parent.jpg", True),
        )
    }
    assert list(said.values()) == ["verified", "unknown", "invalid", "invalid"]


def _written(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(sample(name))
    return path
