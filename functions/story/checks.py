"""What is asked about a file and answered: the verify workflow and GET /verify/{id}.

A check is anonymous and short-lived. Its file is deleted within a minute, its answer is told for an
hour, and neither says who asked.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from story.contracts import Moment, Sha256, StoryId, WatermarkId
from story.fingerprints import Fingerprints
from story.generation import Contract, EngineName
from story.labels import Language
from story.view import UploadForm

CheckId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Answer = Literal["verified", "recovered", "similar", "invalid", "unknown"]
Status = Literal["waiting", "checking", "done", "failed"]
#: Why a credential does not hold: what was signed is changed; or it is as it was signed, and the
#: credential of something that it was made from does not hold; or its own is not sound.
Fault = Literal["changed", "parts", "unsound"]
CredentialReason = Literal[
    "ours", "trusted", "untrusted", "changed", "parts", "unsound", "absent", "unreadable"
]
MarkReason = Literal["found", "gone", "still", "other_pictures", "none", "unread"]
FingerprintReason = Literal["same", "similar", "settled", "none", "none_of_latest", "unread"]

MAX_FILE_BYTES: Final = 100 * 1024 * 1024
#: How long the form is good for, and how long a check is told of since it was made.
FORM_SECONDS: Final = 10 * 60
TOLD_SECONDS: Final = 60 * 60
#: From the upload until its file is deleted, whatever happens on the way.
FILE_SECONDS: Final = 60
#: From the upload until there is an answer: who waits longer waits in vain.
ANSWER_SECONDS: Final = 120

#: One id that is asked for is read in an unmarked picture once in 50 million: the tail of a normal
#: distribution beyond it.
Z_OF_ASKED: Final = 5.5
#: As many ids as the mark's code has bits.
SOFT_BITS: Final = 127

#: Of what strangers write into a file, at most this much is told on.
MAX_QUOTED_CHARACTERS: Final = 200


class FileRef(Contract):
    """An uploaded file as S3's event names it: untrusted bytes, pinned by their ETag."""

    bucket: str
    key: str
    etag: str
    size: Annotated[int, Field(ge=0)]


class CheckInput(Contract):
    """What ReadCredential and FindMark are told."""

    check_id: CheckId
    file: FileRef


class CredentialReading(Contract):
    """What the Content Credentials embedded in a file say, and whether they hold.

    trusted: intact, by a signer whom the stack's anchors know; untrusted: intact, by anybody;
    invalid: there are some, and they do not hold; absent: there are none; unreadable: the file
    could not be looked at for them.
    """

    state: Literal["trusted", "untrusted", "invalid", "absent", "unreadable"]
    #: Trusted, and by the signer that this stack's own certificate names.
    ours: bool = False
    #: Why it is invalid.
    fault: Fault | None = None
    manifest_id: str | None = None
    signed_by: str | None = None
    signed_at: str | None = None
    #: Codes of C2PA's checks that failed, each once.
    failures: tuple[str, ...] = ()
    #: Why it is unreadable.
    detail: str | None = None


class MarkReading(Contract):
    """What was found in a file's pictures: the likeliest mark, and its fingerprints.

    Without `read` the file could not be looked at, and `detail` says why. A still has no
    fingerprints. `soft` is what the cells say of each bit, for ids that are asked for.
    """

    read: bool
    mark_id: WatermarkId | None = None
    key_version: Annotated[int, Field(ge=1)] | None = None
    z: float | None = None
    #: Whether chance does not give it, whatever the id is.
    is_mark: bool = False
    soft: Annotated[tuple[float, ...], Field(max_length=SOFT_BITS)] = ()
    fingerprints: Fingerprints | None = None
    #: Of the same pictures, mirrored.
    mirrored: Fingerprints | None = None
    detail: str | None = None


class ConcludeInput(Contract):
    """Both readings of one file."""

    check_id: CheckId
    credential: CredentialReading
    mark: MarkReading


