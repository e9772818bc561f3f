"""What is known of each engine, as data: one TOML file an engine, in model_cards/.

DirectScene fills the form of an engine's clips and the style of its prompts from here, the API
says what can be asked for, the container loads what the card describes and nothing else, and the
deployer is told the licence.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from story import limits
from story.errors import SettingInvalid
from story.generation import SIZES, Aspect, Contract, EngineName, EvenPixels

FOLDER = Path(__file__).parent / "model_cards"
#: The engine that makes a clip where a trained one could not: every container has it.
FALLBACK = "motion"
#: A commit of a repository of weights. Tags and branches move.
Revision = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Repository = Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]


class Form(Contract):
    """What clips of an engine are like.

    loops: "always", "whole" (only at its greatest length), or "never".
    """

    max_seconds: Annotated[float, Field(ge=limits.MIN_CLIP_SECONDS, le=limits.MAX_CLIP_SECONDS)]
    fps: Annotated[int, Field(ge=8, le=60)]
    sizes: dict[Aspect, tuple[EvenPixels, EvenPixels]]
    loops: Literal["always", "whole", "never"]

    @model_validator(mode="after")
    def _every_aspect(self) -> "Form":
        if absent := SIZES.keys() - self.sizes.keys():
            raise ValueError(f"no size for {', '.join(sorted(absent))}")
        return self


class Licence(Contract):
    """What a deployer agrees to. Clauses are sentences; an empty one means that there is none."""

    name: str
    address: str
    #: Whether a person must have said that they have read and accept it.
    must_be_acknowledged: bool
    territory: str
    revenue: str
    duties: str

    def clauses(self) -> str:
        """All of it, to be printed."""
        said = [clause for clause in (self.territory, self.revenue, self.duties) if clause]
        return "\n".join([f"{self.name}, {self.address}", *said])


class Source(Contract):
    """Where weights come from; a revision that is not known here is named by the deployer."""

    repository: Repository
    revision: Revision | None = None


class Adapter(Source):
    """Low-rank weights that are folded into a part of the model when it is loaded."""

    #: Where it is, below the folder of weights.
    file: str
    component: Literal["transformer", "transformer_2"]
    strength: float


class Weights(Source):
    """The model: a folder as diffusers saves pipelines, below the folder of weights."""

    pipeline: Literal["WanImageToVideoPipeline", "LTX2ImageToVideoPipeline"]
    adapters: tuple[Adapter, ...] = ()


class Sampling(Contract):
    """How a clip is drawn from noise.

    frames: what the model was trained for, always drawn; a shorter clip is the beginning of them.
    guidance_low: of the second transformer, which draws when little noise is left.
    schedule: "repository", as saved beside the weights; "even", the noise falling in even steps
    from all of it, bent by `shift`; "listed", its share before each step as `noise` lists it. The
    last two are for models distilled to few steps: what those were trained on.
    """

    frames: Annotated[int, Field(ge=5, le=1_000)]
    steps: Annotated[int, Field(ge=1, le=100)]
    guidance: Annotated[float, Field(ge=0.0)]
    guidance_low: Annotated[float, Field(ge=0.0)] | None = None
    schedule: Literal["repository", "even", "listed"] = "repository"
    shift: Annotated[float, Field(gt=0.0)] | None = None
    noise: tuple[Annotated[float, Field(gt=0.0, le=1.0)], ...] = ()

    @model_validator(mode="after")
    def _even_has_a_shift(self) -> "Sampling":
        if (self.schedule == "even") != (self.shift is not None):
            raise ValueError("schedule even, and only it, takes a shift")
        return self

    @model_validator(mode="after")
    def _listed_has_its_noise(self) -> "Sampling":
        if (self.schedule == "listed") != bool(self.noise):
            raise ValueError("schedule listed, and only it, takes a list of noise")
        if self.noise and len(self.noise) != self.steps:
            raise ValueError(f"noise before {len(self.noise)} steps; there are {self.steps}")
        if list(self.noise) != sorted(set(self.noise), reverse=True):
            raise ValueError(f"noise only falls, not {self.noise}")
        return self

    @property
    def reads_negative(self) -> bool:
        """Whether a negative prompt has any effect: up to 1, guidance leaves it out."""
        return self.guidance > 1.0


class Memory(Contract):
    """How the model is held in the card's memory.

    storage: of the transformers between two of their layers; fp8 is half of bf16.
    offload: what waits in the computer's own memory: "text_encoder" after it has read the prompt;
    "models", each of the pipeline's while another works.
    """

    precision: Literal["fp32", "bf16"]
    storage: Literal["same", "fp8"] = "same"
    offload: Literal["none", "text_encoder", "models"]
    vae_tiling: bool
    compile: bool
    #: Of the smallest card that it runs on, as the model's authors or others report it; None if
    #: nobody does.
    vram_gib: Annotated[int, Field(ge=1)] | None = None


class PromptStyle(Contract):
    """How the model was told what to draw when it was trained.

    closing: said at the end of every prompt; negative: what no clip shall have.
    """

    max_characters: Annotated[int, Field(ge=limits.MAX_PROMPT_CHARACTERS, le=2_000)]
    max_tokens: Annotated[int, Field(ge=16)]
    closing: str
    negative: str


class Trained(Contract):
    """What only an engine with a trained model has."""

    weights: Weights
    licence: Licence
    sampling: Sampling
    memory: Memory
    prompt: PromptStyle

    @model_validator(mode="after")
    def _its_family_can(self) -> "Trained":
        # Each family's class in model_endpoint/engines/diffusion/ knows one way besides "none".
        ways = {"WanImageToVideoPipeline": "text_encoder", "LTX2ImageToVideoPipeline": "models"}
        way = ways[self.weights.pipeline]
        if self.memory.offload not in {"none", way}:
            raise ValueError(f"{self.weights.pipeline} offloads {way} or none")
        return self


class Card(Contract):
    """All that is known of one engine; `trained` is absent from the procedural one."""

    engine: EngineName
    form: Form
    trained: Trained | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Card":
        if (self.engine.family == "diffusion") != (self.trained is not None):
            raise ValueError("a diffusion engine, and only it, has [trained]")
        if self.trained is not None:
            drawn = self.trained.sampling.frames
            asked = round(self.form.max_seconds * self.form.fps)
            if asked > drawn:
                raise ValueError(f"max_seconds are {asked} frames; the model draws {drawn}")
        return self


def names() -> tuple[str, ...]:
    """Every engine that there is a card of."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def card(name: str) -> Card:
    """The card of an engine.

    Raises:
        SettingInvalid: there is none of that name, or it says what cannot be.
    """
    if name not in names():
        raise SettingInvalid(f"engine {name!r}; one of {', '.join(names())}")
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    try:
        return Card.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise SettingInvalid(f"the card of {name}: {error}") from error
