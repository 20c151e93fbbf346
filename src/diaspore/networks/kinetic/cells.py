"""One network in very many cells: states side by side, advanced by a generated kernel with fixed steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from diaspore.core.errors import DiasporeError, InputError, nearest_name
from diaspore.core.parallel import resolve_threads
from diaspore.core.team import run_team
from diaspore.networks.kinetic.generate import module
from diaspore.networks.kinetic.network import Network
from diaspore.networks.kinetic.spec import KineticNetworkSpec

Array = NDArray[np.float64]
MAX_STEPS = 1_000_000_000  # of one call


class KineticKernel:
    """The equations of a network, compiled for many cells.

    Every cell is advanced on its own with the same operations, so results have the same bits for any number of threads
    and any division of the cells into parts. A cell that is at rest to the last bit is left alone for the rest of a
    call where the network does not depend on time; that changes no bit either.

    Attributes:
        species: names of the rows of a state.
        inputs: names of the rows of the inputs: parameters, or species that are held at what is given.
        parameters: values of everything that is the same in all cells, by position; see `set`.
        step: longest time step, in the network's unit of time.
    """

    def __init__(
        self,
        spec: KineticNetworkSpec,
        inputs: Sequence[str] = (),
        *,
        method: Literal["rk4", "rosenbrock"] = "rk4",
        step: float,
    ) -> None:
        known = [*spec.parameters, *spec.species]
        for name in inputs:
            if name not in known:
                raise InputError(
                    f"there is no parameter or species {name!r}", field="inputs", nearest=nearest_name(name, known)
                )
        if len(set(inputs)) < len(inputs):
            raise InputError("names something twice", field="inputs")
        if method not in ("rk4", "rosenbrock"):
            raise InputError(f"{method!r} takes no fixed steps", field="method", allowed=["rk4", "rosenbrock"])
        if not (math.isfinite(step) and step > 0.0):
            raise InputError("must be more than 0", field="step")
        if spec.events:
            raise InputError("networks with events do not run inside cells; change inputs instead", field="events")
        self.network = Network(spec, held=[name for name in inputs if name in spec.species])
        if self.network.crossings:
            raise InputError("formulas that switch at a time do not run inside cells; change inputs instead")
        if not self.network.states:
            raise InputError("nothing in the network changes", field="species")
        self.species = list(self.network.states)
        self.inputs = list(inputs)
        self.method = method
        self.step = step
        self.parameters = self.network.values.copy()
        self._slots = np.array([self.network.place(name)[1] for name in inputs], dtype=np.int64)
        self._advance = module(self.network, method).advance

    def initial(self, cells: int) -> Array:
        """States of cells at the start: species by cells."""
        return np.repeat(self.network.initial[:, None], cells, axis=1)

    def usual_inputs(self, cells: int) -> Array:
        """Inputs as they are in the file: inputs by cells."""
        return np.repeat(self.parameters[self._slots][:, None], cells, axis=1)

    def set(self, name: str, value: float) -> None:
        """Give a parameter another value in all cells; nothing is compiled anew."""
        kind, index = self.network.place(name) if name in self.network.parameters else ("", 0)
        if kind != "p":
            raise InputError(f"there is no parameter {name!r}", nearest=nearest_name(name, self.network.parameters))
        self.parameters[index] = value

    def advance(
        self, state: Array, inputs: Array | None, duration: float, *, threads: int | None = 1, time: float = 0.0
    ) -> None:
        """Advance cells in place by some time, in equal steps no longer than `step`.

        Args:
            state: species by cells.
            inputs: inputs by cells, held during the call; None where the kernel has none.
            duration: in the network's unit of time.
            threads: any number gives the same bits; None takes every core.
            time: at the beginning, for networks that depend on it.

        Raises:
            InputError: arrays of another shape or type.
            DiasporeError: a state is no longer finite, or changes too fast for the step.
        """
        count = state.shape[1] if state.ndim == 2 else -1
        given = np.zeros((0, max(count, 0))) if inputs is None else inputs
        for name, array, rows in (("state", state, len(self.species)), ("inputs", given, len(self.inputs))):
            if array.dtype != np.float64 or array.shape != (rows, count):
                raise InputError(f"must be {rows} by cells, of float64; got {array.shape}, {array.dtype}", field=name)
        if duration < 0.0 or not math.isfinite(duration):
            raise InputError("must be 0 or more", field="duration")
        if duration == 0.0 or count == 0:
            return
        steps = max(1, math.ceil(min(duration / self.step, 2.0 * MAX_STEPS) * (1.0 - 1e-12)))
        if steps > MAX_STEPS:
            raise InputError(f"makes more than {MAX_STEPS:,} steps of {duration:g}", field="step")
        bad = self._run(state, given, time, -math.inf, math.inf, duration / steps, steps, threads)
        if bad:
            raise DiasporeError(
                f"{bad} of {count} cells have no finite state after time {time + duration:g}, or one that cannot be "
                f"right; take steps shorter than {duration / steps:g}"
                + (", or rosenbrock" if self.method == "rk4" else "")
            )

    def _run(
        self, state: Array, inputs: Array, time: float, low: float, high: float, h: float, steps: int,
        threads: int | None,
    ) -> int:  # fmt: skip
        members = max(1, min(resolve_threads(threads), state.shape[1]))
        bad = np.zeros(members, dtype=np.int64)
        run_team(members, self._advance, state, inputs, self._slots, self.parameters, time, low, high, h, steps, bad)
        return int(bad.sum())
