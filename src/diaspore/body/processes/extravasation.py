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

LAWS = ("normal", "logistic")
NORMAL, LOGISTIC = range(len(LAWS))

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
def bottleneck_deviation(z, sd, law):
    """Deviation of a patient's b from the mean, of standard deviation ``sd``, from a standard normal number ``z``."""
    if law == LOGISTIC:
        half = math.sqrt(0.5)
        return sd * (math.sqrt(3.0) / math.pi) * math.log(math.erfc(-z * half) / math.erfc(z * half))
    return sd * z
