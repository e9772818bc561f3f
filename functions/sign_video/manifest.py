"""What the credential of a story says: how it was made, from what, and what may be done with it.

C2PA specification 2.4. A manifest travels with the file to people nobody knows, so it names no
person, no prompt and no place; of the photo it shows only the small crop that became the first
frame.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from story.fingerprints import iscc_unit

if TYPE_CHECKING:
    from story.generation import EngineName
    from story.labels import Label, Language

VERSION = "0.1.0"
SPECIFICATION = "2.4.0"
TITLE = "story.mp4"
MEDIA_TYPE = "video/mp4"

#: What the builder calls the pictures that are added to it.
POSTER = "poster.jpg"
INGREDIENT = "ingredient.jpg"
_INGREDIENT_LABEL = "photo"

#: Assertions about what this signer made itself. The library would file these four under
#: "gathered", which is for what a signer merely heard.
CREATED = (
    "c2pa.ingredient",
    "c2pa.ingredient.v3",
    "c2pa.thumbnail.claim",
    "c2pa.thumbnail.ingredient",
)
#: On C2PA's list of soft bindings. Its value is a sequence of ISCC units of 256 bits (IEP-0020).
SOFT_BINDING = "io.iscc.v0"
_MINING = (
    "cawg.ai_generative_training",
    "cawg.ai_inference",
    "cawg.ai_training",
    "cawg.data_mining",
)


@dataclass(frozen=True)
class Story:
    """What is to be stated of one clip.

    `instance_id` is unique to it; `made_at` is ISO 8601; `iscc` is the Video-Code of its pictures.
    """

    instance_id: str
    made_at: str
    engine: EngineName
    label: Label
    language: Language
    iscc: str
    #: What is said of the Content Credentials that the photo came with, if anything is.
    photo_credential: str | None = None


def manifest(story: Story) -> dict[str, Any]:
    """The definition that c2pa's Builder takes; ingredient() has its other half."""
    enliven = {"name": "Enliven", "version": VERSION}
    actions = [
        {
            "action": story.label.c2pa_action,
            "when": story.made_at,
            "digitalSourceType": story.label.digital_source_type,
            "softwareAgent": {"name": story.engine.name, "version": story.engine.version},
            "description": story.label.made_description(story.engine),
            "parameters": {"ingredientIds": [_INGREDIENT_LABEL]},
        },
        {
            "action": story.label.badge_action,
            "when": story.made_at,
            "softwareAgent": enliven,
            "description": story.label.badge_description(story.language),
        },
        {
            "action": story.label.watermark_action,
            "when": story.made_at,
            "softwareAgent": enliven,
            "description": story.label.watermark_description,
        },
    ]
    return {
        "claim_generator_info": [enliven | {"specVersion": SPECIFICATION}],
        "title": TITLE,
        "format": MEDIA_TYPE,
        "instance_id": story.instance_id,
        "thumbnail": {"format": "image/jpeg", "identifier": POSTER},
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "created": True,
                "data": {"actions": actions, "allActionsIncluded": True},
            },
            {
                # By what the credential is found again once the file has lost it.
                "label": "c2pa.soft-binding",
                "created": True,
                "data": {
                    "alg": SOFT_BINDING,
                    # Of the whole clip. The library takes JSON, which has no bytes, and its own
                    # type for this assertion has a text of base64 here.
                    "blocks": [
                        {"scope": {}, "value": base64.b64encode(iscc_unit(story.iscc)).decode()}
                    ],
                },
            },
            {
                "label": "cawg.training-mining",
                "created": True,
                "data": {"entries": {use: {"use": "notAllowed"} for use in _MINING}},
            },
        ],
    }


def ingredient(said: str | None = None) -> dict[str, Any]:
    """The photo, as what went into the clip: its thumbnail is the ingredient itself.

    said: of the Content Credentials that it came with.
    """
    described = {} if said is None else {"description": said}
    return described | {
        "title": "photo.jpg",
        "relationship": "inputTo",
        "label": _INGREDIENT_LABEL,
        "thumbnail": {"format": "image/jpeg", "identifier": INGREDIENT},
    }
