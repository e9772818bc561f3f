"""What goes into and comes out of each state, once: handlers, ASL, events and tests share it.

Words (prompt, caption, alt text) never appear here: a state's input and output stay in the
execution history for months, longer than a creator's DELETE may leave them. They live in the
stories table; states carry ids, references, digests and names.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from story import limits
from story.fingerprints import Fingerprints
from story.generation import Box, Contract, EngineName
from story.labels import Language
from story.photo_credential import Found

StoryId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Attempt = Annotated[int, Field(ge=1, le=9_999)]
Take = Annotated[int, Field(ge=1, le=limits.FALLBACK_TAKE)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
#: The 32 bits that a clip's invisible mark carries.
WatermarkId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]
#: ISO 8601 in UTC, as every record has it.
Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]
VerdictValue = Literal["allow", "review", "reject"]
Gate = Literal["photo", "words", "video", "posting"]
#: Who may see a posted story: everyone who looks, or whoever has its link.
Visibility = Literal["everyone", "link"]


class ObjectRef(Contract):
    """One object in S3, with the digest of the bytes that were written."""

    bucket: str
    key: str
    sha256: Sha256
    size: Annotated[int, Field(ge=0)]


class StateInput(Contract):
    """What every state is told."""

    story_id: StoryId
    attempt: Attempt


class UploadRef(Contract):
    """An upload as S3's event names it: untrusted bytes, pinned by version and ETag."""

    bucket: str
    key: str
    version_id: str
    etag: str
    size: Annotated[int, Field(ge=0)]


# InspectPhoto ------------------------------------------------------------------------------------


class InspectPhotoInput(StateInput):
    """The upload to inspect."""

    upload: UploadRef


class SourcePhoto(Contract):
    """What the upload was, before it was rewritten."""

    format: Literal["JPEG", "PNG", "WEBP", "HEIF", "AVIF"]
    width: int
    height: int
    sha256: Sha256


class InspectPhotoOutput(Contract):
    """The clean photo: sRGB JPEG, upright, without any metadata."""

    photo: ObjectRef
    width: int
    height: int
    source: SourcePhoto


class ReadPhotoCredentialInput(InspectPhotoInput):
    """The upload once more, for the Content Credentials that it may have come with."""


class ReadPhotoCredentialOutput(Contract):
    """Whether there were any; what may be said of them is in the stories table."""

    found: Found


# A retry and a draft ------------------------------------------------------------------------------


class RestorePhotoInput(StateInput):
    """A retry: whose kept photo shall be worked on again."""


class RestorePhotoOutput(Contract):
    """The clean photo, as this attempt's own."""

    photo: ObjectRef


class AwaitPromptInput(StateInput):
    """A draft's photo to look at; the token lets PUT /stories/{id}/prompt continue the workflow."""

    token: Token
    photo: ObjectRef


class AwaitPromptOutput(Contract):
    """What the token is answered with: nothing, since the words stay in the table."""


# The gates ---------------------------------------------------------------------------------------


class ModeratePhotoInput(StateInput):
    """Gate 1, first half."""

    gate: Literal["photo"]
    images: Annotated[tuple[ObjectRef, ...], Field(min_length=1, max_length=1)]


class ModerateWordsInput(StateInput):
    """Gate 1, second half: the words are read from the stories table."""

    gate: Literal["words"]


class ModerateVideoInput(StateInput):
    """Gate 2: frames of the clip, before anyone can read it."""

    gate: Literal["video"]
    images: Annotated[tuple[ObjectRef, ...], Field(min_length=1, max_length=10)]


class ModerateOutput(Contract):
    """The verdict's value; the verdict itself, with scores, is an item of the stories table."""

    gate: Gate
    verdict: VerdictValue


# Direction and generation ------------------------------------------------------------------------


class DirectSceneInput(StateInput):
    """The clean photo to direct, and which take this is."""

    take: Take
    photo: ObjectRef


class DirectSceneOutput(Contract):
    """Where the Direction (story/generation.py) was written."""

    direction: ObjectRef


class GenerateVideoInput(StateInput):
    """One generation; the token lets resume_story continue the workflow."""

    take: Take
    token: Token
    direction: ObjectRef
    photo: ObjectRef


class GenerateVideoOutput(Contract):
    """The engine's result, still packed: what resume_story answers the token with."""

    bucket: str
    key: str


class InspectVideoInput(StateInput):
    """The result to unpack and examine against its direction and the photo."""

    take: Take
    result: GenerateVideoOutput
    direction: ObjectRef
    photo: ObjectRef


class InspectVideoOutput(Contract):
    """The examined clip, the engine's report and the frames that gate 2 shall judge."""

    clip: ObjectRef
    report: ObjectRef
    frames: Annotated[tuple[ObjectRef, ...], Field(min_length=1, max_length=10)]
    engine: EngineName
    crop: Box


# Label, sign -------------------------------------------------------------------------------------


class LabelVideoInput(StateInput):
    """The clip that passed gate 2."""

    clip: ObjectRef
    photo: ObjectRef
    engine: EngineName
    crop: Box
    #: Of the badge.
    language: Language
    #: When the work on it began, to be declared as when it was made.
    begun_at: Moment


