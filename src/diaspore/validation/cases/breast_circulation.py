"""Circulating cells and success per cell of the breast set, beside a well-mixed pool and the mouse's shares."""

from __future__ import annotations

import math

from diaspore.validation.models.engine_runs import PARAMETERS, SEED
from diaspore.validation.registry import Result

SEX = "female"
PATIENTS = 1500
MOUSE_TAKE_OF_DIVIDING_CELL = 0.01  # Luzzi 1998: micrometastases that become macroscopic
MOUSE_MEDIAN_PER_METASTASIS = 14_000.0  # cells per metastasis, median of the mouse literature in Coumans 2013
ON_THE_WAY = ("large_veins", "right_heart", "lung", "left_heart", "aorta_large_arteries")
RIDGES = {
    "shedding, recovery and take": "ridge_shedding_recovery_take",
    "extravasation, death of held cells and take": "ridge_extravasation_death_take",
    "dormant share, waking and death of sleepers": "ridge_dormant_share_exit",
    "lymphatic shedding and take in nodes": "ridge_lymph_shedding_node_take",
    "passage of liver and of arm": "ridge_liver_arm_passage",
}


def first_pass_half_life(sex: str) -> float:
    """Seconds until half of the cells in the arm vein are gone when those on their first passage are all there are.

    What arrives after shedding has stopped was on its way before: the share still to come at t is the chance that the
    transit takes longer than t. A transit is a sum of exponential stages, one per compartment; with distinct rates
    its survival function is a sum of exponentials.
    """
    from scipy.optimize import brentq

    from diaspore.body.circulation import SECONDS_PER_DAY, network_of

    network = network_of(sex)
    aorta = network.index(ON_THE_WAY[-1])
    ways = []
    for arm in ("skeletal_muscle", "skin"):
        stages = [network.index(name) for name in (*ON_THE_WAY, arm)]
        rate = 1.0 / (network.transit[stages] * SECONDS_PER_DAY)
        weight = [math.prod(b / (b - a) for b in rate if b != a) for a in rate]
        ways.append((float(network.routing[aorta, stages[-1]]), rate, weight))

    def still_to_come(seconds: float) -> float:
        return sum(
            share * w * math.exp(-r * seconds)
            for share, rate, weight in ways
            for r, w in zip(rate, weight, strict=True)
        ) / sum(share for share, _, _ in ways)

    return float(brentq(lambda t: still_to_come(t) - 0.5, 1.0, 1000.0))


def run() -> Result:
    """Quantities of the solved circulation, the counter-example, and walks along the ridges."""
    from diaspore.body.headline import metastatic_tubes, naive_per_ml_per_gram
    from diaspore.body.identifiability import NON_IDENTIFIED, walk
    from diaspore.body.parameters import resolve
    from diaspore.body.quantities import (
        arrest_half_life,
        changed,
        pool_half_life,
        quantities,
        solve_blood,
        well_mixed,
    )

    result = Result()
    values = resolve(PARAMETERS, {})
    point = changed(values, {})
    tubes = metastatic_tubes(PARAMETERS, SEX, PATIENTS, SEED)
    model = quantities(point, SEX, tubes)
    mixed = well_mixed(solve_blood(point, SEX), SEX)
    pool = quantities(point, SEX, tubes, model["arm_40mm"], mixed) | {"half_life_h": pool_half_life(SEX)}
    for name in (
        "arterial_to_venous",
        "half_life_h",
        "portal_to_arm",
        "early_share_ge1",
        "metastatic_share_ge5",
        "ctc_per_litre_2p7mm",
    ):
        reason = f"{len(tubes)} engine patients" if name == "metastatic_share_ge5" else ""
        result.add(name, model[name], null={"well_mixed": pool[name]}, reason=reason)
    naive = naive_per_ml_per_gram()
    result.add("naive_pool_per_ml_per_gram", naive)
    fold = {"well_mixed": naive / pool["ctc_per_ml_per_gram"]}
    result.add("fold_below_naive_pool", naive / model["ctc_per_ml_per_gram"], null=fold)
    result.add("well_mixed_half_life_s", pool["half_life_h"] * 3600.0)
    passed = arrest_half_life(SEX) * 3600.0
    result.add("first_pass_arrest_half_life_s", passed, expected=first_pass_half_life(SEX))
    mouse = math.log10(MOUSE_MEDIAN_PER_METASTASIS)
    cells = math.log10(model["cells_shed_per_metastasis"])
    result.add("log10_cells_shed_per_metastasis", cells, null={"mouse": mouse})
    success = math.log10(model["success_of_dividing_cell"])
    last_step = math.log10(MOUSE_TAKE_OF_DIVIDING_CELL)
    result.add("log10_success_of_dividing_cell", success, null={"mouse": last_step})
    take = math.log10(model["take_per_arrested_cell"])
    result.add("log10_take_per_arrested_cell", take, null={"mouse": -mouse})
    for combination in NON_IDENTIFIED:
        if combination.name in RIDGES:
            change = walk(combination, values, SEX)
            result.add(RIDGES[combination.name], max(change[name] for name in combination.keeps))
    return result
