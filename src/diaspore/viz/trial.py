"""Pictures of a trial: curves of the arms, and what each arm does to each endpoint."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from diaspore.cohort.outcomes import FROM_RELAPSE, times
from diaspore.cohort.trial import randomised
from diaspore.cohort.trial_spec import TrialSpec
from diaspore.core.runstore import Run
from diaspore.core.spec import spec_from_dict
from diaspore.viz import style
from diaspore.viz.survival_axes import Arm, draw_survival

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#999999", "#8B5A2B", "#44AA99")
#: endpoints side by side
ACROSS = 3


def _spec(run: Run) -> TrialSpec:
    spec = spec_from_dict(run.spec)
    assert isinstance(spec, TrialSpec)
    return spec


@style.styled
def curves(run: Run) -> Figure:
    """Shares without an event over the years after diagnosis, a panel for every endpoint, a colour for every arm."""
    spec = _spec(run)
    rows = randomised(spec, run.table("outcomes"), int(run.manifest["seed"]))
    endpoints = spec.analysis.endpoints
    lines = -(-len(endpoints) // ACROSS)
    wide = min(len(endpoints), ACROSS)
    height = 1.3 + 4.6 * lines
    figure = style.new_figure(1.2 + 5.0 * wide, height)
    style.heading(figure, f"{run.manifest['name']}: arms", _who(spec, rows), _source(run))
    grid = figure.add_gridspec(
        lines, wide, left=0.9 / (1.2 + 5.0 * wide), right=0.985, top=1 - 1.5 / height, bottom=1.25 / height,
        wspace=0.22, hspace=0.75,
    )  # fmt: skip
    cut = spec.accrual + spec.analysis.follow_up
    for index, endpoint in enumerate(endpoints):
        axes = figure.add_subplot(grid[index // ACROSS, index % ACROSS])
        arms = []
        for k, arm in enumerate(spec.arms):
            time, event = times(rows[rows["arm_number"] == k], endpoint, cut)
            arms.append(Arm(arm.name, time, event, COLOURS[k]))
        since = "relapse" if endpoint in FROM_RELAPSE else "diagnosis"
        title = endpoint.replace("_", " ").capitalize()
        draw_survival(axes, arms, title, "without an event", key_rows=len(arms), since=since)
    return figure


@style.styled
def ratios(run: Run) -> Figure:
    """Hazard ratios with 95 % intervals: endpoints and stretches of time down, arms by colour."""
    spec = _spec(run)
    table = run.table("effects")
    rows = list(dict.fromkeys(zip(table["endpoint"], table["period"], strict=True)))
    arms = [arm.name for arm in spec.arms[1:]]
    height = 1.9 + 0.32 * len(rows) * max(1, len(arms))
    figure = style.new_figure(9.0, height)
    words = f"compared with {spec.arms[0].name} · {_design(spec)}"
    if spec.enrol is None:
        words += " · intervals are those of another trial of as many"
    style.heading(figure, f"{run.manifest['name']}: hazard ratios", words, _source(run))
    axes = figure.add_axes((0.36, 0.75 / height, 0.6, 1 - 1.85 / height))
    at, labels = [], []
    for k, (endpoint, period) in enumerate(rows):
        of = table[(table["endpoint"] == endpoint) & (table["period"] == period)]
        for j, name in enumerate(arms):
            one = of[of["arm"] == name].iloc[0]
            y = -(k + (j + 0.5) / len(arms) - 0.5) if len(arms) > 1 else -float(k)
            if np.isfinite(one["low"]) and one["low"] > 0 and np.isfinite(one["high"]):
                axes.plot([one["low"], one["high"]], [y, y], color=COLOURS[j + 1], linewidth=1.6)
            if 0.0 < one["hazard_ratio"] < np.inf:
                axes.plot([one["hazard_ratio"]], [y], marker="s", color=COLOURS[j + 1], label=name if k == 0 else None)
        at.append(-float(k))
        labels.append(endpoint.replace("_", " ") + ("" if period == "all" else f", years {period}"))
    axes.axvline(1.0, color=style.MUTED, linewidth=1.0)
    axes.set_yticks(at, labels)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    ticks = [
        t for t in (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0) if low <= t <= high
    ]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("hazard ratio (below 1: fewer events than in the control)")
    if len(arms) > 1:
        axes.legend(loc="best")
    return figure


def _design(spec: TrialSpec) -> str:
    return "every patient in every arm" if spec.enrol is None else f"{spec.enrol:,} patients randomised"


def _who(spec: TrialSpec, rows: pd.DataFrame) -> str:
    first = int((rows["arm_number"] == 0).sum())
    several = "" if spec.repeats == 1 else f" · {spec.repeats:,} trials together"
    return f"{_design(spec)}{several} · {first:,} in the control · bands: 95 %"


def _source(run: Run) -> str:
    return f"{run.manifest['name']}, seed {run.manifest['seed']}"
