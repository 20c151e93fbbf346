"""Where the blood carries what an organ sheds: arrivals by site for each primary of MSK-MET."""

from __future__ import annotations

from functools import cache

import numpy as np

from diaspore.body.blood_tables import blood_tables
from diaspore.body.parameters import resolve
from diaspore.body.processes.geometry import ln_volume
from diaspore.body.quantities import TYPICAL_MM, changed, mixture
from diaspore.inference.tropism.cancers import FEMALE_ONLY, MALE_ONLY, PROXY, SITES, Cancer
from diaspore.inference.tropism.emulator import DUCT
from diaspore.knowledge.anatomy import SITES as ENGINE_SITES

PARAMETERS = "breast-2026.1"
"""Parameter set whose vessels, arrest and release hold for all primaries (assumed)."""


@cache
def arrivals(sex: str) -> np.ndarray:
    """(sites, sites) founders per cell shed by a lesion of the row's site, were all soils alike; engine sites."""
    values = resolve(PARAMETERS, {})
    point = changed(values, {})
    tables = blood_tables(sex, "breast", point.scalar, point.site)
    weights, _total = mixture(point, ln_volume(TYPICAL_MM))
    potency = np.array(
        [
            1.0,
            point["fate_hybrid_take"],
            point["fate_mesenchymal_take"],
            point["fate_cluster_potency"] / point["shedding_cluster_size"],
        ]
    )
    result: np.ndarray = np.einsum("cg,scgj,c->sj", weights, tables.extravasated, potency)
    return result


def engine_arrivals(source: dict[str, float], sex: str) -> np.ndarray:
    """(sites,) arrivals at engine sites from a mixture of organs, direct and through duct and nodes."""
    table = arrivals(sex)
    direct = sum(share * table[ENGINE_SITES.index(site)] for site, share in source.items())
    result: np.ndarray = direct + DUCT * table[ENGINE_SITES.index("regional_nodes")]
    return result


def arrivals_of(cancer: Cancer) -> np.ndarray:
    """(sites,) arrivals at the sites of MSK-MET in the order of `SITES`, among patients who have the organ."""
    by_sex = {sex: engine_arrivals(dict(cancer.source), sex) for sex in ("female", "male")}
    women = cancer.female
    if "ovary" in cancer.source:
        by_sex["male"] = by_sex["female"]
    if "prostate" in cancer.source:
        by_sex["female"] = by_sex["male"]
    result = []
    for name, places in SITES.items():
        columns = [ENGINE_SITES.index(place) for place in places or (PROXY[name],)]
        woman, man = (float(by_sex[sex][columns].sum()) for sex in ("female", "male"))
        if name in FEMALE_ONLY:
            result.append(woman)
        elif name in MALE_ONLY:
            result.append(man)
        else:
            result.append(women * woman + (1.0 - women) * man)
    return np.array(result)
