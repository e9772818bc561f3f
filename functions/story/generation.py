"""The contract between the workflow and any engine: what is asked for and what is reported.

A request is an uncompressed tar of `direction.json` and `photo.jpg`; a result is a tar of
`video.mp4` and `report.json`; a failure is the JSON object {"error", "message"}. The endpoint and
the functions share this module, so neither can drift.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from story import limits

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
EvenPixels = Annotated[int, Field(ge=64, le=4096, multiple_of=2)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class Contract(BaseModel):
    """Frozen and closed: an unknown field is an error, so that drift shows at once.

    Built when first used: a function needs three of the contracts, and a cold start is imports.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Box(Contract):
    """A rectangle in fractions of the picture's width and height; the origin is top left."""

    left: Fraction
    top: Fraction
    width: Fraction
    height: Fraction

    def in_pixels(self, width: int, height: int) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) in a picture of this size, never beyond its edges."""
        return (
            self.left * width,
            self.top * height,
            min(1.0, self.left + self.width) * width,
            min(1.0, self.top + self.height) * height,
        )


class Tag(Contract):
    """What a picture shows, by the name that Rekognition's DetectLabels gives it."""

    name: str
    confidence: Fraction


#: "dolly" moves in while the lens widens; "rack_focus" stands and draws the focus.
CameraMove = Literal[
    "none", "push_in", "pull_out", "pan_left", "pan_right", "tilt_up", "tilt_down", "orbit",
    "dolly", "handheld", "rack_focus",
]  # fmt: skip
Ambience = Literal[
    "silence", "wind", "waves", "lapping", "stream", "rain", "night", "birds", "fire", "city",
    "crowd", "room",
]  # fmt: skip
#: The engine chooses what suits the scene it sees.
Auto = Literal["auto"]
#: "cover" fills the clip and may cut the photo; "contain" shows all of it over its own blur. An
#: engine that may choose cuts a photo unless it would cut a face; then what it contains is at least
#: every head.
Fit = Literal["cover", "contain"]
FitWish = Literal["auto", "cover", "contain"]

#: Everything that may move in a story besides the camera.
Motion = Literal[
    "clouds", "sky_hues", "sun_glow", "stars",
    "waves", "falling_water", "reflections",
    "smoke", "steam", "fire", "exhaust",
    "foliage", "hair", "cloth",
    "breath", "blink", "gaze", "smile", "head_sway", "ear", "catch_light",
    "rain", "snow", "petals", "fireflies", "dust", "pollen", "bokeh",
    "light_sweep", "window_light", "twinkle", "light_trails",
]  # fmt: skip
#: From the viewer: right is the picture's right; towards comes out of the picture.
Heading = Literal["left", "right", "up", "down", "towards", "away"]
Mood = Literal["calm", "cheerful", "dramatic", "romantic", "mysterious", "nostalgic"]
Preset = Literal["subtle", "lively", "timelapse", "dreamy", "surprise"]
#: Width to height of a clip, and its size in pixels.
Aspect = Literal["9:16", "1:1", "16:9"]
SIZES: dict[Aspect, tuple[int, int]] = {
    "9:16": (limits.CLIP_WIDTH_PX, limits.CLIP_HEIGHT_PX),
    "1:1": (960, 960),
    "16:9": (limits.CLIP_HEIGHT_PX, limits.CLIP_WIDTH_PX),
}
#: What a prompt may ask to be kept as it is.
Held = Literal["everything", "subject", "people", "background"]
#: What a prompt may ask for and no engine of ours can do to a photo.
Inability = Literal["walk", "speak", "laugh", "pose", "vehicle", "animal", "transform", "object"]


class Wishes(Contract):
    """What a prompt asks for, read once, so that engines need no vocabulary.

    motions: asked for; implied: those of them that only a general word asked for (wind, water), of
    which a photo need not show every one; refused: asked to be left out; only: nothing but
    `motions` may move.
    speed and strength multiply an engine's own, 1 if nothing is said.
    """

    motions: tuple[Motion, ...] = ()
    implied: tuple[Motion, ...] = ()
    refused: tuple[Motion, ...] = ()
    held: tuple[Held, ...] = ()
    unable: tuple[Inability, ...] = ()
    only: bool = False
    camera: CameraMove | None = None
    heading: Heading | None = None
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    strength: Annotated[float, Field(ge=0.25, le=2.0)] = 1.0
    mood: Mood | None = None
    preset: Preset | None = None
    ambience: Ambience | None = None

    @property
    def named(self) -> frozenset[Motion]:
        """What was asked for by a word of its own, and not refused: the photo should show it."""
        return frozenset(self.motions) - frozenset(self.implied) - frozenset(self.refused)


class Direction(Contract):
    """What one clip shall be: everything an engine needs besides the photo itself."""

    story_id: str
    inference_id: Annotated[str, StringConstraints(max_length=64)]
    prompt: Words
    negative_prompt: Words
    #: A factory: an instance would build its model when any function starts.
    wishes: Wishes = Field(default_factory=Wishes)
    camera: CameraMove | Auto
    ambience: Ambience | Auto
    fit: FitWish = "auto"
    loop: bool = True
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    seconds: Annotated[float, Field(ge=1.0, le=10.0)]
    fps: Annotated[int, Field(ge=8, le=60)]
    width: EvenPixels
    height: EvenPixels
    tags: tuple[Tag, ...] = ()
    faces: tuple[Box, ...] = ()
    #: The trained engine whose clips had defects: the procedural one makes this clip in its place.
    instead_of: str | None = None

    @property
    def frames(self) -> int:
        """How many frames the clip has."""
        return round(self.seconds * self.fps)


class RegionReport(Contract):
    """One part of the scene that the engine found, and what it did with it."""

    kind: str
    confidence: Fraction
    area: Fraction
    motion: str


class EngineName(Contract):
    """Which engine made a clip. `family` decides how the clip must be labelled.

    instead_of: the engine that was asked first, if its clips had defects and this one stood in.
    """

    family: Literal["procedural", "diffusion"]
    name: str
    version: str
    instead_of: str | None = None


class Report(Contract):
    """What an engine did: kept with the story, shown to its creator, written in its manifest."""

    inference_id: str
    engine: EngineName
    seed: int
    seconds: float
    fps: int
    frames: int
    width: int
    height: int
    has_sound: bool
    #: The part of the photo that became the first frame.
    crop: Box
    fit: Fit
    camera: CameraMove
    understood: tuple[str, ...]
    unmet: tuple[str, ...]
    regions: tuple[RegionReport, ...]
    #: Seconds spent a stage, e.g. {"scene": 1.2, "render": 4.0, "encode": 1.9}.
    timings: dict[str, float]


class Failure(Contract):
    """The body of a failed invocation. `error` is a class name of the error tree."""

    error: str
    message: str


class Progress(Contract):
    """The detail of an `Enliven Generation Progress` event that the container puts on the bus."""

    inference_id: str
    fraction: Fraction
    stage: str


PROGRESS_SOURCE = "enliven.engine"
PROGRESS_DETAIL_TYPE = "Enliven Generation Progress"
REQUEST_MEDIA_TYPE = "application/x-tar"
DIRECTION_MEMBER = "direction.json"
PHOTO_MEMBER = "photo.jpg"
VIDEO_MEMBER = "video.mp4"
REPORT_MEMBER = "report.json"
