"""What the API says: one model for each request and answer, shared with our own clients."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from story import limits
from story.contracts import Credential, Gate, StoryId, VerdictValue
from story.generation import Aspect, Contract, EngineName, FitWish, Fraction, Preset
from story.states import Status

Prompt = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=limits.MAX_PROMPT_CHARACTERS),
]
Caption = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=limits.MAX_CAPTION_CHARACTERS
    ),
]


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

    prompt: Prompt
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
    prompt: str
    caption: str | None = None
    created_at: str
    updated_at: str
    expires_at: str | None
    #: The state of the workflow that is at work, e.g. "GenerateVideo".
    stage: str | None
    progress: Fraction
    eta_seconds: float | None
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
    cost: Cost | None


class StoryCreated(Contract):
    """The answer to POST /stories."""

    story: StoryView
    #: Absent if a repeated request finds that the photo has come already.
    upload: UploadForm | None


class StoryList(Contract):
    """The answer to GET /stories: newest first; `next` continues where this page ends."""

    stories: tuple[StoryView, ...]
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
