"""Shedding: cells that leave a lesion by blood, lymph or cavity.

Reads: lesion volume and phenotype fractions, local macrophages, levers ``shedding`` (route), ``invasion_speed``,
``protease_activity``, ``adhesion``, ``matrix_stiffness``, ``tam_recruitment``, ``ctc_cluster_fraction``. Writes: rates
of cells per day by route and class. Runs: at every candidate event and at every quadrature node of the ledger.

Shed cells follow a power of the volume, S = s (V / 1 cm3)**alpha (iwata2000, hartung2014; alpha 2/3 is a surface).
Lymph has an exponent of its own, because the lymph vessels that work lie at a tumour's margin.
Classes: single epithelial, hybrid, mesenchymal cells and clusters.
"""

from __future__ import annotations

import math

from diaspore.body.definitions import Definition
from diaspore.body.processes.geometry import saturation
from diaspore.core.jit import inline

PHENOTYPES = ("single_epithelial", "single_hybrid", "single_mesenchymal", "cluster")
N_PHENOTYPES = 4
REFERENCE_VOLUME = 1000.0  # mm3: rates are quoted per 1 cm3 (about 1 g) of tumour

PARAMETERS = (
    Definition("shedding.haematogenous", "1/day", 0, 1e10, "cells shed into blood per day by 1 cm3", spread=True),
    Definition("shedding.lymphatic", "1/day", 0, 1e10, "cells shed into lymph per day by 1 cm3", spread=True),
    Definition("shedding.cavity", "1/day", 0, 1e10, "cells shed into a breached cavity per day by 1 cm3"),
    Definition("shedding.perineural", "1/day", 0, 1e10, "cells that leave along nerves per day by 1 cm3 (0: off)"),
    Definition("shedding.exponent", "1", 0, 1.5, "exponent alpha of volume, into blood and cavities"),
    Definition("shedding.lymphatic_exponent", "1", 0, 1.5, "exponent alpha of volume, into lymph"),
    Definition("shedding.epithelial_weight", "1", 0, 10, "relative intravasation of epithelial cells"),
    Definition("shedding.hybrid_weight", "1", 0, 10, "relative intravasation of hybrid cells"),
    Definition("shedding.mesenchymal_weight", "1", 0, 10, "relative intravasation of mesenchymal cells"),
    Definition("shedding.cluster_fraction", "1", 0, 1, "share of shed cells that leave in clusters"),
    Definition("shedding.cluster_size", "1", 2, 100, "mean number of cells in a cluster"),
    Definition("shedding.macrophage_gain", "1", 0, 100, "gain of intravasation by tumour-associated macrophages"),
    Definition("shedding.macrophage_half_volume", "mm**3", 1e-3, 1e7, "volume with half of the macrophage response"),
    Definition("shedding.protease_exponent", "1", 0, 3, "power of the protease lever in intravasation"),
    Definition("shedding.speed_exponent", "1", 0, 3, "power of the invasion-speed lever in intravasation"),
    Definition("shedding.adhesion_exponent", "1", 0, 3, "power of the adhesion lever (adhesion holds cells back)"),
    Definition("shedding.stiffness_exponent", "1", 0, 3, "power of the matrix-stiffness lever"),
)


@inline
def volume_power(y, exponent):
    """(V / 1 cm3)**exponent from ln V (mm3)."""
    return math.exp(exponent * (y - math.log(REFERENCE_VOLUME)))


@inline
def invasion_factor(speed, protease, adhesion, stiffness, par):
    """Combined effect of the invasion levers on the entry of cells into vessels and cavities."""
    if speed == 1.0 and protease == 1.0 and adhesion == 1.0 and stiffness == 1.0:
        return 1.0
    return (
        speed**par.shedding_speed_exponent
        * protease**par.shedding_protease_exponent
        * stiffness**par.shedding_stiffness_exponent
        / adhesion**par.shedding_adhesion_exponent
    )


@inline
def macrophage_factor(volume, tam_lever, systemic, par):
    """Gain of intravasation by the lesion's macrophages; the systemic response (0..1) supplies monocytes."""
    recruited = saturation(volume, par.shedding_macrophage_half_volume) * (
        1.0 + par.systemic_macrophage_gain * systemic
    )
    return 1.0 + par.shedding_macrophage_gain * tam_lever * recruited


@inline
def class_weights(e, h, m, cluster_lever, par):
    """Relative number of shed cells in the four classes (single E, H, M, cluster)."""
    cluster = min(1.0, par.shedding_cluster_fraction * cluster_lever)
    we = e * par.shedding_epithelial_weight
    wh = h * par.shedding_hybrid_weight
    wm = m * par.shedding_mesenchymal_weight
    single = 1.0 - cluster
    return we * single, wh * single, wm * single, (we + wh + wm) * cluster
