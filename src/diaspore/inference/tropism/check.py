"""The emulator against engine patients: imaging, follow-up and survival simulated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from diaspore.inference.tropism.cancers import Cancer
from diaspore.inference.tropism.emulator import at_number_of_sites, found_factor
from diaspore.inference.tropism.flows import PARAMETERS
from diaspore.inference.tropism.soils import NEAR, Soil, cancer_arrivals
from diaspore.knowledge.anatomy import SITES

PART = 2000
FOLLOW_UP = {
    "duration": "8 year",
    "visits": [{"every": "3 month", "until": "8 year"}],
    "imaging": {"every": "1 year"},
}
"""Imaged every year, every 3 months once a metastasis is known; 8 years or death (assumed)."""


@dataclass(frozen=True)
class Comparison:
    """Shares of metastatic patients with a site; arrays over the engine sites that count.

    Attributes:
        sites: names.
        engine: share of engine patients with a detected distant metastasis who have a detected one there.
        emulator: the same from the emulator at the engine's mean number of sites.
        metastatic: engine patients with a detected distant metastasis.
        number: mean number of sites per such patient.
    """

    sites: tuple[str, ...]
    engine: np.ndarray
    emulator: np.ndarray
    metastatic: int
    number: float

    @property
    def mae_pp(self) -> float:
        """Mean absolute difference, percentage points."""
        return 100.0 * float(np.mean(np.abs(self.engine - self.emulator)))


def detected_sites(site: str, sex: str, patients: int, change: dict[str, Any], seed: int) -> np.ndarray:
    """(patients, sites) whether each engine patient ever has a detected metastasis at each site."""
    from diaspore.body.batch import run
    from diaspore.body.compile import compile_patient
    from diaspore.core.spec import spec_from_dict

    description = {
        "schema_version": 1,
        "kind": "patient",
        "name": "tropism",
        "parameters": PARAMETERS,
        "patients": patients,
        "sex": sex,
        "primary": {"site": site},
        "surgery": {"primary": {"at": "30 day"}},
        "follow_up": FOLLOW_UP,
        "change": change,
    }
    spec: Any = spec_from_dict(description)
    compiled = compile_patient(spec, seed)
    found = np.zeros((patients, len(SITES)), dtype=bool)
    for first in range(0, patients, PART):
        batch = run(compiled, first, min(PART, patients - first))
        owner = first + np.repeat(np.arange(len(batch.patients)), np.diff(batch.offsets))
        lesions = batch.lesions
        seen = (lesions["route"] != 0) & ~np.isnan(lesions["detected"])
        found[owner[seen], lesions["site"][seen]] = True
    return found


def compare(cancer: Cancer, soil: Soil, patients: int = 4000, seed: int = 2026) -> Comparison:
    """Run engine patients with this soil (women and men in the cancer's shares) and compare.

    Raises:
        ValueError: the engine has no such primary, or no patient has a metastasis.
    """
    if not cancer.engine:
        raise ValueError(f"the engine has no site for {cancer.name}")
    parts = []
    change = {f"fate.soil.{place}": value for place, value in soil.values.items()}
    for sex, share in (("female", cancer.female), ("male", 1.0 - cancer.female)):
        if share > 0.0:
            parts.append(detected_sites(cancer.engine, sex, round(share * patients), change, seed))
    found = np.concatenate(parts)
    counted = np.array([name not in (*NEAR, cancer.engine) for name in SITES])
    found &= counted[None]
    metastatic = found.any(axis=1)
    if not metastatic.any():
        raise ValueError(f"no engine patient with cancer of the {cancer.engine} has a metastasis")
    engine = found[metastatic].mean(axis=0)
    soils = np.array([soil.values[name] * found_factor(name) for name in SITES])
    has = np.array([_has_organ(cancer, name) for name in SITES]) * counted
    arrive = cancer_arrivals(cancer)
    ln_u = np.where(has > 0.0, np.log(np.maximum(arrive * soils, 1e-300)), -np.inf)
    number = float(engine.sum())
    emulator = has * at_number_of_sites(ln_u[None], has[None], np.array([number]))[0]
    kept = has > 0.0
    names = tuple(name for name, k in zip(SITES, kept, strict=True) if k)
    return Comparison(names, engine[kept], emulator[kept], int(metastatic.sum()), number)


def _has_organ(cancer: Cancer, site: str) -> float:
    return {"ovary": cancer.female, "prostate": 1.0 - cancer.female}.get(site, 1.0)
