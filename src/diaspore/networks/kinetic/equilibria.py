"""Equilibria of a network: where they are, whether they are stable, and how they go with a parameter.

A branch is followed by its arc length (Keller's pseudo-arclength), so that it goes on around folds; a fold is where the
parameter turns, found by halving the arc. Amounts that reactions conserve stay as they are at the start.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diaspore.core.errors import DiasporeError, InputError, nearest_name
from diaspore.networks.kinetic.graph import Tape
from diaspore.networks.kinetic.network import Network
from diaspore.networks.kinetic.spec import KineticNetworkSpec

Array = NDArray[np.float64]
MAX_POINTS = 20_000


@dataclass(frozen=True)
class Equilibrium:
    """A state that does not change; `eigenvalues` without those of conserved amounts."""

    state: dict[str, float]
    eigenvalues: NDArray[np.complex128]

    @property
    def stable(self) -> bool:
        """Whether every small deviation dies out."""
        return bool(self.eigenvalues.real.max(initial=-math.inf) < 0.0)


@dataclass(frozen=True)
class Fold:
    """Where a branch turns back: two equilibria meet there."""

    value: float
    state: dict[str, float]


@dataclass(frozen=True)
class Branch:
    """Equilibria along an arc: the parameter, states by name, whether stable, and the folds in order of the arc."""

    parameter: str
    values: Array
    states: dict[str, Array]
    stable: NDArray[np.bool_]
    folds: tuple[Fold, ...]


class Equilibria:
    """Finds and follows equilibria of a network whose rates do not depend on the time itself.

    Attributes:
        parameters: values of parameters by name that differ from the file's.
    """

    def __init__(self, spec: KineticNetworkSpec, parameters: Mapping[str, float] | None = None) -> None:
        self.network = Network(spec)
        if not self.network.autonomous:
            raise InputError("the rates depend on the time: there are no equilibria to follow")
        if not self.network.states:
            raise InputError("nothing in the network changes", field="species")
        self._p = self.network.values.copy()
        for name, value in (parameters or {}).items():
            self._p[self._index(name)] = value
        self._conserved, self._replaced = self._conservation()

    def _index(self, name: str) -> int:
        if name not in self.network.parameters:
            raise InputError(
                f"there is no parameter {name!r}", field="parameter",
                nearest=nearest_name(name, self.network.parameters),
            )  # fmt: skip
        return self.network.place(name)[1]

    def _conservation(self) -> tuple[Array, NDArray[np.int64]]:
        """Conserved sums of states, one a row, and the equations that they stand in for."""
        from scipy.linalg import null_space, qr

        network = self.network
        changes = network.stoichiometry.copy()
        free = np.zeros((len(network.states), 0))
        for i, name in enumerate(network.states):
            room = network.spec.species[name].compartment
            if room is not None:
                changes[i] /= self._p[network.place(room)[1]]
            if name in network.spec.rates:
                changes[i] = 0.0
                unit = np.zeros((len(network.states), 1))
                unit[i] = 1.0
                free = np.hstack([free, unit])
        whole = np.hstack([changes, free])
        size = np.abs(whole).max(initial=0.0)
        rows = null_space((whole / size).T).T if size > 0.0 else np.eye(len(network.states))
        if not len(rows):
            return rows, np.zeros(0, dtype=np.int64)
        _, _, order = qr(rows, pivoting=True)
        return rows, np.asarray(order[: len(rows)], dtype=np.int64)

    def state(self, start: Mapping[str, float] | Sequence[float] | None = None) -> Array:
        """A state as an array; what is not named is as at the start of the file."""
        found = self.network.initial.copy()
        if isinstance(start, Mapping):
            for name, value in start.items():
                if name not in self.network.states:
                    near = nearest_name(name, self.network.states)
                    raise InputError(f"{name!r} is no species that changes", field="start", nearest=near)
                found[self.network.states.index(name)] = value
        elif start is not None:
            found[:] = start
        return found

    def settled(self, start: Mapping[str, float] | Sequence[float] | None = None) -> Equilibrium:
        """The equilibrium that a trajectory from a state comes to.

        Raises:
            DiasporeError: it does not come to rest.
        """
        from scipy.integrate import solve_ivp

        network, p = self.network, self._p
        y = self.state(start)
        span, total = 1.0, self._conserved @ y
        for _ in range(24):
            with np.errstate(all="ignore"):
                run = solve_ivp(
                    lambda t, y: network.derivatives(y, p), (0.0, span), y, "LSODA", rtol=1e-9,
                    atol=1e-15 * (np.abs(y).max() + 1e-300) + 1e-300, jac=lambda t, y: network.jacobian_matrix(y, p),
                )  # fmt: skip
            before, y = y, run.y[:, -1]
            span *= 3.0
            if not (run.success and np.isfinite(y).all()):
                break
            if np.abs(y - before).max() <= 1e-7 * np.abs(y).max():
                exact = self._newton(y, p, total)
                if exact is not None and np.abs(exact - y).max() <= 1e-3 * np.abs(y).max():
                    return self._equilibrium(exact)
        raise DiasporeError("no equilibrium was reached from this state")

    def _equilibrium(self, y: Array) -> Equilibrium:
        return Equilibrium(dict(zip(self.network.states, map(float, y), strict=True)), self._eigenvalues(y, self._p))

    def _eigenvalues(self, y: Array, p: Array) -> NDArray[np.complex128]:
        values = np.linalg.eigvals(self.network.jacobian_matrix(y, p)).astype(np.complex128)
        # Those of conserved amounts are 0 but for rounding.
        kept: NDArray[np.complex128] = values[np.argsort(np.abs(values))[len(self._conserved) :]]
        return kept

    def _residual(self, y: Array, p: Array, total: Array) -> Array:
        found = self.network.derivatives(y, p)
        found[self._replaced] = self._conserved @ y - total
        return found

    def _matrix(self, y: Array, p: Array) -> Array:
        found = self.network.jacobian_matrix(y, p)
        found[self._replaced] = self._conserved
        return found

    def _newton(self, y: Array, p: Array, total: Array) -> Array | None:
        for _ in range(40):
            try:
                step = np.linalg.solve(self._matrix(y, p), -self._residual(y, p, total))
            except np.linalg.LinAlgError:
                return None
            y = y + step
            if not np.isfinite(y).all():
                return None
            if np.abs(step).max() <= 1e-12 * np.abs(y).max():
                return y
        return None

    def follow(
        self,
        parameter: str,
        begin: float,
        end: float,
        start: Mapping[str, float] | Sequence[float] | None = None,
        *,
        finest: float = 0.01,
    ) -> Branch:
        """Follow the equilibrium reached from `start` at ``parameter = begin`` until the parameter leaves its range.

        Args:
            parameter: of the network, or a species that is held.
            begin: where to start.
            end: the other end of the range.
            start: a state from which the first equilibrium is reached.
            finest: longest arc between two points, in units of the range and of the largest change of a state.

        Raises:
            DiasporeError: no first equilibrium, or the branch cannot be followed further.
        """
        index = self._index(parameter)
        if not (math.isfinite(begin) and math.isfinite(end) and begin != end):
            raise InputError("needs two different finite ends", field="follow")
        self_p = self._p.copy()
        self._p[index] = begin
        try:
            first = self.state(self.settled(start).state)
            return _Arc(self, index, begin, end, first, finest).follow(parameter)
        finally:
            self._p = self_p


class _Arc:
    """A branch as it is being followed; points are states over their scale, and the parameter over its range."""

    def __init__(self, of: Equilibria, index: int, begin: float, end: float, first: Array, finest: float) -> None:
        self.of, self.index, self.begin, self.end, self.finest = of, index, begin, end, finest
        self.total = of._conserved @ first
        self.scale = np.append(np.maximum(np.abs(first), 1e-6 * np.abs(first).max()), abs(end - begin))
        network = of.network
        slopes = [network.graph.derivative(rate, "p", index) for rate in network.rates]
        self._slopes = Tape(network.graph, slopes)
        self.point = np.append(first, begin) / self.scale

    def _p(self, point: Array) -> Array:
        found = self.of._p.copy()
        found[self.index] = point[-1] * self.scale[-1]
        return found

    def _equations(self, point: Array) -> tuple[Array, Array]:
        """Residuals, and their derivatives by states and parameter, in scaled units and rows of size 1."""
        y, p = point[:-1] * self.scale[:-1], self._p(point)
        residual = self.of._residual(y, p, self.total)
        matrix = np.zeros((len(y), len(y) + 1))
        matrix[:, :-1] = self.of._matrix(y, p)
        matrix[:, -1] = np.array([float(value) for value in self._slopes(y, p)])
        matrix[self.of._replaced, -1] = 0.0
        matrix *= self.scale
        size = np.abs(matrix).max(axis=1)
        size[size == 0.0] = 1.0
        return residual / size, matrix / size[:, None]

    def tangent(self, point: Array, along: Array) -> Array | None:
        """Direction of the branch that goes with a given one."""
        _, matrix = self._equations(point)
        try:
            found = np.linalg.solve(np.vstack([matrix, along]), np.append(np.zeros(len(matrix)), 1.0))
        except np.linalg.LinAlgError:
            return None
        size = np.linalg.norm(found)
        return np.asarray(found / size) if np.isfinite(size) and size > 0.0 else None

    def corrected(self, guess: Array, along: Array) -> tuple[Array, int] | None:
        """The point of the branch in the plane through a guess, and how many steps it took."""
        point = guess.copy()
        for count in range(1, 13):
            residual, matrix = self._equations(point)
            try:
                step = np.linalg.solve(np.vstack([matrix, along]), -np.append(residual, along @ (point - guess)))
            except np.linalg.LinAlgError:
                return None
            point = point + step
            if not np.isfinite(point).all():
                return None
            if np.abs(step).max() <= 1e-11 * max(1.0, float(np.abs(point).max())):
                return point, count
        return None

    def follow(self, name: str) -> Branch:
        direction = np.zeros(len(self.point))
        direction[-1] = math.copysign(1.0, self.end - self.begin)
        tangent = self.tangent(self.point, direction)
        if tangent is None:
            raise DiasporeError("the first equilibrium is at a fold; begin elsewhere")
        arc, points, folds = self.finest, [self.point], []
        low, high = sorted((self.begin / self.scale[-1], self.end / self.scale[-1]))
        while len(points) < MAX_POINTS:
            made = self._next(points[-1], tangent, arc)
            if made is None:
                arc *= 0.5
                if arc < 1e-9:
                    raise DiasporeError(f"the branch cannot be followed beyond {name} = {self._value(points[-1]):g}")
                continue
            point, after, count = made
            outside = not low <= point[-1] <= high
            if tangent[-1] * after[-1] < 0.0:
                fold = self._fold(points[-1], tangent, arc)
                if low <= fold[-1] <= high:
                    folds.append(fold)
                    points.append(fold)
            if outside:
                edge = low if point[-1] < low else high
                points.append(self._landed(points[-1], point, edge))
                break
            points.append(point)
            tangent = after
            longest = self.finest * max(1.0, float(np.abs(points[-1]).max()))
            arc = min(arc * (1.3 if count <= 4 else 0.8), longest)
        return self._branch(name, points, folds)

    def _next(self, point: Array, tangent: Array, arc: float) -> tuple[Array, Array, int] | None:
        found = self.corrected(point + arc * tangent, tangent)
        if found is None or found[1] > 8:
            return None
        after = self.tangent(found[0], tangent)
        if after is None or float(after @ tangent) < 0.9:
            return None
        return found[0], after, found[1]

    def _value(self, point: Array) -> float:
        return float(point[-1] * self.scale[-1])

    def _fold(self, point: Array, tangent: Array, arc: float) -> Array:
        """The point within an arc at which the parameter turns."""
        low, high, sign = 0.0, arc, math.copysign(1.0, tangent[-1])
        best = point
        for _ in range(50):
            middle = 0.5 * (low + high)
            found = self.corrected(point + middle * tangent, tangent)
            after = None if found is None else self.tangent(found[0], tangent)
            if found is None or after is None:
                break
            best = found[0]
            if after[-1] * sign > 0.0:
                low = middle
            else:
                high = middle
        return best

    def _landed(self, inside: Array, outside: Array, edge: float) -> Array:
        """The point of the branch at an end of the range."""
        share = (edge - inside[-1]) / (outside[-1] - inside[-1]) if outside[-1] != inside[-1] else 0.0
        along = np.zeros(len(inside))
        along[-1] = 1.0
        guess = inside + share * (outside - inside)
        guess[-1] = edge
        found = self.corrected(guess, along)
        return guess if found is None else found[0]

    def _branch(self, name: str, points: list[Array], folds: list[Array]) -> Branch:
        network = self.of.network
        table = np.array(points) * self.scale
        stable = []
        for point in points:
            values = self.of._eigenvalues(point[:-1] * self.scale[:-1], self._p(point))
            stable.append(bool(values.real.max(initial=-math.inf) < 0.0))
        states = {one: table[:, i] for i, one in enumerate(network.states)}
        found = tuple(
            Fold(self._value(fold), dict(zip(network.states, map(float, fold[:-1] * self.scale[:-1]), strict=True)))
            for fold in folds
        )
        return Branch(name, table[:, -1], states, np.array(stable), found)


def branch_table(branch: Branch) -> dict[str, Any]:
    """A branch as columns."""
    return {branch.parameter: branch.values, **branch.states, "stable": branch.stable}
