"""Posterior sampling with an affine-invariant ensemble (emcee), in blocks that are kept.

After every block of steps the chain so far and the state of the random generator are written whole or not at all;
a resumed run goes on from there and gives the same bits as one that was never stopped.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diaspore.core.errors import DiasporeError
from diaspore.core.jsonio import write_atomic
from diaspore.core.progress import Bar
from diaspore.inference.priors import Prior, log_prior, sample_priors

LogLikelihood = Callable[[np.ndarray], np.ndarray]
"""(m, parameters) -> (m,)"""


@dataclass(frozen=True)
class Plan:
    """How a posterior is sampled: walkers, all steps, steps of a block, first steps thrown away, thinning."""

    walkers: int = 32
    steps: int = 2000
    block: int = 250
    burn: int = 500
    thin: int = 30


@dataclass(frozen=True)
class Chain:
    """A finished chain.

    Attributes:
        theta: (steps, walkers, parameters).
        log_posterior: (steps, walkers).
        plan: how it was made.
    """

    theta: np.ndarray
    log_posterior: np.ndarray
    plan: Plan

    def draws(self) -> tuple[np.ndarray, np.ndarray]:
        """Thinned draws after burn-in: (draws, parameters) and their log-posterior densities (draws,)."""
        kept = slice(self.plan.burn, None, self.plan.thin)
        theta = self.theta[kept]
        return theta.reshape(-1, theta.shape[-1]), self.log_posterior[kept].reshape(-1)

    def autocorrelation_time(self) -> np.ndarray:
        """(parameters,) integrated autocorrelation time in steps, after burn-in."""
        from emcee.autocorr import integrated_time

        return np.atleast_1d(integrated_time(self.theta[self.plan.burn :], quiet=True))


def log_posterior(priors: Sequence[Prior], log_likelihood: LogLikelihood) -> LogLikelihood:
    """Log-posterior density without its constant; -inf outside the priors' support."""

    def density(theta: np.ndarray) -> np.ndarray:
        total = log_prior(priors, theta)
        inside = np.isfinite(total)
        if np.any(inside):
            total[inside] += log_likelihood(theta[inside])
        return total

    return density


def sample(
    priors: Sequence[Prior],
    log_likelihood: LogLikelihood,
    start: np.ndarray,
    seed: int,
    plan: Plan,
    directory: Path | None = None,
    bar: Bar | None = None,
    target: str = "",
) -> Chain:
    """Sample the posterior; with ``directory`` in blocks that are kept there and taken up again.

    Args:
        target: what tells this likelihood from others, for example a checksum of its data; kept blocks of another one
            are not taken up.
        start: (parameters,) where the ensemble starts: half of the walkers near it, half from the priors shrunk to it.

    Raises:
        DiasporeError: the package emcee is not installed.
    """
    emcee: Any = sampler_package()
    density = log_posterior(priors, log_likelihood)
    sampler = emcee.EnsembleSampler(plan.walkers, len(priors), density, vectorize=True)
    identity = _identity(priors, start, seed, plan, target)
    state, theta, logp = _first_state(emcee, priors, density, start, seed, plan), [], []
    done = 0
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        found = _read_blocks(directory, identity)
        for block in found:
            theta.append(block["theta"])
            logp.append(block["logp"])
            done += len(block["theta"])
        if found:
            last = found[-1]
            state = emcee.State(last["theta"][-1], log_prob=last["logp"][-1], random_state=_generator_state(last))
    if bar is not None:
        bar.advance(done)
    while done < plan.steps:
        steps = min(plan.block, plan.steps - done)
        sampler.reset()
        state = sampler.run_mcmc(state, steps, skip_initial_state_check=True)
        theta.append(sampler.get_chain())
        logp.append(sampler.get_log_prob())
        done += steps
        if directory is not None:
            _write_block(
                directory / f"block-{len(theta) - 1:04d}.npz", identity, theta[-1], logp[-1], state.random_state
            )
        if bar is not None:
            bar.advance(steps)
    return Chain(np.concatenate(theta), np.concatenate(logp), plan)


def sampler_package() -> Any:
    """The package emcee.

    Raises:
        DiasporeError: it is not installed.
    """
    try:
        import emcee
    except ImportError:
        raise DiasporeError(
            "fitting needs emcee.\n  Install it in the source directory with: pip install '.[inference]'"
        ) from None
    return emcee


def _first_state(
    emcee: Any, priors: Sequence[Prior], density: LogLikelihood, start: np.ndarray, seed: int, plan: Plan
) -> Any:
    rng = np.random.default_rng([seed, 1])
    near = start + 1e-2 * (np.abs(start) + 1e-2) * rng.standard_normal((plan.walkers, len(priors)))
    wide = start + 0.3 * (sample_priors(priors, rng, plan.walkers) - start)
    begin = np.where((np.arange(plan.walkers) % 2 == 0)[:, None], near, wide)
    bad = ~np.isfinite(density(begin))
    begin[bad] = near[bad]
    generator = np.random.RandomState(np.random.default_rng([seed, 2]).integers(0, 2**32, 8, dtype=np.uint32))
    return emcee.State(begin, random_state=generator.get_state())


def _identity(priors: Sequence[Prior], start: np.ndarray, seed: int, plan: Plan, target: str) -> str:
    content = [target, [p.as_dict() for p in priors], [float(x).hex() for x in start], seed, vars(plan)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _write_block(file: Path, identity: str, theta: np.ndarray, logp: np.ndarray, state: Any) -> None:
    stream = io.BytesIO()
    number = np.array([state[2], state[3]], dtype=np.int64)
    np.savez(
        stream,
        identity=np.array(identity),
        theta=theta,
        logp=logp,
        keys=np.asarray(state[1]),
        number=number,
        gauss=np.array(state[4]),
    )
    write_atomic(file, stream.getvalue())


def _read_blocks(directory: Path, identity: str) -> list[dict[str, np.ndarray]]:
    """Blocks of this very sampling, from the first one on without a gap; a torn one ends them."""
    blocks: list[dict[str, np.ndarray]] = []
    while True:
        file = directory / f"block-{len(blocks):04d}.npz"
        try:
            with np.load(io.BytesIO(file.read_bytes())) as data:
                block = {name: data[name] for name in data.files}
            if str(block["identity"]) != identity:
                return blocks
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return blocks
        blocks.append(block)


def _generator_state(block: dict[str, np.ndarray]) -> Any:
    position, has_gauss = (int(x) for x in block["number"])
    return ("MT19937", block["keys"], position, has_gauss, float(block["gauss"]))
