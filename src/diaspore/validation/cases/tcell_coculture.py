"""T cells among targets: the kill rate put in, recovered from hours of contact and from counts of the living."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from diaspore.core.spec import validate
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.simulation import Simulation
from diaspore.tissue.spec import TissueSpec
from diaspore.tissue.state import APOPTOTIC
from diaspore.validation.registry import Result

TARGETS = 2_000
NUMBERS = (10, 20, 50, 100, 200)
SEEDS = range(1, 11)
HOURS = 24
KILL_H = 1.0 / 6.0
WIDE, FULL = 1_500.0, 680.0
"""Edge of the layer (um): targets cover a fifth of it, or all."""


class Course(NamedTuple):
    """What was seen of a co-culture, from the start on every 6 min."""

    living: np.ndarray  # targets
    holding: np.ndarray  # T cells that hold a target
    contact_h: float  # hours for which T cells held targets, in all
    kills: int


def culture(t_cells: int, seed: int, edge: float = WIDE) -> Simulation:
    """Targets that neither divide nor die and T cells that wander, at random places in a layer."""
    side = [f"{-edge / 2:g} um", f"{edge / 2:g} um"]
    quiet = {"cycle": {"model": "none"}, "adhesion": "0 um/min"}
    t_cell = quiet | {
        "volume": "475 um**3", "nucleus_volume": "200 um**3", "motility": {"speed": "5 um/min"},
        "attack": {"targets": {"target": 1.0}, "rate": f"{KILL_H / 60.0!r} 1/min"},
    }  # fmt: skip
    stop = {  # it stays with the target that it holds
        "type": "t_cell", "signal": "holding", "direction": "decreases", "behaviour": "migration speed",
        "saturation": "0 um/min", "half_max": 0.1, "power": 8,
    }  # fmt: skip
    cells: list[dict[str, Any]] = [{"type": "target", "random": {"number": TARGETS}}]
    if t_cells:
        cells.append({"type": "t_cell", "random": {"number": t_cells}})
    data = {
        "schema_version": 1, "kind": "tissue", "name": "co-culture", "duration": f"{HOURS} h",
        "domain": {"x": side, "y": side}, "cell_types": {"t_cell": t_cell, "target": quiet}, "cells": cells,
        "rules": [stop],
    }  # fmt: skip
    compiled = compile_tissue(validate(TissueSpec, data), seed=seed)
    return Simulation(compiled.scene, compiled.cells, seed, 1, compiled.parts)


def observed(t_cells: int, seed: int, edge: float = WIDE) -> Course:
    """A day of a co-culture."""
    s = culture(t_cells, seed, edge)
    living, holding = [], []
    for n in range(HOURS * 10 + 1):
        if n:
            s.run(1)
        count = s.cells.count
        living.append(int(np.sum((s.cells.kind[:count] == 1) & (s.cells.phase[:count] < APOPTOTIC))))
        holding.append(int(np.sum(s.cells.columns["target"][0, :count] != 0)))
    kills = int(s.parts[0].counts(s)["t_cell kills target"])
    assert kills == TARGETS - living[-1]
    return Course(np.array(living), np.array(holding), float(s.cells.columns["damage"][2, :count].sum()) / 60.0, kills)


def rate_from_counts(courses: list[Course]) -> float:
    """Slope (1/h) of the log of the living over the sum of the share of them that is held, through the start."""
    x, y = [], []
    for course in courses:
        held = course.holding / course.living
        x.append(np.concatenate([[0.0], np.cumsum(0.5 * (held[1:] + held[:-1]) * 0.1)]))
        y.append(np.log(course.living[0] / course.living))
    a, b = np.concatenate(x), np.concatenate(y)
    return float(a @ b / (a @ a))


def run() -> Result:
    """Ten seeds of each number of T cells."""
    result = Result()
    courses = {n: [observed(n, seed) for seed in SEEDS] for n in NUMBERS}
    every = [course for some in courses.values() for course in some]
    by_contact = sum(course.kills for course in every) / sum(course.contact_h for course in every)
    result.add("rate_from_contacts", by_contact / KILL_H)
    result.add("rate_from_counts", rate_from_counts(every) / KILL_H)
    hours = 0.1 * np.arange(HOURS * 10 + 1)
    straight = [np.corrcoef(hours, np.log(course.living))[0, 1] ** 2 for course in courses[100]]
    result.add("exponential", float(np.mean(straight)))
    loss = [np.mean([-np.polyfit(hours, np.log(course.living), 1)[0] for course in courses[n]]) for n in NUMBERS]
    result.add("mass_action", float(np.polyfit(np.log(NUMBERS), np.log(loss), 1)[0]))
    full = [observed(10, seed, FULL).kills for seed in SEEDS]
    result.add("many_targets", float(np.mean(full)) / 10.0 / (HOURS * KILL_H))
    alone = [int(observed_without(seed)) for seed in SEEDS]
    result.add("no_t_cells", float(max(alone)))
    result.add("kills_per_day", float(np.mean([course.kills for course in courses[200]])) / 200.0)
    return result


def observed_without(seed: int) -> int:
    """Targets lost in a day without T cells."""
    s = culture(0, seed)
    s.run(HOURS * 10)
    n = s.cells.count
    return TARGETS - int(np.sum(s.cells.phase[:n] < APOPTOTIC))
