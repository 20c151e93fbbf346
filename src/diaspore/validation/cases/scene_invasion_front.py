"""The scene of the invasion front beside what is published of pores, streams, leaders and speeds."""

from __future__ import annotations

import numpy as np

from diaspore.core.simulate import simulate
from diaspore.tissue.ablation import ablated
from diaspore.tissue.results import Tissue
from diaspore.tissue.scenes.invasion_front import SCENE
from diaspore.tissue.spec import TissueSpec
from diaspore.validation.registry import Result
from diaspore.validation.tissues import simulation

SEEDS = range(1, 9)
DENSITIES = np.arange(0.4, 1.01, 0.1)


def run() -> Result:
    """Eight seeds as it is and without TGF-beta, where tumour cells stay epithelial; single cells in still matrix."""
    result = Result()
    whole = [_measured(SCENE.spec(), seed) for seed in SEEDS]
    epithelial = next(one for one in SCENE.ablations if one.name == "TGF-beta")
    plain = [_measured(ablated(SCENE.spec(), epithelial), seed) for seed in SEEDS]
    result.add("arrest_pore", arrest(), reason="the limit is that of the tables, from the same source: put in")
    result.add("streaming_share", _mean(whole, "streaming_share"), reason="parameters were tried with it in view")
    led = sum(one["fibroblast_leads"] * one["strands"] for one in plain if one["strands"])
    number = sum(one["strands"] for one in plain)
    if number:
        result.add("fibroblast_leads", led / number)
    else:
        result.skip("fibroblast_leads", "no strand in any run")
    result.add("single_cell_speed", _mean(whole, "single_cell_speed"), reason="the speed without matrix is put in")
    return result


def _measured(spec: TissueSpec, seed: int) -> dict[str, float]:
    return dict(SCENE.measure(Tissue(simulate(spec, seed=seed, threads=1, quiet=True))))


def _mean(found: list[dict[str, float]], name: str) -> float:
    return float(np.nanmean([one[name] for one in found]))


def arrest() -> float:
    """Pore cross-section (um2) at which a line through the speeds of tumour cells without proteases meets 0."""
    spec = SCENE.spec().model_dump(mode="json", by_alias=True, exclude_none=True)
    motility = spec["cell_types"]["tumour"]["motility"]
    alone = {
        "cycle": {"model": "none"}, "repulsion": "0 um/min", "adhesion": "0 um/min",
        "motility": {key: motility[key] for key in ("speed", "persistence", "matrix")},
    }  # fmt: skip
    starts = np.random.default_rng(1).uniform(-200.0, 200.0, (200, 2)).tolist()
    pores, speeds = [], []
    for density in DENSITIES:
        s = simulation(
            domain={"x": ["-400 um", "400 um"], "y": ["-400 um", "400 um"], "spacing": "40 um"},
            substances={"collagen": {"pace": "still", "initial": float(density)}}, cell_types={"tumour": alone},
            cells=[{"type": "tumour", "at": [[f"{x!r} um", f"{y!r} um"] for x, y in starts]}],
        )  # fmt: skip
        s.run(1)
        before = s.cells.place[:200][np.argsort(s.cells.identity[:200]), :3]
        s.run(1)
        after = s.cells.place[:200][np.argsort(s.cells.identity[:200]), :3]
        pores.append(6.8 / density)
        speeds.append(float(np.linalg.norm(after - before, axis=1).mean()))
    moving = np.array(speeds) > 0.0
    slope, start = np.polyfit(np.array(pores)[moving], np.array(speeds)[moving], 1)
    return float(-start / slope)
