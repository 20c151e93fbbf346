"""Short specifications for tests of the body engine, their compiled forms, and statistics with fixed thresholds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from diaspore.body.batch import Batch, run
from diaspore.body.changes import parameter_keys
from diaspore.body.compile import Compiled, compile_patient
from diaspore.core.spec import spec_from_dict
from diaspore.knowledge.anatomy import SITES

P_MIN = 1e-3
"""A statistical test fails below this p value. Seeds are fixed, so each one passes or fails for good."""

SITE = {name: i for i, name in enumerate(SITES)}
NODES = SITE["regional_nodes"]

# Values of one day, so that these tests do not depend on how the shipped set is fitted next.
PINNED: dict[str, Any] = {
    key: value
    for key, value in json.loads(Path(__file__).with_name("pinned.json").read_text()).items()
    if key in parameter_keys()
}

# Patients who do not differ from each other.
ALIKE: dict[str, Any] = {
    "growth.doubling_time.spread": 0,
    "growth.metastasis_rate.spread": 0,
    "shedding.haematogenous.spread": 0,
    "shedding.lymphatic.spread": 0,
    "cavity.breach_diameter.spread": 0,
    "fate.bottleneck_sd": 0,
    "mortality.lethal_total.spread": 0,
    "detection.primary_diameter.spread": 0,
    "detection.symptom_spread": 0,
    "surgery.remnant_cells.spread": 0,
    "surgery.remnant_probability": 0,
    "clones.count": 1,
}
# Nothing modulates founders: no niche, no systemic response.
UNMODULATED: dict[str, Any] = {
    "niche.strength.default": 0,
    "systemic.suppression": 0,
    "systemic.fibroblast_gain": 0,
    "systemic.macrophage_gain": 0,
    "systemic.platelet_gain": 0,
    "angiogenesis.progenitor_gain": 0,
}
# Nobody dies.
IMMORTAL: dict[str, Any] = {
    "mortality.other_level_female": "0 1/day",
    "mortality.other_level_male": "0 1/day",
    "mortality.lethal_volume.default": "1e8 mm**3",
    "mortality.lethal_total": "1e8 mm**3",
}
# Metastases stay small and seed nothing.
BARREN: dict[str, Any] = {
    "angiogenesis.immediate_fraction": 0,
    "angiogenesis.metastasis_switch_rate": "1e-6 1/day",
    "dormancy.held_fraction": 0,
}
NO_LYMPH: dict[str, Any] = {"shedding.lymphatic": "0 1/day"}


def patient(change: Mapping[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Plain data of a specification on the pinned values; ``fields`` replace whole sections."""
    change = dict(change or {})
    stems = tuple(key.removesuffix("default") for key in change if key.endswith(".default"))
    pinned = {key: value for key, value in PINNED.items() if not (stems and key.startswith(stems))}
    data: dict[str, Any] = {
        "schema_version": 1,
        "kind": "patient",
        "name": "test",
        "patients": 1,
        "age": "60 year",
        "primary": {"site": "breast", "diameter_at_diagnosis": "30 mm"},
        "follow_up": {"duration": "5 year", "visits": []},
        "change": pinned | change,
    }
    data.update(fields)
    return {key: value for key, value in data.items() if value is not None}


@lru_cache(maxsize=64)
def _compiled(text: str, seed: int) -> Compiled:
    return compile_patient(spec_from_dict(json.loads(text)), seed)


def compiled(data: Mapping[str, Any], seed: int = 1) -> Compiled:
    """Compiled specification."""
    return _compiled(json.dumps(data, sort_keys=True), seed)


@lru_cache(maxsize=16)
def _batch(text: str, seed: int, count: int) -> Batch:
    return run(_compiled(text, seed), 0, count)


def batch(data: Mapping[str, Any], count: int, seed: int = 1) -> Batch:
    """A batch of patients 0 .. count - 1; kept, so never write to it."""
    return _batch(json.dumps(data, sort_keys=True), seed, count)


def owners(result: Batch) -> np.ndarray:
    """Position of each lesion's patient."""
    return np.repeat(np.arange(len(result.patients)), np.diff(result.offsets))


def per_patient(result: Batch, mask: np.ndarray) -> np.ndarray:
    """Number of lesions with ``mask`` of each patient."""
    return np.bincount(owners(result)[mask], minlength=len(result.patients))


def founders(result: Batch, generation: int | None = 1) -> np.ndarray:
    """Mask of metastases (of one generation)."""
    lesions = result.lesions
    mask: np.ndarray = lesions["route"] != 0
    return mask if generation is None else mask & (lesions["generation"] == generation)
