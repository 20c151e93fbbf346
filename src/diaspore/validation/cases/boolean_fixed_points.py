"""Stable states of four networks of the library; needs biodivine-aeon (extra ``networks``)."""

from __future__ import annotations

from diaspore.networks.boolean.attractors import MissingExtra, fixed_points
from diaspore.validation.networks import shipped_boolean
from diaspore.validation.registry import Result

NETWORKS = {"cohen": "cohen-2015", "steinway": "steinway-2015", "mendik": "mendik-2022", "switch": "emt-switch"}


def run() -> Result:
    """Their number, over all settings of the inputs."""
    result = Result()
    for check, name in NETWORKS.items():
        try:
            result.add(check, fixed_points(shipped_boolean(name)).count)
        except MissingExtra as missing:
            result.skip(check, " ".join(str(missing).split()))
    return result
