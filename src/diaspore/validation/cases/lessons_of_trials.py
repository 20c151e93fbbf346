"""Virtual trials of levers, simulated anew: what the cascade alone says about drugs against metastasis."""

from __future__ import annotations

from diaspore.inference.strengths.lessons import run as lessons
from diaspore.validation.registry import Result

AGAIN = 40


def run() -> Result:
    """All lessons that the case expects, with their intervals."""
    result = Result()
    for row in lessons(again=AGAIN)["lessons"]:
        if row["check"]:
            result.add(row["check"], row["value"], reason=f"95 % {row['low']:.3g} to {row['high']:.3g}")
    return result
