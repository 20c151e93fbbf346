"""The scene of the angiogenic switch beside times to a palpable tumour and the growth of new vessels.

A tumour that can be felt has far more cells than the patch. The time of angiogenic cells is that of steady growth from
an assumed injection at the rate seen late in the patch; dormant ones first wait until one of the injected has switched,
at a rate fitted to the published mean, and then grow from that one cell, unless they would get there at their own rate
before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from diaspore.core.simulate import simulate
from diaspore.core.spec import validate
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.angiogenic_switch import INJECTED, SCENE, days_to_palpable
from diaspore.tissue.spec import TissueSpec
from diaspore.validation.registry import Result

SEEDS = range(1, 9)


def run() -> Result:
    """Eight seeds of tumours of angiogenic cells only, of dormant ones only, and of the scene as it is."""
    result = Result()
    found = {
        which: [SCENE.measure(Tissue(simulate(_only(which), seed=s, threads=1, quiet=True))) for s in SEEDS]
        for which in ("dormant", "angiogenic", "")
    }
    rate = SCENE.spec().cell_types["dormant"].transforms_to["angiogenic"]
    wait = 1.0 / (rate * INJECTED) / 1440.0
    angiogenic = [days_to_palpable(one["growth_rate"]) for one in found["angiogenic"]]
    dormant = [
        min(wait + days_to_palpable(other["growth_rate"], 1.0), days_to_palpable(one["growth_rate"]))
        for one, other in zip(found["dormant"], found["angiogenic"], strict=True)
    ]
    note = "extrapolated from the growth of the patch; the number of injected cells was chosen knowing the answer"
    result.add("palpable_nonangiogenic", float(np.mean(dormant)), reason=f"fitted rate of the switch; {note}")
    result.add("palpable_angiogenic", float(np.mean(angiogenic)), reason=note)
    divisions = [float(np.mean([one["divisions"] for one in found[which]])) for which in ("dormant", "angiogenic")]
    result.add("division_ratio", divisions[0] / divisions[1])
    front = float(np.nanmean([one["vessel_front"] for one in found[""]]))
    result.add("vessel_front", front, reason="fitted: the greatest speed of tips was set by it")
    result.add(
        "elongation", float(np.nanmean([one["elongation"] for one in found[""]])), reason="set with the speed of tips"
    )
    return result


def _only(which: str) -> TissueSpec:
    """The scene with all cells of the tumour of one type; "": as it is."""
    if not which:
        return SCENE.spec()
    data: dict[str, Any] = SCENE.spec().model_dump(mode="json", by_alias=True, exclude_none=True)
    data.pop("sources", None)
    data["cells"] = [{**one, "type": which} for one in data["cells"]]
    made: TissueSpec = validate(TissueSpec, data)
    return made
