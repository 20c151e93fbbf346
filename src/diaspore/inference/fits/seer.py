"""Distant metastasis found at diagnosis by size of the primary: breast (NST), colon, kidney, pancreas, NSCLC.

One mechanism for all: the body engine with a primary at its site and of the bin's diameter, imaged on the day of
diagnosis, no follow-up. Free for each cancer are the mean and the standard deviation between patients of the
bottleneck. Growth is an input with a source. The values in ``SHARED`` were chosen once for all cancers with these data
in view and count as fitted.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from diaspore.body.processes.extravasation import WIDE_RATIO, WIDE_SHARE
from diaspore.core.progress import Progress, no_progress
from diaspore.inference import likelihoods
from diaspore.inference.artefact import SCHEMA_VERSION, Artefact, shipped
from diaspore.inference.bank import SHAPES, Bank, BankPlan, build, engine_checksum, spread_weights
from diaspore.inference.data import SIZE_TABLE, SizeBins, size_bins
from diaspore.inference.priors import Prior
from diaspore.inference.sample import Plan, sample, sampler_package
from diaspore.knowledge.load import fact

NAME, VERSION = "seer", "2026.1"
PARAMETERS = "breast-2026.1"
TROPISM = "tropism-2026.1"
"""Fit that gives the soils."""


@dataclass(frozen=True)
class Cancer:
    """A cancer of the table in the engine.

    Attributes:
        site, sex: of the patients.
        growth: key of the fact that gives the doubling time.
        lowest: lowest b of the bank; what is found there holds for lower ones too. The wider b is spread, the lower.
        soil: primary of the fit ``tropism`` whose soils it has.
    """

    site: str
    sex: str
    growth: str
    lowest: float
    soil: str


CANCERS: Mapping[str, Cancer] = {
    "breast": Cancer("breast", "female", "growth.tvdt.breast_median", 8.0, "breast"),
    "colon": Cancer("bowel", "male", "growth.szczurek_dt.colon", 4.0, "colorectal"),
    "kidney": Cancer("kidney", "male", "growth.szczurek_dt.kidney", 10.0, "kidney"),
    "pancreas": Cancer("pancreas", "male", "growth.szczurek_dt.pancreas", 8.0, "pancreas"),
    "nsclc": Cancer("lung", "male", "growth.tvdt.nsclc", 0.0, "nsclc"),
}
SPREAD = "contaminated"
"""Shape of the distribution of b between patients, the same for all cancers (see ``bank.SHAPES``)."""
# Metastases that grow only 2.2 times as fast as the primary (breast-2026.1) cannot be found beside a primary of 1 cm,
# where 5 % of NSCLC has them.
SHARED: Mapping[str, Any] = {"growth.metastasis_rate": 4.0}
"""Parameters changed for all cancers alike, in the form of a patient file's ``change`` block."""
SHARED_FREE = [*SHARED, "shape of the spread of fate.bottleneck: share and width of its wide part"]

FREE = ("fate.bottleneck", "fate.bottleneck_sd")
PRIORS = (
    Prior(FREE[0], "normal", 26.0, 12.0, "diaspore", "assumed", "wide around take of 1e-8 to 1e-16 per founder"),
    Prior(FREE[1], "lognormal", 5.0, 0.8, "diaspore", "assumed", "between 1 and 24 in 95 of 100"),
)
DIAMETERS_MM = (10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 65.0, 80.0, 100.0)
HIGHEST = 28.0
PATIENTS = 64_000
SAMPLING = Plan(walkers=32, steps=3000, block=250, burn=1000, thin=40)
QUICK_DIAMETERS_MM = (10.0, 20.0, 40.0, 65.0, 100.0)
QUICK_PATIENTS = 60
QUICK_SAMPLING = Plan(walkers=16, steps=200, block=50, burn=100, thin=10)
DOES_NOT_CLAIM = [
    "that the mechanism explains the shape of the curves: what all cancers share (growth of metastases, limiting "
    "volume left as it is, shape of the spread) was chosen among about two hundred combinations by the "
    "deviance of these bins; with such a spread a curve that is nearly logistic in ln(size) is close to built in",
    "two kinds of patients as a fact; a spread with a wide part is a shared choice that lets all five curves bend",
    "the level of the bottleneck apart from shedding, soil and the share of cells that start to divide",
    "which of growth of metastases, sensitivity of staging and spread of the bottleneck makes a curve flat",
    "that all patients were imaged, or by one method; registry patients were not",
    "patients who are found through their metastases before the primary",
    "anything below 1 cm or about metastases that come later than diagnosis",
    "sex: one reference body stands for each cancer",
]


