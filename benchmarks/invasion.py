"""A day of a large invading tumour with all that lives around it, and what each process costs.

``tissue/invasion-3d``: 200,000 tumour cells with plasticity in 1.2^3 mm3 of collagen with fibres, six substances that
spread, a lattice of capillaries that sprouts, and fibroblasts, macrophages, cytotoxic T cells, NK cells and
neutrophils that move, secrete and kill. The value is seconds of wall time for a simulated day, from 2 h of it after
the first (``--size small``), 6 h (medium) or the whole day (large); ``cpu`` is the time of all threads. The other rows
are the shares of the processes.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

HOURS = {"small": 2, "medium": 6, "large": 24}
TUMOUR = 200_000
BIRTHS = "1e-4 1/min"
"""Doubling in five days, so that the tissue keeps its size; the usual rate, of a culture, doubles it in a day."""
HOSTS = {"fibroblast": 5000, "macrophage": 5000, "cd8": 3000, "nk": 1000, "neutrophil": 2000}


def rule(
    cell: str, signal: str, behaviour: str, saturation: Any, half_max: float, power: float, down: bool = False
) -> dict[str, Any]:  # fmt: skip
    """A rule of the tissue."""
    return {
        "type": cell, "signal": signal, "direction": "decreases" if down else "increases", "behaviour": behaviour,
        "saturation": saturation, "half_max": half_max, "power": power,
    }  # fmt: skip


def description() -> dict[str, Any]:
    """The tissue; an example for its cost, whose numbers stand for no tumour."""
    small = {"volume": "500 um**3", "nucleus_volume": "200 um**3", "cycle": {"model": "none"}, "adhesion": "0 um/min"}

    def moving(speed: float, persistence: float, bias: float = 0.0, **weights: float) -> dict[str, Any]:
        return {
            "speed": f"{speed} um/min", "persistence": f"{persistence} min", "bias": bias, "chemotaxis": weights,
        }  # fmt: skip

    collagen = {"matrix": {"substance": "collagen"}, "guidance": 0.4}
    types: dict[str, Any] = {
        "tumour": {
            "cycle": {"model": "live", "birth_rate": BIRTHS},
            "oxygen": {}, "necrosis": {}, "apoptosis": {}, "plasticity": {"noise": 0.2},
            "exchange": {
                "oxygen": {"uptake": "10 1/min"},
                "vegf": {"secretion": "0.1 1/min", "target": 1},
                "csf1": {"secretion": "0.1 1/min", "target": 1},
                "mmp": {"secretion": "0.05 1/min", "target": 1},
            },
            "motility": moving(0.3, 30, 0.4, egf=1.0) | collagen,
            "crossing": {"intravasation": "1e-4 1/min", "cohesion": 0.1},
            "damage": {"hits_to_kill": 3, "memory": "50 min"},
        },
        "fibroblast": {
            "cycle": {"model": "none"}, "fibre_alignment": "7e-4 1/min",
            "exchange": {
                "tgfb": {"secretion": "0.1 1/min", "target": 1},
                "collagen": {"secretion": "1e-4 1/min", "target": 1},
            },
            "motility": moving(0.5, 60) | collagen,
        },
        "macrophage": {
            "volume": "1770 um**3", "cycle": {"model": "none"}, "engulfing": "1e-3 1/min",
            "exchange": {"egf": {"secretion": "0.1 1/min", "target": 1}},
            "motility": moving(1.0, 20, 0.5, csf1=1.0) | collagen,
        },
        "cd8": small
        | {"motility": moving(2, 5, 0.2, csf1=1.0), "attack": {"targets": {"tumour": 1}, "rate": "0.5 1/h"}},
        "nk": small | {
            "motility": moving(2, 5), "attack": {"targets": {"tumour": 1}, "rate": "0.5 1/h", "hold": "60 min"},
        },
        "neutrophil": small | {"motility": moving(2, 5)},
    }  # fmt: skip
    free = {"unit": "dimensionless", "pace": "steady"}
    ends = ["-600 um", "600 um"]
    return {
        "schema_version": 1, "kind": "tissue", "name": "invasion-3d", "duration": "1 day",
        "domain": {"x": ends, "y": ends, "z": ends, "spacing": "20 um"},
        "substances": {
            "oxygen": {"unit": "mmHg", "pace": "steady", "diffusion": "1e5 um**2/min", "initial": "38 mmHg"},
            "vegf": free | {"diffusion": "2540 um**2/min", "decay": "0.0116 1/min"},
            "tgfb": free | {"diffusion": "2320 um**2/min", "decay": "0.0104 1/min"},
            "csf1": free | {"diffusion": "1540 um**2/min", "decay": "0.0116 1/min"},
            "egf": free | {"diffusion": "3690 um**2/min", "decay": "0.1 1/min"},
            "mmp": {"pace": "slow", "diffusion": "6 um**2/min", "decay": "6e-4 1/min"},
            "collagen": {"pace": "still", "initial": 0.6},
        },
        "reactions": [{"from": "collagen", "by": "mmp", "rate": "1e-3 1/min"}],
        "fibres": {"start": "around", "order": 0.5},
        "cell_types": types,
        "vessels": {
            "layout": [{"lattice": {"axis": "x", "spacing": "150 um"}, "diameter": "8 um"}],
            "exchange": {"oxygen": {"level": "60 mmHg", "permeability": "6000 um/min", "by_cells": True}},
            "sprouting": {"substance": "vegf", "half": 0.5}, "remodelling": {},
        },
        "recruitment": [
            {"type": name, "through": "blood", "rate": "1e-9 1/(um**2*min)", "signal": "csf1", "half_max": 0.2}
            for name in ("macrophage", "cd8", "nk", "neutrophil")
        ],
        "rules": [
            rule("tumour", "tgfb", "EMT drive", 2.0, 0.05, 1),
            rule("tumour", "EMT", "cell-cell adhesion", "0.04 um/min", 0.5, 4, down=True),
            rule("tumour", "EMT", "migration speed", "1 um/min", 0.5, 4),
            rule("cd8", "holding", "migration speed", "0 um/min", 0.1, 8, down=True),
            rule("nk", "holding", "migration speed", "0 um/min", 0.1, 8, down=True),
        ],
        "cells": [
            {"type": "tumour", "sphere": {"radius": "555 um"}},
            *({"type": name, "random": {"number": number}} for name, number in HOSTS.items()),
        ],
    }  # fmt: skip


def timed(owner: Any, name: str, label: str, spent: dict[str, list[float]]) -> None:
    """Add up the time of a method of an object, less what timed methods inside of it take."""
    method = getattr(owner, name)

    def around(*arguments: Any, **named: Any) -> Any:
        wall, cpu, inside = time.perf_counter(), time.process_time(), list(spent["(inside)"])
        result = method(*arguments, **named)
        passed = [time.perf_counter() - wall, time.process_time() - cpu]
        for k in range(2):
            own = passed[k] - (spent["(inside)"][k] - inside[k])
            spent[label][k] += own
            spent["(inside)"][k] = inside[k] + passed[k]
        return result

    setattr(owner, name, around)


def measure(threads: int, hours: int) -> tuple[dict[str, list[float]], list[float], int, float]:
    """Seconds by process (wall, cpu), of all, cells at the end, and the peak of memory in GB."""
    import resource

    from diaspore.core.spec import spec_from_dict
    from diaspore.tissue.compile import compile_tissue
    from diaspore.tissue.simulation import Simulation

    spec: Any = spec_from_dict(description())
    compiled = compile_tissue(spec, seed=1)
    s = Simulation(compiled.scene, compiled.cells, 1, threads, compiled.parts)
    s.run(round(min(60.0, 1440.0 - 60.0 * hours) / 6.0) or 1)
    spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    stages: list[tuple[Any, str, str]] = [
        (s, "_balance", "substances in balance"), (s, "_apply_rules", "rules"),
        (s, "_list_neighbours_if_sensed", "lists of neighbours"), (s, "advance_physics", "mechanics and migration"),
        (s, "advance_matter", "matrix and reactions"), (s, "step_phenotypes", "cycle and death"),
        (s, "advance_phenotypes", "division and order of rows"),
        *((part, "step", part.name) for part in s.parts),
    ]  # fmt: skip
    for owner, name, label in stages:
        timed(owner, name, label, spent)
    wall, cpu = time.perf_counter(), time.process_time()
    s.run(10 * hours)
    total = [time.perf_counter() - wall, time.process_time() - cpu]
    spent.pop("(inside)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return dict(spent), total, s.cells.count, peak


def cases(threads: int, size: str) -> Iterator[dict[str, Any]]:
    """Yield the whole, then the processes, most expensive first."""
    hours, count = HOURS[size], min(2, threads)
    spent, total, cells, peak = measure(count, hours)
    scale = 24.0 / hours
    unit = "s per simulated day"
    yield {
        "case": "tissue/invasion-3d", "value": scale * total[0], "unit": unit, "cpu": scale * total[1],
        "threads": count, "hours": hours, "cells": cells, "peak_gb": peak,
    }  # fmt: skip
    for name, (wall, cpu) in sorted(spent.items(), key=lambda item: -item[1][0]):
        yield {
            "case": f"tissue/invasion-3d/{name}", "value": scale * wall, "unit": unit, "cpu": scale * cpu,
            "threads": count, "share": wall / total[0],
        }  # fmt: skip


Cases = Callable[[int, str], Iterator[dict[str, Any]]]
