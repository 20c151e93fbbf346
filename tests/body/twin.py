"""Plain NumPy twin of shedding and founding for patients who do not differ from each other.

Written from the documented processes, without the engine's kernels: growth in closed form, flows from volume, founders
from flows and the circulation tables (which have tests of their own).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.integrate import cumulative_simpson

from diaspore.body.compile import Compiled
from diaspore.body.processes.lymph import station_chain
from tests.body.common import NODES, SITE


@dataclass(frozen=True)
class Twin:
    """An alike patient's primary under the Gompertz law without levers; days count from diagnosis."""

    c: Compiled

    def __getitem__(self, key: str) -> float:
        return float(self.c.values.scalar[0][key.replace(".", "_")])

    @cached_property
    def source(self) -> int:
        return SITE[self.c.spec.primary.site]

    def ln_sphere(self, diameter: float) -> float:
        return math.log(math.pi / 6.0 * diameter**3)

    @cached_property
    def y_cap(self) -> float:
        return math.log(self["growth.carrying_capacity"])

    @cached_property
    def y_avascular(self) -> float:
        return self.ln_sphere(self["angiogenesis.avascular_diameter"])

    @cached_property
    def y_diagnosis(self) -> float:
        assert self.c.spec.primary.diameter_at_diagnosis is not None
        return self.ln_sphere(self.c.spec.primary.diameter_at_diagnosis)

    @cached_property
    def rate(self) -> float:
        """Gompertz rate from the doubling time at the reference size, 1/day."""
        return (
            math.log(2.0)
            / self["growth.doubling_time"]
            / (self.y_cap - self.ln_sphere(self["growth.reference_diameter"]))
        )

    @cached_property
    def switch_day(self) -> float:
        return -math.log((self.y_cap - self.y_avascular) / (self.y_cap - self.y_diagnosis)) / self.rate

    def y(self, day: np.ndarray) -> np.ndarray:
        """ln volume (mm3) of the untouched primary."""
        return np.asarray(
            self.y_cap + (self.y_diagnosis - self.y_cap) * np.exp(-self.rate * np.asarray(day, dtype=float))
        )

    @cached_property
    def take(self) -> float:
        return math.exp(-self["fate.bottleneck"])

    @cached_property
    def live(self) -> float:
        return self["fate.active_fraction"] + self["fate.dormant_fraction"]

    @cached_property
    def shielded(self) -> float:
        """Share of circulating cells that NK cells do not reach, without systemic response."""
        return min(1.0, self["systemic.platelet_cloak"])

    def fractions(self, volume: np.ndarray) -> np.ndarray:
        """E, H, M, shape (3, t)."""
        drive = 1.0 + self["plasticity.hypoxia_gain"] * volume / (volume + self["plasticity.hypoxia_half_volume"])
        drive += self["plasticity.tgfb_gain"] * volume / (volume + self["plasticity.stroma_half_volume"])
        h = self["plasticity.hybrid_ratio"] * drive
        m = h * self["plasticity.mesenchymal_ratio"] * drive
        return np.asarray(np.stack([np.ones_like(h), h, m]) / (1.0 + h + m))

    def flows(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cells per day into blood and lymph, (t,) each, and class shares (4, t)."""
        volume = np.exp(y)
        weight = np.array([self[f"shedding.{n}_weight"] for n in ("epithelial", "hybrid", "mesenchymal")])
        single = self.fractions(volume) * weight[:, None]
        total = single.sum(axis=0)
        cluster = self["shedding.cluster_fraction"]
        share = np.concatenate([single * (1.0 - cluster) / total, np.full((1, len(volume)), cluster)])
        scale = (volume / 1000.0) ** self["shedding.exponent"] * total
        tam = 1.0 + self["shedding.macrophage_gain"] * volume / (volume + self["shedding.macrophage_half_volume"])
        return self["shedding.haematogenous"] * scale * tam, self["shedding.lymphatic"] * scale, share

    @cached_property
    def chain(self) -> tuple[np.ndarray, float]:
        """Share of the primary's lymph-borne cells kept by each station, and the share that reaches the duct."""
        stations = self.c.stations
        names = [s.name for s in stations]
        onward = [next((names.index(o) for o in s.onward if o in names), -1) for s in stations]
        kept, _, duct, _ = station_chain(np.array([s.share for s in stations]), onward, self["lymph.retention"])
        return kept, duct

    def success(self, source: int, share: np.ndarray) -> np.ndarray:
        """Founders by site per cell/day that enters blood from ``source`` with class shares (4, t): shape (S, t)."""
        table = self.c.tables[0]
        soil = self.c.values.site["fate_soil"]
        cluster = self["fate.cluster_potency"] / self["shedding.cluster_size"]
        potency = np.array([1.0, self["fate.hybrid_take"], self["fate.mesenchymal_take"], cluster])
        shield = np.array([1.0 - self.shielded, self.shielded])
        cells = np.einsum("cgj,g->cj", table.extravasated[source], shield)
        return np.asarray(np.einsum("ct,cj,c,j->jt", share, cells, potency, soil) * self.take * self.live)

    def founders(self, day: np.ndarray) -> dict[str, np.ndarray]:
        """Founders per day of the untouched primary, see :meth:`founders_at`."""
        return self.founders_at(self.y(day))

    def founders_at(self, y: np.ndarray) -> dict[str, np.ndarray]:
        """Founders per day: ``blood`` and ``duct`` by site (S, t), ``nodes`` by station (K, t) when all are free."""
        blood, lymph, share = self.flows(y)
        kept, duct = self.chain
        node_take = math.exp(-max(0.0, self["fate.bottleneck"] - self["fate.node_bottleneck_relief"]))
        return {
            "blood": blood * self.success(self.source, share),
            "duct": lymph * duct * self.success(NODES, share),
            "nodes": lymph * kept[:, None] * node_take * self.live,
        }

    def integral(self, key: str, days: np.ndarray) -> np.ndarray:
        """Cumulative founders of one kind on a fine grid ``days``, shape (.., t), 0 at its first day."""
        return np.asarray(cumulative_simpson(self.founders(days)[key], x=days, axis=-1, initial=0.0))

    def grid(self, end: float, points: int = 20_001) -> np.ndarray:
        """Days from the switch to ``end``."""
        return np.linspace(self.switch_day, end, points)
