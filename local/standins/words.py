"""Whether words ask for something bad, in many languages.

The disguises are taken off a text first (unmasked.py). Then it is judged by what it means, as two
models see it, and by the nearest of the phrases: training.py adds the two up. The category
is the likeliest by meaning. A long text hides a short demand, so each sentence is judged by itself
as well, and the worst counts.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from local.standins import training
from local.standins.meanings import Meanings
from local.standins.phrases import CATEGORIES, PHRASES, VERDICTS, made_from
from local.standins.unmasked import unmasked
from local.standins.vocabulary import Vocabulary

#: By cross-validation (training.py), in which most harmless phrases are traps: halfway between
#: where 95 and where 90 of 100 of unseen ideas pass there.
FOUND = 1.88
_CONFIDENCES = (("HIGH", 4.0), ("MEDIUM", 2.5), ("LOW", FOUND))
#: A category is found beside the likeliest if it is at least half as likely.
_AS_LIKELY = 0.5
_SENTENCE_END = re.compile(r"[.!?;\n。！？；؟।]+")  # noqa: RUF001 - ends of sentences, in many scripts

Embeddings = npt.NDArray[np.float32]
__all__ = ["CATEGORIES", "FOUND", "Judgement", "PhrasesError", "WordJudge"]


@dataclass(frozen=True)
class Judgement:
    """One category: how bad the text is for it, and what Guardrails would call that."""

    category: str
    #: Log odds with the margin of the nearest phrases; from FOUND on the category is found.
    badness: float
    #: NONE, LOW, MEDIUM or HIGH.
    confidence: str


class PhrasesError(Exception):
    """What was learned does not belong to the phrases or to the text models."""


class WordJudge:
    """The text models and what was learned from the phrases."""

    def __init__(
        self,
        folder: Path = PHRASES,
        learned: Path = training.LEARNED,
        vectors: Path = training.VECTORS,
    ) -> None:
        """Raises PhrasesError unless `learned` was made from these phrases by these models.

        `vectors` are those of the phrases; raises ValueError if they are of others.
        """
        self._meanings = Meanings()
        self._learned, origin = training.load(learned, vectors)
        if origin != made_from(folder):
            raise PhrasesError(
                f"{learned.name} was made from {origin}; {folder.name}/ and what is installed are "
                f"{made_from(folder)}: run python -m local.standins.training"
            )

    def warm(self) -> None:
        """Load the models now."""
        self.judge("clouds drift")

    def judge(self, text: str) -> list[Judgement]:
        """Every category, in the order of CATEGORIES; those not found have NONE."""
        plain = self.plain(text)
        sentences = [part.strip() for part in _SENTENCE_END.split(plain)]
        parts = list(dict.fromkeys([plain, *(part for part in sentences if part)]))
        judged = []
        # One row a part of the text, one column a category.
        for category, badness in zip(
            CATEGORIES, self.badness(parts).max(axis=0).tolist(), strict=True
        ):
            confidence = next((name for name, least in _CONFIDENCES if badness >= least), "NONE")
            judged.append(Judgement(category, badness, confidence))
        return judged

    def plain(self, text: str) -> str:
        """The text without disguise; itself, if nothing else is left."""
        return unmasked(text, self._meanings.pieces, self._split) or text

    def badness(self, texts: list[str]) -> Embeddings:
        """(texts, categories); a category much less likely than the likeliest has -inf."""
        meanings = self._meanings.of(texts)
        bad = self._learned.likely(meanings)[:, 1:]
        assert VERDICTS[1:] == CATEGORIES  # noqa: S101 - what the columns are
        worst = self._learned.badness(meanings)[:, np.newaxis]
        found = bad >= _AS_LIKELY * bad.max(axis=1, keepdims=True)
        return np.where(found, worst, -np.inf).astype(np.float32)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        # Made only once letters are found that want words: it takes a fifth of a second.
        return Vocabulary.unpacked(*self._learned.vocabulary)

    def _split(self, letters: str) -> list[str]:
        return self._vocabulary.split(letters)

    def embed(self, texts: list[str]) -> Embeddings:
        """(texts, 384) unit vectors by e5, as training.kept has them of the phrases."""
        return self._meanings.of_e5(texts)