class Watermark(Contract):
    """The invisible mark of a clip: which id it carries, and which version of the key made it."""

    id: WatermarkId
    key_version: Annotated[int, Field(ge=1, le=9_999)]


class LabelVideoOutput(Contract):
    """The labelled clip, its poster, and the part of the photo that became its first frame."""

    clip: ObjectRef
    watermark: Watermark
    poster: ObjectRef
    #: At most 512 px a side: what the manifest may show of the photo.
    ingredient: ObjectRef
    #: Of the clip's pictures, which signing does not touch.
    fingerprints: Fingerprints


class SignVideoInput(StateInput):
    """What to sign."""

    clip: ObjectRef
    poster: ObjectRef
    ingredient: ObjectRef
    engine: EngineName
    #: Of the badge that is in the clip.
    language: Language
    #: Of the clip's pictures: the manifest names the one that others can make too.
    fingerprints: Fingerprints


class Credential(Contract):
    """A summary of the Content Credentials that were embedded and read back."""

    manifest_id: str
    issuer: str
    signed_at: str
    digital_source_type: str
    #: The verifier and its version, e.g. "c2pa-python 0.38.1".
    verified_by: str
    validation_state: Literal["Valid", "Trusted"]


class SignVideoOutput(Contract):
    """The published objects; nobody can read them before PublishStory sets READY."""

    video: ObjectRef
    poster: ObjectRef
    credential: Credential


# Around the workflow -----------------------------------------------------------------------------


class ExecutionEnded(BaseModel):
    """The detail of an `aws.states` status-change event; AWS may add fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    execution_arn: str = Field(alias="executionArn")
    status: Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
    input: str | None = None


class StoryChanged(BaseModel):
    """The detail of our own events, STORY_CLOSED and those beside it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    story_id: StoryId


class SettleStoryInput(BaseModel):
    """The EventBridge envelope of ExecutionEnded, of StoryChanged, or of the sweep's schedule."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    source: Literal["aws.states", "aws.events", "aws.scheduler", "enliven.stories"]
    detail_type: str = Field(alias="detail-type")
    #: Tried in this order: a plain dict would match the others too.
    detail: Annotated[
        ExecutionEnded | StoryChanged | dict[str, str], Field(union_mode="left_to_right")
    ]


class SettleStoryOutput(Contract):
    """What was done: story ids, for logs and tests."""

    settled: tuple[StoryId, ...]


#: Why gate 3 let a story stay as it is; problems.PROBLEMS says what each means to a client.
Refusal = Literal[
    "story_not_found",
    "transition_not_allowed",
    "gates_not_passed",
    "credential_invalid",
    "words_not_allowed",
    "posting_suspended",
]


class PostStoryInput(Contract):
    """Which story its creator wants to be seen, by whom.

    The one input that holds words: it comes from the API and stays in no execution's history.
    """

    story_id: StoryId
    creator: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    visibility: Visibility
    #: In place of the one that the story has, if any.
    caption: (
        Annotated[str, StringConstraints(min_length=1, max_length=limits.MAX_CAPTION_CHARACTERS)]
        | None
    ) = None
    #: Whether whoever checks a copy is shown its caption and poster.
    credited: bool = False


class ShownClip(Contract):
    """What viewers are told of a video; kept with the record of a posted story."""

    alt_text: str
    width: int
    height: int
    seconds: float


class PostStoryOutput(Contract):
    """Posted, or the reason why not."""

    posted: bool
    refusal: Refusal | None = None
    #: A sentence for the creator.
    detail: str | None = None


class InferenceNotification(BaseModel):
    """SageMaker's asynchronous inference message (inside SNS); AWS may add fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    class Response(BaseModel):
        """Where the endpoint wrote."""

        model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

        output_location: str | None = Field(default=None, alias="outputLocation")
        failure_location: str | None = Field(default=None, alias="failureLocation")

    inference_id: str = Field(alias="inferenceId")
    status: Literal["Completed", "Failed"] = Field(alias="invocationStatus")
    failure_reason: str | None = Field(default=None, alias="failureReason")
    response: Response | None = Field(default=None, alias="responseParameters")


#: States that only a retry or a draft comes through.
BESIDE = frozenset({"RestorePhoto", "AwaitPrompt"})
STATES: dict[str, tuple[type[BaseModel], type[BaseModel]]] = {
    "InspectPhoto": (InspectPhotoInput, InspectPhotoOutput),
    "ReadPhotoCredential": (ReadPhotoCredentialInput, ReadPhotoCredentialOutput),
    "RestorePhoto": (RestorePhotoInput, RestorePhotoOutput),
    "ModeratePhoto": (ModeratePhotoInput, ModerateOutput),
    "AwaitPrompt": (AwaitPromptInput, AwaitPromptOutput),
    "ModerateWords": (ModerateWordsInput, ModerateOutput),
    "DirectScene": (DirectSceneInput, DirectSceneOutput),
    "GenerateVideo": (GenerateVideoInput, GenerateVideoOutput),
    "InspectVideo": (InspectVideoInput, InspectVideoOutput),
    "ModerateVideo": (ModerateVideoInput, ModerateOutput),
    "LabelVideo": (LabelVideoInput, LabelVideoOutput),
    "SignVideo": (SignVideoInput, SignVideoOutput),
}
