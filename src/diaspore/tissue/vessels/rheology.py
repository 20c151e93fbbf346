"""How thick blood is in a narrow vessel, and how red cells part where a vessel forks.

Viscosity in living vessels by diameter and haematocrit is the law of ``pries1994``; the share of red cells in the
branches of a fork that of ``pries1990`` with the coefficients of ``pries2005``. Their constants were read in several
public programs that agree with one another, not in the papers.
"""

from __future__ import annotations

import math

from diaspore.core.jit import inline, kernel

CONSTANT, PRIES = 0, 1
THINNEST = 2.0
"""Diameter (um) below which the law is not used any further; at 1.1 um it has a pole."""
DENSEST = 0.95
"""Haematocrit that no vessel exceeds; what is more goes to the other branch."""


@inline
def relative_viscosity(diameter, haematocrit):
    """Of blood in a living vessel over that of plasma."""
    d = max(diameter, THINNEST)
    wide = 1e-11 * d**12
    curve = (0.8 + math.exp(-0.075 * d)) * (1.0 / (1.0 + wide) - 1.0) + 1.0 / (1.0 + wide)
    usual = 6.0 * math.exp(-0.085 * d) + 3.2 - 2.44 * math.exp(-0.06 * d**0.645)
    layer = (d / (d - 1.1)) ** 2
    cells = ((1.0 - haematocrit) ** curve - 1.0) / (0.55**curve - 1.0)
    return (1.0 + (usual - 1.0) * cells * layer) * layer


@kernel
def viscosities(law, constant, plasma, diameter, haematocrit, out):
    """Viscosity (mPa s) of every segment: ``constant``, or by the law of Pries with that of ``plasma``."""
    for i in range(diameter.shape[0]):
        out[i] = constant if law == CONSTANT else plasma * relative_viscosity(diameter[i], haematocrit[i])


@inline
def share_of_cells(share, mother, own, other, haematocrit):
    """Share of the red cells that enter the branch which takes ``share`` of the flow; diameters in um."""
    crowd = (1.0 - haematocrit) / mother
    least = min(0.964 * crowd, 0.499)
    if share <= least:
        return 0.0
    if share >= 1.0 - least:
        return 1.0
    ratio = (own / other) ** 2
    slant = -13.29 * (ratio - 1.0) / (ratio + 1.0) * crowd
    steep = 1.0 + 6.98 * crowd
    x = (share - least) / (1.0 - 2.0 * least)
    return 1.0 / (1.0 + math.exp(-(slant + steep * math.log(x / (1.0 - x)))))
