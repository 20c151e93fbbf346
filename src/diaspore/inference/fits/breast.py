"""Natural history of breast cancer: nodes by size, relapse after surgery alone, metastases found at diagnosis.

What is fitted stands in ``breast.targets``, what is simulated in ``breast.outcome``, what is free and why there are two
variants in ``breast.variants``. The number of nodes acts only through simulated spread to nodes and their dissection:
no parameter belongs to a group of patients.

Simulations decide. A stand-in in closed form (``breast.standin``) finds where to begin; points simulated around there
tell how far off it is, which moves the centre; after some rounds a quadratic surrogate of the engine's shares over more
points gives a first posterior, and still more points where that lies give the surrogate whose posterior, with its own
error added to the data's, is kept. Points that were simulated then compete with the surrogate's optimum: of those with
errors within `WANTED` on engine patients (of all, if none is) the one of least penalised deviance is the optimum. So
these limits are met by choice, and patients that took no part come out a little worse. The engine is run once more,
with many patients, at the optimum: those figures are the ones reported.

Chosen with results of earlier fits in view: the prior of the bottleneck's spread, the share of metastases that a
registry records, the weights of classes (`outcome.LEAST`, `targets.MOST`), and `WANTED`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from diaspore.core.parallel import available_threads, ordered_map
from diaspore.core.progress import Progress, no_progress
from diaspore.inference.artefact import SCHEMA_VERSION, Artefact
from diaspore.inference.bank import engine_checksum
from diaspore.inference.breast import outcome as outcomes
from diaspore.inference.breast import standin
from diaspore.inference.breast.checks import calibration, sensitivity
from diaspore.inference.breast.posterior import Design, Posterior, around, posterior
from diaspore.inference.breast.targets import GROUPS, METABRIC, MOST, SPREAD, targets
from diaspore.inference.breast.variants import HELD, PARAMETERS, PRIORS, VARIANTS, Variant
from diaspore.inference.cells import kept
from diaspore.inference.sample import Chain, sample, sampler_package
from diaspore.inference.sample import Plan as Sampling

NAME, VERSION = "breast", "2026.2"
CHECK_LESIONS = 40
"""Founders at a site that are followed at the optimum."""
WANTED = {"mean_error_relapse": 4.0, "worst_error_positive": 5.0}
"""Errors in points (see `outcome.Score`) that the validation case allows an optimum."""
_SCOUT = 0.4  # prior scores by which the points of a round differ


@dataclass(frozen=True)
class Plan:
    """How much is simulated and sampled.

    Attributes:
        rounds, scouts: how often the centre moves, and points of each round.
        patients: engine patients of a point of a round, and as many imaged at diagnosis.
        waves: points and patients of each, around the centre and then around the last posterior.
        kept: points nearest to the last posterior that its surrogate is fitted to.
        candidates, referee: simulated points that compete with the surrogate's optimum, and patients of each.
        check: engine patients at the optimum.
        replications: of simulation-based calibration.
        search, sampling: chains of the first posterior and of the one that is kept.
    """

    rounds: int = 2
    scouts: int = 32
    patients: int = 2500
    waves: tuple[tuple[int, int], ...] = ((160, 2500), (160, 4000), (200, 6000))
    kept: int = 320
    candidates: int = 12
    referee: int = 100_000
    check: int = 100_000
    replications: int = 100
    search: Sampling = field(default_factory=lambda: Sampling(64, 1500, 500, 500, 25))
    sampling: Sampling = field(default_factory=lambda: Sampling(64, 6000, 1000, 2000, 100))


QUICK = Plan(
    rounds=1, scouts=16, patients=300, waves=((160, 300), (32, 300)), kept=160, candidates=2, referee=300, check=600,
    replications=4, search=Sampling(32, 200, 100, 100, 10), sampling=Sampling(32, 300, 100, 100, 10),
)  # fmt: skip
"""To see that the machinery works; its figures mean nothing."""

DOES_NOT_CLAIM = [
    "which of the two variants is right: both meet the curves; only data on single cells or on growth of metastases "
    "could tell",
    "identified values of shedding, take, relief of nodes and sleeping share by themselves: only products of them act",
    "the limits of METABRIC's nodes beyond 10 and of tumours above 50 mm, where patients are few",
    "levels of metastases found at diagnosis better than a few tenths of a point: registry staging is not the imaging "
    "of the engine, and its classes count as 1,000 patients at most",
    "effects of systemic therapy: the curves are of patients without any",
    "subtypes: the table of curves does not split untreated patients by receptor",
]


class Evaluator:
    """Features of engine patients at many points, in threads; every point is a cell that is kept."""

    def __init__(self, variant: Variant, name: str, seed: int, folder: Path, progress: Progress) -> None:
        self.variant, self.name, self.seed = variant, name, seed
        self.folder, self.progress = folder, progress
        folder.mkdir(parents=True, exist_ok=True)

    def outcome(self, theta: np.ndarray, patients: int, lesion_limit: int = outcomes.LESIONS) -> outcomes.Outcome:
        """Outcome at free values (p,)."""
        named = self.variant.named(theta)
        content = [
            outcomes.patient_file(self.variant, named, lesion_limit), named, patients, self.seed, engine_checksum(),
            targets().sha256,
        ]  # fmt: skip
        data = kept(
            self.folder,
            content,
            lambda: outcomes.simulate(self.variant, named, patients, self.seed, lesion_limit=lesion_limit).as_dict(),
        )
        return outcomes.Outcome.from_dict(data)

    def run(self, scores: np.ndarray, patients: int, label: str) -> list[outcomes.Outcome]:
        """Outcomes at prior standard scores (n, p)."""
        theta = self.variant.values(scores)
        found = []
        with self.progress(len(theta), f"{self.name}: {label}", "points") as bar:
            for one in ordered_map(lambda row: self.outcome(row, patients), theta, available_threads()):
                found.append(one)
                bar.advance()
        return found

    def __call__(self, scores: np.ndarray, patients: int, label: str) -> np.ndarray:
        """(n, features) at prior standard scores (n, p)."""
        return np.array([outcomes.features(targets(), one) for one in self.run(scores, patients, label)])


def fit_variant(
    name: str, seed: int, plan: Plan, work: Path, progress: Progress
) -> tuple[Posterior, Chain, dict[str, Any]]:
    """Posterior, its chain, and the unit of the artefact."""
    variant = VARIANTS[name]
    p = len(variant.free)
    engine = Evaluator(variant, name, seed, work / "cells", progress)
    with progress(1, f"{name}: where to begin", "searches"):
        place = standin.locate(variant, np.zeros(p))
    for turn in range(plan.rounds):
        scouts = around(place.scores, _SCOUT**2 * np.eye(p), 1.0, plan.scouts, seed + 4 + turn)
        found = engine(scouts, plan.patients, f"round {turn + 1} of {plan.rounds}")
        theta = variant.values(scouts)
        closed = np.array([outcomes.features(targets(), standin.outcome(variant, row)) for row in theta])
        place = standin.locate(variant, place.scores, standin.linear_shift(scouts, found - closed))
    mean, spread, wider = place.scores, place.covariance + 0.1**2 * np.eye(p), 1.3
    design = Design(np.zeros((0, p)), np.zeros((0, len(outcomes.feature_names()))), np.zeros(0))
    for wave, (points, patients) in enumerate(plan.waves):
        scores = around(mean, spread, wider, points, seed + 20 + wave)
        design = design.with_points(scores, engine(scores, patients, f"wave {wave + 1} of {len(plan.waves)}"), patients)
        final = posterior(variant, design.near(mean, spread, plan.kept))
        label = f"{name}: posterior of wave {wave + 1}"
        chain = _sample(final, final.optimum(scores[:8]), seed + wave, plan.search, None, progress, label)
        drawn = variant.scores(chain.draws()[0])
        mean, spread, wider = drawn.mean(axis=0), np.cov(drawn.T), 1.2
    best = final.optimum(np.vstack([mean, drawn[:7]]))
    best = _best_of(engine, final, np.vstack([best, design.best(final.seen, plan.candidates)]), plan.referee)
    chain = _sample(final, best, seed + 3, plan.sampling, work / "chains" / name, progress, f"{name}: posterior")
    theta = variant.values(best[None])[0]
    with progress(1, f"{name}: engine at the optimum", "runs"):
        check = engine.outcome(theta, plan.check, CHECK_LESIONS)
    unit = _unit(variant, final, chain, best, theta, check, len(design.scores))
    with progress(1, f"{name}: calibration and sensitivity", "steps"):
        drawn = variant.scores(chain.draws()[0])
        unit["calibration"] = calibration(final, drawn, plan.replications, seed + 7)
        unit["sensitivity"] = sensitivity(final, drawn, seed + 8)
    return final, chain, unit


def _best_of(engine: Evaluator, target: Posterior, scores: np.ndarray, patients: int) -> np.ndarray:
    """The candidate (n, p) with the least penalised deviance by engine patients: the surrogate is not trusted alone.

    Candidates within `WANTED` go before all others.
    """
    best, least = scores[0], (True, np.inf)
    for u, found in zip(scores, engine.run(scores, patients, "candidates"), strict=True):
        score = asdict(outcomes.score(targets(), found))
        residuals = outcomes.residuals(target.seen, outcomes.features(targets(), found))
        rank = (any(score[name] > limit for name, limit in WANTED.items()), float(residuals @ residuals + u @ u))
        if rank < least:
            best, least = u, rank
    return best


def _sample(
    target: Posterior, best: np.ndarray, seed: int, plan: Sampling, folder: Path | None, progress: Progress, label: str
) -> Chain:
    found = target.surrogate
    identity = hashlib.sha256(found.coefficients.tobytes() + found.error.tobytes()).hexdigest()
    with progress(plan.steps, label, "steps") as bar:
        theta = target.variant.values(best[None])[0]
        return sample(target.variant.priors, target.log_likelihood, theta, seed, plan, folder, bar, identity)


def _unit(
    variant: Variant, target: Posterior, chain: Chain, best: np.ndarray, theta: np.ndarray, check: outcomes.Outcome,
    points: int,
) -> dict[str, Any]:  # fmt: skip
    data = targets()
    draws, _density = chain.draws()
    scores = variant.scores(draws)
    predicted = 1.0 / (1.0 + np.exp(-target.surrogate(scores)))
    low, middle, high = np.quantile(predicted, [0.025, 0.5, 0.975], axis=0)
    engine = outcomes.score(data, check)
    nothing = outcomes.score(data, outcomes.null(data))
    logits = target.surrogate(best[None])[0]
    gap = np.abs(1.0 / (1.0 + np.exp(-logits)) - 1.0 / (1.0 + np.exp(-outcomes.features(data, check))))
    return {
        "title": variant.title,
        "optimum": variant.named(theta),
        "change": variant.changes(variant.named(theta)),
        "held": {**HELD, **variant.held},
        "interval_95": {n: np.quantile(draws[:, i], [0.025, 0.5, 0.975]) for i, n in enumerate(variant.free)},
        "relative_sd": dict(zip(variant.free, scores.std(axis=0).tolist(), strict=True)),
        "correlation": np.corrcoef(scores.T),
        "autocorrelation_steps": chain.autocorrelation_time(),
        "points": points,
        "score": {"fit": asdict(engine), "null": asdict(nothing)},
        "prior_deviance": float(np.sum(best**2)),
        "surrogate_error_pp": {
            "mean": 100.0 * float(gap.mean()),
            "worst": 100.0 * float(gap.max()),
        },
        "features": {
            "names": outcomes.feature_names(),
            "observed": target.seen.share,
            "patients": target.seen.number,
            "weight": target.seen.weight,
            "engine": 1.0 / (1.0 + np.exp(-outcomes.features(data, check))),
            "posterior": {"low": low, "median": middle, "high": high},
        },
        "curves": {"strata": list(data.names), "observed": data.free, "engine": check.strata(data)},
        "nodes": {
            "observed": data.nodes / data.nodes.sum(axis=1, keepdims=True), "engine": check.nodes,
            "sizes": list(METABRIC), "groups": list(GROUPS),
        },
        "spread": {"classes": list(SPREAD), "observed": data.spread, "engine": check.spread},
    }  # fmt: skip


def fit(seed: int, out: Path, resume: bool = False, quick: bool = False, progress: Progress = no_progress) -> Artefact:
    """Fit both variants; all simulations stay in ``out/work`` until the artefact is written, so ``resume`` is free.

    Raises:
        DiasporeError: emcee is not installed.
    """
    sampler_package()  # before hours of work
    import pandas as pd

    work = out / "work"
    if work.exists() and not resume:
        shutil.rmtree(work)
    plan = QUICK if quick else Plan()
    units: dict[str, Any] = {}
    draws = []
    for number, name in enumerate(VARIANTS):
        _target, chain, units[name] = fit_variant(name, seed + 10 * number, plan, work, progress)
        theta, density = chain.draws()
        frame = pd.DataFrame(theta, columns=list(VARIANTS[name].free))
        draws.append(frame.assign(unit=name, log_posterior=density))
    result = Artefact(_header(seed, quick, units, plan), pd.concat(draws, ignore_index=True))
    out.mkdir(parents=True, exist_ok=True)
    result.write(out)
    shutil.rmtree(work, ignore_errors=True)
    return result


def _header(seed: int, quick: bool, units: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    from diaspore.core.simulate import versions

    sources = {"relapse_km": "royston2013", "nodes_by_size": "curtis2012", "seer_size_metastasis": "seer"}
    return {
        "schema_version": SCHEMA_VERSION,
        "name": NAME,
        "version": VERSION,
        "title": "Natural history of breast cancer after surgery alone, slow and dormant",
        "endpoint": "positive nodes by size; freedom from any recurrence after surgery, death without it censored; "
        "distant metastasis found at diagnosis by size",
        "quick": quick,
        "seed": seed,
        "versions": versions(),
        "engine_sha256": engine_checksum(),
        "parameters": PARAMETERS,
        "data": [
            {"table": name, "unit": "breast", "source": sources[name], "sha256": digest}
            for name, digest in targets().sha256.items()
        ],
        "most_patients_of_a_class_of_seer": MOST,
        "free_parameters": {
            "per_unit": {name: list(v.free) for name, v in VARIANTS.items()},
            "shared": [],
            "total": sum(len(v.free) for v in VARIANTS.values()),
        },
        "priors": {name: prior.as_dict() for name, prior in PRIORS.items()},
        "sampling": {**asdict(plan)},
        "does_not_claim": DOES_NOT_CLAIM,
        "units": units,
    }
