"""Natural history of breast cancer after surgery alone: nodes by size, and relapse by nodes and size.

Fitted: METABRIC's counts of positive nodes by size class, and Kaplan-Meier estimates of freedom from recurrence (local,
regional or distant; death without recurrence is a censoring) of patients of the Rotterdam cohort without systemic
therapy, at 2, 5 and 10 years, by nodes and by size and nodes, strata of 100 patients and more. Rotterdam's nodes by
size, which stand in the same table, were seen and not fitted. The number of nodes acts only through simulated spread to
nodes and their dissection: no parameter belongs to a group.

Curves of relapse do not tell a metastasis that grows slowly from one that slept: the two variants of ``VARIANTS`` take
the one and the other to an extreme and fit about as well.

Patients are simulated with drawn diameters; only results within classes of size are used, so the law of diameters acts
within a class alone. Surgery is on the day after diagnosis; without planned visits, recurrences are found when a lesion
reaches the diameter at which it is noticed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from diaspore.body.batch import Workspace, run
from diaspore.body.compile import Compiled, compile_patient
from diaspore.body.tables import figures
from diaspore.core.spec import spec_from_dict
from diaspore.inference.founders import expect
from diaspore.knowledge.load import facts, table

PARAMETERS = "breast-2026.1"
YEARS = (2.0, 5.0, 10.0)
GROUPS = {"n0": 0, "1_3": 1, "4_9": 4, "10": 10}  # fewest positive nodes
FIRST = tuple(GROUPS.values())
METABRIC = {"le10": (0, 10), "11_20": (10, 20), "21_30": (20, 30), "31_50": (30, 50), "gt50": (50, 1e9)}
ROTTERDAM = {"le20": (0, 20), "20_50": (20, 50), "gt50": (50, 1e9)}
FEWEST = 100  # patients of a stratum that is fitted
FRAME = {"detection.primary_diameter": "22 mm", "detection.primary_diameter.spread": 0.5}  # diameters that are drawn
PART = 5000  # patients held at a time
LIVE = 0.05  # share of extravasated cells that divide or sleep, as in the parameter set: only products are seen
_COHORT = "relapse.rotterdam.time_to_recurrence"


@dataclass(frozen=True)
class Prior:
    """Prior of one parameter: normal, lognormal (median, log-sd) or logitnormal (median, sd of the logit)."""

    family: str
    centre: float
    sd: float
    low: float
    high: float
    source: str
    grade: str
    note: str

    def forward(self, value: float) -> float:
        """On the scale on which the prior is normal."""
        if self.family == "normal":
            return value
        return math.log(value) if self.family == "lognormal" else math.log(value / (1.0 - value))

    def back(self, x: float) -> float:
        """From that scale."""
        if self.family == "normal":
            return x
        return math.exp(x) if self.family == "lognormal" else 1.0 / (1.0 + math.exp(-x))

    def score(self, x: float) -> float:
        """Standard deviations from the centre."""
        return (x - self.forward(self.centre)) / self.sd


PRIORS: dict[str, Prior] = {
    "bottleneck": Prior("normal", 18.7, 3.0, 8.0, 35.0, "diaspore", "assumed", "the set's value; wide"),
    "bottleneck_sd": Prior("lognormal", 1.78, 0.5, 0.2, 10.0, "szczurek2020", "patients", "from metastases by size"),
    "node_share": Prior("logitnormal", 0.5, 1.5, 0.005, 0.995, "diaspore", "assumed", "hardly informative"),
    "node_relief": Prior("normal", 5.6, 3.0, 0.0, 25.0, "diaspore", "assumed", "the set's value; wide"),
    "lymph_spread": Prior("lognormal", 1.0, 0.7, 0.05, 5.0, "diaspore", "assumed", "the set's value; wide"),
    "node_diameter": Prior("lognormal", 0.5, 0.7, 0.1, 4.0, "ajcc8", "assumed", "0.2 mm if cut finely, 2 mm if not"),
    "shedding_exponent": Prior("lognormal", 0.6667, 0.2, 0.2, 1.2, "iwata2000", "patients", "a surface; 0.4 to 1"),
    "metastasis_rate": Prior("lognormal", 2.2, 0.25, 0.6, 8.0, "coumans2013", "assumed", "1.3 to 2.9"),
    "metastasis_spread": Prior("lognormal", 0.3, 0.5, 0.02, 2.0, "diaspore", "assumed", "the set's value"),
    "doubling_spread": Prior(
        "lognormal", 0.65, 0.3, 0.2, 2.0, "ryu2014", "patients", "selected series; widened from 0.12 after a first fit"
    ),
    "dormant_ratio": Prior("lognormal", 1.0, 1.5, 1e-3, 100.0, "luzzi1998", "animals", "sleeping to dividing cells"),
    "exit_rate": Prior("lognormal", 1.64e-4, 1.0, 1e-5, 3e-3, "diaspore", "assumed", "the set's value; wide"),
    "immediate_fraction": Prior("logitnormal", 0.7, 0.7, 0.02, 0.999, "diaspore", "assumed", "0.3 to 1"),
    "switch_rate": Prior("lognormal", 0.0014, 0.8, 1e-4, 0.03, "diaspore", "assumed", "0.0005 to 0.01 per day"),
}
"""Priors of all parameters that a variant may free, by the names used here; see ``changes`` for their keys."""

_SHARED = (
    "bottleneck", "bottleneck_sd", "node_share", "node_relief", "lymph_spread", "node_diameter", "shedding_exponent",
    "metastasis_rate",
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One explanation of the same data: what is free, what is held, and the optimum that was found."""

    title: str
    free: tuple[str, ...]
    held: Mapping[str, Any]
    optimum: Mapping[str, float]


