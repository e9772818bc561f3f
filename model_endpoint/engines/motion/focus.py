"""Drawing the focus: what is behind the subject blurs, as behind a wide lens."""

import cv2

from model_endpoint.engines.motion.sampling import sample, scaled
from model_endpoint.engines.motion.textures import Texture
from model_endpoint.pixels import Map, Rgb, as_rgb

#: Deviation of the blur at its most, as a part of the texture's longer side.
BLUR = 0.006
#: The blurred copy is kept this much coarser than the texture: it has no detail to lose.
COARSER = 4


class Defocus:
    """A blurred copy of the ground, mixed with the sharp one by how far the focus is away."""

    def __init__(self, ground: Texture) -> None:
        """Blur once; a frame only mixes."""
        height, width = ground.pixels.shape[:2]
        size = (max(1, width // COARSER), max(1, height // COARSER))
        small = cv2.resize(ground.pixels, size, interpolation=cv2.INTER_AREA)
        deviation = BLUR * max(height, width) / COARSER
        self._blurred = as_rgb(cv2.GaussianBlur(small, (0, 0), deviation))
        self._scale = size[0] / width

    def ground(self, sharp: Texture, places: Map, amount: float) -> Rgb:
        """The ground at places (h, w, 2) of the sharp texture, `amount` 0..1 out of focus."""
        offset = 0.5 * self._scale - 0.5
        own = scaled(places, self._scale, offset, offset)
        soft = sample(self._blurred, own, cv2.BORDER_REPLICATE)
        return as_rgb(cv2.addWeighted(sharp.sample(places), 1.0 - amount, soft, amount, 0.0))

    @staticmethod
    def blurred(drawn: Rgb, amount: float) -> Rgb:
        """A drawn sky (h, w, 4), which is soft already: only as much as its clouds show."""
        deviation = max(0.3, amount * BLUR * max(drawn.shape))
        return as_rgb(cv2.GaussianBlur(drawn, (0, 0), deviation))
