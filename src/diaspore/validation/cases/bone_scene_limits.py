"""Bone cells as single cells whose signals spread at once: the well-mixed models of bone remodelling.

Osteoclasts and osteoblasts make a factor each, whose level is their number in a unit of bone; both come in at rates
that are products of powers of these levels and go by apoptosis, as in the two models. Bone is matter in its place,
which osteoclasts take up and osteoblasts lay down as far as there are more of them than at rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from diaspore.body import bone_remodelling as bone
from diaspore.core.spec import validate
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec
from diaspore.tissue.state import APOPTOTIC
from diaspore.validation.registry import Result

SEEDS = range(1, 21)
LONG_SEEDS = range(1, 9)
"""For the balance, of which half of 1,000 days is averaged besides."""
WHOLE_SEEDS = range(1, 4)
"""For the 1,000 days of the growing tumour, whose end is known to differ."""
SIDE = 10
"""Units of bone along each edge of the layer, a voxel each."""
UNITS = SIDE**2
EDGE = 600.0
"""Edge of a voxel (um): so wide that cells hardly touch, since they have no places in the two models."""
DAY = 1440.0
STEP = 0.1
"""Step of phenotypes, days."""
DECAY = 0.01
"""Of the factors, 1/min: they are in balance."""
AT_ONCE, SLOWLY = 1e8, (0.5 * EDGE) ** 2 * DECAY
"""Diffusion (um2/min): the factor spreads over the whole layer, or over half a unit."""
VOLUME = 100.0
"""Of a cell (um3); small, for the same reason as `EDGE`."""

_BONE = """
def resorbed(value, signals):
    return {take!r} * max(1.0 - {rest!r} / max(signals[0], 1e-9), 0.0) / max(signals[1], 1e-9)

def formed(value, signals):
    return {give!r} * max(1.0 - {rest_b!r} / max(signals[0], 1e-9), 0.0)
