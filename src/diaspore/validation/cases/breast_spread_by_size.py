"""Share of tumours that have spread, by diameter, from engine patients of fixed diameters."""

from __future__ import annotations

import math

import numpy as np

from diaspore.knowledge.load import facts, table
from diaspore.validation.models.engine_runs import Patients, at_diameter
from diaspore.validation.registry import Result

NUMBER = 2000
OPERATED = {"primary": {"at": "0 day"}, "nodes": {"at": "0 day"}, "only_m0": False}
FOLLOW_UP = {"duration": "25 year", "visits": [{"every": "1 year", "until": "25 year"}]}
NO_OTHER_DEATH = {"mortality.other_level_female": "0 1/day"}


def has_spread(patients: Patients) -> np.ndarray:
    """Who has a distant lesion that was seeded by day 0 and whose founder has begun to divide by the end."""
    lesions = patients.lesions
    started = (lesions["seeded"] <= 0.0) & ~np.isnan(lesions["waking"])
    return patients.any_of(started & patients.distant())


def threshold_fit(diameters: np.ndarray, shares: np.ndarray) -> tuple[float, float]:
    """Median and sd of ln(diameter) of the log-normal threshold that fits the shares best (binomial likelihood)."""
    from scipy.optimize import minimize
    from scipy.special import ndtr

    def loss(x: np.ndarray) -> float:
        p = np.clip(ndtr((np.log(diameters) - x[0]) / math.exp(x[1])), 1e-12, 1.0 - 1e-12)
        return -float(np.sum(shares * np.log(p) + (1.0 - shares) * np.log1p(-p)))

    best = minimize(loss, np.array([math.log(35.0), math.log(0.9)]), method="Nelder-Mead").x
    return math.exp(best[0]), math.exp(best[1])


def run() -> Result:
    """Engine shares at Michaelson's diameters, their median, and the error beside curves that need no engine."""
    from scipy.special import ndtr

    result = Result()
    known = facts()
    start = "survival.michaelson1999."
    rows = [r for r in table("survival") if r.key.startswith(start)]
    names = [r.key.removeprefix(start) for r in rows]
    where = np.array([float(name.removeprefix("d").removesuffix("_b").removesuffix("mm")) for name in names])
    published = np.array([float(r.value) for r in rows])
    shares = {}
    for d in sorted({*where, 35.0}):
        patients = at_diameter(d, NUMBER, surgery=OPERATED, follow_up=FOLLOW_UP, change=NO_OTHER_DEATH)
        shares[d] = float(has_spread(patients).mean())
    model = np.array([shares[d] for d in where])
    half = float(known["survival.tubiana.median_diameter"].value)
    nulls = {
        "constant": np.full(len(where), published.mean()),
        "threshold": ndtr(np.log(where / half) / float(known["survival.koscielny.sigma"].value)),
        "halving": 1.0 - 2.0 ** (-where / half),
    }
    diameters = np.array(list(shares))
    median, sd = threshold_fit(diameters, np.array([shares[d] for d in diameters]))
    result.add(
        "median_diameter_cm",
        median / 10.0,
        null={"geometric_mean_of_sizes": float(np.exp(np.mean(np.log(where)))) / 10.0},
        reason=f"sd of ln(threshold) {sd:.2f}; share at 35 mm {shares[35.0]:.3f}",
    )
    for k, name in enumerate(names):
        result.add(f"share_{name}", model[k], null={null: float(curve[k]) for null, curve in nulls.items()})

    def rmse(guess: np.ndarray) -> float:
        return 100.0 * float(np.sqrt(np.mean((guess - published) ** 2)))

    result.add("rmse_pp", rmse(model), null={null: rmse(curve) for null, curve in nulls.items()})
    return result
