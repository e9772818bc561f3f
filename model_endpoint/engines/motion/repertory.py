"""Every motion that this engine can make, and the module of effects/ that makes it."""

from typing import Final

from model_endpoint.engines.motion.effects import (
    animals,
    breath,
    cloth,
    clouds,
    falling,
    fire,
    foliage,
    hair,
    heavens,
    light,
    motes,
    petals,
    reflections,
    smoke,
    steam,
    water,
    weather,
)
from model_endpoint.engines.motion.effects import faces as face_effects
from model_endpoint.engines.motion.stage import Maker
from story.generation import Motion

_MODULES: Final = (
    clouds, heavens, water, falling, reflections, smoke, foliage, breath, hair, cloth, face_effects,
    animals, weather, petals, motes, steam, fire, light,
)  # fmt: skip

MAKERS: Final[dict[Motion, Maker]] = {
    motion: maker for module in _MODULES for motion, maker in module.MAKERS.items()
}
