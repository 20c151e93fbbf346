"""Colony sizes of the hepatocellular carcinoma model of Iwata, Kawasaki and Shigesada."""

from __future__ import annotations

from diaspore.body.renewal import growth_curve, iwata_parameters, solve_renewal
from diaspore.validation.registry import Result

RATE, LIMIT, SEEDING = 0.00286, 7.3e10, 5.3e-8


def run() -> Result:
    """Solve with and without secondary seeding."""
    curve = growth_curve("gompertz", iwata_parameters(RATE, LIMIT), 1.0)
    full = solve_renewal(curve, curve, days=1500.0, seeding=SEEDING, exponent=0.663)
    alone = solve_renewal(curve, curve, days=1500.0, seeding=SEEDING, exponent=0.663, secondary_seeding=0.0)
    thirds = solve_renewal(curve, curve, days=1500.0, seeding=SEEDING, exponent=2.0 / 3.0)
    result = Result()
    for name, size in (("1e9", 1e9), ("1.55e9", 1.55e9), ("1e10", 1e10)):
        result.add(f"days_to_{name}_cells", full.age_at(size))
    result.add("primary_cells_1500d", full.primary[-1])
    result.add("colonies_from_primary_1500d", alone.number())
    result.add("colonies_1500d", full.number())
    for name, size in (("1e7", 1e7), ("1e8", 1e8), ("1e9", 1e9)):
        result.add(f"colonies_above_{name}_1500d", full.count_above(size))
    result.add("colonies_1293d", full.number(1293.0))
    result.add("colonies_above_1e9_1293d", full.count_above(1e9, 1293.0))
    result.add("colonies_1500d_alpha_two_thirds", thirds.number())
    return result