VARIANTS: dict[str, Variant] = {
    "slow": Variant(
        "metastases that grow at very different speeds and hardly ever wait",
        (*_SHARED, "metastasis_spread", "doubling_spread"),
        {
            "fate.active_fraction": 0.95 * LIVE,
            "fate.dormant_fraction": 0.05 * LIVE,
            "dormancy.held_fraction": 0.0,
            "angiogenesis.immediate_fraction": 1.0,
        },
        {
            "bottleneck": 16.79,
            "bottleneck_sd": 1.918,
            "node_share": 0.1785,
            "node_relief": 4.359,
            "lymph_spread": 1.238,
            "node_diameter": 0.5602,
            "shedding_exponent": 0.3539,
            "metastasis_rate": 1.767,
            "metastasis_spread": 0.9011,
            "doubling_spread": 0.632,
        },
    ),
    "dormant": Variant(
        "metastases that sleep or pause, then grow at much the same speed",
        (*_SHARED, "dormant_ratio", "exit_rate", "immediate_fraction", "switch_rate"),
        {},
        {
            "bottleneck": 15.52,
            "bottleneck_sd": 2.508,
            "node_share": 0.5566,
            "node_relief": 3.176,
            "lymph_spread": 1.312,
            "node_diameter": 0.2244,
            "shedding_exponent": 0.3521,
            "metastasis_rate": 2.181,
            "dormant_ratio": 2.965,
            "exit_rate": 0.0001639,
            "immediate_fraction": 0.3051,
            "switch_rate": 0.0004206,
        },
    ),
}


