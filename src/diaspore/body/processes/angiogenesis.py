"""The angiogenic switch.

Reads: lesion volume, lever ``angiogenesis_rate`` at the site, level of circulating endothelial progenitors.
Writes: the day on which a lesion that has stopped at the diffusion limit becomes vascular. Runs: once per lesion,
when it reaches the avascular limit; the waiting hazard is constant between changes of levers.

A lesion without vessels stops at a size set by diffusion. A share of lesions switches without a pause; the others are
dormant at that size (angiogenic dormancy) until the switch, an exponential waiting time. Cells leave a tumour by
blood only once it has vessels.
"""

from __future__ import annotations

from diaspore.body.definitions import Definition
from diaspore.core.jit import inline

PARAMETERS = (
    Definition("angiogenesis.avascular_diameter", "mm", 0.1, 10, "diameter that diffusion alone can feed"),
    Definition("angiogenesis.immediate_fraction", "1", 0, 1, "share of metastases that switch without a pause"),
    Definition("angiogenesis.primary_switch_rate", "1/day", 1e-6, 10, "switch rate of the primary"),
    Definition("angiogenesis.metastasis_switch_rate", "1/day", 1e-6, 10, "switch rate of a paused metastasis"),
    Definition("angiogenesis.progenitor_gain", "1", 0, 10, "gain of the switch rate by endothelial progenitors"),
)


@inline
def switch_hazard(base_rate, lever, progenitor_gain, progenitors):
    """Hazard of the switch in 1/day; ``progenitors`` in 0..1 is their mobilisation by the tumour burden."""
    return base_rate * lever * (1.0 + progenitor_gain * progenitors)
