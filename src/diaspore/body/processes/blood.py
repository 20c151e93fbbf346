"""Circulating tumour cells: what the vessels do to them.

Reads: vascular network of the patient's sex (knowledge), capillary diameters, levers ``ctc_death``,
``platelet_shield``. Writes: the tables of :mod:`diaspore.body.circulation`. Runs: once per set of levers.

In flow a cell dies from shear and loss of anchorage, and by NK cells when it is not shielded. In a capillary bed it is
held by size (its diameter against the capillary's) or by adhesion, or slips through (also by shunts). A held cell is
released again, leaves the vessel, or dies; these rates give the hours for which cells come and go after the primary
has been removed (1-2.4 h half-life, meng2004), which transit alone (seconds) cannot. A compartment has one kind of
vessel: that of the site with the largest share of it.
"""

from __future__ import annotations

from diaspore.body.definitions import SITE, Definition

PARAMETERS = (
    Definition("blood.single_diameter", "um", 1, 100, "diameter of a single circulating tumour cell"),
    Definition("blood.cluster_diameter", "um", 1, 200, "effective diameter of a cluster in a capillary"),
    Definition(
        "blood.mesenchymal_softness", "1", 0.1, 1, "effective diameter of a mesenchymal relative to other cells"
    ),
    Definition("blood.size_exponent", "1", 0.5, 40, "steepness of arrest with cell over capillary diameter"),
    Definition("blood.shear_death", "1/day", 0, 1e5, "death of a cell in flow by shear and anoikis"),
    Definition("blood.nk_death", "1/day", 0, 1e5, "death of an unshielded cell by NK cells, in flow or held"),
    Definition("blood.held_death", "1/day", 0, 1e5, "death of a held cell"),
    Definition(
        "blood.extravasation_rate",
        "1/day",
        0,
        1e5,
        "rate at which a held cell leaves the vessel",
        index=SITE,
        of_bed=True,
    ),
    Definition("blood.release_rate", "1/day", 0, 1e5, "rate at which a held cell is released", index=SITE, of_bed=True),
    Definition("blood.capillary_diameter", "um", 1, 200, "capillary diameter of the bed", index=SITE, of_bed=True),
    Definition("blood.adhesion", "1", 0, 1, "arrest by adhesion, without regard to size", index=SITE, of_bed=True),
    Definition(
        "blood.shunt", "1", 0, 1, "share of the bed's blood that bypasses its capillaries", index=SITE, of_bed=True
    ),
    Definition(
        "blood.vertebral_fraction", "1", 0, 1, "share of a pelvic or breast primary's blood to the vertebral plexus"
    ),
)