def changes(variant: Variant, theta: Mapping[str, float]) -> dict[str, Any]:
    """The block ``change`` of a patient file for parameter values by name."""
    keys = {
        "bottleneck": ("fate.bottleneck", ""),
        "bottleneck_sd": ("fate.bottleneck_sd", ""),
        "node_share": ("fate.node_bottleneck_share", ""),
        "node_relief": ("fate.node_bottleneck_relief", ""),
        "lymph_spread": ("shedding.lymphatic.spread", ""),
        "node_diameter": ("detection.node_diameter", "mm"),
        "shedding_exponent": ("shedding.exponent", ""),
        "metastasis_rate": ("growth.metastasis_rate", ""),
        "metastasis_spread": ("growth.metastasis_rate.spread", ""),
        "doubling_spread": ("growth.doubling_time.spread", ""),
        "exit_rate": ("dormancy.exit_rate", "1/day"),
        "immediate_fraction": ("angiogenesis.immediate_fraction", ""),
        "switch_rate": ("angiogenesis.metastasis_switch_rate", "1/day"),
    }
    found: dict[str, Any] = dict(variant.held)
    for name, value in theta.items():
        if name == "dormant_ratio":
            found["fate.active_fraction"] = LIVE / (1.0 + value)
            found["fate.dormant_fraction"] = LIVE * value / (1.0 + value)
        else:
            key, unit = keys[name]
            found[key] = f"{float(value)!r} {unit}" if unit else float(value)
    return found


@dataclass(frozen=True)
class Targets:
    """The data.

    Attributes:
        nodes: (5, 4) patients of METABRIC by size class and group of positive nodes.
        names: strata of the Rotterdam cohort, as in the keys of the table.
        cells: (strata, 3, 4) patients of a stratum by size class and group.
        free: (strata, 3) share free of recurrence at ``YEARS``.
        effective: (strata, 3) patients that a binomial would need for the variance of each interval's survival.
        weight: (strata,) 1/2 for the two strata of which one lies within the other, 0 for one that others make up.
    """

    nodes: np.ndarray
    names: tuple[str, ...]
    cells: np.ndarray
    free: np.ndarray
    effective: np.ndarray
    weight: np.ndarray


@cache
def targets() -> Targets:
    """Read the data from the tables of knowledge."""
    known = facts()
    rows = {r.key: r for r in table("relapse_km")}
    nodes = np.array(
        [[known_count("nodes_by_size", f"nodes.metabric.{s}.{g}", "patients") for g in GROUPS] for s in METABRIC]
    )
    by_cell = np.zeros((len(ROTTERDAM), len(GROUPS)))
    for i, size in enumerate(ROTTERDAM):
        for j, group in enumerate(GROUPS):
            by_cell[i, j] = rows[f"{_COHORT}.untreated_size_x_nodes.{size}_{group}.survival.y2"].number("n")
    strata: dict[str, np.ndarray] = {}
    for j, group in enumerate(GROUPS):
        mask = np.zeros_like(by_cell)
        mask[:, j] = 1.0
        strata[f"untreated_nodes.{group}"] = mask * by_cell
    for i, size in enumerate(ROTTERDAM):
        for j, group in enumerate(GROUPS):
            if by_cell[i, j] >= FEWEST:
                mask = np.zeros_like(by_cell)
                mask[i, j] = by_cell[i, j]
                strata[f"untreated_size_x_nodes.{size}_{group}"] = mask
    halves = {"untreated_nodes.n0": 0.0}
    for group in ("1_3", "4_9"):
        halves[f"untreated_nodes.{group}"] = halves[f"untreated_size_x_nodes.20_50_{group}"] = 0.5
    free, effective = [], []
    for name in strata:
        survival, variance = [1.0], [0.0]
        for year in YEARS:
            fact = known[f"{_COHORT}.{name}.survival.y{year:g}"]
            assert fact.low is not None
            assert fact.high is not None
            # The published interval is symmetric in ln(-ln S); its width gives Greenwood's variance of ln S.
            error = (math.log(-math.log(fact.low)) - math.log(-math.log(fact.high))) / (2.0 * 1.959964)
            survival.append(fact.value)
            variance.append((error * math.log(fact.value)) ** 2)
        s, v = np.array(survival), np.array(variance)
        p = s[1:] / s[:-1]
        free.append(s[1:])
        effective.append((1.0 - p) / p / np.diff(v))
    return Targets(
        nodes,
        tuple(strata),
        np.array(list(strata.values())),
        np.array(free),
        np.array(effective),
        np.array([halves.get(name, 1.0) for name in strata]),
    )


