"""What each ambience of a story sounds like."""

from collections.abc import Mapping
from types import MappingProxyType

from model_endpoint.engines.motion.sound.score import Part, Score, Voice
from model_endpoint.pixels import Map
from story.generation import Ambience

#: What an ambience is named after, and how wide it is: this is at a place and follows the picture.
LEADING: Mapping[Ambience, tuple[Voice, float]] = MappingProxyType(
    {
        "wind": ("wind", 0.9),
        "waves": ("surf", 0.7),
        "lapping": ("lapping", 0.6),
        "stream": ("stream", 0.5),
        "rain": ("rain", 1.0),
        "night": ("crickets", 0.9),
        "birds": ("birds", 0.9),
        "fire": ("fire", 0.3),
        "city": ("city", 0.9),
        "crowd": ("crowd", 0.9),
        "room": ("room", 0.8),
    }
)
#: What else there is, all around, and how strong.
AROUND: Mapping[Ambience, tuple[Voice, float]] = MappingProxyType(
    {
        "waves": ("wind", 0.2),
        "lapping": ("wind", 0.15),
        "stream": ("wind", 0.15),
        "fire": ("room", 0.1),
        "crowd": ("room", 0.15),
    }
)


def score_for(ambience: Ambience, *, swell: Map | None = None, pan: float = 0.0) -> Score | None:
    """The score of an ambience; None for silence.

    swell and pan belong to what the ambience is named after: the height of the waves, the flames of
    the fire, and where they are in the picture. What is only around has neither.
    """
    if ambience == "silence":
        return None
    voice, width = LEADING[ambience]
    leading = Part(voice, level=1.0, pan=pan, width=width, swell=swell)
    if ambience not in AROUND:
        return Score((leading,))
    voice, level = AROUND[ambience]
    return Score((leading, Part(voice, level=level, pan=0.0, width=1.0, swell=None)))
