"""What faces do: blink, look around, smile, and move with their heads."""

from model_endpoint.engines.motion.effects.face.blink import blink
from model_endpoint.engines.motion.effects.face.gaze import gaze
from model_endpoint.engines.motion.effects.face.smile import smile
from model_endpoint.engines.motion.effects.face.sway import head_sway
from model_endpoint.engines.motion.stage import Maker
from story.generation import Motion

MAKERS: dict[Motion, Maker] = {
    "blink": blink,
    "gaze": gaze,
    "smile": smile,
    "head_sway": head_sway,
}