def patient_fields(cancer: str) -> dict[str, Any]:
    """The patient file of a cancer, without diameter, number of patients and bottleneck."""
    unit = CANCERS[cancer]
    growth = f"{fact(unit.growth).to('day')!r} day"
    return {
        "parameters": PARAMETERS,
        "sex": unit.sex,
        "primary": {"site": unit.site},
        "follow_up": {"duration": "1 day", "visits": []},
        "numerics": {"lesion_limit": 5},
        "change": {"growth.doubling_time": growth, **SHARED, **soils(unit.soil)},
    }


def soils(primary: str) -> dict[str, float]:
    """Soil by organ of a primary, by parameter key, from the fit `TROPISM`."""
    found = shipped(TROPISM).header["soil"][primary]["fate.soil"]
    return {f"fate.soil.{place}": float(value) for place, value in found.items()}


def bank_plan(cancer: str, seed: int, quick: bool = False) -> BankPlan:
    """What is simulated for a cancer."""
    step = 4.0 if quick else 2.0
    nodes = tuple(float(b) for b in np.arange(CANCERS[cancer].lowest, HIGHEST + 0.1, step))
    return BankPlan(
        cancer,
        patient_fields(cancer),
        QUICK_DIAMETERS_MM if quick else DIAMETERS_MM,
        nodes,
        QUICK_PATIENTS if quick else PATIENTS,
        seed,
    )


class Curve:
    """Probability by size for many parameter values at once; the bank is interpolated only once."""

    def __init__(self, bank: Bank, size_mm: np.ndarray, shape: str = SPREAD) -> None:
        self._fine = bank.fine(size_mm).T
        self._shape = shape

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        """(m, sizes) for ``theta`` (m, 2)."""
        weights = spread_weights(self._shape, theta[:, 0], theta[:, 1])
        found: np.ndarray = weights @ self._fine
        return found


def curve_of(header: Mapping[str, Any], unit: str, size_mm: np.ndarray) -> Curve:
    """The curve of a unit of an artefact, from the bank and the shared choices that its header holds."""
    bank = Bank.from_dict(unit, header["units"][unit]["bank"])
    return Curve(bank, size_mm, header["between_patients"]["shape"])


def optimum(curve: Curve, bins: SizeBins) -> np.ndarray:
    """Maximum-likelihood (mean, sd): Nelder and Mead from four starts."""

    def loss(x: np.ndarray) -> float:
        p = curve(np.array([[x[0], np.exp(x[1])]]))[0]
        return float(likelihoods.binomial_deviance(p, bins.metastatic, bins.patients))

    starts = ((22.0, 1.0), (26.0, 1.6), (30.0, 2.3), (45.0, 3.0))
    runs = [
        minimize(loss, np.array(s), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-7, "maxiter": 2000})
        for s in starts
    ]
    best = min(runs, key=lambda r: float(r.fun)).x
    return np.array([best[0], np.exp(best[1])])


def deviances(bins: SizeBins, p: np.ndarray) -> dict[str, Any]:
    """Deviance by bin and in all of the fit ``p`` and of both nulls."""
    x = np.log(bins.size_mm / 10.0)
    logistic, coefficients = likelihoods.logistic_null(x, bins.metastatic, bins.patients)
    models = {"fit": p, "constant": likelihoods.constant_null(bins.metastatic, bins.patients), "logistic": logistic}
    table = {
        name: likelihoods.binomial_deviance_by_bin(curve, bins.metastatic, bins.patients)
        for name, curve in models.items()
    }
    return {
        "size_mm": bins.size_mm,
        "patients": bins.patients.astype(int),
        "metastatic": bins.metastatic.astype(int),
        "share": models,
        "deviance_by_bin": table,
        "deviance": {name: float(np.sum(row)) for name, row in table.items()},
        "logistic_intercept_slope": list(coefficients),
    }


