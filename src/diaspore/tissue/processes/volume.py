"""Volume of a cell: fluid, solid of the nucleus, solid of the cytoplasm, each towards its target at its own rate.

Every part obeys ``x' = rate (target - x)``; the fluid's target is a fraction of the whole volume, fluid included
(``ghaffarizadeh2018``). The linear equations are solved exactly over the step, the solids first.
"""

from __future__ import annotations

import math

from diaspore.core.jit import inline

_SPHERE = 3.0 / (4.0 * math.pi)


@inline
def relaxed(value, target, rate, step):
    """Value after ``step`` of relaxation towards a constant target."""
    return target + (value - target) * math.exp(-rate * step)


@inline
def fluid_after(fluid, solid, fraction, rate, step):
    """Fluid after ``step`` when it goes towards ``fraction`` of the volume, at a given solid."""
    if fraction >= 1.0:  # it swells: the target runs ahead by the solid
        return fluid + rate * step * solid
    return relaxed(fluid, fraction / (1.0 - fraction) * solid, rate * (1.0 - fraction), step)


@inline
def radius_of(volume):
    """Radius of a sphere, um."""
    return (_SPHERE * volume) ** (1.0 / 3.0)