"""


class Course(NamedTuple):
    """Cells of a unit and bone mass (percent), mean of all units, at every step."""

    day: np.ndarray
    osteoclasts: np.ndarray
    osteoblasts: np.ndarray
    bone: np.ndarray


def unit_scene(
    p: bone.BoneParameters, shares: Sequence[float], window: float, start: tuple[float, float],
    rest: tuple[float, float], diffusion: float, with_bone: bool,
) -> dict[str, Any]:  # fmt: skip
    """A layer of units.

    Args:
        p: constants of the model.
        shares: of the greatest size of the tumour, in windows of time one after the other.
        window: their length, days.
        start, rest: osteoclasts and osteoblasts of a unit at the start, and those at which bone is in balance.
        diffusion: of the factors, um2/min.
        with_bone: whether bone is followed.
    """
    voxel, half = EDGE**3, SIDE * EDGE / 2.0
    data: dict[str, Any] = {
        "schema_version": 1, "kind": "tissue", "name": "bone-units", "duration": f"{len(shares) * window:g} day",
        "save_every": f"{STEP} day", "steps": {"phenotype": f"{STEP} day", "longest_mechanics": "1000 min"},
        "domain": {"x": [f"{-half} um", f"{half} um"], "y": [f"{-half} um", f"{half} um"], "spacing": f"{EDGE} um"},
        "substances": {}, "cell_types": {}, "cells": [], "recruitment": [],
    }  # fmt: skip
    for name, rate, number in (("osteoclast", p.b1, start[0]), ("osteoblast", p.b2, start[1])):
        data["substances"][f"{name}s"] = {
            "unit": "dimensionless", "pace": "steady", "diffusion": f"{diffusion!r} um**2/min",
            "decay": f"{DECAY} 1/min",
        }  # fmt: skip
        data["cell_types"][name] = {
            "volume": f"{VOLUME} um**3", "nucleus_volume": "50 um**3", "cycle": {"model": "none"}, "friction": 1e9,
            "apoptosis": {"rate": f"{rate / DAY!r} 1/min", "length": "0.001 min"},
            "exchange": {f"{name}s": {"export": f"{voxel * DECAY!r} um**3/min"}},
        }  # fmt: skip
        data["cells"].append({"type": name, "random": {"number": round(number * UNITS)}})
    for k, share in enumerate(shares):
        g11, g21, g12, g22 = bone.exponents(share, p)
        for name, rate, powers in (("osteoclast", p.a1, (g11, g21)), ("osteoblast", p.a2, (g12, g22))):
            entry = {
                "type": name, "through": "tissue", "rate": f"{rate / DAY / voxel!r} 1/(um**3*min)",
                "start": f"{k * window:g} day",
                "follows": {"osteoclasts": powers[0], "osteoblasts": powers[1]},
            }  # fmt: skip
            if k + 1 < len(shares):
                entry["stop"] = f"{(k + 1) * window:g} day"
            data["recruitment"].append(entry)
    if with_bone:
        data["substances"]["bone"] = {"unit": "dimensionless", "pace": "still", "initial": 100}
        code = _BONE.format(
            take=p.k1 / DAY * voxel / VOLUME, give=p.k2 / DAY * voxel, rest=rest[0], rest_b=rest[1]
        )  # fmt: skip
        data["functions"] = [
            {
                "type": "osteoclast", "behaviour": "bone uptake", "function": "resorbed",
                "signals": ["osteoclasts", "bone"], "code": code,
            },
            {
                "type": "osteoblast", "behaviour": "bone export", "function": "formed", "signals": ["osteoblasts"],
                "code": code,
            },
        ]  # fmt: skip
    return data


def course(seed: int, data: dict[str, Any]) -> Course:
    """Run it, looking at every step."""
    compiled = compile_tissue(validate(TissueSpec, data), seed=seed)
    s = Simulation(compiled.scene, compiled.cells, seed, 1, compiled.parts)
    days = float(data["duration"].removesuffix(" day"))
    steps = round(days / STEP)
    found = np.empty((4, steps + 1))
    for k in range(steps + 1):
        cells, n = s.cells, s.cells.count
        alive = cells.phase[:n] < APOPTOTIC
        number = np.bincount(cells.kind[:n][alive], minlength=2) / UNITS
        mass = float(s.u[compiled.substances.index("bone")].mean()) if "bone" in compiled.substances else np.nan
        found[:, k] = k * STEP, number[0], number[1], mass
        if k < steps:
            s.run(1)
    return Course(*found)


def event(seed: int, diffusion: float = AT_ONCE, days: float = 25.0) -> Course:
    """One event of remodelling."""
    rest = bone.steady_state(0.0, bone.NORMAL)
    return course(seed, unit_scene(bone.NORMAL, [0.0], days, (11.06, 212.13), rest, diffusion, True))


def at_rest(seed: int, share: float, p: bone.BoneParameters, days: float = 1000.0) -> Course:
    """From the balance of the model on, without bone."""
    rest = bone.steady_state(share, p)
    return course(seed, unit_scene(p, [share], days, rest, rest, AT_ONCE, False))


def growing(seed: int, days: float = 1000.0, window: float = 20.0) -> Course:
    """The tumour grows from one hundredth; its size is that of the model in the middle of each window."""
    p = bone.MYELOMA
    middle = np.arange(0.5 * window, days, window)
    shares = np.exp(np.log(0.01) * np.exp(-p.growth * middle))
    rest = bone.steady_state(1.0, p)
    return course(seed, unit_scene(p, shares.tolist(), window, (15.0, 316.0), rest, AT_ONCE, False))


def bone_of(one: Course, p: bone.BoneParameters, rest: tuple[float, float]) -> np.ndarray:
    """Bone mass by the balance of the model for the cells of a course: what the matter of the scene does, but quick."""
    rate = p.k2 * np.maximum(one.osteoblasts - rest[1], 0.0) - p.k1 * np.maximum(one.osteoclasts - rest[0], 0.0)
    mass: np.ndarray = 100.0 + np.concatenate([[0.0], np.cumsum(rate[:-1] * np.diff(one.day))])
    return mass


def run() -> Result:
    """Several seeds of each setting."""
    result = Result()
    for name, share, p in (("", 0.0, bone.NORMAL), ("_tumour", 1.0, bone.MYELOMA)):
        runs = [at_rest(seed, share, p) for seed in LONG_SEEDS]
        late = runs[0].day >= 500.0
        _add_mean(result, f"steady_C{name}", [one.osteoclasts[late].mean() for one in runs])
        _add_mean(result, f"steady_B{name}", [one.osteoblasts[late].mean() for one in runs])
    events = [event(seed) for seed in SEEDS]
    mean = np.mean([one.bone for one in events], axis=0)
    least = int(mean.argmin())
    result.add("event_min_bone_mass", mean[least])
    result.add("event_day_min_bone_mass", events[0].day[least])
    result.add("event_max_B", np.mean([one.osteoblasts for one in events], axis=0).max())
    rest = bone.steady_state(1.0, bone.MYELOMA)
    early = [growing(seed, 100.0) for seed in SEEDS]
    _add_mean(result, "tumour_bone_mass_100d", [bone_of(one, bone.MYELOMA, rest)[-1] for one in early])
    _add_mean(result, "tumour_B_100d", [one.osteoblasts[-1] for one in early])
    whole = [bone_of(growing(seed), bone.MYELOMA, rest)[-1] for seed in WHOLE_SEEDS]
    _add_mean(result, "tumour_bone_mass_1000d", whole)
    slow = np.mean([event(seed, SLOWLY).bone for seed in SEEDS], axis=0)
    note = f"least bone mass {slow.min():.2f} in units on their own, {mean.min():.2f} with signals that spread at once"
    result.add("spread_out", np.sign(slow.min() - mean.min()), reason=note)
    return result


def _add_mean(result: Result, name: str, values: Sequence[float]) -> None:
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    result.add(name, float(np.mean(values)), reason=f"standard error {error:.2g} of {len(values)} seeds")
