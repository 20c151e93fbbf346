"""Effects of treatments at the frozen strengths, simulated anew with other patients than the fit had."""

from __future__ import annotations

from diaspore.inference.population import optimum_changes
from diaspore.inference.strengths.designs import DESIGNS
from diaspore.inference.strengths.fit import effects_of
from diaspore.inference.strengths.frozen import values
from diaspore.validation.registry import Result

PATIENTS, SEED = 6000, 4


def run() -> Result:
    """Every design at the frozen strengths; the ratio of no effect stands beside."""
    result = Result()
    for name in DESIGNS:
        published, simulated = effects_of(name, values(), PATIENTS, SEED, optimum_changes())
        for figure, value in zip(published, simulated, strict=True):
            nothing = 0.0 if figure.quantity == "risk difference" else 1.0
            result.add(figure.check, float(value), null={"no effect": nothing})
    return result
