"""Natural history of breast cancer: nodes by size, relapse after surgery alone, metastases found at diagnosis.

What is fitted stands in ``breast.targets``, what is simulated in ``breast.outcome``, what is free and why there are two
variants in ``breast.variants``. The number of nodes acts only through simulated spread to nodes and their dissection:
no parameter belongs to a group of patients.

Simulations decide. A stand-in in closed form (``breast.standin``) finds where to begin; points simulated around there
tell how far off it is, which moves the centre; after some rounds a quadratic surrogate of the engine's shares over more
points gives a first posterior, and still more points where that lies give the surrogate whose posterior, with its own
error added to the data's, is kept. The engine is run once more, with many patients, at the optimum: those figures are
the ones reported.
"""

from __future__ import annotations

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
from diaspore.inference.breast.targets import GROUPS, METABRIC, MOST, SPREAD, YEARS, targets
from diaspore.inference.breast.variants import HELD, PARAMETERS, PRIORS, VARIANTS, Variant
from diaspore.inference.cells import kept
from diaspore.inference.sample import Chain, sample
from diaspore.inference.sample import Plan as Sampling
from diaspore.inference.surrogate import Quadratic, quadratic

NAME, VERSION = "breast", "2026.2"
LIMIT = 3.5
"""Prior standard scores beyond it are not looked at."""
CHECK_LESIONS = 400
"""Founders of a patient that are followed at the optimum."""
_SCOUT = 0.4  # prior scores by which the points of a round differ


@dataclass(frozen=True)
class Plan:
    """How much is simulated and sampled.

    Attributes:
        rounds, scouts: how often the centre moves, and points of each round.
        first, second: points around the centre, and around the first posterior.
        patients: engine patients of a point of the rounds, of the first points and of the second ones, and as many
            imaged at diagnosis.
        check: engine patients at the optimum.
        search, sampling: chains of the first posterior and of the one that is kept.
    """

    rounds: int = 2
    scouts: int = 32
    first: int = 160
    second: int = 200
    patients: tuple[int, int, int] = (2500, 2500, 4000)
    check: int = 40_000
    search: Sampling = field(default_factory=lambda: Sampling(64, 1500, 500, 500, 25))
    sampling: Sampling = field(default_factory=lambda: Sampling(64, 6000, 1000, 2000, 100))


QUICK = Plan(1, 16, 128, 64, (300, 300, 300), 600, Sampling(32, 200, 100, 100, 10), Sampling(32, 300, 100, 100, 10))
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

    def __call__(self, scores: np.ndarray, patients: int, label: str) -> np.ndarray:
        """(n, features) at prior standard scores (n, p)."""
        theta, data = self.variant.values(scores), targets()
        rows = []
        with self.progress(len(theta), f"{self.name}: {label}", "points") as bar:
            for found in ordered_map(lambda row: self.outcome(row, patients), theta, available_threads()):
                rows.append(outcomes.features(data, found))
                bar.advance()
        return np.array(rows)


@dataclass(frozen=True)
class Posterior:
    """A surrogate with the data: deviance residuals, log-likelihood and optimum."""

    variant: Variant
    seen: outcomes.Counts
    surrogate: Quadratic

    def residuals(self, scores: np.ndarray) -> np.ndarray:
        """(n, features), shrunk by the surrogate's own error."""
        logits = self.surrogate(scores)
        p = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
        # A logit's error counts as a binomial of 1 / (error**2 p (1-p)) patients.
        inflate = 1.0 + self.seen.number * p * (1.0 - p) * self.surrogate.error**2
        found: np.ndarray = outcomes.residuals(self.seen, logits) / np.sqrt(inflate)
        return found

    def log_likelihood(self, theta: np.ndarray) -> np.ndarray:
        """(n,) at free values (n, p); nothing is believed beyond `LIMIT` prior scores."""
        scores = self.variant.scores(theta)
        found = -0.5 * np.sum(self.residuals(scores) ** 2, axis=1)
        found[np.any(np.abs(scores) > LIMIT, axis=1)] = -np.inf
        return found

    def optimum(self, start: np.ndarray) -> np.ndarray:
        """(p,) prior scores of the largest posterior density with respect to them, from ``start`` (n, p)."""
        from scipy.optimize import least_squares

        def cost(x: np.ndarray) -> np.ndarray:
            return np.concatenate([self.residuals(x[None])[0], x])

        runs = [least_squares(cost, x, bounds=(-LIMIT, LIMIT)) for x in start]
        best: np.ndarray = min(runs, key=lambda r: float(r.cost)).x
        return best


