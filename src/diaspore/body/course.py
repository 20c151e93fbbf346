"""Dense courses of single patients as labelled arrays."""

from __future__ import annotations

import numpy as np

from diaspore.body.batch import COURSE_EXTRA, Batch
from diaspore.body.circulation import COMPARTMENTS
from diaspore.body.compile import Compiled
from diaspore.body.processes.systemic import COMPARTMENTS as SYSTEMIC
from diaspore.body.tables import site_names
from diaspore.core.zarrio import Variable

BEFORE_DAYS = 10 * 365.25
STEP_DAYS = 30.4375


def course_days(horizon: float) -> np.ndarray:
    """Monthly days from ten years before diagnosis to the end of follow-up, denser around surgery."""
    months = np.arange(-int(BEFORE_DAYS / STEP_DAYS), int(horizon / STEP_DAYS) + 1) * STEP_DAYS
    return np.unique(np.concatenate([months, np.arange(0.0, min(60.0, horizon), 5.0)]))


def systemic_levels(response: np.ndarray, par: np.void) -> np.ndarray:
    """Levels relative to a person without tumour of the systemic compartments, last axis in the order of SYSTEMIC."""
    gains = {
        "fibroblast": par["systemic_fibroblast_gain"],
        "macrophage": par["systemic_macrophage_gain"],
        "neutrophil_mdsc": par["systemic_myeloid_gain"],
        "platelet": par["systemic_platelet_gain"],
        "endothelial_progenitor": par["systemic_progenitor_gain"],
        "haematopoietic_progenitor": par["systemic_progenitor_gain"],
    }
    levels = 1.0 + response[..., None] * np.array([float(gains.get(name, 0.0)) for name in SYSTEMIC])
    activity = 1.0 / (1.0 + float(par["systemic_suppression"] * par["systemic_myeloid_gain"]) * response)
    for name in ("t_cell", "nk_cell"):
        levels[..., SYSTEMIC.index(name)] = activity
    return levels


UNITS = {
    "time": "day from diagnosis",
    "burden_mm3": "mm3",
    "primary_mm3": "mm3",
    "nodal_mm3": "mm3",
    "ctc_per_ml": "1/mL",
}


def course_variables(compiled: Compiled, batch: Batch) -> dict[str, Variable]:
    """Variables of ``course`` by name, coordinates included.

    Dimensions are patient, time (day from diagnosis), site, compartment, phenotype and population.
    After death values are nan; before the primary's vessels they are zero.
    """
    days = batch.courses[0].days
    par = compiled.model.par[0]
    dead = days[None, :] > batch.patients["end"][:, None]
    extra = np.stack([c.extra for c in batch.courses])
    columns = {name: extra[..., i] for i, name in enumerate(COURSE_EXTRA)}
    primary = columns["primary_mm3"]
    niche = _niche(compiled, batch, days, primary)

    def masked(values: np.ndarray) -> np.ndarray:
        mask = dead.reshape(dead.shape + (1,) * (values.ndim - 2))
        return np.where(mask, np.nan, values)

    pt = ("patient", "time")
    data: dict[str, tuple[tuple[str, ...], np.ndarray]] = {
        "burden_mm3": ((*pt, "site"), masked(np.stack([c.burden for c in batch.courses]))),
        "lesions": ((*pt, "site"), masked(np.stack([c.colonies for c in batch.courses]).astype(float))),
        "ctc_per_ml": ((*pt, "compartment"), masked(np.stack([c.blood for c in batch.courses]))),
        "fractions": ((*pt, "phenotype"), masked(np.stack([columns[k] for k in "EHM"], axis=-1))),
        "niche": ((*pt, "site"), masked(niche)),
        "systemic": ((*pt, "population"), masked(systemic_levels(columns["systemic"], par))),
        "primary_mm3": (pt, masked(primary)),
        "nodal_mm3": (pt, masked(columns["nodal_mm3"])),
        "hypoxia": (pt, masked(columns["hypoxia"])),
    }
    for name, labels in (
        ("patient", batch.patients["id"]),
        ("time", days),
        ("site", site_names(compiled)),
        ("compartment", COMPARTMENTS),
        ("phenotype", ("E", "H", "M")),
        ("population", SYSTEMIC),
    ):
        data[name] = ((name,), np.asarray(labels))
    return {
        name: Variable(dims, values, {"units": UNITS[name]} if name in UNITS else {})
        for name, (dims, values) in data.items()
    }


def _niche(compiled: Compiled, batch: Batch, days: np.ndarray, primary: np.ndarray) -> np.ndarray:
    """Share of founders that find their niche, (patients, time, sites)."""
    par = compiled.model.par[0]
    surgery = batch.patients["surgery_day"][:, None]
    since = np.where(np.isnan(surgery), 0.0, np.maximum(0.0, days[None, :] - surgery))
    removed = ~np.isnan(surgery) & (days[None, :] >= surgery)
    volume = np.where(removed, np.exp(batch.patients["y_surgery"])[:, None], primary)
    ready = volume / (volume + par["niche_half_volume"]) * np.exp(-par["niche_decay_rate"] * since)
    strength = compiled.values.site["niche_strength"]
    return 1.0 - strength + strength * ready[..., None]
