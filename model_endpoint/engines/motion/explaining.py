"""What the engine saw and decided about one photo, as a page: see model_endpoint/explain.py."""

from pathlib import Path

from model_endpoint.engines.motion.engine import produce
from model_endpoint.engines.motion.plan import reported
from model_endpoint.engines.motion.planes import rgb
from model_endpoint.explain import explain
from model_endpoint.pixels import Rgb
from model_endpoint.scene.analysis import analyse
from story.generation import Direction

#: Phases of the clip whose frames are shown, and the one whose displacement is drawn.
SHOWN = (0.0, 0.2, 0.4, 0.6, 0.8)
FLOW_PHASE = 0.12


def explained(photo: Rgb, direction: Direction, folder: Path) -> Path:
    """Write the page for a photo and a direction; returns its path."""
    scene = analyse(photo, direction.faces, direction.tags, direction.wishes.named)
    production = produce(photo, direction, scene)
    plan = production.plan
    rows = [
        *(f"understood: {sentence}" for sentence in plan.understood),
        *(f"unmet: {sentence}" for sentence in plan.unmet),
        *(f"{each.kind}: {each.motion}" for each in reported(scene, plan.effects)),
    ]
    return explain(
        photo,
        scene,
        folder,
        # A field says where a place is taken from; an arrow shows where it goes.
        flow=-production.renderer.displacement(FLOW_PHASE),
        plan=rows,
        frames=[rgb(production.renderer.draw(phase)) for phase in SHOWN],
    )
