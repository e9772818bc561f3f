"""What shall move: the plan of the scene's kind, changed by the wishes.

The plans are data, in plans.json; what a photo cannot show is left out, and said if asked for.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from model_endpoint.engines.motion.repertory import MAKERS
from model_endpoint.engines.motion.sound import Voice
from model_endpoint.engines.motion.stage import Effect, NothingToMove, Part, Stage
from model_endpoint.scene.model import Region, Scene, SceneKind
from story.generation import (
    CameraMove,
    Direction,
    Held,
    Mood,
    Motion,
    Preset,
    RegionReport,
    Wishes,
)
from story.vocabulary import UNABLE

DATA = Path(__file__).parent / "plans.json"
Share = Annotated[float, Field(gt=0.0, le=2.0)]
Rate = Annotated[float, Field(gt=0.0, le=4.0)]
#: Bounds of the product of all strengths, and of all speeds.
STRENGTHS = (0.2, 2.0)
SPEEDS = (0.25, 4.0)


class Data(BaseModel):
    """Closed, so that a misspelt key in plans.json is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KindPlan(Data):
    """What a kind of scene does by itself: motions with strengths, sounds with level and place."""

    camera: CameraMove
    motions: dict[Motion, Share]
    sounds: tuple[tuple[Voice, Share, str], ...]


class Manner(Data):
    """A preset or mood: how strong, how fast, what it adds, and what it picks one of."""

    strength: Share
    speed: Rate
    motions: dict[Motion, Share]
    one_of: tuple[Motion, ...] = ()


class Plans(Data):
    """All of plans.json.

    enough: kinds of motion a story must have; always_possible: what is added until it does.
    dispels: what does not go with a motion that is asked for: no sun shines while it rains.
    things: what a motion is called, and the region that it belongs to.
    """

    kinds: dict[SceneKind, KindPlan]
    enough: int
    always_possible: dict[Motion, Share]
    presets: dict[Preset, Manner]
    moods: dict[Mood, Manner]
    held: dict[Held, tuple[Motion, ...]]
    dispels: dict[Motion, tuple[Motion, ...]]
    things: dict[Motion, tuple[str, str]]
    cameras: dict[CameraMove, str]


@cache
def plans() -> Plans:
    """The data, read once."""
    return Plans.model_validate(json.loads(DATA.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The motions to try, with strengths; how fast and how strong all of it is."""

    motions: Mapping[Motion, float]
    asked: frozenset[Motion]
    strength: float
    speed: float
    #: Whether motions may be added so that something moves.
    may_add: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The effects of one clip and what is reported about them."""

    effects: tuple[Effect, ...]
    understood: tuple[str, ...]
    unmet: tuple[str, ...]


def still(wishes: Wishes) -> bool:
    """Whether the prompt asks for a picture in which nothing moves."""
    return "everything" in wishes.held and not wishes.motions


def choose_camera(direction: Direction, kind: SceneKind) -> CameraMove:
    """The camera that was directed, or the one that suits the scene."""
    if direction.camera != "auto":
        return direction.camera
    if direction.wishes.camera is not None:
        return direction.wishes.camera
    return "none" if "everything" in direction.wishes.held else plans().kinds[kind].camera


def want(wishes: Wishes, kind: SceneKind, random: np.random.Generator) -> Wanted:
    """Everything that the plan and the wishes would have move."""
    data = plans()
    manners = []
    if wishes.preset is not None:
        manners.append(data.presets[wishes.preset])
    if wishes.mood is not None:
        manners.append(data.moods[wishes.mood])
    strength, speed = wishes.strength, wishes.speed
    motions: dict[Motion, float] = {}
    closed = still(wishes) or wishes.only
    if not closed:
        motions |= data.kinds[kind].motions
    for manner in manners:
        strength, speed = strength * manner.strength, speed * manner.speed
        if not closed:
            motions |= manner.motions
            if manner.one_of:
                motions[manner.one_of[int(random.integers(len(manner.one_of)))]] = 1.0
    motions |= {motion: max(1.0, motions.get(motion, 0.0)) for motion in wishes.motions}
    refused = set(wishes.refused)
    for held in wishes.held:
        if held != "everything":
            refused |= set(data.held[held])
    for motion in wishes.motions:
        refused |= set(data.dispels.get(motion, ()))
    refused -= set(wishes.motions) - set(wishes.refused)
    return Wanted(
        motions={motion: share for motion, share in motions.items() if motion not in refused},
        asked=wishes.named,
        strength=float(np.clip(strength, *STRENGTHS)),
        speed=float(np.clip(speed, *SPEEDS)),
        may_add=not closed,
    )


def decide(direction: Direction, stage: Stage, move: CameraMove) -> Plan:
    """Make every effect that the photo can show, and say what was left out."""
    random = np.random.default_rng(direction.seed)
    wishes = direction.wishes
    wanted = want(wishes, stage.kind, random)
    heading = wishes.heading
    if heading is None:
        heading = "right" if random.integers(2) else "left"
    effects: list[Effect] = []
    unmet: list[str] = []

    def attempt(motion: Motion, share: float) -> None:
        part = Part(
            motion=motion,
            strength=float(np.clip(share * wanted.strength, *STRENGTHS)),
            speed=wanted.speed,
            heading=heading,
            random=np.random.default_rng([direction.seed, MOTIONS[motion]]),
        )
        try:
            effects.append(MAKERS[motion](stage, part))
        except NothingToMove as missing:
            if motion in wanted.asked:
                unmet.append(f"{missing}: {plans().things[motion][0]} left out")

    for motion, share in wanted.motions.items():
        attempt(motion, share)
    if wanted.may_add:
        added = plans().always_possible
        for motion, share in added.items():
            if len(effects) >= plans().enough:
                break
            if motion not in wanted.motions and motion not in wishes.refused:
                attempt(motion, share)
    unmet.extend(never_met(wishes, move))
    return Plan(
        effects=tuple(effects),
        understood=(plans().cameras[move], *(effect.done for effect in effects)),
        unmet=tuple(dict.fromkeys(unmet)),
    )


def never_met(wishes: Wishes, move: CameraMove) -> list[str]:
    """What is said of wishes that no photo would meet."""
    said = [UNABLE[inability] for inability in wishes.unable]
    if wishes.camera is not None and wishes.camera != move:
        camera = plans().cameras[wishes.camera]
        said.append(f"{camera}: left out, since it would pull faces apart")
    return said


#: A number of its own for each motion, so that adding one leaves the chance of others as it was.
MOTIONS: dict[Motion, int] = {motion: index for index, motion in enumerate(MAKERS)}


def reported(scene: Scene, effects: tuple[Effect, ...]) -> tuple[RegionReport, ...]:
    """What became of each region of the scene."""
    things = plans().things
    subject_moves = any(warp.layer == "subject" for effect in effects for warp in effect.warps)

    def motion_of(region: Region) -> str:
        said = [effect.done for effect in effects if things[effect.motion][1] == region.kind]
        if said:
            return ", ".join(said)
        if region.kind == "subject" and not subject_moves:
            return "moves with the camera, undistorted"
        return "still"

    return tuple(
        RegionReport(
            kind=region.kind,
            confidence=round(min(1.0, region.confidence), 3),
            area=round(region.area, 3),
            motion=motion_of(region),
        )
        for region in scene.regions
    )
