"""Sound from the scene: synthesised, without a recording, seamless where the clip loops.

`score_for` says what an ambience sounds like, `compose` plays a score.
"""

from model_endpoint.engines.motion.sound.ambience import score_for
from model_endpoint.engines.motion.sound.mix import LOUDNESS, PEAK, compose
from model_endpoint.engines.motion.sound.score import Part, Score, Voice

__all__ = ["LOUDNESS", "PEAK", "Part", "Score", "Voice", "compose", "score_for"]
