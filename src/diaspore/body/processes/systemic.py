"""Systemic stroma, immunity and marrow: compartments that answer to the total tumour burden.

Reads: total burden, lever ``immune_kill``, ``platelet_shield``. Writes: nothing that lasts; levels act on named rates.
Runs: with every panel of the course.

Each compartment turns over in days (x' = b (1 + g s(B)) - d x) while burden changes over months, so the steady level
x/x0 = 1 + g s(B), s(B) = B/(B + B_half), is used. Effects: fibroblasts raise TGF-beta in lesions (plasticity);
monocytes supply macrophages that help cells into vessels (shedding); myeloid cells lower NK and T-cell activity;
platelets and lost NK activity shield circulating cells; T cells hold colonies (dormancy); endothelial progenitors
speed the angiogenic switch; haematopoietic progenitors follow the primary's factors, as the niche does. Strengths are
assumed; the direction is from animal work.
"""

from __future__ import annotations

from diaspore.body.definitions import Definition
from diaspore.body.processes.geometry import saturation
from diaspore.core.jit import inline

COMPARTMENTS = (
    "fibroblast",
    "macrophage",
    "neutrophil_mdsc",
    "t_cell",
    "nk_cell",
    "platelet",
    "endothelial_progenitor",
    "haematopoietic_progenitor",
)

PARAMETERS = (
    Definition("systemic.half_burden", "mm**3", 1, 1e7, "burden with half of the systemic response"),
    Definition("systemic.fibroblast_gain", "1", 0, 20, "circulating activated fibroblasts, gain at full response"),
    Definition("systemic.macrophage_gain", "1", 0, 20, "monocytes and macrophages, gain at full response"),
    Definition("systemic.myeloid_gain", "1", 0, 20, "neutrophils and suppressor cells, gain at full response"),
    Definition("systemic.platelet_gain", "1", 0, 20, "platelets, gain at full response"),
    Definition("systemic.progenitor_gain", "1", 0, 20, "endothelial and haematopoietic progenitors, gain"),
    Definition("systemic.suppression", "1", 0, 1, "NK and T activity is 1/(1 + this x the myeloid gain in force)"),
    Definition("systemic.platelet_cloak", "1", 0, 1, "share of circulating cells cloaked by platelets without tumour"),
)


@inline
def response(burden, par):
    """Systemic response s(B) in 0..1."""
    return saturation(burden, par.systemic_half_burden)


@inline
def immune_activity(s, par):
    """Activity of NK and T cells relative to a person without tumour."""
    return 1.0 / (1.0 + par.systemic_suppression * par.systemic_myeloid_gain * s)


@inline
def shielded_fraction(s, shield_lever, immune_lever, par):
    """Share of circulating cells that NK cells do not reach: cloaked by platelets, or NK activity lost."""
    cloak = min(1.0, par.systemic_platelet_cloak * (1.0 + par.systemic_platelet_gain * s) * shield_lever)
    exposure = min(1.0, immune_activity(s, par) * immune_lever)
    return 1.0 - (1.0 - cloak) * exposure
