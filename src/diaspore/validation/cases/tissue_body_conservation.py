"""The worked example from primary tissue to lung niche: whole cells on both sides of every crossing, five seeds."""

from __future__ import annotations

import os
import tempfile
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diaspore.body.quantities import shed_per_rate
from diaspore.core.runstore import Run
from diaspore.core.simulate import find_spec_file, simulate
from diaspore.core.spec import load_spec
from diaspore.core.units import parse_quantity
from diaspore.coupling.departures import EVENTS
from diaspore.coupling.kernels.transit import ARRIVED
from diaspore.coupling.rates import RATES, body_parameters, shedding_message
from diaspore.coupling.transit import FATES, Body
from diaspore.tissue.parts.crossing import ROUTES
from diaspore.tissue.parts.plasticity import phenotype_of
from diaspore.tissue.results import Tissue
from diaspore.validation.registry import Result

BORNE = ("blood", "lymph")
"""Routes by which cells can come to the lung within the journey."""
MODEL, SEEDS, KILLED_AT = "breast-to-lung", range(1, 6), 8  # snapshots; five of the primary, then those of the niche


def run() -> Result:
    """Largest differences between what left, what the body carried, and what came, with and without interruption."""
    result = Result()
    with tempfile.TemporaryDirectory() as folder:
        whole = [simulate(find_spec_file(MODEL), seed=seed, out=Path(folder) / str(seed), quiet=True) for seed in SEEDS]
        found = [differences(one) for one in whole]
        for name in (
            "by_route",
            "by_cluster",
            "by_phenotype",
            "in_transit",
            "still_there",
            "by_cavity_to_lung",
            "into_niche",
        ):
            result.add(name, max((one[name] for one in found), key=abs))
        result.add("extrapolated", max((one["extrapolated"] for one in found), key=lambda x: abs(x - 1.0)))
        path = Path(folder) / "killed"
        child = get_context("spawn").Process(target=killed, args=(str(path), SEEDS[0]))
        child.start()
        child.join()
        assert child.exitcode == 3, child.exitcode
        again = simulate(find_spec_file(MODEL), seed=SEEDS[0], out=path, quiet=True, resume=True)
        after = differences(again)
        same = again.table("journey").equals(whole[0].table("journey")) and again.summary == whole[0].summary
        result.add(
            "after_resume", max(*(abs(after[name]) for name in after if name != "extrapolated"), 0.0 if same else 1.0)
        )
    return result


def differences(run: Run) -> dict[str, float]:
    """Cells on one side of each crossing less those on the other."""
    table, spec = run.table("journey"), run.spec
    primary, niche = (Run.open(run.path / stage) for stage in ("primary", "niche"))
    end = primary.table("counts").iloc[-1]
    types = spec["primary"].get("tumour", ["tumour"])
    by_route = [
        sum(end[f"{name} left by {route}"] for name in types) - (table["route"] == route).sum() for route in ROUTES
    ]
    left = primary.table("crossing_events")
    left = left[left["event"].isin(EVENTS) & left["type"].isin(types)]
    sizes = [one.drop_duplicates("cluster")["size"].value_counts() for one in (left, table)]
    words = [pd.Series(phenotype_of(left["emt"].to_numpy())).value_counts(), table["phenotype"].value_counts()]
    fates = {fate: int((table["fate"] == fate).sum()) for fate in FATES}
    counts = niche.table("counts").iloc[-1]
    came = sum(counts.get(f"{name} come in", 0.0) for name in spec["niche"]["tumour"])
    last = Tissue(primary)
    there = last.shot(last.snapshots - 1)["identity"]
    unborne = ~table["route"].isin(BORNE) & (table["fate"] == FATES[ARRIVED])
    return {
        "by_route": float(max(by_route, key=abs)),
        "by_cluster": largest(*sizes),
        "by_phenotype": largest(*words),
        "in_transit": float(len(left) - sum(fates.values())),
        "still_there": float(np.isin(table["identity"].to_numpy(np.uint64), there.astype(np.uint64)).sum()),
        "by_cavity_to_lung": float(unborne.sum()),
        "into_niche": float(fates[FATES[ARRIVED]] - came),
        "extrapolated": organ_over_patch(run),
    }


def organ_over_patch(run: Run) -> float:
    """Cells that a patient's primary sheds by the laws of the body over those of the patch times its factor.

    The patient's rates are made of the patch's (`body_parameters`), for a primary of the volume that the factor is for.
    """
    rates, spec = run.table("shedding"), run.spec
    volume = parse_quantity(spec["organ"], "mm**3", field="organ")
    message = shedding_message(rates, run.summary["organ over patch"])
    changes = body_parameters(message, volume, 3.0, Body().point())
    patient = Body(changes=changes).point()
    per_rate = shed_per_rate(patient, np.log(volume))
    made = sum(changes[key] * each for key, each in zip(RATES, per_rate, strict=True))
    return float(made / (rates["cells_per_day"].sum() * run.summary["organ over patch"]))


def largest(a: pd.Series, b: pd.Series) -> float:
    """Largest difference of two tables of numbers."""
    return float(a.sub(b, fill_value=0).abs().max())


def killed(path: str, seed: int) -> None:
    """Run the journey in a process that dies with the snapshot of a number."""
    from diaspore.tissue import engine

    save, count = engine._save, [0]

    def dies(*arguments: Any) -> None:
        count[0] += 1
        if count[0] == KILLED_AT:
            os._exit(3)
        save(*arguments)

    engine._save = dies  # type: ignore[assignment]
    simulate(load_spec(find_spec_file(MODEL)), seed=seed, out=path, quiet=True)
