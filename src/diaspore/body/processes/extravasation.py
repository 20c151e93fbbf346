"""From the vessel wall to a colony: extravasation and the fate of a disseminated cell.

Reads: arrivals by site and class, soil of the site, niche readiness, the patient's bottleneck, levers
``extravasation_prob``, ``homing_prob``, ``immune_kill``. Writes: ledger flows and colony founders. Runs: at every
candidate event.

A cell that has left the vessel starts to divide at once (``fate.active_fraction``), goes to sleep
(``fate.dormant_fraction``) or dies. A dividing cell must pass a bottleneck: a colony of i cells divides at rate i/b
against death at rate 1, so one founder takes with about exp(-b) (szczurek2020). b differs between patients, which
spreads the success of one cell over orders of magnitude; some tumours may have no cell that can found a colony beyond
the nodes (``fate.competent_share``). A cluster has the potency of many cells (aceto2014).
Soil (paget1889) multiplies the success by site.
"""

from __future__ import annotations

import math

from diaspore.body.definitions import SITE, Definition
from diaspore.core.jit import inline

LAWS = ("normal", "logistic", "contaminated")
NORMAL, LOGISTIC, CONTAMINATED = range(len(LAWS))
WIDE_SHARE, WIDE_RATIO = 0.25, 2.1
"""The contaminated normal law: this share of patients is spread so many times as wide as the others."""

PARAMETERS = (
    Definition("fate.active_fraction", "1", 0, 1, "share of extravasated cells that start to divide at once"),
    Definition("fate.dormant_fraction", "1", 0, 1, "share of extravasated cells that survive as solitary sleepers"),
    Definition("fate.bottleneck", "1", 0, 60, "bottleneck b: a dividing founder takes with exp(-b)"),
    Definition("fate.bottleneck_sd", "1", 0, 20, "between-patient standard deviation of b"),
    Definition("fate.bottleneck_law", "1", 0, 1, "distribution of b between patients", choices=LAWS),
    Definition("fate.competent_share", "1", 0, 1, "share of patients whose tumour can found distant metastases at all"),
    Definition("fate.cluster_potency", "1", 1, 1000, "success of a cluster relative to a single cell"),
    Definition("fate.mesenchymal_take", "1", 0, 10, "take of a mesenchymal founder relative to an epithelial one"),
    Definition("fate.hybrid_take", "1", 0, 10, "take of a hybrid founder relative to an epithelial one"),
    Definition("fate.soil", "1", 0, 1e4, "success of a founder at this site relative to the average", index=SITE),
    Definition("fate.node_bottleneck_relief", "1", 0, 60, "how much lower b is in a draining lymph node"),
    Definition("fate.node_bottleneck_share", "1", 0, 1, "share of the patient's deviation of b felt in nodes"),
    Definition("fate.cavity_bottleneck_relief", "1", 0, 60, "how much lower b is on a cavity's lining"),
)


@inline
def contaminated(z):
    """The number at which a contaminated normal law (standard deviation 1) has the quantile of a normal one at ``z``.

    Newton's method on the tail, from below: beyond the middle the tail is convex, so the steps never go too far.
    """
    half = math.sqrt(0.5)
    narrow = 1.0 / math.sqrt(1.0 + WIDE_SHARE * (WIDE_RATIO * WIDE_RATIO - 1.0))
    wide = narrow * WIDE_RATIO
    tail = 0.5 * math.erfc(abs(z) * half)
    x = narrow * abs(z)
    for _ in range(100):
        u, v = x / narrow, x / wide
        excess = 0.5 * ((1.0 - WIDE_SHARE) * math.erfc(u * half) + WIDE_SHARE * math.erfc(v * half)) - tail
        slope = (1.0 - WIDE_SHARE) / narrow * math.exp(-0.5 * u * u) + WIDE_SHARE / wide * math.exp(-0.5 * v * v)
        step = excess * math.sqrt(2.0 * math.pi) / slope
        x += step
        if step < 1e-14 * x:
            break
    return math.copysign(x, z)


@inline
def bottleneck_deviation(z, sd, law):
    """Deviation of a patient's b from the mean, of standard deviation ``sd``, from a standard normal number ``z``."""
    if law == LOGISTIC:
        half = math.sqrt(0.5)
        return sd * (math.sqrt(3.0) / math.pi) * math.log(math.erfc(-z * half) / math.erfc(z * half))
    if law == CONTAMINATED:
        return sd * contaminated(z)
    return sd * z