def posterior(
    variant: Variant, design: np.ndarray, features: np.ndarray, near: tuple[np.ndarray, np.ndarray] | None = None
) -> Posterior:
    """Surrogate over design points (n, p); of those, with ``near`` (mean, covariance), the nearest two thirds."""
    if near is not None:
        mean, covariance = near
        off = design - mean
        far = np.einsum("ij,ij->i", off, np.linalg.solve(covariance, off.T).T)
        keep = np.argsort(far)[: max(2 * len(design) // 3, 1)]
        design, features = design[keep], features[keep]
    return Posterior(variant, outcomes.counts(targets()), quadratic(design, features))


def around(mean: np.ndarray, covariance: np.ndarray, wider: float, points: int, seed: int) -> np.ndarray:
    """(points, p) scores evenly spread over a normal distribution of ``wider`` times the standard deviation."""
    root = np.linalg.cholesky(covariance + 1e-6 * np.eye(len(mean)))
    z = normal_scores(points, len(mean), seed)
    return np.clip(mean + wider * z @ root.T, -LIMIT, LIMIT)


def normal_scores(points: int, dimensions: int, seed: int) -> np.ndarray:
    """(points, dimensions) standard normal scores, evenly spread: the first of a scrambled Halton sequence."""
    from scipy.special import ndtri
    from scipy.stats import qmc

    found: np.ndarray = ndtri(np.clip(qmc.Halton(dimensions, seed=seed).random(points), 1e-6, 1.0 - 1e-6))
    return found


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
        found = engine(scouts, plan.patients[0], f"round {turn + 1} of {plan.rounds}")
        theta = variant.values(scouts)
        closed = np.array([outcomes.features(targets(), standin.outcome(variant, row)) for row in theta])
        place = standin.locate(variant, place.scores, standin.linear_shift(scouts, found - closed))
    spread = place.covariance + 0.1**2 * np.eye(p)
    design = around(place.scores, spread, 1.3, plan.first, seed + 1)
    features = engine(design, plan.patients[1], "points around the centre")
    first = posterior(variant, design, features)
    chain = _sample(first, first.optimum(design[:8]), seed, plan.search, None, progress, f"{name}: first posterior")
    drawn = variant.scores(chain.draws()[0])
    mean, spread = drawn.mean(axis=0), np.cov(drawn.T)
    more = around(mean, spread, 1.3, plan.second, seed + 2)
    design = np.vstack([design, more])
    features = np.vstack([features, engine(more, plan.patients[2], "points of the first posterior")])
    final = posterior(variant, design, features, (mean, spread))
    best = final.optimum(np.vstack([mean, drawn[:7]]))
    chain = _sample(final, best, seed + 3, plan.sampling, work / "chains" / name, progress, f"{name}: posterior")
    theta = variant.values(best[None])[0]
    with progress(1, f"{name}: engine at the optimum", "runs"):
        check = engine.outcome(theta, plan.check, CHECK_LESIONS)
    return final, chain, _unit(variant, final, chain, best, theta, check, len(design))


def _sample(
    target: Posterior, best: np.ndarray, seed: int, plan: Sampling, folder: Path | None, progress: Progress, label: str
) -> Chain:
    identity = repr((target.surrogate.coefficients.tobytes().hex()[:4096], target.surrogate.error.tolist()))
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
            "names": feature_names(),
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


def feature_names() -> list[str]:
    """What each binomial share is, in the order of `outcome.features`."""
    splits = ("none positive", "1 to 3 of the positive", "4 to 9 of 4 and more")
    names = [f"nodes {size}: {split}" for split in splits for size in METABRIC]
    begin = (0.0, *YEARS[:-1])
    names += [
        f"{name}: free from {a:g} to {b:g} years" for name in targets().names for a, b in zip(begin, YEARS, strict=True)
    ]
    return names + [f"metastasis at diagnosis, {name} mm" for name in SPREAD]


def fit(seed: int, out: Path, resume: bool = False, quick: bool = False, progress: Progress = no_progress) -> Artefact:
    """Fit both variants; all simulations stay in ``out/work`` until the artefact is written, so ``resume`` is free.

    Raises:
        DiasporeError: emcee is not installed.
    """
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
