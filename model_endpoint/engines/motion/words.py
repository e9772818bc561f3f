"""What the prompt asks for, as far as this engine can tell: a short list of things it can do.

The words themselves go no further: what is reported is always one of this module's own sentences.
"""

import re
from dataclasses import dataclass

from model_endpoint.scene.model import SKY, WATER

LIGHT = "light"
MOTES = "motes"
STILL = "still"

#: Word stems that ask for what the engine can do.
ABILITIES: dict[str, str] = {
    SKY: r"cloud|sky|drift",
    WATER: r"wave|ripple|water|sea|ocean|lake|river|stream|tide|surf|waterfall|fountain",
    LIGHT: r"light|sun|glow|shimmer|shine|golden hour|ray",
    MOTES: r"dust|mote|bokeh|sparkle|glitter|magic|particle|pollen|firefl",
    STILL: r"still|motionless|frozen|do not move|don't move|nothing moves",
}
#: Word stems that ask for what it cannot do, and what is said about them.
INABILITIES: dict[str, str] = {
    r"smil|laugh|blink|wink|nod|talk|speak|sing|kiss|cry": "faces keep their expression",
    r"walk|run|danc|jump|swim|danc|turn(?:s|ing)? (?:his|her|their|its)? ?head|hug|clap": (
        "people and animals keep their pose"
    ),
    r"fly|flies|flying|gallop|wag|purr|bark": "animals keep their pose",
    r"hair|dress|flag|curtain|cloth|leaf|leaves|grass|tree|branch|flower": (
        "leaves, hair and cloth stay still"
    ),
    r"rain|snow|storm|lightning|fog|mist|smoke|steam|fire|flame|firework|confetti": (
        "no weather, smoke, fire or confetti is drawn"
    ),
    r"car|train|boat|ship|plane|bicycle|traffic": "vehicles stay where they are",
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a prompt asks for.

    asked: abilities it names; unwanted: those the negative prompt names; unable: what is said about
    wishes that cannot be met.
    """

    asked: frozenset[str]
    unwanted: frozenset[str]
    unable: tuple[str, ...]


def mentions(text: str, stems: str) -> bool:
    """Whether a word of the text begins with one of the stems."""
    return re.search(rf"\b(?:{stems})", text, flags=re.IGNORECASE) is not None


def read(prompt: str, negative_prompt: str) -> Wishes:
    """The wishes in an English prompt."""
    return Wishes(
        asked=frozenset(name for name, stems in ABILITIES.items() if mentions(prompt, stems)),
        unwanted=frozenset(
            name for name, stems in ABILITIES.items() if mentions(negative_prompt, stems)
        ),
        unable=tuple(
            dict.fromkeys(said for stems, said in INABILITIES.items() if mentions(prompt, stems))
        ),
    )
