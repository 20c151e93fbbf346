"""Which parameters matter: Morris elementary effects and Sobol indices of any function of parameters with priors.

Points are drawn on the scale of the priors' quantiles (SALib's designs in the unit cube), so a parameter moves over
what its prior allows. *Morris* says what a parameter does when it moves over its whole range, from a few trajectories;
*Sobol* says what share of an output's variance under the priors comes from it, alone (first order) and with its
interactions (total). Parameters are taken as independent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.core.errors import DiasporeError, InputError
from diaspore.inference.priors import Prior, from_uniform

if TYPE_CHECKING:
    import pandas as pd

Function = Callable[[np.ndarray], np.ndarray]
"""(n, parameters) -> (n, outputs)"""
COLUMNS = ("method", "output", "parameter", "index", "value", "low", "high")
_EDGE = 1e-9  # a quantile of exactly 0 or 1 would be infinite without bounds
_RESAMPLES = 500


def morris(
    priors: Sequence[Prior],
    function: Function,
    outputs: Sequence[str],
    seed: int,
    trajectories: int = 20,
    levels: int = 4,
    tail: float = 0.005,
) -> pd.DataFrame:
    """Elementary effects: change of an output while one parameter moves over the middle of its prior.

    ``trajectories * (parameters + 1)`` calls' worth of points, all given to ``function`` at once.

    Args:
        priors: one for each column of the points; independent.
        function: (n, parameters) -> (n, outputs).
        outputs: their names.
        seed: of the trajectories and of the bootstrap.
        trajectories: at least 2.
        levels: of the grid, even.
        tail: quantile that is left out at either end of each prior, so that unbounded ones have a range.

    Returns:
        One row for each output, parameter and index: ``mean_effect``, ``mean_absolute_effect`` (with a 95 % bootstrap
        interval in ``low`` and ``high``, nan for the others) and ``sd_of_effects``, which is large where a parameter
        acts with others or not linearly. All in the unit of the output.

    Raises:
        DiasporeError: SALib is not installed.
        InputError: a result of ``function`` is not finite or has the wrong shape.
    """
    sample, analyse = _salib("morris")
    problem = _problem(priors)
    if trajectories < 2 or levels < 2 or levels % 2 or not 0.0 <= tail < 0.5:
        raise InputError("needs two trajectories or more, an even number of levels and a tail below 0.5")
    design = sample.sample(problem, trajectories, num_levels=levels, seed=seed)
    found = _evaluate(priors, function, outputs, tail + (1.0 - 2.0 * tail) * design)
    rows = []
    for name, y in zip(outputs, found.T, strict=True):
        result = analyse.analyze(
            problem, design, y, num_levels=levels, num_resamples=_RESAMPLES, conf_level=0.95, seed=seed + 1
        )
        for i, prior in enumerate(priors):
            middle, half = float(result["mu_star"][i]), float(result["mu_star_conf"][i])
            rows += [
                ("morris", name, prior.name, "mean_absolute_effect", middle, max(0.0, middle - half), middle + half),
                ("morris", name, prior.name, "mean_effect", float(result["mu"][i]), np.nan, np.nan),
                ("morris", name, prior.name, "sd_of_effects", float(result["sigma"][i]), np.nan, np.nan),
            ]
    return _frame(rows)


def sobol(
    priors: Sequence[Prior], function: Function, outputs: Sequence[str], seed: int, points: int = 256
) -> pd.DataFrame:
    """First-order and total Sobol indices of every output.

    ``points * (parameters + 2)`` points, all given to ``function`` at once.

    Args:
        priors: one for each column of the points; independent.
        function: (n, parameters) -> (n, outputs).
        outputs: their names.
        seed: of the scrambled Sobol sequence and of the bootstrap.
        points: of the base sequence, a power of 2.

    Returns:
        One row for each output, parameter and index (``first_order``, ``total``), with 95 % bootstrap intervals;
        estimates may lie a little outside 0..1. An output that does not vary has nan.

    Raises:
        DiasporeError: SALib is not installed.
        InputError: ``points`` is no power of 2; or a result of ``function`` is not finite or has the wrong shape.
    """
    sample, analyse = _salib("sobol")
    problem = _problem(priors)
    if points < 2 or points & (points - 1):
        raise InputError(f"{points} points are no power of 2", field="points", allowed="64, 128, 256, …")
    design = sample.sample(problem, points, calc_second_order=False, scramble=True, seed=seed)
    found = _evaluate(priors, function, outputs, design)
    rows: list[tuple[Any, ...]] = []
    for name, y in zip(outputs, found.T, strict=True):
        if np.ptp(y) <= 1e-12 * np.max(np.abs(y), initial=0.0):
            rows += [
                ("sobol", name, p.name, index, np.nan, np.nan, np.nan)
                for p in priors
                for index in ("first_order", "total")
            ]
            continue
        result = analyse.analyze(
            problem,
            y,
            calc_second_order=False,
            num_resamples=_RESAMPLES,
            conf_level=0.95,
            seed=seed + 1,  # SALib takes a seed of 0 for none
        )
        for i, prior in enumerate(priors):
            for index, key in (("first_order", "S1"), ("total", "ST")):
                middle, half = float(result[key][i]), float(result[f"{key}_conf"][i])
                rows.append(("sobol", name, prior.name, index, middle, middle - half, middle + half))
    return _frame(rows)


def _salib(method: str) -> tuple[Any, Any]:
    """Modules of SALib that draw and analyse."""
    import importlib

    try:
        return importlib.import_module(f"SALib.sample.{method}"), importlib.import_module(f"SALib.analyze.{method}")
    except ImportError:
        raise DiasporeError(
            "sensitivity analysis needs SALib.\n  Install it with: pip install 'diaspore[inference]'"
        ) from None


def _problem(priors: Sequence[Prior]) -> dict[str, Any]:
    names = [prior.name for prior in priors]
    if len(set(names)) != len(names) or not names:
        raise InputError("parameters need names of their own", allowed=names)
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _evaluate(priors: Sequence[Prior], function: Function, outputs: Sequence[str], u: np.ndarray) -> np.ndarray:
    """(n, outputs) at quantiles ``u`` (n, parameters)."""
    theta = from_uniform(priors, np.clip(u, _EDGE, 1.0 - _EDGE))
    found = np.asarray(function(theta), dtype=float)
    if found.shape != (len(theta), len(outputs)):
        raise InputError(f"the function gave the shape {found.shape}, not {(len(theta), len(outputs))}")
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        row, column = bad[0]
        at = ", ".join(f"{prior.name} = {value:.4g}" for prior, value in zip(priors, theta[row], strict=True))
        raise InputError(f"{found[row, column]} where {at}", field=outputs[column])
    return found


def _frame(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(COLUMNS))
