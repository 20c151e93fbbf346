"""Speeds of fronts in three continuum models, and the gap that acid opens."""

from __future__ import annotations

from diaspore.validation.invasions import invasion, speed
from diaspore.validation.registry import Result

# Times between which the speed is taken, the later one also that of the gap: when the speed no longer changes within
# the domain, or for those that approach theirs as one over time, twice as late.
GATENBY = (60.0, 80.0)
EL_HACHEM = {"100_1": (100.0, 1.0, 30.0, 60.0), "1_0p5": (1.0, 0.5, 60.0, 120.0), "1_1": (1.0, 1.0, 30.0, 60.0)}


def run() -> Result:
    """Speeds beside the linear one, and gaps."""
    result = Result()
    fisher = invasion("fisher-kpp", 160.0, 0.1, 0.02)
    result.add("fisher_kpp", speed(fisher, 30.0, 60.0), null={"linear speed": 2.0})
    for name, d1 in (("d0p5", 0.5), ("d3", 3.0), ("d12p5", 12.5)):
        acid = invasion("gatenby-gawlinski", 2.0, 5e-4, 0.016, d1=d1)
        linear = acid.model.linear_speed
        assert linear is not None
        result.add(f"gatenby_{name}", speed(acid, *GATENBY), null={"linear speed": linear(acid.values)})
        result.add(f"gap_{name}", acid.place(0, 0.5) - acid.place(1, 0.5))
    for name, (gamma, v, begin, end) in EL_HACHEM.items():
        cells = invasion("el-hachem", 250.0, 0.02, 0.005, gamma=gamma, v=v)
        result.add(f"elhachem_{name}", speed(cells, begin, end), null={"linear speed": 2.0})
    return result
