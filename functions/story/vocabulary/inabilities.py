"""What is told to a person whose wish no engine of ours can fulfil: data."""

from typing import Final

from story.generation import Inability

UNABLE: Final[dict[Inability, str]] = {
    "walk": "people stay where they are: nobody walks or runs",
    "speak": "nobody speaks or sings: mouths keep their shape",
    "laugh": "nobody laughs: a smile is as far as a face goes",
    "pose": "people keep their pose: heads, arms and bodies do not turn",
    "vehicle": "vehicles stay where they are",
    "animal": "animals keep their pose and their place",
    "transform": "nothing turns into something else: the photo stays what it is",
    "object": "nothing is added, taken away or moved to another place",
}
