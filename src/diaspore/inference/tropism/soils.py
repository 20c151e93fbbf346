"""From fitted factors to ``fate.soil`` of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from diaspore.body.parameters import resolve
from diaspore.inference.tropism.cancers import SITES, Cancer
from diaspore.inference.tropism.emulator import found_factor
from diaspore.inference.tropism.flows import PARAMETERS, engine_arrivals
from diaspore.inference.tropism.model import Fit
from diaspore.knowledge.anatomy import SITES as ENGINE_SITES

READY = (
    "breast",
    "colorectal",
    "nsclc",
    "prostate",
    "pancreas",
    "kidney",
    "melanoma",
    "ovary",
    "bladder",
    "oesophagogastric",
)
"""Primaries with a cohort of their own; the stomach takes the oesophagogastric row."""
RARE_SHARE = 0.0026
"""Share of founders at sites that MSK-MET does not count (muscle, spleen, heart): as in breast-2026.1, assumed."""
MOST = 1e4
"""Largest soil that a parameter set may give; larger ones are cut (prostate for anus, ovary for appendix)."""
NEAR = ("regional_nodes",)


@dataclass(frozen=True)
class Soil:
    """Soil of one primary for the engine.

    Attributes:
        values: engine site -> ``fate.soil``.
        grades: engine site -> "fitted here" (its cell entered the fit), "predicted" (it did not), "assumed".
        women: share of women with whose vessels it was computed.
    """

    values: dict[str, float]
    grades: dict[str, str]
    women: float


def site_of() -> dict[str, str]:
    """Engine site -> site of MSK-MET that holds it."""
    return {place: name for name, places in SITES.items() for place in places}


def cancer_arrivals(cancer: Cancer) -> np.ndarray:
    """(sites,) arrivals at engine sites, weighted by sex; a site of one sex has that sex's arrivals.

    From the site at which the engine grows the primary, so that soils give the fitted founders there; from the
    cancer's own mixture of veins where the engine has no such site.
    """
    source = {cancer.engine: 1.0} if cancer.engine else dict(cancer.source)
    by_sex = {sex: engine_arrivals(source, sex) for sex in ("female", "male")}
    women = 0.0 if "prostate" in cancer.source else 1.0 if "ovary" in cancer.source else cancer.female
    result: np.ndarray = women * by_sex["female"] + (1.0 - women) * by_sex["male"]
    for place, sex in (("ovary", "female"), ("prostate", "male")):
        result[ENGINE_SITES.index(place)] = by_sex[sex][ENGINE_SITES.index(place)]
    return result


@cache
def breast_total() -> float:
    """Founders per shed cell of breast-2026.1, up to potency and bottleneck: the scale of all soils."""
    soil = resolve(PARAMETERS, {}).site["fate_soil"]
    counted = np.array([name not in (*NEAR, "breast") for name in ENGINE_SITES])
    return float((engine_arrivals({"breast": 1.0}, "female") * soil)[counted].sum())


def soil_of(fit: Fit, cancer: Cancer) -> Soil:
    """Soil of a fitted primary.

    Founders at a site are arrivals x soil; founders over all distant sites per shed cell are those of breast-2026.1, so
    that ``fate.bottleneck`` means the same for all cancers.
    """
    row = next(i for i, c in enumerate(fit.table.cancers) if c.name == cancer.name)
    ln_u = fit.ln_rate(fit.table)[row]
    arrive = cancer_arrivals(cancer)
    holder = site_of()
    founders, grades = np.zeros(len(ENGINE_SITES)), {}
    for j, place in enumerate(ENGINE_SITES):
        if place not in holder:
            grades[place] = "assumed"
            continue
        name = holder[place]
        k = fit.table.sites.index(name)
        parts = [ENGINE_SITES.index(other) for other in SITES[name]]
        founders[j] = np.exp(ln_u[k]) * arrive[j] / arrive[parts].sum() / found_factor(place)
        grades[place] = "fitted here" if fit.table.counts[row, k] else "predicted"
    total = founders.sum()
    for j, place in enumerate(ENGINE_SITES):
        if grades[place] == "assumed":
            founders[j] = RARE_SHARE * total
    nodes, distant = ENGINE_SITES.index("regional_nodes"), ENGINE_SITES.index("distant_nodes")
    soil = founders / np.where(arrive > 0.0, arrive, np.inf)
    soil[nodes] = soil[distant]
    own = [ENGINE_SITES.index(cancer.engine)] if cancer.engine else []
    counted = np.ones(len(ENGINE_SITES), dtype=bool)
    counted[[nodes, *own]] = False
    for place, share in (("ovary", cancer.female), ("prostate", 1.0 - cancer.female)):
        if share == 0.0:  # nobody has the organ
            counted[ENGINE_SITES.index(place)] = False
            soil[ENGINE_SITES.index(place)] = 0.0
            grades[place] = "assumed"
    soil *= breast_total() / float((arrive * soil)[counted].sum())
    soil = np.minimum(soil, MOST)
    return Soil({place: float(v) for place, v in zip(ENGINE_SITES, soil, strict=True)}, grades, cancer.female)
