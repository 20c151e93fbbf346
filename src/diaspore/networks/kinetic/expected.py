"""Results that a network states of itself, computed anew."""

from __future__ import annotations

import math
import re

from diaspore.core.errors import InputError
from diaspore.networks.kinetic.integrate import Integrator
from diaspore.networks.kinetic.network import Network
from diaspore.networks.kinetic.spec import KineticNetworkSpec

EXACT = 1e-5
_WHAT = re.compile(r"(\w+) at (.+)")


def differences(
    spec: KineticNetworkSpec, method: str = "lsoda", step: float | None = None, until: float = math.inf
) -> dict[str, float]:
    """Relative difference from each stated result up to a time, by what it is: "NAME at TIME (tolerance)".

    Results that are stated with few digits are left out of comparisons of methods with fixed steps.

    Raises:
        InputError: a result that is not stated in that way.
    """
    network = Network(spec)
    wanted = []
    for k, one in enumerate(spec.expected):
        match = _WHAT.fullmatch(one.what)
        if match is None or match[1] not in network.columns():
            raise InputError("is no result of this network", field=f"expected[{k}].what", allowed="NAME at TIME")
        at = match[2] if spec.time_unit != "dimensionless" else float(match[2])
        time = spec.times(at, f"expected[{k}].what")
        if time <= until and (method == "lsoda" or one.tolerance <= EXACT):
            wanted.append((time, match[1], one))
    changes = [(spec.times(change.at, "set"), change.name, change.value) for change in spec.set]
    integrator = Integrator(network, method, step=step, tolerance=1e-10, changes=changes)
    times = sorted({at for at, _, _ in wanted})
    rows = {row[0]: row[1:] for row in integrator.rows(integrator.start(), times)}
    columns = network.columns()
    return {
        f"{one.what} ({one.tolerance:g})": abs(rows[at][columns.index(name)] / one.value - 1.0)
        for at, name, one in wanted
    }
