"""Linear pharmacokinetics in closed form beside the same differential equations solved in steps."""

from __future__ import annotations

import numpy as np

from diaspore.therapy.exposure import Doses, exposure, linear_model
from diaspore.therapy.population import population_model
from diaspore.validation.registry import Result

PATIENTS = 20
DAYS = np.array([0.0, 0.3, 1.0, 2.5, 7.0, 7.1, 13.0, 21.0, 30.0])
GIVEN = (np.array([0.0, 1.0, 7.0, 12.2]), np.array([100.0, 50.0, 0.0, 80.0]))
LAG = 0.15
FAR = 1e5
WAYS = {"bolus": (False, 0.0), "infusion": (False, 0.2), "depot": (True, 0.0)}


def numerical(
    clearance: float, volumes: list[float], exchange: list[float], absorption: float, share: float, doses: Doses
) -> np.ndarray:
    """Concentrations of one patient at `DAYS`, from one moment to the next by a method of order 8."""
    from scipy.integrate import solve_ivp

    size = len(volumes)

    def slope(_: float, y: np.ndarray, flow: float) -> np.ndarray:
        blood = y[0] / volumes[0]
        out = np.zeros(size + 1)
        out[0] = flow - clearance * blood + absorption * y[size]
        out[size] = -absorption * y[size]
        for k, q in enumerate(exchange, start=1):
            moved = q * (blood - y[k] / volumes[k])
            out[0] -= moved
            out[k] += moved
        return out

    begins = doses.days + np.where(doses.depot, LAG, 0.0)
    ends = begins + doses.infusion
    moments = np.unique(np.concatenate([[0.0], DAYS, begins, ends]))
    y, found = np.zeros(size + 1), {}
    for here, there in zip(moments, [*moments[1:], np.inf], strict=True):
        found[here] = y[0] / volumes[0]
        for d in np.flatnonzero(begins == here):
            if doses.depot[d]:
                y[size] += share * doses.amounts[d]
            elif doses.infusion[d] == 0.0:
                y[0] += doses.amounts[d]
        running = (begins <= here) & (here < ends)
        flow = float(np.sum(doses.amounts[running] / doses.infusion[running]))
        if there < np.inf:
            y = solve_ivp(slope, (here, there), y, "DOP853", args=(flow,), rtol=1e-12, atol=1e-14).y[:, -1]
    return np.array([found[day] for day in DAYS])


def run() -> Result:
    """Twenty patients of each structure and way; typical half-lives of published models."""
    worst, area = 0.0, 0.0
    rng = np.random.default_rng(1)
    for size in (1, 2, 3):
        clearance, share = rng.uniform(0.2, 3.0, PATIENTS), rng.uniform(0.4, 1.0, PATIENTS)
        volumes = [rng.uniform(2.0, 6.0, PATIENTS) for _ in range(size)]
        between = [rng.uniform(0.2, 2.0, PATIENTS) for _ in range(size - 1)]
        absorption = rng.uniform(0.2, 4.0, PATIENTS)
        if size == 1:  # one patient absorbs as fast as he eliminates
            absorption[0] = clearance[0] / volumes[0][0]
        model = linear_model(clearance, volumes, between, absorption, share, LAG)
        for depot, infusion in WAYS.values():
            doses = Doses.every(*GIVEN, depot, infusion)
            found = exposure(model, doses, DAYS).concentration
            for p in range(PATIENTS):
                wanted = numerical(
                    clearance[p], [v[p] for v in volumes], [q[p] for q in between], absorption[p], share[p], doses
                )
                worst = max(worst, float(np.abs(found[p] - wanted).max() / wanted.max()))
            whole = exposure(model, doses, np.array([FAR])).area[:, 0]
            exact = (share if depot else 1.0) * GIVEN[1].sum() / clearance
            area = max(area, float(np.abs(whole / exact - 1.0).max()))
    result = Result()
    result.add("concentration_error", worst)
    result.add("area_error", area)
    nobody = np.zeros(1, dtype=np.uint64)
    for name in ("antibody", "bevacizumab", "trastuzumab", "pembrolizumab", "cabozantinib"):
        half_life = float(population_model(name).patients(1, nobody, spread=False).half_life[0])
        result.add(f"half_life_{name}", half_life * (24.0 if name == "cabozantinib" else 1.0))
    return result
