"""Tubes drawn from the circulation of the body engine through the preset of CellSearch."""

from __future__ import annotations

import math

import numpy as np

from diaspore.validation.models.engine_runs import PARAMETERS, SEED
from diaspore.validation.registry import Result

SEX = "female"
PATIENTS = 1500
PORTAL_MEAN = 118.4  # found cells per tube in the portal vein (catenacci2015)
SIZES = 16


def run() -> Result:
    """Counts in portal and arm blood, in early and metastatic patients, over the day, and over hours."""
    from diaspore.body.headline import metastatic_tubes
    from diaspore.body.parameters import resolve
    from diaspore.body.processes.geometry import ln_volume
    from diaspore.body.quantities import ARM, PORTAL, arm_vein, changed, mixture, quantities, solve_blood
    from diaspore.ctc.assay import assay, body_population, detection, tumour_population
    from diaspore.ctc.assay.counts import moments, reported_means
    from diaspore.ctc.assay.questions import call_chances, fano

    result = Result()
    beads, cells = assay("cellsearch"), tumour_population(1.0)
    point = changed(resolve(PARAMETERS, {}), {})
    blood = solve_blood(point, SEX)
    model = quantities(point, SEX)
    share, _weight = mixture(point, ln_volume(20.0))
    assert share.shape[0] == 4
    false = beads.background
    found = beads.recovery(cells)
    per_shed = [(share[:, :, None] * blood.concentration[1])[:, :, place].sum(axis=1) for place in (PORTAL, ARM)]
    portal, arm = (body_population(one / per_shed[0].sum()) for one in per_shed)
    level = (PORTAL_MEAN - false) / (beads.recovery(portal) * beads.volume * portal.per_ml)
    portal, arm = portal.at(level * portal.per_ml), arm.at(level * arm.per_ml)
    mean = moments(beads, arm)[0]
    result.add("arm_mean", mean)
    result.add("portal_to_arm", (PORTAL_MEAN - false) / (mean - false))
    z, w = np.polynomial.hermite_e.hermegauss(SIZES)
    w = w / w.sum()
    # Patients shed unlike, as the set has it; the mean of all is the published one.
    spread = float(point["shedding_haematogenous_spread"])
    patients = np.exp(spread * z - 0.5 * spread * spread)
    for name, place in (("portal", portal), ("arm", arm)):
        chances = [detection(beads, place.at(place.per_ml * float(one))) for one in patients]
        alike = detection(beads.with_(swing=math.inf, background=0.0), place)
        result.add(f"{name}_positive", float(w @ chances), null={"patients alike, Poisson": alike})
    # The set's own share of reported cells stands for its level: only their product is known (its first ridge).
    scale = point["detection_tube_recovery"] / found
    early = 0.0
    for size, weight in zip(z, w, strict=True):
        y = ln_volume(point["detection_primary_diameter"]) + 3.0 * point["detection_primary_diameter_spread"] * size
        by_blood, by_duct = arm_vein(point, blood, float(y))
        more = np.exp(point["shedding_lymphatic_spread"] * z)
        several = by_blood * np.exp(spread * z)[:, None] + by_duct * more[None, :]
        called = call_chances(beads, cells, 1, scale * beads.volume * several.reshape(-1))
        early += float(weight * (w @ called.reshape(several.shape) @ w))
    result.add("early_ge1", early, null={"no false events": model["early_share_ge1"]})
    tubes = scale * metastatic_tubes(PARAMETERS, SEX, PATIENTS, SEED)
    for least in (1, 5):
        positive = float(call_chances(beads, cells, least, beads.volume * tubes).mean())
        result.add(f"metastatic_ge{least}", positive, reason=f"{len(tubes)} engine patients")
    at = [float(reported_means(beads, cells, hour)[0].mean()) for hour in (4.0, 10.0)]
    result.add("night_share", at[0] / (at[0] + at[1]))
    result.add("fano_hours", fano(beads, cells.at((20.0 - false) / (found * beads.volume))), null={"poisson": 1.0})
    return result