def known_count(name: str, key: str, column: str) -> float:
    """A count from a column of the row ``key`` of a table."""
    return next(r for r in table(name) if r.key == key).number(column)


@dataclass(frozen=True)
class Outcome:
    """What a simulation says of the data.

    Attributes:
        nodes: (5, 4) shares of the groups of positive nodes in METABRIC's classes of size, without metastasis.
        free: (3, 4, 3) share free of recurrence by class of size, group of nodes, and year.
    """

    nodes: np.ndarray
    free: np.ndarray

    def strata(self, data: Targets) -> np.ndarray:
        """(strata, 3) shares free of recurrence, cells weighted by the cohort's patients."""
        weight = data.cells / data.cells.sum(axis=(1, 2), keepdims=True)
        found: np.ndarray = np.einsum("sij,ijt->st", weight, self.free)
        return found


def compiled(variant: Variant, theta: Mapping[str, float], seed: int = 1) -> Compiled:
    """The compiled patients of parameter values."""
    spec: Any = spec_from_dict(
        {
            "schema_version": 1,
            "kind": "patient",
            "name": "natural history",
            "parameters": PARAMETERS,
            "surgery": {"primary": {"at": "1 day"}, "nodes": {"at": "1 day"}},
            "follow_up": {"duration": "10.1 year", "visits": [], "imaging": {"after_relapse": False}},
            # Coarser than usual: the days of relapse are read to a few days, and 200 founders decide a relapse.
            "numerics": {"lesion_limit": 200, "panel": "183 day", "day_tolerance": "3 day"},
            "change": {**FRAME, **changes(variant, theta)},
        }
    )
    return compile_patient(spec, seed)


def simulate(variant: Variant, theta: Mapping[str, float], patients: int, seed: int = 1, first: int = 0) -> Outcome:
    """Outcome from engine patients ``first`` .. ``first + patients - 1``; the same seed shares all draws."""
    model = compiled(variant, theta, seed)
    space = Workspace()
    diameter, group, m0, day, event = [], [], [], [], []
    for start in range(first, first + patients, PART):
        batch = run(model, start, min(PART, first + patients - start), space=space)
        relapse = figures(model, batch).relapse
        p = batch.patients
        diameter.append(np.exp((p["y_diagnosis"] - math.log(math.pi / 6.0)) / 3.0))
        group.append(np.searchsorted(FIRST, p["nodes_positive"], side="right") - 1)
        m0.append(p["stage_m"] == 0)
        event.append(~np.isnan(relapse))
        day.append(np.where(event[-1], relapse, p["end"]) - 1.0)
    d, g, kept = np.concatenate(diameter), np.concatenate(group), np.concatenate(m0)
    t, e = np.concatenate(day), np.concatenate(event)
    nodes = np.array(
        [np.bincount(g[kept & (d > low) & (d <= high)], minlength=len(GROUPS)) for low, high in METABRIC.values()],
        dtype=float,
    )
    free = np.zeros((len(ROTTERDAM), len(GROUPS), len(YEARS)))
    for i, (low, high) in enumerate(ROTTERDAM.values()):
        for j in range(len(GROUPS)):
            here = kept & (d > low) & (d <= high) & (g == j)
            free[i, j] = _kaplan_meier(t[here], e[here])
    return Outcome(nodes / np.maximum(nodes.sum(axis=1, keepdims=True), 1.0), free)


