"""Deciding what moves in a clip, and saying so in plain words."""

from dataclasses import dataclass

from model_endpoint.engines.motion import words
from model_endpoint.engines.motion.clouds import CLOUDY, cloudiness
from model_endpoint.engines.motion.layers import Layers
from model_endpoint.scene.model import SKY, SUBJECT, WATER, Region, Scene
from story.generation import CameraMove, Direction, RegionReport

CAMERA_WORDS: dict[CameraMove, str] = {
    "none": "the camera stands still",
    "push_in": "the camera moves in",
    "pull_out": "the camera moves out",
    "pan_left": "the camera moves to the left",
    "pan_right": "the camera moves to the right",
    "orbit": "the camera circles",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What moves besides the camera, and what is reported about it."""

    clouds: bool
    ripples: bool
    light: bool
    motes: bool
    understood: tuple[str, ...]
    unmet: tuple[str, ...]
    regions: tuple[RegionReport, ...]


def decide(direction: Direction, scene: Scene, layers: Layers) -> Plan:
    """What shall move, from the wishes and from what the photo has to move.

    A photo without clouds and water would have a moving camera only: it gets a passing light and
    motes, unless stillness was asked for or they were refused.
    """
    wishes = words.read(direction.prompt, direction.negative_prompt)
    still = words.STILL in wishes.asked and not wishes.asked - {words.STILL}

    def may(ability: str) -> bool:
        return not still and ability not in wishes.unwanted

    cloudy = (
        layers.sky is not None
        and layers.sky_mask is not None
        and cloudiness(layers.sky, layers.sky_mask) >= CLOUDY
    )
    clouds = cloudy and may(SKY)
    ripples = layers.water_mask is not None and may(WATER)
    bare = not clouds and not ripples
    light = (bare or words.LIGHT in wishes.asked) and may(words.LIGHT)
    motes = (bare or words.MOTES in wishes.asked) and may(words.MOTES)

    understood = [CAMERA_WORDS[direction.camera]]
    unmet = list(wishes.unable)
    moving = ((SKY, clouds, "clouds drift"), (WATER, ripples, "water ripples"))
    for ability, done, said in moving:
        if done:
            understood.append(said)
        elif ability in wishes.asked and may(ability):
            unmet.append(missing(ability, scene))
    if light:
        understood.append("a light passes")
    if motes:
        understood.append("motes float in the air")
    motions = {
        SKY: "clouds drift" if clouds else "still",
        WATER: "ripples" if ripples else "still",
        SUBJECT: "moves with the camera, undistorted",
    }
    return Plan(
        clouds=clouds,
        ripples=ripples,
        light=light,
        motes=motes,
        understood=tuple(understood),
        unmet=tuple(unmet),
        regions=tuple(reported(region, motions) for region in scene.regions),
    )


def missing(ability: str, scene: Scene) -> str:
    """Why clouds or water do not move though they were asked for."""
    if ability == WATER:
        return "no water found: waves left out"
    if scene.region(SKY) is None:
        return "no sky found: clouds left out"
    return "the sky is clear: no clouds to move"


def reported(region: Region, motions: dict[str, str]) -> RegionReport:
    """A region as the report has it."""
    return RegionReport(
        kind=region.kind,
        confidence=round(min(1.0, region.confidence), 3),
        area=round(region.area, 3),
        motion=motions[region.kind],
    )
