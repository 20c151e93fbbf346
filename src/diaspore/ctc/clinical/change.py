"""Whether two counts differ by more than chance: exact tests given their sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, binomtest, nbinom

from diaspore.core.errors import InputError
from diaspore.ctc.clinical.poisson import LEVEL, check_size


@dataclass(frozen=True)
class Change:
    """Two counts compared.

    Attributes:
        ratio: of concentrations, second over first; infinite when the first count is 0, NaN when both are.
        low, high: exact interval of the ratio under Poisson counts.
        p: two-sided.
    """

    ratio: float
    low: float
    high: float
    p: float


def compare_counts(
    first: int, first_ml: float, second: int, second_ml: float, *, size: float | None = None, level: float = LEVEL
) -> Change:
    """Test equal concentrations in two samples of the same assay.

    Given their sum, the second of two Poisson counts is binomial with the share of its volume. With ``size`` each count
    is negative binomial about its mean (variance mean + mean^2 / size); given the sum, it is then beta-binomial where
    volumes are equal, and where they are not its distribution is taken at the pooled concentration. The two-sided p is
    the chance of all outcomes that are not more probable than the one seen.

    Args:
        first, second: counts. first_ml, second_ml: volumes (mL). size: of the negative binomial. level: of
            the interval.

    Raises:
        InputError: negative counts, volumes or a size that are not positive.
    """
    if first < 0 or second < 0 or not (first_ml > 0 and second_ml > 0):
        problem = f"{first} in {first_ml} mL and {second} in {second_ml} mL cannot be"
        raise InputError(problem, field="count", allowed="counts of at least 0 in volumes above 0")
    total, share = first + second, second_ml / (first_ml + second_ml)
    if size is not None:
        check_size(size)
    if total == 0:
        return Change(float("nan"), 0.0, float("inf"), 1.0)
    tail = (1.0 - level) / 2.0
    low = 0.0 if second == 0 else float(beta.ppf(tail, second, first + 1))
    high = 1.0 if first == 0 else float(beta.ppf(1.0 - tail, second + 1, first))
    volumes = first_ml / second_ml
    ratio = float("inf") if first == 0 else second / first * volumes
    odds = [float("inf") if part >= 1.0 else part / (1.0 - part) * volumes for part in (low, high)]
    p = float(binomtest(second, total, share).pvalue) if size is None else _spread_p(first, second, share, size)
    return Change(ratio, odds[0], odds[1], p)


def _spread_p(first: int, second: int, share: float, size: float) -> float:
    total = first + second
    outcomes = np.arange(total + 1)
    means = total * (1.0 - share), total * share
    logs = nbinom.logpmf(total - outcomes, size, size / (size + means[0]))
    logs = logs + nbinom.logpmf(outcomes, size, size / (size + means[1]))
    chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    return float(min(1.0, chances[chances <= chances[second] * (1.0 + 1e-7)].sum()))


def holm(p: list[float]) -> list[float]:
    """p values of several tests, adjusted by the step-down method of Holm."""
    order = np.argsort(p, kind="stable")
    adjusted, largest = [0.0] * len(p), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = largest
    return adjusted