class ConcludeOutput(Contract):
    """What the answer is; all else of it is kept with the check."""

    answer: Answer | None


class PackRecordsOutput(Contract):
    """How many records were packed, and whether that is all there are."""

    records: Annotated[int, Field(ge=0)]
    complete: bool


class ProvenanceRecord(Contract):
    """What is kept of a clip that became READY: neither whose it is, nor its words or pictures."""

    mark_id: WatermarkId
    key_version: int
    story_id: StoryId
    made_at: Moment
    engine: EngineName
    language: Language
    digest: Sha256
    manifest_id: str
    fingerprints: Fingerprints


class CredentialFound(Contract):
    """What the file's Content Credentials can prove. signed_by: as they say, proven or not."""

    state: Literal["trusted", "untrusted", "invalid", "absent", "unreadable"]
    reason: CredentialReason
    signed_by: str | None = None
    signed_at: str | None = None
    failures: tuple[str, ...] = ()


class MarkFound(Contract):
    """What the hidden mark can prove. z: standard deviations of what chance gives."""

    state: Literal["found", "none", "unread"]
    reason: MarkReason
    z: float | None = None


class FingerprintFound(Contract):
    """What the look of the clip can prove: of 256 bits, how many differ from the nearest clip's."""

    state: Literal["same", "similar", "none", "unread"]
    reason: FingerprintReason
    pdq_bits: int | None = None
    iscc_bits: int | None = None
    #: With how many clips it was compared, where those were not all.
    latest: int | None = None


class Conclusion(Contract):
    """What is kept of a check that is done; `record` is of the clip that the answer is about.

    It has no words: those are chosen where it is told, in the language of whoever asks.
    """

    answer: Answer
    credential: CredentialFound
    mark: MarkFound
    fingerprint: FingerprintFound
    record: ProvenanceRecord | None
    checked_at: Moment


class CredentialLamp(CredentialFound):
    """The same, in words."""

    says: str


class MarkLamp(MarkFound):
    """The same, in words."""

    says: str


class FingerprintLamp(FingerprintFound):
    """The same, in words."""

    says: str


class CheckedStory(Contract):
    """What a stranger is told of the story that a clip is of."""

    engine: EngineName
    made_at: str
    #: The words of the badge in its pictures.
    label: str
    #: Both only while the story is shown, and if its creator chose so.
    name: str | None = None
    poster_url: str | None = None


class Check(Contract):
    """The answer to GET /verify/{id}."""

    id: CheckId
    #: failed: the file could not be looked at; `detail` says why.
    status: Status
    answer: Answer | None = None
    #: What to show first: one or two plain sentences.
    sentence: str | None = None
    credential: CredentialLamp | None = None
    mark: MarkLamp | None = None
    fingerprint: FingerprintLamp | None = None
    #: Of a story that was posted; of any other, nothing but that it was made here.
    story: CheckedStory | None = None
    checked_at: str | None = None
    detail: str | None = None


class CheckCreated(Contract):
    """The answer to POST /verify: the form that delivers the file, and where the answer will be."""

    id: CheckId
    #: Absent if a repeated request finds that the file has come already.
    upload: UploadForm | None


def file_key(check_id: str) -> str:
    """The one key that a check's form allows (checks bucket)."""
    return f"checks/{check_id}/file"


#: State of statemachine/verify.asl.json -> its input and output.
STATES: dict[str, tuple[type[Contract], type[Contract]]] = {
    "ReadCredential": (CheckInput, CredentialReading),
    "FindMark": (CheckInput, MarkReading),
    "Conclude": (ConcludeInput, ConcludeOutput),
}


def quoted(text: Any) -> str | None:
    """What a stranger wrote, fit to be told on: printable, in one line, and not long."""
    if text is None:
        return None
    line = "".join(letter if letter.isprintable() else " " for letter in str(text))
    return line[:MAX_QUOTED_CHARACTERS].strip() or None
