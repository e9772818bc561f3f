"""A small network from meanings to verdicts, in NumPy: one hidden layer of rectified sums.

It learns by Adam (Kingma and Ba, 2015) with decoupled weight decay (Loshchilov and Hutter, 2019)
and a step that falls to nothing. Inputs and hidden sums are left out at random (Srivastava et al.,
2014).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

_EPOCHS = 24
_BATCH = 256
_STEP = 1e-3
_DECAY = 0.1
_LEVELS = 127
#: Shares that are left out.
_INPUTS_OUT, _HIDDEN_OUT = 0.25, 0.5
#: Adam's memories of the gradient and of its square, and what keeps the root from zero.
_MEMORY, _SQUARES, _TINY = 0.9, 0.999, 1e-8

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Network:
    """Weights of the two layers: (features, hidden), (hidden,), (hidden, verdicts), (verdicts,)."""

    inner: Floats
    inner_offsets: Floats
    outer: Floats
    outer_offsets: Floats

    #: What `packed` gives: a layer's weights in steps of the largest's 127th, and those steps.
    PACKED: ClassVar = ("inner", "inner_step", "inner_offsets", "outer", "outer_offsets")

    def packed(self) -> dict[str, Any]:
        """A quarter as large, and as good to two digits."""
        step = float(np.abs(self.inner).max()) / _LEVELS
        return {
            "inner": np.round(self.inner / step).astype(np.int8),
            "inner_step": np.float32(step).reshape(1),
            "inner_offsets": self.inner_offsets,
            "outer": self.outer,
            "outer_offsets": self.outer_offsets,
        }

    @classmethod
    def unpacked(cls, arrays: dict[str, npt.NDArray[Any]]) -> "Network":
        """From what `packed` gave."""
        return cls(
            arrays["inner"] * arrays["inner_step"],
            arrays["inner_offsets"],
            arrays["outer"],
            arrays["outer_offsets"],
        )

    def logits(self, inputs: Floats) -> Floats:
        """(texts, verdicts), whose softmax is how likely each is."""
        hidden = np.maximum(inputs @ self.inner + self.inner_offsets, 0)
        return np.asarray(hidden @ self.outer + self.outer_offsets)


def softmax(values: Floats) -> Floats:
    """Probabilities along the last axis."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def fitted(inputs: Floats, wanted: Indices, shares: Floats, hidden: int, seed: int) -> Network:
    """The network that learned from inputs (texts, features) which of the verdicts is wanted.

    Shares (texts,) say how much each counts; `hidden` is how many sums are between. The same seed
    gives the same network.
    """
    chance = np.random.default_rng(seed)
    texts, features = inputs.shape
    truth = np.eye(int(wanted.max()) + 1, dtype=np.float32)[wanted]
    shares = (shares / shares.mean()).astype(np.float32)
    layers = [
        (chance.standard_normal((features, hidden)) / np.sqrt(features)).astype(np.float32),
        np.zeros(hidden, np.float32),
        (chance.standard_normal((hidden, truth.shape[1])) / np.sqrt(hidden)).astype(np.float32),
        np.zeros(truth.shape[1], np.float32),
    ]
    means = [np.zeros_like(layer) for layer in layers]
    squares = [np.zeros_like(layer) for layer in layers]
    steps = _EPOCHS * -(-texts // _BATCH)
    done = 0
    for _ in range(_EPOCHS):
        order = chance.permutation(texts)
        for at in range(0, texts, _BATCH):
            chosen = order[at : at + _BATCH]
            seen = _thinned(inputs[chosen], chance)
            gradients = _gradients(layers, seen, truth[chosen], shares[chosen], chance)
            step = _STEP * (1 - done / steps)
            done += 1
            for index, gradient in enumerate(gradients):
                means[index] += (1 - _MEMORY) * (gradient - means[index])
                squares[index] += (1 - _SQUARES) * (gradient**2 - squares[index])
                towards = means[index] / (1 - _MEMORY**done)
                towards /= np.sqrt(squares[index] / (1 - _SQUARES**done)) + _TINY
                if gradient.ndim > 1:
                    towards += _DECAY * layers[index]
                layers[index] -= step * towards
    return Network(*layers)


def _thinned(inputs: Floats, chance: np.random.Generator) -> Floats:
    """Inputs some of which are left out, the others larger for it."""
    kept = chance.random(inputs.shape, dtype=np.float32) > _INPUTS_OUT
    return np.asarray(inputs * kept / np.float32(1 - _INPUTS_OUT))


def _gradients(
    layers: list[Floats], seen: Floats, truth: Floats, shares: Floats, chance: np.random.Generator
) -> list[Floats]:
    """Of the cross entropy, by each of the layers."""
    inner, inner_offsets, outer, outer_offsets = layers
    sums = seen @ inner + inner_offsets
    kept = (chance.random(sums.shape, dtype=np.float32) > _HIDDEN_OUT) / np.float32(1 - _HIDDEN_OUT)
    hidden = np.maximum(sums, 0) * kept
    errors = (softmax(hidden @ outer + outer_offsets) - truth) * shares[:, np.newaxis] / len(seen)
    back = (errors @ outer.T) * kept * (sums > 0)
    return [seen.T @ back, back.sum(axis=0), hidden.T @ errors, errors.sum(axis=0)]
