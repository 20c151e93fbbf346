"""How well the factors are known: draws around the optimum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from diaspore.inference.tropism.model import Fit, log_likelihood
from diaspore.inference.tropism.terms import base_columns, precisions

if TYPE_CHECKING:
    import pandas as pd

_STEP = 1e-4


def draws(fit: Fit, number: int, seed: int) -> pd.DataFrame:
    """Draws of all coefficients from the normal approximation of the posterior at its mode (Laplace).

    One row per draw; columns ``beta``, ``mean``, ``primary.NAME``, ``site.NAME``, ``term.NAME``. The choice of
    interactions and the overdispersion are taken as known, so the spread is too small rather than too large.
    """
    import pandas as pd

    table = fit.table
    columns = np.concatenate([base_columns(table), *(term.column(table)[:, :, None] for term, _v in fit.terms)], axis=2)
    theta = np.array([fit.beta, fit.mean, *fit.primary.values(), *fit.site.values(), *(v for _t, v in fit.terms)])
    spread = float(np.log(fit.overdispersion / (1.0 - fit.overdispersion)))
    k = len(theta)
    curvature = np.zeros((k, k))
    for i in range(k):
        step = np.zeros(k)
        step[i] = _STEP
        up = log_likelihood(theta + step, spread, columns, table)[1]
        down = log_likelihood(theta - step, spread, columns, table)[1]
        curvature[i] = -(up - down) / (2.0 * _STEP)
    information = 0.5 * (curvature + curvature.T) + np.diag(
        precisions(len(table.cancers), len(table.sites), len(fit.terms))
    )
    value, vector = np.linalg.eigh(information)
    root = vector / np.sqrt(np.maximum(value, 1e-3))
    noise = np.random.Generator(np.random.Philox(seed)).standard_normal((number, k))
    names = [
        "beta",
        "mean",
        *(f"primary.{name}" for name in fit.primary),
        *(f"site.{name}" for name in fit.site),
        *(f"term.{term.name}" for term, _v in fit.terms),
    ]
    return pd.DataFrame(theta + noise @ root.T, columns=names)
