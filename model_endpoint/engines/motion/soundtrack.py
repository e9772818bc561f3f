"""What is heard: the sounds of the scene's kind, or the ambience that was directed."""

import numpy as np

from model_endpoint.engines.motion.plan import plans
from model_endpoint.engines.motion.sound import Part, Score, compose, score_for
from model_endpoint.engines.motion.sound.ambience import LEADING
from model_endpoint.engines.motion.stage import Effect, Stage
from model_endpoint.pixels import Map
from story.generation import Direction

#: Where a sound may come from to a listener in front of the picture: never hard left or right.
WIDEST_PAN = 0.7
#: The region that an ambience which was asked for comes from; all others are all around.
PLACES = {
    "waves": "water", "lapping": "water", "stream": "water", "birds": "foliage", "night": "foliage",
}  # fmt: skip
#: Sounds that swell with the motion of the same name's effect.
SWELLING = {"surf": "waves", "lapping": "waves", "stream": "falling_water"}


def pan_of(stage: Stage, kind: str) -> tuple[float, float]:
    """(pan, width) of a region in the first frame; the middle and wide when it is not seen."""
    if kind not in stage.masks:
        return 0.0, 0.8
    left, width = stage.home[0], stage.size[0]
    columns = stage.masks[kind][:, left : left + width].sum(axis=0)
    total = float(columns.sum())
    if total <= 0.0:
        return 0.0, 0.8
    place = (np.arange(len(columns)) + 0.5) / len(columns) * 2.0 - 1.0
    middle = float((columns * place).sum() / total)
    spread = float(np.sqrt((columns * (place - middle) ** 2).sum() / total))
    return float(np.clip(middle, -1.0, 1.0)) * WIDEST_PAN, min(1.0, spread * 1.4)


def pan_for(stage: Stage, ambience: str) -> float:
    """Where what an ambience is named after is seen; the middle when nobody can say."""
    fires = stage.spots("fire")
    if ambience == "fire" and fires:
        strongest = max(fires, key=lambda spot: spot.strength)
        place = 2.0 * (strongest.x - stage.home[0]) / stage.size[0] - 1.0
        return float(np.clip(place, -1.0, 1.0)) * WIDEST_PAN
    return pan_of(stage, PLACES[ambience])[0] if ambience in PLACES else 0.0


def swell_for(voice: str, effects: tuple[Effect, ...]) -> Map | None:
    """The envelope that an effect gives a voice."""
    motion = SWELLING.get(voice)
    return next((effect.sound for effect in effects if effect.motion == motion), None)


def soundtrack(direction: Direction, stage: Stage, effects: tuple[Effect, ...]) -> Map | None:
    """(samples, 2) float32 at 48 kHz, or None for silence."""
    seconds = direction.frames / direction.fps
    asked = direction.ambience
    if asked == "auto" and direction.wishes.ambience is not None:
        asked = direction.wishes.ambience
    if asked == "auto":
        score: Score | None = Score(
            tuple(
                Part(voice, min(1.0, level), *pan_of(stage, place), swell_for(voice, effects))
                for voice, level, place in plans().kinds[stage.kind].sounds
            )
        )
    else:
        voice, _ = LEADING[asked] if asked != "silence" else ("", 0.0)
        score = score_for(asked, swell=swell_for(voice, effects), pan=pan_for(stage, asked))
    if score is None:
        return None
    return compose(score, seconds, seed=direction.seed, loop=direction.loop)
