"""Posterior sampling by Hamiltonian Monte Carlo, for many parameters and a density whose gradient is known.

An affine-invariant ensemble (`inference.sample`) mixes slowly beyond some twenty parameters; here the gradient leads
the way. Parameters are measured in units of the normal approximation at the mode, so that one step length does for
all of them; the approximation shapes the proposals only, not what is sampled (Neal 2011).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diaspore.core.progress import Bar
from diaspore.inference.cells import kept

Density = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""(parameters,) -> log-density up to a constant (-inf outside the support), and its gradient (parameters,)."""


@dataclass(frozen=True)
class HamiltonianPlan:
    """How a posterior is sampled.

    Attributes:
        chains: independent chains.
        steps: of each chain, burn-in included.
        block: steps between pieces that are kept.
        burn: first steps thrown away.
        thin: every so manieth step is a draw.
        leaps: most gradient steps of a trajectory; each has a random number from half of it.
        stride: length of a gradient step, in standard deviations of the normal approximation.
        wide: how much wider than that approximation the chains start.
    """

    chains: int = 4
    steps: int = 1200
    block: int = 100
    burn: int = 200
    thin: int = 10
    leaps: int = 6
    stride: float = 0.5
    wide: float = 1.5


@dataclass(frozen=True)
class Chains:
    """Finished chains.

    Attributes:
        x: (chains, steps after burn-in, parameters).
        log_density: (chains, steps after burn-in).
        acceptance: share of trajectories that were taken.
        plan: how they were made.
    """

    x: np.ndarray
    log_density: np.ndarray
    acceptance: float
    plan: HamiltonianPlan

    def draws(self) -> tuple[np.ndarray, np.ndarray]:
        """Thinned draws of all chains (draws, parameters) and their log-densities (draws,)."""
        kept = self.x[:, :: self.plan.thin]
        return kept.reshape(-1, kept.shape[-1]), self.log_density[:, :: self.plan.thin].reshape(-1)

    def r_hat(self) -> np.ndarray:
        """(parameters,) potential scale reduction of split chains; near 1 when all halves agree."""
        half = self.x.shape[1] // 2
        parts = np.concatenate([self.x[:, :half], self.x[:, half : 2 * half]])
        within = parts.var(axis=1, ddof=1).mean(axis=0)
        between = parts.mean(axis=1).var(axis=0, ddof=1)
        found: np.ndarray = np.sqrt((half - 1.0) / half + between / within)
        return found

    def effective_draws(self) -> np.ndarray:
        """(parameters,) draws that independent sampling would need: Geyer's initial positive sequence."""
        chains, steps, k = self.x.shape
        away = self.x - self.x.mean(axis=1, keepdims=True)
        size = 2 * steps
        power = np.abs(np.fft.rfft(away, size, axis=1)) ** 2
        auto = np.fft.irfft(power, size, axis=1)[:, :steps].mean(axis=0) / steps
        total = auto[0] + self.x.mean(axis=1).var(axis=0, ddof=1) if chains > 1 else auto[0]
        rho = 1.0 - (auto[0] - auto) / total
        pairs = rho[: 2 * (steps // 2)].reshape(-1, 2, k).sum(axis=1)
        positive = np.cumprod(pairs > 0.0, axis=0)
        time = np.maximum(2.0 * (pairs * positive).sum(axis=0) - 1.0, 1e-3)
        return chains * steps / time


def hamiltonian(
    density: Density,
    mode: np.ndarray,
    root: np.ndarray,
    seed: int,
    plan: HamiltonianPlan,
    directory: Path | None = None,
    bar: Bar | None = None,
    target: Any = "",
) -> Chains:
    """Sample a density.

    Args:
        mode: (parameters,) its mode or near it.
        root: (parameters, parameters) with ``root @ root.T`` the covariance of the normal approximation there.
        seed: of starts, momenta and acceptance.
        directory: keeps finished blocks in a folder for each chain; the same bits come out with and without.
        bar: told of every step of a chain.
        target: JSON-ready data that tell this density from others; kept blocks of another one are not taken up.
    """
    content = [target, mode.tolist(), root.tolist(), seed, vars(plan)]
    x, logp, accepted = [], [], 0
    for chain in range(plan.chains):
        rng = np.random.default_rng([seed, 11, chain])
        state = (plan.wide * rng.standard_normal(len(mode))).tolist()
        parts: list[dict[str, Any]] = []
        for number, first in enumerate(range(0, plan.steps, plan.block)):
            steps = min(plan.block, plan.steps - first)

            def make(
                state: list[float] = state, key: tuple[int, int] = (chain, number), steps: int = steps
            ) -> dict[str, Any]:
                rng = np.random.default_rng([seed, 12, *key])
                return _block(density, mode, root, np.array(state), steps, plan, rng)

            if directory is None:
                parts.append(make())
            else:
                (directory / f"chain-{chain}").mkdir(parents=True, exist_ok=True)
                parts.append(kept(directory / f"chain-{chain}", [*content, number, state], make))
            state = parts[-1]["z"][-1]
            if bar is not None:
                bar.advance(steps)
        z = np.concatenate([part["z"] for part in parts])
        x.append(mode + np.einsum("ij,nj->ni", root, z[plan.burn :]))
        logp.append(np.concatenate([part["log_density"] for part in parts])[plan.burn :])
        accepted += sum(part["accepted"] for part in parts)
    return Chains(np.array(x), np.array(logp), accepted / (plan.chains * plan.steps), plan)


def _block(
    density: Density,
    mode: np.ndarray,
    root: np.ndarray,
    z: np.ndarray,
    steps: int,
    plan: HamiltonianPlan,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Some steps of one chain in units of the approximation, from ``z``."""

    def at(z: np.ndarray) -> tuple[float, np.ndarray]:
        # einsum: a sum's order does not depend on threads
        value, gradient = density(mode + np.einsum("ij,j->i", root, z))
        return value, np.einsum("i,ij->j", gradient, root)

    value, slope = at(z)
    found, values, accepted = [], [], 0
    for _ in range(steps):
        momentum = rng.standard_normal(len(z))
        stride = plan.stride * rng.uniform(0.7, 1.3)
        leaps = int(rng.integers(max(1, plan.leaps // 2), plan.leaps + 1))
        threshold = np.log(rng.uniform())
        energy = value - 0.5 * float(momentum @ momentum)
        new, new_value, new_slope = z, value, slope
        for _ in range(leaps):
            momentum = momentum + 0.5 * stride * new_slope
            new = new + stride * momentum
            new_value, new_slope = at(new)
            if not np.isfinite(new_value):
                break
            momentum = momentum + 0.5 * stride * new_slope
        if np.isfinite(new_value) and new_value - 0.5 * float(momentum @ momentum) - energy > threshold:
            z, value, slope = new, new_value, new_slope
            accepted += 1
        found.append(z)
        values.append(value)
    return {"z": np.array(found).tolist(), "log_density": values, "accepted": accepted}
