"""Pre-metastatic niche: the primary prepares distant soil.

Reads: volume of the primary, lever ``niche_readiness`` at the site. Writes: readiness N (0..1) by site, which
multiplies the take of founders there. Runs: at every candidate event.

While the primary grows, N follows its factors without delay (LOX, exosomes with organ-specific integrins, VEGFR1+
marrow cells): N = V/(V + V_half). After its removal N decays. Take is multiplied by 1 - strength + strength N, so a
strength of 0 is the ablation. Seen in mice (kaplan2005, erler2009, hoshino2015); strengths are assumed.

Bone is a vicious cycle besides: tumour factors (PTHrP) drive osteoblasts to RANKL, osteoclasts free TGF-beta from the
matrix, which speeds the tumour. A bone lesion above a size grows faster by ``niche.bone_gain`` (ayati2010 gives the
equations in detail: :mod:`diaspore.body.bone_remodelling`).
"""

from __future__ import annotations

import math

from diaspore.body.definitions import SITE, Definition
from diaspore.body.processes.geometry import saturation
from diaspore.core.jit import inline

PARAMETERS = (
    Definition("niche.strength", "1", 0, 1, "share of the take at this site that needs a prepared niche", index=SITE),
    Definition("niche.half_volume", "mm**3", 1e-3, 1e7, "volume of the primary with half readiness"),
    Definition("niche.decay_rate", "1/day", 0, 10, "decay of readiness after removal of the primary"),
    Definition("niche.bone_gain", "1", 0, 10, "extra growth rate of a bone lesion by the vicious cycle"),
    Definition("niche.bone_engagement_diameter", "mm", 0.01, 50, "diameter at which a bone lesion engages osteoclasts"),
)


@inline
def readiness(volume, days_since_removal, par):
    """Readiness from the primary's volume (at removal, if removed) and the days since removal (0 if in place)."""
    return saturation(volume, par.niche_half_volume) * math.exp(-par.niche_decay_rate * max(0.0, days_since_removal))
