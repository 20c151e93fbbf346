"""Chances, intervals and moments of counts beside closed forms."""

from __future__ import annotations

import math

import numpy as np

from diaspore.validation.registry import Result

TUBES, SEED = 1_000_000, 11


def run() -> Result:
    """Counts without over-dispersion beside Poisson's law; over-dispersed ones beside their own moments."""
    from scipy.stats import gamma

    from diaspore.ctc.assay import Prior, assay, detection, discordance, posterior, tumour_population
    from diaspore.ctc.assay.assays import Assay
    from diaspore.ctc.assay.capture import All
    from diaspore.ctc.assay.counts import draw, moments
    from diaspore.ctc.clinical.poisson import exact_interval

    result = Result()
    plain = Assay("plain", 7.5, All(), handling=0.85)
    cells = tumour_population(1.0, kinds={"epithelial": 1.0}, clusters=0.0)
    for total in (50, 500, 1000, 5000):
        result.add(f"detect_{total}", detection(plain, cells.at(total / 5000.0)))
    for name, count in (("upper_0", 0), ("lower_5", 5), ("upper_5", 5), ("lower_10", 10), ("upper_10", 10)):
        result.add(name, exact_interval(count)[0 if name.startswith("lower") else 1])
    exact = plain.with_(handling=1.0)
    for called in (4, 8):
        result.add(f"call_mean_{called}", detection(exact, cells.at(called / 7.5), 5))
    result.add("discordance_5", discordance(exact, cells.at(5.0 / 7.5), 5))
    worst = 0.0
    for count in (1, 4, 20, 200):
        found = posterior(count, exact, cells, Prior("gamma", 5.0, 0.5))
        law = gamma(0.5 + count, scale=1.0 / (0.1 + 1.0))
        pairs = [(found.mean(), law.mean())] + [(found.quantile(q), law.ppf(q)) for q in (0.025, 0.5, 0.975)]
        worst = max(worst, *(abs(a / b - 1.0) for a, b in pairs))
    result.add("posterior_gamma", worst)
    errors = []
    for name in ("cellsearch", "parsortix"):
        one, population = assay(name), tumour_population(2.0)
        counts = draw(one, population, TUBES, SEED)["count"].to_numpy(dtype=float)
        mean, variance = moments(one, population)
        centred = (counts - mean) ** 2
        errors += [
            abs(counts.mean() - mean) / math.sqrt(variance / TUBES),
            abs(centred.mean() - variance) / (np.std(centred) / math.sqrt(TUBES)),
        ]
    result.add("count_moments", float(max(errors)))
    return result
