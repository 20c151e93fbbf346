"""Organs of metastases among engine patients with any, against a flow-only and a frequency-only null model."""

from __future__ import annotations

import numpy as np

from diaspore.knowledge.anatomy import SITES, primaries, tropism
from diaspore.validation.models.engine_runs import PARAMETERS, Patients, surgical_population
from diaspore.validation.registry import Result

TOGETHER = {"brain": ("brain", "meninges")}  # MSK-MET counts meninges under CNS/Brain
LEFT_OUT = ("breast", "prostate")
OWN_ORGAN = {"nsclc": "lung", "sclc": "lung", "colorectal": "bowel"}  # where it is not the name of the primary


def published_shares() -> dict[str, float]:
    """Share of metastatic breast cancer patients with each site."""
    counts = tropism("breast")
    return {name: with_site / of for name, (with_site, of) in counts.items() if name not in LEFT_OUT}


def engine_shares(patients: Patients, names: list[str]) -> np.ndarray:
    """Share of patients with a detected distant metastasis who have one at each site."""
    found = patients.distant() & ~np.isnan(patients.lesions["detected"])
    metastatic = patients.any_of(found)
    shares = []
    for name in names:
        places = [SITES.index(place) for place in TOGETHER.get(name, (name,))]
        shares.append(patients.any_of(found & np.isin(patients.lesions["site"], places))[metastatic].mean())
    return np.array(shares)


def flow_only(names: list[str], published: np.ndarray) -> np.ndarray:
    """Share with each site when sites take in proportion to the cells that extravasate there.

    A patient has a site with probability 1 - exp(-c a); c gives the mean number of sites per patient of the data.
    """
    from scipy.optimize import brentq

    from diaspore.body.parameters import resolve
    from diaspore.body.processes.geometry import ln_volume
    from diaspore.body.quantities import changed, mixture, solve_blood

    point = changed(resolve(PARAMETERS, {}), {})
    share, _weight = mixture(point, ln_volume(20.0))
    arrivals = np.einsum("cg,cgj->j", share, solve_blood(point, "female").extravasated[0])
    a = np.array([sum(arrivals[SITES.index(p)] for p in TOGETHER.get(name, (name,))) for name in names])
    total = published.sum()
    scale = brentq(lambda x: float(np.sum(-np.expm1(-np.exp(x) * a))) - total, -20.0, 60.0)
    result: np.ndarray = -np.expm1(-np.exp(scale) * a)
    return result


def other_primaries(names: list[str]) -> np.ndarray:
    """Mean share with each site over the other primaries of the same data; a primary's own organ does not count."""
    values: dict[str, list[float]] = {name: [] for name in names}
    seen = set()
    for name, primary in primaries().items():
        if name == "breast" or primary.msk_primary in seen:
            continue
        seen.add(primary.msk_primary)
        for site, (with_site, of) in tropism(name).items():
            if site in values and site != OWN_ORGAN.get(name, name) and of:
                values[site].append(with_site / of)
    return np.array([np.mean(values[name]) for name in names])


def excess_log_loss(model: np.ndarray, published: np.ndarray) -> float:
    """Mean over sites of the Kullback-Leibler divergence of the model's share from the published one, in nats."""
    q = np.clip(model, 1e-4, 1.0 - 1e-4)
    p = published
    return float(np.mean(p * np.log(p / q) + (1.0 - p) * np.log((1.0 - p) / (1.0 - q))))


def run() -> Result:
    """Shares by site and their errors."""
    result = Result()
    shares = published_shares()
    names = list(shares)
    published = np.array([shares[name] for name in names])
    model = engine_shares(surgical_population(), names)
    nulls = {"flow_only": flow_only(names, published), "other_primaries": other_primaries(names)}
    for k, name in enumerate(names):
        result.add(name, model[k], null={null: float(guess[k]) for null, guess in nulls.items()})

    def rmse(guess: np.ndarray) -> float:
        return 100.0 * float(np.sqrt(np.mean((guess - published) ** 2)))

    result.add("rmse_pp", rmse(model), null={null: rmse(guess) for null, guess in nulls.items()})
    losses = {null: excess_log_loss(guess, published) for null, guess in nulls.items()}
    result.add("excess_log_loss", excess_log_loss(model, published), null=losses)
    return result
