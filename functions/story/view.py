"""What the API says: one model for each request and answer, shared with our own clients."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from story import limits
from story.contracts import Credential, Gate, Sha256, StoryId, VerdictValue, Visibility
from story.generation import Aspect, Contract, EngineName, FitWish, Fraction, Preset
from story.labels import DEFAULT_LANGUAGE, Language
from story.states import Status


def words(most_characters: int) -> StringConstraints:
    """Words that somebody wrote: more than the white space that is taken off at both ends."""
    return StringConstraints(
        strip_whitespace=True, min_length=1, max_length=most_characters, pattern=r"\S"
    )


Prompt = Annotated[str, words(limits.MAX_PROMPT_CHARACTERS)]
Caption = Annotated[str, words(limits.MAX_CAPTION_CHARACTERS)]


def _whole(value: object) -> object:
    """5.0 as 5: JSON has one kind of number, and JSON Schema calls both integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Seed = Annotated[int, Field(ge=0, lt=2**32), BeforeValidator(_whole)]


class Asked(Contract):
    """The body of a request: each value in its own JSON type, nothing is read as what it is not.

    Without this a `seed` of true would be 1, and a consent of "on" would be given.
    """

    model_config = ConfigDict(strict=True)


class CreateStory(Asked):
    """The body of POST /stories."""

    #: Without one the story is a draft: once its photo is looked at, it waits for its prompt.
    prompt: Prompt | None = None
    #: The creator's statement that the people in the photo agreed to be animated.
    people_consent: bool = False
    preset: Preset | None = None
    #: An engine may allow less than the ten; GET /presets says how much.
    seconds: Annotated[float, Field(ge=limits.MIN_CLIP_SECONDS, le=limits.MAX_CLIP_SECONDS)] = (
        limits.CLIP_SECONDS
    )
    aspect: Aspect = "9:16"
    sound: bool = True
    #: A seamless loop, or a one-way move that ends elsewhere.
    loop: bool = True
    fit: FitWish = "auto"
    #: Words that are shown with the story once it is posted; moderated like the prompt.
    caption: Caption | None = None
    seed: Seed | None = None
    #: Whether the video's credential may say that the photo had valid Content Credentials of its
    #: own, by their id and what they call it. Nothing else of them is kept, in any case.
    keep_photo_credentials: bool = False
    #: Where the endpoint has a trained model and two of its clips had defects: whether the
    #: procedural engine may make the video, which then says so, or the story fails.
    allow_fallback: bool = True
    #: What the badge in the picture, which says that AI made it, is written in (BCP 47).
    language: Language = DEFAULT_LANGUAGE


class GivePrompt(Asked):
    """The body of PUT /stories/{id}/prompt: the words of a draft."""

    prompt: Prompt
    #: The creator's statement that the people in the photo agreed to be animated.
    people_consent: bool = False
    #: In place of the one that the story was made with, if any.
    preset: Preset | None = None


class UploadForm(Contract):
    """A presigned POST: send `fields` and then the file, as multipart/form-data, to `url`."""

    url: str
    fields: dict[str, str]
    max_bytes: int
    expires_at: str


class Reason(Contract):
    """Why a story is where it is: a stable code and a plain sentence."""

    code: str
    message: str


class VerdictView(Contract):
    """One gate's verdict, as its creator may see it."""

    gate: Gate
    verdict: VerdictValue
    reasons: tuple[Reason, ...]
    models: tuple[str, ...]
    policy: str
    decided_at: str


class TimelineEntry(Contract):
    """One state of the workflow: `ms` counts from its beginning to its end, waiting included."""

    state: str
    began_at: str
    ended_at: str | None
    ms: int | None
    outcome: str


class CostItem(Contract):
    """One kind of call, how often it happened, and what AWS lists for it."""

    what: str
    quantity: float
    unit: str
    unit_price: float
    cost: float


class Cost(Contract):
    """What the story would have cost on AWS, from the calls that happened."""

    currency: Literal["USD"]
    total: float
    items: tuple[CostItem, ...]
    #: Which price list, e.g. "us-east-1 list prices, 2026-11".
    price_list: str


