"""How close an obtained number must come to the expected one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KINDS = ("absolute", "relative", "at_most", "binomial_ci", "interval")


@dataclass(frozen=True)
class Tolerance:
    """``absolute``: |obtained - expected| <= value; ``relative``: <= value |expected|; ``at_most``: |obtained| <=
    value (expected is the ideal); ``binomial_ci``: the exact (Clopper-Pearson) interval of this confidence around the
    obtained share holds the expected; ``interval``: value <= obtained <= high, an interval that was published or that
    the case states how it was made.
    """

    kind: str
    value: float
    high: float = math.nan

    @classmethod
    def parse(cls, data: Any, where: str) -> Tolerance:
        """From a one-entry mapping of the YAML file."""
        if not isinstance(data, Mapping) or len(data) != 1 or next(iter(data)) not in KINDS:
            raise ValueError(f"{where}: a tolerance is one of {', '.join(KINDS)} with a number (interval: two)")
        kind, value = next(iter(data.items()))
        if kind == "interval":
            if not isinstance(value, Sequence) or len(value) != 2 or not value[0] <= value[1]:
                raise ValueError(f"{where}: an interval is a list of two numbers, the lower one first")
            return cls(kind, float(value[0]), float(value[1]))
        return cls(str(kind), float(value))

    def met(self, obtained: float, expected: float, counts: tuple[int, int] | None = None) -> bool:
        """Whether the obtained number is close enough."""
        if self.kind == "absolute":
            return abs(obtained - expected) <= self.value
        if self.kind == "relative":
            return abs(obtained - expected) <= self.value * abs(expected)
        if self.kind == "at_most":
            return abs(obtained) <= self.value
        if self.kind == "interval":
            return self.value <= obtained <= self.high
        low, high = self._interval(counts)
        return low <= expected <= high

    def explain(self, obtained: float, expected: float, counts: tuple[int, int] | None = None) -> str:
        """Why the number is not close enough."""
        if self.kind == "binomial_ci":
            low, high = self._interval(counts)
            return f"{expected:.6g} is outside the interval {low:.6g} to {high:.6g}"
        if self.kind == "interval":
            return f"outside {self.value:.6g} to {self.high:.6g}"
        if self.kind == "relative" and expected:
            return f"off by {100 * (obtained / expected - 1):+.3g} %"
        return f"off by {obtained - expected:+.3g}"

    def _interval(self, counts: tuple[int, int] | None) -> tuple[float, float]:
        if counts is None:
            raise ValueError("a binomial interval needs counts")
        return clopper_pearson(*counts, self.value)

    def __str__(self) -> str:
        if self.kind == "absolute":
            return f"± {self.value:g}"
        if self.kind == "relative":
            return f"± {100 * self.value:g} %"
        if self.kind == "at_most":
            return f"≤ {self.value:g}"
        if self.kind == "interval":
            return f"{self.value:g} to {self.high:g}"
        return f"{100 * self.value:g} % binomial interval"


def clopper_pearson(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Exact binomial confidence interval of a share."""
    from scipy.stats import beta

    tail = 0.5 * (1.0 - confidence)
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, trials - successes + 1))
    high = 1.0 if successes == trials else float(beta.ppf(1.0 - tail, successes + 1, trials - successes))
    return low, high
