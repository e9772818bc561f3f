"""What the service offers and what one user has of it: the answers of GET /presets and GET /me."""

from pydantic import Field

from story import labels, limits
from story.cards import card
from story.generation import Aspect, Contract, Preset

#: The languages whose words a prompt may use, as BCP 47 has them: those of story/vocabulary/.
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "ja", "pt", "ru", "zh")
#: What the bytes of a photo may be (story.contracts.SourcePhoto), as media types.
PHOTO_TYPES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "image/avif")


class PresetView(Contract):
    """A manner for everything that moves."""

    id: Preset
    #: Words for a button.
    title: str
    #: A prompt to send with it when the user says nothing.
    prompt: str
    #: What it does, in a sentence.
    does: str


PRESETS = (
    PresetView.model_construct(
        id="subtle",
        title="Subtle",
        prompt="make this photo come alive, softly",
        does="Everything moves, but less and more slowly than by itself.",
    ),
    PresetView.model_construct(
        id="lively",
        title="Lively",
        prompt="make this photo come alive",
        does="Everything moves more and faster, and light wanders over the scene.",
    ),
    PresetView.model_construct(
        id="timelapse",
        title="Time-lapse",
        prompt="let the hours pass over this photo",
        does="Much faster: clouds rush, the sky changes its colours, stars turn.",
    ),
    PresetView.model_construct(
        id="dreamy",
        title="Dreamy",
        prompt="let this photo dream",
        does="Slow and soft: lights blur, the sun glows, dust floats in the air.",
    ),
    PresetView.model_construct(
        id="surprise",
        title="Surprise me",
        prompt="surprise me",
        does="Adds petals, fireflies, snow or soft lights; which one, the seed decides.",
    ),
)


class AspectView(Contract):
    """One shape of a clip."""

    aspect: Aspect
    width_px: int
    height_px: int


class EngineView(Contract):
    """What the engine of this service makes."""

    name: str
    min_seconds: float
    #: A longer story is refused when it is asked for.
    max_seconds: float
    default_seconds: float
    fps: int
    aspects: tuple[AspectView, ...]


class LimitsView(Contract):
    """What a request and a photo may be."""

    prompt_characters: int
    caption_characters: int
    upload_bytes: int
    photo_pixels: int
    photo_min_side_px: int
    photo_types: tuple[str, ...]
    #: How long an upload form lives.
    upload_form_seconds: int
    #: How long a link to a video or a poster lives.
    download_url_seconds: int


class Offer(Contract):
    """The answer to GET /presets."""

    presets: tuple[PresetView, ...]
    engine: EngineView
    limits: LimitsView
    #: Languages of prompts (BCP 47); other words are moderated, but ask for nothing.
    languages: tuple[str, ...]
    #: What the badge in the picture can be written in.
    label_languages: tuple[str, ...]


def offer(engine: str, max_seconds: float) -> Offer:
    """All that is offered with this engine, by its card. Raises SettingInvalid if it has none."""
    form = card(engine).form
    return Offer(
        presets=PRESETS,
        engine=EngineView(
            name=engine,
            min_seconds=limits.MIN_CLIP_SECONDS,
            max_seconds=min(max_seconds, form.max_seconds),
            default_seconds=limits.CLIP_SECONDS,
            fps=form.fps,
            aspects=tuple(
                AspectView(aspect=aspect, width_px=width, height_px=height)
                for aspect, (width, height) in form.sizes.items()
            ),
        ),
        limits=LimitsView(
            prompt_characters=limits.MAX_PROMPT_CHARACTERS,
            caption_characters=limits.MAX_CAPTION_CHARACTERS,
            upload_bytes=limits.MAX_UPLOAD_BYTES,
            photo_pixels=limits.MAX_PHOTO_PIXELS,
            photo_min_side_px=limits.MIN_PHOTO_SIDE_PX,
            photo_types=PHOTO_TYPES,
            upload_form_seconds=limits.UPLOAD_FORM_SECONDS,
            download_url_seconds=limits.DOWNLOAD_URL_SECONDS,
        ),
        languages=LANGUAGES,
        label_languages=labels.LANGUAGES,
    )


class QuotaView(Contract):
    """Stories of today (UTC). `used` count for certain, `held` are in the making."""

    limit: int
    used: int
    held: int
    left: int
    reset_at: str


class RateView(Contract):
    """Requests of this minute, this one included."""

    limit: int
    left: int
    reset_at: str


class Strike(Contract):
    """A decision against something that the user has posted."""

    #: Why: a stable code, and a plain sentence.
    code: str
    message: str
    given_at: str
    #: When it no longer counts; None if it always will.
    expires_at: str | None = None
    story_id: str | None = None


class Me(Contract):
    """The answer to GET /me."""

    #: Cognito's `sub`, which never changes.
    id: str
    groups: tuple[str, ...]
    quota: QuotaView
    rate: RateView
    strikes: tuple[Strike, ...] = Field(description="Newest last; empty for most.")
