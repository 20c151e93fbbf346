"""Sphere geometry shared by all processes: diameters are what clinics report, volumes what models grow."""

from __future__ import annotations

import math

from diaspore.core.jit import inline

_SPHERE = math.pi / 6.0


@inline
def ln_volume(diameter_mm):
    """Natural logarithm of a sphere's volume in mm3."""
    return math.log(_SPHERE) + 3.0 * math.log(diameter_mm)


@inline
def diameter(ln_volume_mm3):
    """Diameter in mm of a sphere with this logarithm of volume (mm3)."""
    return math.exp((ln_volume_mm3 - math.log(_SPHERE)) / 3.0)


@inline
def saturation(volume, half):
    """Michaelis-Menten response of a volume: 0 at none, 1/2 at ``half``, 1 at infinity."""
    return volume / (volume + half)
