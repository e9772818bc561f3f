"""Which state makes what another one takes: the workflow's variables as a table.

A contract test holds it against statemachine/story.asl.json.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wiring:
    """A state with a function: the fields of its input and output that carry on the story.

    takes, gives: field of the input or output -> what it is called below. The output of a state
    that is answered by a token is one such thing as a whole: its field is "".
    """

    takes: dict[str, str] = field(default_factory=dict)
    gives: dict[str, str] = field(default_factory=dict)
    #: Fields that are the same for every story.
    fixed: dict[str, str] = field(default_factory=dict)
    #: Fields that hold a list of one thing.
    listed: frozenset[str] = frozenset()
    told_take: bool = False

    def taken(self, payload: dict[str, Any]) -> dict[str, Any]:
        """What an input of this state holds, by name."""
        return {
            name: payload[part][0] if part in self.listed else payload[part]
            for part, name in self.takes.items()
        }

    def given(self, output: dict[str, Any]) -> dict[str, Any]:
        """What an output of this state holds, by name."""
        return {name: output[part] if part else output for part, name in self.gives.items()}

    def payload(
        self, story_id: str, attempt: int, take: int, things: dict[str, Any]
    ) -> dict[str, Any]:
        """The input of this state, without a token, from what it takes."""
        told = {"take": take} if self.told_take else {}
        return {
            "story_id": story_id,
            "attempt": attempt,
            **told,
            **self.fixed,
            **{
                part: [things[name]] if part in self.listed else things[name]
                for part, name in self.takes.items()
            },
        }


UPLOAD = "upload"
#: What the story's record says when an execution takes it: no function makes it.
CLAIMED = {"language": "language", "begun_at": "claimed_at"}
WORKFLOW: dict[str, Wiring] = {
    # Before InspectPhoto, which makes the photo of everything but a retry.
    "RestorePhoto": Wiring(gives={"photo": "photo"}),
    "InspectPhoto": Wiring({"upload": UPLOAD}, {"photo": "photo"}),
    "ReadPhotoCredential": Wiring({"upload": UPLOAD}),
    "ModeratePhoto": Wiring(
        {"images": "photo"}, fixed={"gate": "photo"}, listed=frozenset({"images"})
    ),
    "AwaitPrompt": Wiring({"photo": "photo"}),
    "ModerateWords": Wiring(fixed={"gate": "words"}),
    "DirectScene": Wiring({"photo": "photo"}, {"direction": "direction"}, told_take=True),
    "GenerateVideo": Wiring(
        {"direction": "direction", "photo": "photo"}, {"": "result"}, told_take=True
    ),
    "InspectVideo": Wiring(
        {"result": "result", "direction": "direction", "photo": "photo"},
        {
            "clip": "clip",
            "report": "report",
            "frames": "frames",
            "engine": "engine",
            "crop": "crop",
        },
        told_take=True,
    ),
    "ModerateVideo": Wiring({"images": "frames"}, fixed={"gate": "video"}),
    "LabelVideo": Wiring(
        {
            "clip": "clip",
            "photo": "photo",
            "engine": "engine",
            "crop": "crop",
            "language": "language",
            "begun_at": "begun_at",
        },
        {
            "clip": "labelled",
            "watermark": "watermark",
            "poster": "poster",
            "ingredient": "ingredient",
            "fingerprints": "fingerprints",
        },
    ),
    "SignVideo": Wiring(
        {
            "clip": "labelled",
            "poster": "poster",
            "ingredient": "ingredient",
            "engine": "engine",
            "language": "language",
            "fingerprints": "fingerprints",
        }
    ),
}
#: What each thing is made by; the upload and what was claimed by nobody.
MAKERS = {name: state for state, wiring in WORKFLOW.items() for name in wiring.gives.values()}
#: States that wait for the endpoint, or for a person.
WAITS_FOR_TOKEN = frozenset({"GenerateVideo", "AwaitPrompt"})


def references(thing: Any) -> list[dict[str, Any]]:
    """The references to objects that a thing consists of: one, several, or none."""
    parts = thing if isinstance(thing, list) else [thing]
    return [part for part in parts if isinstance(part, dict) and {"bucket", "key"} <= part.keys()]
