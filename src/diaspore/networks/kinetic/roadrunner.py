"""Runs by libroadrunner, for those who ask for it, and to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from diaspore.core.errors import DiasporeError
from diaspore.networks.kinetic.export import to_sbml
from diaspore.networks.kinetic.network import Network


def roadrunner_rows(
    network: Network,
    times: Sequence[float],
    changes: Sequence[tuple[float, str, float]] = (),
    *,
    tolerance: float = 1e-8,
) -> list[list[float]]:
    """Time and the values of `Network.columns` at given times, the first of them 0.

    Raises:
        DiasporeError: libroadrunner is not installed, or fails.
    """
    try:
        import roadrunner
    except ImportError:
        raise DiasporeError("method libroadrunner needs libroadrunner: pip install 'diaspore[networks]'") from None
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    spec = network.spec
    try:
        runner: Any = roadrunner.RoadRunner(to_sbml(spec))
        scale = float(abs(network.initial).max(initial=0.0)) or 1.0
        runner.integrator.relative_tolerance = tolerance
        runner.integrator.absolute_tolerance = 1e-6 * tolerance * scale
        runner.integrator.maximum_num_steps = 2_000_000
        names = {name: name if item.compartment is None else f"[{name}]" for name, item in spec.species.items()}
        runner.selections = ["time", *names.values(), *spec.rules]
        found: list[list[float]] = []
        ahead = sorted(changes, key=lambda change: change[0])
        now = 0.0
        moments = sorted({0.0, *times, *(at for at, _, _ in ahead)})
        wanted = set(times)
        for moment in moments:
            if moment > now:
                runner.simulate(now, moment, 2)
                now = moment
            while ahead and ahead[0][0] == moment:
                _, name, value = ahead.pop(0)
                runner.setValue(names.get(name, name), value)
            if moment in wanted:
                found.append([moment, *(float(runner.getValue(one)) for one in runner.selections[1:])])
        return found
    except RuntimeError as error:
        raise DiasporeError(f"libroadrunner: {' '.join(str(error).split())[:300]}") from None
