"""How sure a call is: the slide's events as a mixture of leukocytes and tumour cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.ctc.images.relative import Reference

TAIL = 0.005
"""Part of leukocytes that is spread evenly over the whole range of the balance: stained by accident (assumed)."""
RANGE = 8.0
"""Width of that range."""
PRIOR_CELLS = 10.0
"""Weight of what is assumed of tumour cells before the slide is seen, in cells."""
PRIOR_BALANCE, PRIOR_SPREAD = 2.8, 0.6
"""Balance of tumour cells and its sd before the slide is seen: of synthetic slides (seeds 1000 to 1023)."""
PRIOR_SHARE = 0.01
ROUNDS = 200


@dataclass(frozen=True)
class Mixture:
    """``share`` of tumour cells among nuclei, ``middle`` and ``spread`` of their balance, and that of leukocytes."""

    share: float
    middle: float
    spread: float
    leukocyte: tuple[float, float]

    def probability(self, balance: np.ndarray) -> np.ndarray:
        """Probability of being a tumour cell, given the balance; grows with it."""
        x = np.asarray(balance, dtype=np.float64)
        # Beyond the middle of tumour cells more cytokeratin does not make a cell less of one.
        tumour = self.share * _normal(np.minimum(x, self.middle), self.middle, self.spread)
        other = (1.0 - self.share) * _leukocytes(np.maximum(x, self.leukocyte[0]), self.leukocyte)
        return np.asarray(tumour / (tumour + other))


def mixture(balance: np.ndarray, reference: Reference) -> Mixture:
    """Fit the tumour cells' part to the balances of a slide's nuclei; leukocytes are as the reference has them.

    Expectation-maximisation with a prior worth ten cells, so that a slide without tumour cells has an answer as well.
    """
    x = np.asarray(balance, dtype=np.float64)
    share, middle, spread = PRIOR_SHARE, PRIOR_BALANCE, PRIOR_SPREAD
    for _ in range(ROUNDS):
        p = Mixture(share, middle, spread, reference.balance).probability(x)
        total = p.sum()
        share_new = (total + PRIOR_CELLS * PRIOR_SHARE) / (len(x) + PRIOR_CELLS)
        middle = (p @ x + PRIOR_CELLS * PRIOR_BALANCE) / (total + PRIOR_CELLS)
        spread = float(
            np.sqrt((p @ (x - middle) ** 2 + PRIOR_CELLS * PRIOR_SPREAD**2) / (total + PRIOR_CELLS)).clip(0.3, 1.5)
        )
        done, share = abs(share_new - share) < 1e-7, float(share_new)
        if done:
            break
    return Mixture(share, float(middle), spread, reference.balance)


def _normal(x: np.ndarray, middle: float, spread: float) -> np.ndarray:
    return np.asarray(np.exp(-0.5 * ((x - middle) / spread) ** 2) / (spread * np.sqrt(2.0 * np.pi)))


def _leukocytes(x: np.ndarray, shape: tuple[float, float]) -> np.ndarray:
    return (1.0 - TAIL) * _normal(x, *shape) + TAIL / RANGE