class StoryView(Contract):
    """A story as its creator sees it."""

    id: StoryId
    status: Status
    #: None for a draft that has not been given its words.
    prompt: str | None
    caption: str | None = None
    created_at: str
    updated_at: str
    expires_at: str | None
    #: Of a draft that waits for its prompt: until when, what its photo shows, how many faces, and
    #: prompts that fit it.
    prompt_until: str | None = None
    tags: tuple[str, ...] = ()
    people: int | None = None
    suggestions: tuple[str, ...] = ()
    #: Which attempt this is: 1, and one more for each retry.
    attempt: int = 1
    #: The state of the workflow that is at work, e.g. "GenerateVideo".
    stage: str | None
    #: Never falls while the story is at work, whatever has to be done twice.
    progress: Fraction
    #: Seconds until READY as far as can be known now; None where nobody can know.
    eta_seconds: float | None
    #: How many requests of all users the engine takes before this one; None if it waits for none.
    queue_position: Annotated[int, Field(ge=0)] | None = None
    reasons: tuple[Reason, ...]
    verdicts: tuple[VerdictView, ...]
    timeline: tuple[TimelineEntry, ...]
    engine: EngineName | None
    seed: int | None
    understood: tuple[str, ...]
    unmet: tuple[str, ...]
    alt_text: str | None
    #: Both live for a few minutes only; ask again for new ones.
    video_url: str | None
    poster_url: str | None
    credential: Credential | None
    #: Of the signed video: what was downloaded unchanged has this digest.
    video_sha256: Sha256 | None = None
    cost: Cost | None
    #: From which age on viewers may see it, as its gates have found; None where everybody may.
    age_restriction: int | None = None
    #: Of a story that was posted: who may see it, since when, and the page that shows it. It is
    #: seen until `expires_at`.
    visibility: Visibility | None = None
    posted_at: str | None = None
    share_url: str | None = None
    #: Of a story that was decided against: until when that can be appealed, and what became of it.
    appeal_until: str | None = None
    appeal: Literal["pending", "upheld", "overturned", "lapsed"] | None = None


class StoryCreated(Contract):
    """The answer to POST /stories."""

    story: StoryView
    #: Absent if a repeated request finds that the photo has come already.
    upload: UploadForm | None


class StoryList(Contract):
    """The answer to GET /stories: newest first; `next` continues where this page ends."""

    stories: tuple[StoryView, ...]
    next: str | None


class PostStory(Asked):
    """The body of POST /stories/{id}/post."""

    #: Everyone finds it in the feed; with a link, only who was given it. Both can open its page.
    visibility: Visibility = "link"
    #: In place of the caption that the story has; moderated before it is shown.
    caption: Caption | None = None
    #: Whether whoever checks a copy of the video (POST /verify) is shown the story's caption and
    #: poster, for as long as the story is seen.
    credited: bool = False


class PublicCredential(Contract):
    """What a viewer is told of a video's Content Credentials."""

    issuer: str
    signed_at: str
    #: The URI of IPTC's term for how it was made.
    digital_source_type: str
    manifest_id: str
    validation_state: Literal["Valid", "Trusted"]


class PostedStory(Contract):
    """A posted story as others see it: nothing of who made it, or of what was asked for."""

    id: StoryId
    caption: str | None
    #: What is to be seen, in words.
    alt_text: str
    #: Both live for a few minutes only; ask again for new ones.
    video_url: str
    poster_url: str
    width: int
    height: int
    seconds: float
    posted_at: str
    expires_at: str
    #: The words in every frame of the video.
    label: str
    #: How it was made, in a sentence.
    made: str
    engine: EngineName
    credential: PublicCredential
    video_sha256: Sha256
    #: The page that shows it to anybody.
    share_url: str


class Feed(Contract):
    """The answer to GET /feed: newest first; `next` continues where this page ends.

    A page may have fewer stories than were asked for, or none, and still a next one.
    """

    stories: tuple[PostedStory, ...]
    next: str | None


class FieldError(Contract):
    """One thing that is wrong with a request: where, and what would be right."""

    field: str
    detail: str


class Problem(Contract):
    """RFC 9457 problem details; `code` is stable, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    #: Of a request that is not what was asked for: everything that is wrong with it.
    errors: tuple[FieldError, ...] = ()
    #: When an allowance begins anew.
    reset_at: str | None = None
