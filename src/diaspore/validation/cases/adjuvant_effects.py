"""Rate ratios of adjuvant treatment, as stored with the strengths that were found from two of them."""

from __future__ import annotations

from diaspore.inference.treatment import strengths
from diaspore.validation.registry import Result


def run() -> Result:
    """Stored ratios beside no effect."""
    result = Result()
    for row in strengths()["rate_ratios"]:
        name = row["key"].removeprefix("treatment_effects.").replace(".", "_")
        result.add(name, row["simulated"], null={"no effect": 1.0})
    return result
