"""Combinations of parameters that data of the kinds used here cannot tell apart, and what they see instead.

Each combination names its parameters, what data see of them, and why. Where the ridge has a closed form, ``ridge``
gives the changes of parameters that move along it, and ``keeps`` the quantities
(:func:`diaspore.body.quantities.quantities`) that stay; validation and tests walk it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from diaspore.body.changes import DEFAULT
from diaspore.body.parameters import Values
from diaspore.body.quantities import changed, quantities, value_of
from diaspore.knowledge.anatomy import SITES, vessels_of

Ridge = Callable[[Values, float], dict[str, float]]

# What counts of patients, blood samples and imaging can see.
SEEN = (
    "arterial_to_venous",
    "half_life_h",
    "portal_to_arm",
    "early_share_ge1",
    "ctc_per_litre_2p7mm",
    "reported_40mm",
    "distant_colonies_per_year",
    "node_colonies_per_year",
    "wakings_after_5_years",
    "wakings_after_15_years",
)


@dataclass(frozen=True)
class Combination:
    """Parameters that are not identified by themselves.

    Attributes:
        name: short name.
        parameters: their keys.
        seen: the combination that data do see.
        reason: why.
        ridge: changes (key -> canonical value) that move along the ridge by a factor; None where none is written out.
        keeps: quantities that stay along it.
        step: factor used when the ridge is walked.
    """

    name: str
    parameters: tuple[str, ...]
    seen: str
    reason: str
    ridge: Ridge | None = None
    keeps: tuple[str, ...] = SEEN
    step: float = 2.0


def _reliefs(values: Values, by: float) -> dict[str, float]:
    """Changes that keep the take in nodes and cavities, which no soil and no vessel wall acts on, when b moves."""
    keys = ("fate.node_bottleneck_relief", "fate.cavity_bottleneck_relief")
    return {key: value_of(values, key) + by for key in keys}


def _shedding_recovery_take(values: Values, factor: float) -> dict[str, float]:
    return {
        "shedding.haematogenous": factor * value_of(values, "shedding.haematogenous"),
        "shedding.lymphatic": factor * value_of(values, "shedding.lymphatic"),
        "shedding.cavity": factor * value_of(values, "shedding.cavity"),
        "detection.tube_recovery": value_of(values, "detection.tube_recovery") / factor,
        "fate.bottleneck": value_of(values, "fate.bottleneck") + math.log(factor),
    }


def _extravasation_death_take(values: Values, factor: float) -> dict[str, float]:
    """Death of held cells by ``factor``; what leaves the vessel falls by as much at every site, soil and b make up."""
    death = value_of(values, "blood.held_death")
    more = (factor - 1.0) * death
    changes = {"blood.held_death": death + more}
    usual = value_of(values, f"blood.extravasation_rate.{DEFAULT}")
    common = usual / (usual - more)
    changes[f"blood.extravasation_rate.{DEFAULT}"] = usual - more
    for site in SITES:
        key = f"blood.extravasation_rate.{vessels_of()[site]}"
        if key in values.set.entries:
            own = value_of(values, key)
            changes[key] = own - more
            changes[f"fate.soil.{site}"] = value_of(values, f"fate.soil.{site}") * own / (own - more) / common
    changes["fate.bottleneck"] = value_of(values, "fate.bottleneck") - math.log(common)
    return changes | _reliefs(values, -math.log(common))


def _dormant_share_exit(values: Values, factor: float) -> dict[str, float]:
    leave = value_of(values, "dormancy.exit_rate")
    return {
        "fate.dormant_fraction": factor * value_of(values, "fate.dormant_fraction"),
        "dormancy.exit_rate": leave / factor,
        "dormancy.death_rate": value_of(values, "dormancy.death_rate") + leave * (1.0 - 1.0 / factor),
    }


def _lymph_shedding_node_take(values: Values, factor: float) -> dict[str, float]:
    return {
        "shedding.lymphatic": value_of(values, "shedding.lymphatic") / factor,
        "fate.node_bottleneck_relief": value_of(values, "fate.node_bottleneck_relief") + math.log(factor),
    }


def _soil_scale(values: Values, factor: float) -> dict[str, float]:
    soil = {k: factor * value_of(values, k) for k in values.set.entries if k.startswith("fate.soil.")}
    b = {"fate.bottleneck": value_of(values, "fate.bottleneck") + math.log(factor)}
    return soil | b | _reliefs(values, math.log(factor))


def _liver_arm_passage(values: Values, factor: float) -> dict[str, float]:
    """Release in the liver by ``factor``; the release in muscle and skin that makes up for it is found by bisection."""
    wanted = quantities(changed(values, {}), "female")["portal_to_arm"]

    def at(log_scale: float) -> dict[str, float]:
        arm = ("blood.release_rate.muscle", "blood.release_rate.skin")
        changes = {key: math.exp(log_scale) * value_of(values, key) for key in arm}
        return changes | {"blood.release_rate.liver": factor * value_of(values, "blood.release_rate.liver")}

    low, high = math.log(1e-3), math.log(1e3)
    for _ in range(50):
        middle = 0.5 * (low + high)
        if quantities(changed(values, at(middle)), "female")["portal_to_arm"] > wanted:
            low = middle
        else:
            high = middle
    return at(0.5 * (low + high))


NON_IDENTIFIED = (
    Combination(
        "shedding, recovery and take",
        ("shedding.haematogenous", "shedding.lymphatic", "detection.tube_recovery", "fate.bottleneck"),
        "shedding x recovery of the tube (counts) and shedding x take (metastases)",
        "nobody counts the cells that leave a human tumour; a count per tube sees only what passes and is captured, "
        "and metastases show only how many took. Cells shed per metastasis are therefore not identified",
        _shedding_recovery_take,
    ),
    Combination(
        "extravasation, death of held cells and take",
        ("blood.extravasation_rate", "blood.held_death", "fate.bottleneck", "fate.soil"),
        "their sum with release (half-life), release over the sum (arterial to venous), extravasated share x take",
        "a held cell that is lost to blood looks the same whether it has left the vessel or died",
        _extravasation_death_take,
        step=1.5,
    ),
    Combination(
        "dormant share, waking and death of sleepers",
        ("fate.dormant_fraction", "dormancy.exit_rate", "dormancy.death_rate"),
        "dormant share x waking rate (late relapses per year) and waking + death rate (how they thin out)",
        "sleepers that die without waking are never seen; solitary cells in marrow are not counted by organ",
        _dormant_share_exit,
    ),
    Combination(
        "lymphatic shedding and take in nodes",
        ("shedding.lymphatic", "fate.node_bottleneck_relief", "lymph.retention"),
        "lymphatic shedding x retention x take in nodes (positive nodes)",
        "cells in lymph are not counted in patients; what passes the nodes joins far more cells that entered by blood",
        _lymph_shedding_node_take,
    ),
    Combination(
        "level of soil and take",
        ("fate.soil", "fate.bottleneck"),
        "soil x take; ratios of soil between sites (shares of organs)",
        "soil is relative: one common factor is a change of take",
        _soil_scale,
    ),
    Combination(
        "passage of liver and of arm",
        ("blood.release_rate.liver", "blood.release_rate.muscle", "blood.release_rate.skin", "blood.shunt.muscle"),
        "their product with the lung's passage (portal to arm ratio)",
        "blood was taken from the portal vein and from the arm, not from the hepatic vein or an artery",
        _liver_arm_passage,
        keeps=("portal_to_arm",),
    ),
    Combination(
        "arrest and release in the lung",
        ("blood.adhesion.lung", "blood.release_rate.lung", "blood.single_diameter", "blood.size_exponent"),
        "share that passes the lung at once or later (arterial to venous); the delay only through the half-life",
        "one ratio and one half-life cannot fix a sieve, its steepness, adhesion and release",
    ),
    Combination(
        "growth of metastases and their detection",
        (
            "growth.metastasis_rate",
            "detection.symptom_diameter",
            "dormancy.held_fraction",
            "angiogenesis.immediate_fraction",
        ),
        "time from surgery to a relapse that is noticed",
        "slow growth, a pause before growth and a larger size at detection all delay relapse",
    ),
)


def walk(combination: Combination, values: Values, sex: str = "female") -> dict[str, float]:
    """Relative change of every quantity when the ridge of ``combination`` is walked by its step."""
    if combination.ridge is None:
        return {}
    before = quantities(changed(values, {}), sex)
    after = quantities(changed(values, combination.ridge(values, combination.step)), sex)
    return {name: abs(after[name] / before[name] - 1.0) for name in before}
