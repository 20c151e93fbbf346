"""The mouse-liver cascade: its arithmetic, and the engine's kernels given its shares as parameters."""

from __future__ import annotations

import math

import numpy as np

from diaspore.validation.models.engine_runs import PARAMETERS, Patients, run_patients
from diaspore.validation.registry import Result

EXTRAVASATE, START, MACROSCOPIC, SOLITARY_DAY_13 = 0.80, 1.0 / 40.0, 1.0 / 100.0, 0.36
PATIENTS = 1500
CELLS = 0.5  # shed per day by 1 cm3: some hundreds per patient
DIAMETER_MM = 20.0
FOLLOW_UP_DAYS = 2.0


def mouse_parameters(take: float) -> dict[str, str | float]:
    """Changes that give the engine the mouse's shares: cells of the bowel, all held in the liver, patients alike.

    ``take`` is the success of one dividing cell.
    """
    leave = 4.0
    return {
        "shedding.haematogenous": f"{CELLS} 1/day",
        "shedding.haematogenous.spread": 0.0,
        "shedding.lymphatic": "0 1/day",
        "shedding.cavity": "0 1/day",
        "shedding.cluster_fraction": 0.0,
        "growth.doubling_time.spread": 0.0,
        "growth.metastasis_rate": 0.05,  # colonies stay small and shed nothing
        "blood.adhesion.liver": 1.0,
        "blood.shunt.liver": 0.0,
        "blood.release_rate.liver": "0 1/day",
        "blood.extravasation_rate.liver": f"{leave} 1/day",
        "blood.held_death": f"{leave * (1.0 / EXTRAVASATE - 1.0)} 1/day",
        "blood.nk_death": "0 1/day",
        "blood.shear_death": "0 1/day",
        "fate.active_fraction": START,
        "fate.dormant_fraction": SOLITARY_DAY_13 / EXTRAVASATE,
        "fate.bottleneck": -math.log(take),
        "fate.bottleneck_sd": 0.0,
        "fate.hybrid_take": 1.0,
        "fate.mesenchymal_take": 1.0,
        "fate.soil.liver": 1.0,
        "niche.strength.default": 0.0,
        "dormancy.exit_rate": "0 1/day",
        "dormancy.death_rate": "0 1/day",
    }


def engine(take: float) -> Patients:
    """Women with a bowel primary of 20 mm under the mouse's shares, up to diagnosis."""
    return run_patients(
        PATIENTS,
        {
            "primary": {"site": "bowel", "diameter_at_diagnosis": f"{DIAMETER_MM} mm"},
            "follow_up": {"duration": f"{FOLLOW_UP_DAYS} day", "visits": []},
            "change": mouse_parameters(take),
            "numerics": {"lesion_limit": 100_000},
        },
    )


def injected_cells() -> float:
    """Cells that one of these patients sheds from the primary's angiogenic switch on: the integral of the shedding law
    along Gompertz growth, dt = dy / (a (y_cap - y)), by the trapezium rule."""
    from diaspore.body.parameters import resolve
    from diaspore.body.processes.geometry import ln_volume
    from diaspore.body.quantities import changed, mixture, shed

    values = resolve(PARAMETERS, {})
    changes = {key: float(str(value).split()[0]) for key, value in mouse_parameters(1.0).items()}
    point = changed(values, {key: value for key, value in changes.items() if key.startswith("shedding.")})
    y_cap = math.log(point["growth_carrying_capacity"])
    rate = math.log(2.0) / point["growth_doubling_time"] / (y_cap - ln_volume(point["growth_reference_diameter"]))
    y = np.linspace(ln_volume(point["angiogenesis_avascular_diameter"]), ln_volume(DIAMETER_MM), 4001)
    per_day = np.array([shed(point, yi, mixture(point, yi)[1])[0] for yi in y])
    return float(np.trapezoid(per_day / (rate * (y_cap - y)), y)) + FOLLOW_UP_DAYS * float(per_day[-1])


def run() -> Result:
    """Product and log-losses; the same cascade through the kernels; what the breast set says of extravasation."""
    from diaspore.body.ledger import STAGES
    from diaspore.body.state import BLOOD

    result = Result()
    shares = (EXTRAVASATE, START, MACROSCOPIC)
    product = math.prod(shares)
    result.add("product", product)
    for name, share in zip(("extravasation", "first_growth", "macroscopic"), shares, strict=True):
        result.add(f"loss_share_{name}_pct", 100.0 * math.log(share) / math.log(product))
    micro, macro = engine(1.0), engine(MACROSCOPIC)
    injected = round(PATIENTS * injected_cells())
    growing = ~np.isnan(micro.lesions["waking"])
    passed = ~np.isnan(macro.lesions["waking"])
    ledger = dict(zip(STAGES, micro.ledger[:, BLOOD].sum(axis=1), strict=True))
    result.add("engine_extravasated", ledger["extravasated"] / ledger["shed"])
    reason = f"{injected} cells of {PATIENTS} patients; the ledger counts {ledger['shed'] / injected - 1.0:+.2%}"
    result.add_counts("engine_micrometastases", int(growing.sum()), injected, reason=reason)
    result.add_counts("engine_solitary", int((~growing).sum()), injected)
    result.add_counts("engine_macroscopic", int(passed.sum()), injected)
    result.add("breast_set_extravasated", portal_extravasation())
    return result


def portal_extravasation() -> float:
    """Share of cells that enter the portal vein and leave a vessel anywhere, breast set, mixture of a 2 cm tumour."""
    from diaspore.body.parameters import resolve
    from diaspore.body.processes.geometry import ln_volume
    from diaspore.body.quantities import PORTAL_PRIMARY, SOURCES, changed, mixture, solve_blood

    point = changed(resolve(PARAMETERS, {}), {})
    share, _weight = mixture(point, ln_volume(20.0))
    left = solve_blood(point, "female").extravasated[SOURCES.index(PORTAL_PRIMARY)]
    return float(np.einsum("cg,cgj->", share, left))