def otherwise(bank: Bank, bins: SizeBins) -> dict[str, float]:
    """Deviance of the best mean and standard deviation under each shape of the spread."""
    found = {}
    for shape in SHAPES:
        curve = Curve(bank, bins.size_mm, shape)
        p = curve(optimum(curve, bins)[None, :])[0]
        found[shape] = float(likelihoods.binomial_deviance(p, bins.metastatic, bins.patients))
    return found


def fit(seed: int, out: Path, resume: bool = False, quick: bool = False, progress: Progress = no_progress) -> Artefact:
    """Fit all cancers; intermediate results stay in ``out/work`` until the artefact is written, so ``resume`` is free.

    Raises:
        DiasporeError: emcee is not installed.
    """
    sampler_package()  # before hours of work
    import pandas as pd

    work = out / "work"
    if work.exists() and not resume:
        shutil.rmtree(work)
    plan: Any = QUICK_SAMPLING if quick else SAMPLING
    units: dict[str, Any] = {}
    draws = []
    for number, cancer in enumerate(CANCERS):
        bins = size_bins(cancer)
        bank = build(bank_plan(cancer, seed, quick), work / "bank", progress)
        curve = Curve(bank, bins.size_mm)
        best = optimum(curve, bins)

        def log_likelihood(theta: np.ndarray, curve: Curve = curve, bins: SizeBins = bins) -> np.ndarray:
            return likelihoods.binomial_log_likelihood(curve(theta), bins.metastatic, bins.patients)

        target = f"{bins.sha256} {SPREAD} {bank.sha256()}"
        with progress(plan.steps, f"posterior of {cancer}", "steps") as bar:
            chain = sample(PRIORS, log_likelihood, best, seed + number, plan, work / "chains" / cancer, bar, target)
        theta, density = chain.draws()
        frame = pd.DataFrame({"unit": cancer, FREE[0]: theta[:, 0], FREE[1]: theta[:, 1], "log_posterior": density})
        draws.append(frame)
        units[cancer] = {
            "optimum": dict(zip(FREE, best.tolist(), strict=True)),
            "interval_95": {k: np.quantile(theta[:, i], [0.025, 0.5, 0.975]) for i, k in enumerate(FREE)},
            "correlation": float(np.corrcoef(theta.T)[0, 1]),
            "autocorrelation_steps": chain.autocorrelation_time(),
            **deviances(bins, curve(best[None, :])[0]),
            "deviance_otherwise": otherwise(bank, bins),
            "bank": bank.as_dict(),
        }
    result = Artefact(_header(seed, quick, units, plan), pd.concat(draws, ignore_index=True))
    out.mkdir(parents=True, exist_ok=True)
    result.write(out)
    shutil.rmtree(work, ignore_errors=True)
    return result


def _header(seed: int, quick: bool, units: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    from diaspore.core.simulate import versions

    return {
        "schema_version": SCHEMA_VERSION,
        "name": NAME,
        "version": VERSION,
        "title": "Distant metastasis found at diagnosis by size of the primary, five cancers",
        "endpoint": "share of patients with a distant metastasis found at diagnosis, given the primary's diameter",
        "quick": quick,
        "seed": seed,
        "versions": versions(),
        "engine_sha256": engine_checksum(),
        "parameters": PARAMETERS,
        "data": [
            {"table": SIZE_TABLE, "unit": c, "source": size_bins(c).source, "sha256": size_bins(c).sha256}
            for c in CANCERS
        ],
        "free_parameters": {
            "per_unit": list(FREE),
            "shared": SHARED_FREE,
            "total": 2 * len(CANCERS) + len(SHARED_FREE),
        },
        "between_patients": {"shape": SPREAD, "wide_share": WIDE_SHARE, "wide_ratio": WIDE_RATIO},
        "priors": {prior.name: prior.as_dict() for prior in PRIORS},
        "shared": dict(SHARED),
        "inputs": {
            c: {
                "growth.doubling_time": fact(unit.growth).to("day"),
                "unit": "day",
                "fact": unit.growth,
                "source": fact(unit.growth).source,
                "site": unit.site,
                "sex": unit.sex,
                "soil": f"{TROPISM}: {unit.soil}",
            }
            for c, unit in CANCERS.items()
        },
        "sampling": vars(plan),
        "does_not_claim": DOES_NOT_CLAIM,
        "units": units,
    }
