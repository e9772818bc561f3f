"""How measurements become certainties between 0 and 1, and how several of them are weighed."""

import numpy as np

#: So that a certain refutation still has a logarithm.
LEAST = 1e-4


def rise(value: float, low: float, high: float) -> float:
    """0 at low, 1 at high, linear between; low may be above high."""
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def together(*certainties: float) -> float:
    """The geometric mean: all of it must speak, a single refutation suffices."""
    return float(np.exp(np.log(np.maximum(np.array(certainties), LEAST)).mean()))
