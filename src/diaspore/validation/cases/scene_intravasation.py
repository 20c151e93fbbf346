"""The scene of intravasation beside counts of shed cells and of contacts in sections."""

from __future__ import annotations

import numpy as np

from diaspore.core.simulate import simulate
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.intravasation import SCENE
from diaspore.validation.registry import Result

SEEDS = range(1, 13)


def run() -> Result:
    """Twelve seeds."""
    result = Result()
    found = [SCENE.measure(Tissue(simulate(SCENE.spec(), seed=seed, threads=1, quiet=True))) for seed in SEEDS]
    fitted = "fitted: a rate of the scene was set by it"
    result.add("shed_per_gram_day", float(np.mean([one["shed_per_gram_day"] for one in found])), reason=fitted)
    at = sum(one["share_at_contacts"] * one["entries_per_day"] for one in found if one["entries_per_day"] > 0.0)
    whole = sum(one["entries_per_day"] for one in found)
    result.add("share_at_contacts", at / whole, reason="fitted: reach of VEGF-A and closing were changed to raise it")
    contacts = float(np.mean([one["contacts_per_20_fields"] for one in found]))
    result.add("contacts_per_20_fields", contacts, reason="fitted: the number of macrophages was set by it")
    return result
