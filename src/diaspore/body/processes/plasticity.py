"""Epithelial, hybrid and mesenchymal fractions of a lesion.

Reads: lesion volume (hypoxia, TGF-beta of its stroma), lever ``emt_rate``. Writes: nothing that lasts; the fractions
weigh shedding and survival. Runs: whenever cells are shed.

Cells move along E <-> H <-> M. The forward rates rise with hypoxia and TGF-beta, the backward rates are constant; the
chain relaxes in days while volumes double in weeks to months, so its steady state at the present drivers is used (a
test compares it with the transient). Ratios of forward to backward rate are the parameters: only they matter then.
Structure: three-state switch, lu2013. Strengths are assumed.
"""

from __future__ import annotations

from diaspore.body.definitions import Definition
from diaspore.body.processes.geometry import saturation
from diaspore.core.jit import inline

PARAMETERS = (
    Definition("plasticity.hybrid_ratio", "1", 0, 100, "H:E ratio without drivers"),
    Definition("plasticity.mesenchymal_ratio", "1", 0, 100, "M:H ratio without drivers"),
    Definition("plasticity.hypoxia_gain", "1", 0, 100, "gain of both forward rates by hypoxia"),
    Definition("plasticity.tgfb_gain", "1", 0, 100, "gain of both forward rates by TGF-beta of activated fibroblasts"),
    Definition("plasticity.hypoxia_half_volume", "mm**3", 1e-3, 1e7, "volume at which half of the lesion is hypoxic"),
    Definition("plasticity.stroma_half_volume", "mm**3", 1e-3, 1e7, "volume at which the stroma is half activated"),
)


@inline
def hypoxic_fraction(volume, par):
    """Hypoxic share of a lesion of ``volume`` mm3."""
    return saturation(volume, par.plasticity_hypoxia_half_volume)


@inline
def activated_stroma(volume, par):
    """Activation (0..1) of the lesion's fibroblasts, the source of TGF-beta."""
    return saturation(volume, par.plasticity_stroma_half_volume)


@inline
def fractions(volume, emt_lever, systemic, par):
    """Steady fractions (E, H, M) of a lesion of ``volume`` mm3 under the systemic response (0..1)."""
    drive = emt_lever * (
        1.0
        + par.plasticity_hypoxia_gain * hypoxic_fraction(volume, par)
        + par.plasticity_tgfb_gain * activated_stroma(volume, par) * (1.0 + par.systemic_fibroblast_gain * systemic)
    )
    h = par.plasticity_hybrid_ratio * drive
    m = h * par.plasticity_mesenchymal_ratio * drive
    total = 1.0 + h + m
    return 1.0 / total, h / total, m / total
