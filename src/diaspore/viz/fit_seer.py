"""Pictures of the fit to sizes: posterior prediction beside the data, and the ridge along which parameters trade."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from diaspore.cohort.intervals import wilson
from diaspore.inference.artefact import Artefact
from diaspore.inference.fits.seer import FREE, curve_of
from diaspore.viz import style

TITLES = {"breast": "Breast (NST)", "colon": "Colon", "kidney": "Kidney", "pancreas": "Pancreas", "nsclc": "NSCLC"}
FIT_COLOUR, LOGISTIC_COLOUR = style.RUN_A, style.RUN_B
SIZES_MM = np.geomspace(10.0, 100.0, 60)
DRAWS = 400  # of the posterior, for a band


def pictures(result: Artefact) -> dict[str, Figure]:
    """All pictures of this fit by name."""
    return {"posterior_predictive": posterior_predictive(result), "ridge": ridge(result)}


def _draws(result: Artefact, unit: str) -> np.ndarray:
    """(draws, parameters) of a unit."""
    found: np.ndarray = result.draws.loc[result.draws["unit"] == unit, list(FREE)].to_numpy()
    return found


def _panels(figure: Figure, count: int) -> list[Axes]:
    """Places for the units, three in a row."""
    return [
        style.inch_axes(
            figure,
            0.75 + 4.15 * (i % 3),
            0.95 + 3.9 * (1 - i // 3),
            13.0 - 4.2 - 4.15 * (i % 3),
            9.2 - 4.0 - 3.9 * (1 - i // 3),
        )
        for i in range(count)
    ]


@style.styled
def posterior_predictive(result: Artefact) -> Figure:
    """Shares by size with their 95 % intervals, the posterior's curve and band, and both nulls."""
    figure = style.new_figure(13.0, 9.2)
    nulls = "dashed: logistic curve, dotted: constant, both fitted to the same bins"
    style.heading(
        figure,
        "Distant metastasis found at diagnosis",
        f"{result.name} · fitted to these bins, not predicted · points: SEER with 95 % intervals · {nulls}",
        "dark band: posterior of the curve; light band: 95 % of what bins of these sizes would show",
    )
    rng = np.random.default_rng(1)
    units = result.header["units"]
    for axes, name in zip(_panels(figure, len(units)), units, strict=True):
        _predict(axes, name, result, rng)
    return figure


def _predict(axes: Axes, name: str, result: Artefact, rng: np.random.Generator) -> None:
    unit: dict[str, Any] = result.header["units"][name]
    theta = _draws(result, name)
    size = np.array(unit["size_mm"]) / 10.0
    trials, events = np.array(unit["patients"]), np.array(unit["metastatic"])
    smooth = curve_of(result.header, name, SIZES_MM)
    chosen = theta[rng.integers(0, len(theta), DRAWS)]
    curves = smooth(chosen)
    low, high = np.quantile(curves, [0.025, 0.975], axis=0)
    at_bins = curve_of(result.header, name, 10.0 * size)(chosen)
    seen = rng.binomial(trials.astype(int), at_bins) / trials
    band = np.quantile(seen, [0.025, 0.975], axis=0)
    axes.fill_between(size, 100 * band[0], 100 * band[1], color=FIT_COLOUR, alpha=0.12, lw=0)
    axes.fill_between(SIZES_MM / 10.0, 100 * low, 100 * high, color=FIT_COLOUR, alpha=0.4, lw=0)
    best = np.array([[unit["optimum"][key] for key in FREE]])
    axes.plot(SIZES_MM / 10.0, 100 * smooth(best)[0], color=FIT_COLOUR, lw=1.6)
    axes.plot(size, 100 * np.array(unit["share"]["logistic"]), color=LOGISTIC_COLOUR, lw=1.2, ls="--")
    axes.plot(size, 100 * np.array(unit["share"]["constant"]), color=style.MUTED, lw=1.0, ls=":")
    below, above = wilson(events, trials)
    share = events / trials
    axes.errorbar(
        size,
        100 * share,
        yerr=100 * np.array([share - below, above - share]),
        fmt="none",
        ecolor=style.FAINT,
        lw=1.0,
        zorder=2,
    )
    axes.scatter(size, 100 * share, s=6 + 80 * trials / trials.max(), color=style.INK, lw=0, zorder=3)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator([1, 2, 3, 5, 7, 10]))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axes.set_ylim(0.0, 100 * min(1.0, 1.25 * max(float(band[1].max()), float(share.max()))))
    axes.set_xlabel("diameter of the primary, cm")
    axes.set_ylabel("with metastasis at diagnosis, %")
    axes.set_title(TITLES.get(name, style.label(name)), loc="left")
    total = unit["deviance"]
    rows = [f"deviance of {len(size)} bins", *(f"{what} {total[what]:.1f}" for what in ("fit", "logistic", "constant"))]
    words = "\n".join(rows)
    axes.text(0.04, 0.95, words, transform=axes.transAxes, va="top", fontsize=8.5, color=style.MUTED)


@style.styled
def ridge(result: Artefact) -> Figure:
    """Posterior draws of mean and standard deviation of the bottleneck for each unit, with what they agree on."""
    figure = style.new_figure(13.0, 9.2)
    style.heading(
        figure,
        "What the bins tell of the bottleneck, and what not",
        f"{result.name} · posterior draws of both free parameters · grey: draws of the priors · cross: optimum",
        "a narrow oblique cloud: the data fix a combination better than either parameter",
    )
    priors = result.header["priors"]
    rng = np.random.default_rng(2)
    mean, sd = priors[FREE[0]], priors[FREE[1]]
    x = rng.normal(mean["mean"], mean["sd"], 1500)
    y = sd["median"] * np.exp(sd["log-sd"] * rng.standard_normal(1500))
    for axes, (name, unit) in zip(
        _panels(figure, len(result.header["units"])), result.header["units"].items(), strict=True
    ):
        theta = _draws(result, name)
        axes.scatter(x, y, s=3, color=style.FAINT, lw=0, zorder=1)
        axes.scatter(theta[:, 0], theta[:, 1], s=4, color=FIT_COLOUR, alpha=0.35, lw=0, zorder=2)
        axes.plot(unit["optimum"][FREE[0]], unit["optimum"][FREE[1]], "+", color=style.INK, ms=11, mew=1.6, zorder=3)
        centre, width = theta.mean(axis=0), theta.std(axis=0)
        axes.set_xlim(centre[0] - 7 * width[0], centre[0] + 7 * width[0])
        axes.set_ylim(max(0.0, centre[1] - 7 * width[1]), centre[1] + 7 * width[1])
        axes.set_xlabel("mean bottleneck b (take exp(-b))")
        axes.set_ylabel("standard deviation of b between patients")
        axes.set_title(TITLES.get(name, style.label(name)), loc="left")
        low, _, high = unit["interval_95"][FREE[0]]
        low2, _, high2 = unit["interval_95"][FREE[1]]
        words = f"mean {low:.1f} to {high:.1f}\nsd {low2:.1f} to {high2:.1f}\ncorrelation {unit['correlation']:.2f}"
        axes.text(0.96, 0.05, words, transform=axes.transAxes, va="bottom", ha="right", fontsize=8.5, color=style.MUTED)
    return figure
