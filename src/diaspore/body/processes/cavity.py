"""Direct spread through a body cavity.

Reads: lesion volume against the depth of the serosa, levers ``shedding.cavity``, ``invasion_speed`` and the other
invasion levers, ``homing_prob``. Writes: founders on the cavity's lining, cells cleared into lymph. Runs: at every
candidate event.

A lesion next to a cavity breaches the serosa when its diameter passes a threshold that differs between lesions; the
levers that speed invasion lower it. Floating cells attach, die without anchorage, or leave through the lymph stomata of
the diaphragm (and of the parietal pleura) into the blood: three competing rates. Where they attach follows the flow of
the fluid (omentum, diaphragm, pouch of Douglas, gutters, mesentery).
"""

from __future__ import annotations

from diaspore.body.definitions import Definition
from diaspore.core.jit import inline

PARAMETERS = (
    Definition("cavity.breach_diameter", "mm", 0.1, 500, "diameter at which a lesion breaches the serosa", spread=True),
    Definition("cavity.attachment_rate", "1/day", 0, 100, "attachment hazard of a floating cell"),
    Definition("cavity.anoikis_rate", "1/day", 0, 100, "death hazard of a floating cell"),
    Definition("cavity.clearance_rate", "1/day", 0, 100, "lymphatic clearance of a floating cell"),
)


@inline
def fates(par):
    """Shares of floating cells that attach, die, and are cleared into lymph."""
    total = par.cavity_attachment_rate + par.cavity_anoikis_rate + par.cavity_clearance_rate
    return par.cavity_attachment_rate / total, par.cavity_anoikis_rate / total, par.cavity_clearance_rate / total
