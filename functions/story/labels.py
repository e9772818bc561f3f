"""What a clip must say about itself, by the kind of engine that made it: one table.

The visible badge, the XMP packet and the signed manifest all read their words here, so that they
cannot contradict each other. A new family of engines needs a row here before it can be used.

Digital source types: IPTC NewsCodes, http://cv.iptc.org/newscodes/digitalsourcetype/
"""

from dataclasses import dataclass
from typing import Final, Literal

from story.generation import EngineName

_SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"

Family = Literal["procedural", "diffusion"]


@dataclass(frozen=True)
class Label:
    """What is shown, embedded and signed for one family of engines."""

    #: The words of the badge that is burned into every frame.
    badge_text: str
    #: The full URI of an IPTC digital source type, for XMP and the `c2pa.created` action.
    digital_source_type: str
    #: The description of the manifest's `c2pa.created` action.
    c2pa_action_description: str
    #: The description of the manifest's `c2pa.edited` action for the badge.
    c2pa_badge_description: str


_BADGE_TEXT: Final = "AI-generated"
_BADGE_DESCRIPTION: Final = f'The words "{_BADGE_TEXT}" were drawn into every frame.'

LABELS: Final[dict[Family, Label]] = {
    # Such an engine moves the photo's own pixels by rules. It is synthetic, and says so, but its
    # pixels come from no trained generative model: the manifest must not claim that they do.
    "procedural": Label(
        badge_text=_BADGE_TEXT,
        digital_source_type=_SOURCE_TYPES + "compositeSynthetic",
        c2pa_action_description=(
            "A photo was set in motion by a procedural engine: its pixels were moved and blended "
            "by rules, and the sound was synthesised. No trained generative model made any pixel."
        ),
        c2pa_badge_description=_BADGE_DESCRIPTION,
    ),
    "diffusion": Label(
        badge_text=_BADGE_TEXT,
        digital_source_type=_SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia",
        c2pa_action_description=(
            "A photo was set in motion by a trained generative model; the frames after the first "
            "are the model's invention."
        ),
        c2pa_badge_description=_BADGE_DESCRIPTION,
    ),
}


def for_engine(engine: EngineName) -> Label:
    """The label of every clip that this engine makes."""
    return LABELS[engine.family]