def _kaplan_meier(day: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Kaplan-Meier estimate at ``YEARS``; nan without patients."""
    if len(day) == 0:
        return np.full(len(YEARS), np.nan)
    order = np.lexsort((~event, day))
    at_risk = np.arange(len(day), 0, -1)
    curve = np.concatenate([[1.0], np.cumprod(1.0 - event[order] / at_risk)])
    found: np.ndarray = curve[np.searchsorted(day[order], np.array(YEARS) * 365.25, side="right")]
    return found


def emulate(variant: Variant, theta: Mapping[str, float], points: int = 4096) -> Outcome:
    """The same from founders in closed form (``inference.founders``): fast and smooth, a few points off."""
    found = expect(compiled(variant, theta), YEARS, FIRST, points)
    d, weight = found.diameter, found.groups * found.m0[:, None]
    nodes = np.array([weight[(d > low) & (d <= high)].sum(axis=0) for low, high in METABRIC.values()])
    free = np.zeros((len(ROTTERDAM), len(GROUPS), len(YEARS)))
    for i, (low, high) in enumerate(ROTTERDAM.values()):
        here = (d > low) & (d <= high)
        share = weight[here] / np.maximum(weight[here].sum(axis=0), 1e-30)
        free[i] = share.T @ found.free[here]
    return Outcome(nodes / nodes.sum(axis=1, keepdims=True), free)


def _signed(share: np.ndarray, number: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Signed roots of binomial deviances of observed shares from ``p``."""
    p = np.clip(p, 1e-6, 1.0 - 1e-6)
    o = np.clip(share, 1e-12, 1.0 - 1e-12)
    deviance = 2.0 * number * (o * np.log(o / p) + (1.0 - o) * np.log((1.0 - o) / (1.0 - p)))
    found: np.ndarray = np.sign(share - p) * np.sqrt(np.maximum(deviance, 0.0))
    return found


def residuals(data: Targets, outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """Deviance residuals of relapse (strata, 3), by interval between ``YEARS``, and of nodes (3, 5).

    The multinomial of nodes is split into N0, then 1-3 of the positive, then 4-9 of those with 4 and more.
    """
    curve = np.concatenate([np.ones((len(data.names), 1)), outcome.strata(data)], axis=1)
    seen = np.concatenate([np.ones((len(data.names), 1)), data.free], axis=1)
    with np.errstate(invalid="ignore"):
        p = curve[:, 1:] / np.maximum(curve[:, :-1], 1e-9)
    relapse = _signed(seen[:, 1:] / seen[:, :-1], data.effective, p) * np.sqrt(data.weight)[:, None]
    parts = []
    for j in range(len(GROUPS) - 1):
        number = data.nodes[:, j:].sum(axis=1)
        left = np.maximum(outcome.nodes[:, j:].sum(axis=1), 1e-9)
        parts.append(_signed(data.nodes[:, j] / number, number, outcome.nodes[:, j] / left))
    return relapse, np.array(parts)


@dataclass(frozen=True)
class Score:
    """How well an outcome meets the data: deviances, and errors in percentage points."""

    deviance_relapse: float
    deviance_nodes: float
    mean_error_relapse: float
    worst_error_relapse: float
    mean_error_positive: float
    worst_error_positive: float


def score(data: Targets, outcome: Outcome) -> Score:
    """Deviances, mean and worst absolute errors over strata and years and over P(node positive | size)."""
    relapse, nodes = residuals(data, outcome)
    error = 100.0 * np.abs(outcome.strata(data) - data.free)
    positive = 100.0 * np.abs(outcome.nodes[:, 0] - data.nodes[:, 0] / data.nodes.sum(axis=1))
    return Score(
        float(np.sum(relapse**2)),
        float(np.sum(nodes**2)),
        float(error.mean()),
        float(error.max()),
        float(positive.mean()),
        float(positive.max()),
    )


def null(data: Targets) -> Outcome:
    """Null model: one curve for all patients and one distribution of nodes for all sizes."""
    by_nodes = [k for k, name in enumerate(data.names) if name.startswith("untreated_nodes.")]
    number = data.cells[by_nodes].sum(axis=(1, 2))
    pooled = number @ data.free[by_nodes] / number.sum()
    shares = data.nodes.sum(axis=0) / data.nodes.sum()
    return Outcome(np.tile(shares, (len(METABRIC), 1)), np.tile(pooled, (len(ROTTERDAM), len(GROUPS), 1)))


def _logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-4, 1.0 - 1e-4)
    found: np.ndarray = np.log(p / (1.0 - p))
    return found


def correction(engine: Outcome, emulator: Outcome) -> Callable[[Outcome], Outcome]:
    """What turns the emulator into the engine at one point, for use nearby: shifts of ln shares and of logits."""
    nodes = np.log(np.maximum(engine.nodes, 1e-4) / np.maximum(emulator.nodes, 1e-4))
    free = np.clip(np.nan_to_num(_logit(engine.free) - _logit(emulator.free)), -0.6, 0.6)

    def correct(outcome: Outcome) -> Outcome:
        shares = outcome.nodes * np.exp(nodes)
        return Outcome(shares / shares.sum(axis=1, keepdims=True), 1.0 / (1.0 + np.exp(-(_logit(outcome.free) + free))))

    return correct


@dataclass(frozen=True)
class Optimum:
    """A penalised optimum: values, their posterior sd relative to the prior's (curvature), and the cost."""

    theta: dict[str, float]
    relative_sd: dict[str, float]
    penalised_deviance: float


def optimise(
    variant: Variant,
    start: Mapping[str, float] | None = None,
    correct: Callable[[Outcome], Outcome] | None = None,
    points: int = 4096,
    steps: int = 15,
) -> Optimum:
    """Least penalised deviance of the emulator by Gauss-Newton steps (scipy), from ``start`` or the priors' centres."""
    from scipy.optimize import least_squares

    data = targets()
    priors = [PRIORS[name] for name in variant.free]
    begin = {name: PRIORS[name].centre for name in variant.free} | dict(start or {})
    low = np.array([p.forward(p.low) if p.family != "normal" else p.low for p in priors])
    high = np.array([p.forward(p.high) if p.family != "normal" else p.high for p in priors])
    scale = np.array([p.sd for p in priors])
    x0 = np.array([p.forward(begin[n]) for n, p in zip(variant.free, priors, strict=True)])

    def named(x: np.ndarray) -> dict[str, float]:
        return {n: p.back(float(v)) for n, p, v in zip(variant.free, priors, x, strict=True)}

    def cost(x: np.ndarray) -> np.ndarray:
        outcome = emulate(variant, named(x), points)
        relapse, nodes = residuals(data, correct(outcome) if correct else outcome)
        penalty = [p.score(float(v)) for p, v in zip(priors, x, strict=True)]
        return np.concatenate([relapse.ravel(), nodes.ravel(), penalty])

    def slopes(x: np.ndarray) -> np.ndarray:
        # Wide central differences: thresholds make the cost piecewise smooth at the scale of single patients.
        columns = []
        for i in range(len(x)):
            up, down = x.copy(), x.copy()
            up[i] = min(x[i] + 0.1 * scale[i], high[i])
            down[i] = max(x[i] - 0.1 * scale[i], low[i])
            columns.append((cost(up) - cost(down)) / (up[i] - down[i]))
        return np.array(columns).T

    found = least_squares(
        cost,
        np.clip(x0, low + 1e-6, high - 1e-6),
        jac=slopes,
        bounds=(low, high),
        x_scale=scale,
        max_nfev=steps,
        xtol=1e-4,
        ftol=1e-4,
    )
    sd = np.sqrt(np.diag(np.linalg.pinv(found.jac.T @ found.jac))) / scale
    return Optimum(named(found.x), dict(zip(variant.free, sd.tolist(), strict=True)), float(2.0 * found.cost))


def optimise_engine(variant: Variant, rounds: int = 3, patients: int = 30_000, seed: int = 1) -> Optimum:
    """Optimum of the engine: the emulator's, corrected at each round by engine patients at the last optimum."""
    optimum = optimise(variant, variant.optimum or None)
    for _ in range(rounds):
        correct = correction(simulate(variant, optimum.theta, patients, seed), emulate(variant, optimum.theta))
        optimum = optimise(variant, optimum.theta, correct)
    return optimum
