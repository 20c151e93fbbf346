"""Two explanations of the same curves, what each leaves free, and the priors.

Curves of relapse do not tell a metastasis that grows slowly from one that slept: ``slow`` and ``dormant`` take the one
and the other to an extreme.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from diaspore.inference.priors import Prior

PARAMETERS = "breast-2026.1"
LIVE = 0.05
"""Share of extravasated cells that divide or sleep, as in the parameter set: only products are seen."""

RECORDED = "recorded_share"
"""Share of the patients with a metastasis at diagnosis whose primary has a size in the registry: it belongs to the
data, not to the engine."""
HELD = {"detection.imaging_d50.brain": "25 mm", "detection.imaging_d50.meninges": "25 mm"}
"""Held in all variants: a changed default would act on the head as well, which is not imaged as a rule."""

KEYS = {
    "bottleneck": ("fate.bottleneck", ""),
    "bottleneck_sd": ("fate.bottleneck_sd", ""),
    "node_share": ("fate.node_bottleneck_share", ""),
    "node_relief": ("fate.node_bottleneck_relief", ""),
    "lymph_spread": ("shedding.lymphatic.spread", ""),
    "node_diameter": ("detection.node_diameter", "mm"),
    "shedding_exponent": ("shedding.exponent", ""),
    "lymph_exponent": ("shedding.lymphatic_exponent", ""),
    "metastasis_rate": ("growth.metastasis_rate", ""),
    "metastasis_spread": ("growth.metastasis_rate.spread", ""),
    "doubling_spread": ("growth.doubling_time.spread", ""),
    "imaging_diameter": ("detection.imaging_d50.default", "mm"),
    "exit_rate": ("dormancy.exit_rate", "1/day"),
    "immediate_fraction": ("angiogenesis.immediate_fraction", ""),
    "switch_rate": ("angiogenesis.metastasis_switch_rate", "1/day"),
}
"""Name in the fit -> key and unit of the parameter."""

PRIORS = {
    prior.name: prior
    for prior in (
        Prior("bottleneck", "normal", 18.7, 3.0, "diaspore", "assumed", "the set's value; wide", 2.0, 40.0),
        Prior(
            "bottleneck_sd", "lognormal", 1.78, 0.15, "szczurek2020", "patients",
            "from SEER by size; narrowed from 0.5 after a first look: wider ones give every third tumour hundreds of "
            "metastases", 0.1, 15.0,
        ),
        Prior("node_share", "logitnormal", 0.5, 1.5, "diaspore", "assumed", "hardly informative"),
        Prior("node_relief", "normal", 5.6, 3.0, "diaspore", "assumed", "the set's value; wide", 0.0, 30.0),
        Prior("lymph_spread", "lognormal", 1.0, 0.7, "diaspore", "assumed", "the set's value; wide", 0.02, 5.0),
        Prior("node_diameter", "lognormal", 0.5, 0.7, "ajcc8", "assumed", "0.2 mm cut finely, 2 mm if not", 0.05, 8.0),
        Prior("shedding_exponent", "lognormal", 0.6667, 0.2, "iwata2000", "patients", "a surface; 0.4 to 1", 0.1, 1.5),
        Prior("lymph_exponent", "lognormal", 0.6667, 0.5, "diaspore", "assumed", "as into blood; wide", 0.05, 1.5),
        Prior(
            "recorded_share", "logitnormal", 0.6, 0.8, "diaspore", "assumed",
            "patients with a metastasis at diagnosis are often not operated on and have no size in a registry",
        ),
        Prior("metastasis_rate", "lognormal", 2.2, 0.25, "coumans2013", "assumed", "1.3 to 2.9", 0.5, 8.0),
        Prior(
            "imaging_diameter", "lognormal", 18.0, 0.4, "diaspore", "assumed",
            "staging of registries and of the cohort's time; 12 mm now, 40 mm if symptoms alone lead to it", 3.0, 80.0,
        ),
        Prior("metastasis_spread", "lognormal", 0.3, 0.5, "diaspore", "assumed", "the set's value", 0.02, 2.0),
        Prior(
            "doubling_spread", "lognormal", 0.65, 0.3, "ryu2014", "patients",
            "selected series; widened from 0.12 after a first fit", 0.1, 2.0,
        ),
        Prior("dormant_ratio", "lognormal", 1.0, 1.5, "luzzi1998", "animals", "sleeping to dividing", 1e-3, 300.0),
        Prior("exit_rate", "lognormal", 1.64e-4, 1.0, "diaspore", "assumed", "the set's value; wide", 5e-6, 5e-3),
        Prior("immediate_fraction", "logitnormal", 0.7, 0.7, "diaspore", "assumed", "0.3 to 1"),
        Prior("switch_rate", "lognormal", 0.0014, 0.8, "diaspore", "assumed", "0.0005 to 0.01 per day", 5e-5, 0.05),
    )
}  # fmt: skip
"""Priors of all parameters that a variant may free."""

_SHARED = (
    "bottleneck", "bottleneck_sd", "node_share", "node_relief", "lymph_spread", "node_diameter", "shedding_exponent",
    "lymph_exponent", "metastasis_rate", "imaging_diameter",
    RECORDED,
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One explanation: a title, the names of what is free, and the parameters that it holds (key -> value)."""

    title: str
    free: tuple[str, ...]
    held: Mapping[str, Any]

    @property
    def priors(self) -> tuple[Prior, ...]:
        """Of the free parameters, in their order."""
        return tuple(PRIORS[name] for name in self.free)

    def named(self, theta: np.ndarray) -> dict[str, float]:
        """Free values by name."""
        return dict(zip(self.free, (float(x) for x in theta), strict=True))

    def values(self, scores: np.ndarray) -> np.ndarray:
        """(n, free) values from prior standard scores, kept within the priors' bounds."""
        columns = [
            np.clip(p.back(p.forward(p.centre) + p.sd * scores[:, i]), p.low, p.high) for i, p in enumerate(self.priors)
        ]
        return np.column_stack(columns)

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """(n, free) prior standard scores of values."""
        return np.column_stack([p.score(p.forward(theta[:, i])) for i, p in enumerate(self.priors)])

    def changes(self, theta: Mapping[str, float]) -> dict[str, Any]:
        """The block ``change`` of a patient file for free values by name."""
        found: dict[str, Any] = {**HELD, **self.held}
        for name, value in theta.items():
            if name == RECORDED:
                continue
            if name == "dormant_ratio":
                found["fate.active_fraction"] = LIVE / (1.0 + value)
                found["fate.dormant_fraction"] = LIVE * value / (1.0 + value)
            else:
                key, unit = KEYS[name]
                found[key] = f"{float(value)!r} {unit}" if unit else float(value)
        return found


VARIANTS: Mapping[str, Variant] = {
    "slow": Variant(
        "metastases that grow at very different speeds and hardly ever wait",
        (*_SHARED, "metastasis_spread", "doubling_spread"),
        {
            "fate.active_fraction": 0.95 * LIVE,
            "fate.dormant_fraction": 0.05 * LIVE,
            "dormancy.held_fraction": 0.0,
            "angiogenesis.immediate_fraction": 1.0,
        },
    ),
    "dormant": Variant(
        "metastases that sleep or pause, then grow at much the same speed",
        (*_SHARED, "dormant_ratio", "exit_rate", "immediate_fraction", "switch_rate"),
        {},
    ),
}
