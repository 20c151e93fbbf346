"""The engine of ``kind: journey``: primary tissue, body, niche; each stage is kept, and a killed run goes on in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from diaspore.core.citations import Citations
from diaspore.core.controller import Controller
from diaspore.core.errors import InputError
from diaspore.core.mapper import Mapper
from diaspore.core.rng import child_id
from diaspore.core.simulate import simulate
from diaspore.coupling.arrival import with_arrivals
from diaspore.coupling.departures import PHENOTYPES, Departures, departures
from diaspore.coupling.kernels.transit import ARRIVED
from diaspore.coupling.rates import organ_factor, patch_of, shedding_rates
from diaspore.coupling.spec import JourneySpec
from diaspore.coupling.transit import FATES, Transit, follow
from diaspore.tissue.parts.crossing import ROUTES

if TYPE_CHECKING:
    from diaspore.core.runstore import Run, RunStore


def run_journey(
    spec: JourneySpec, store: RunStore, *, seed: int, mapper: Mapper, controllers: Sequence[Controller], progress: Any
) -> dict[str, Any]:
    """Run a journey into ``store``; called by :func:`diaspore.simulate`.

    The runs of the two tissues are whole runs of their own, in the folders ``primary`` and ``niche``. The table
    ``journey`` has every cell that left the primary tissue and what became of it, ``shedding`` the rates.
    """
    if controllers:
        raise InputError("do not act on journeys yet", field="controllers")
    threads = mapper.threads
    with progress(3.0, spec.name, "stages") as bar:
        bar.label(f"{spec.name}: {spec.primary.tissue.name}")
        primary = simulate(
            spec.primary.tissue, seed=seed, out=store.path / "primary", threads=threads, resume=True, quiet=True
        )
        bar.advance()
        left = departures(primary, spec.primary.tumour)
        until = spec.primary.tissue.duration / 1440.0 + spec.body.wait
        transit = follow(left, spec.body.body(), until, seed)
        niche_spec = with_arrivals(spec.niche.tissue, left, transit, spec.niche.tumour, spec.niche.clustered)
        bar.advance()
        bar.label(f"{spec.name}: {niche_spec.name}")
        niche = simulate(
            niche_spec, seed=niche_seed(seed), out=store.path / "niche", threads=threads, resume=True, quiet=True
        )
        bar.advance()
    store.write_part("journey", 0, journey_table(left, transit))
    factor = organ_factor([patch_of(primary, spec.primary.tumour)], "tumour", spec.organ)
    rates = shedding_rates([primary], spec.primary.tumour)
    rates["organ_cells_per_day"] = rates["cells_per_day"] * factor
    store.write_part("shedding", 0, rates)
    store.commit(0)
    citations = Citations()
    for run in (primary, niche):
        citations.update(run.citations)
    return {"summary": _summary(left, transit, niche, spec, factor), "citations": citations}


def niche_seed(seed: int) -> int:
    """Seed of the niche's run: another than the primary's, whose cells would share their draws with those here."""
    return int(child_id(np.uint64(seed), 1) >> np.uint64(1))


def journey_table(left: Departures, transit: Transit) -> pd.DataFrame:
    """A row for every cell that left the primary tissue."""
    return pd.DataFrame(
        {
            "left_minutes": left.minutes,
            "route": np.array(ROUTES)[left.route],
            "phenotype": np.array(PHENOTYPES)[left.phenotype],
            "identity": left.identity,
            "cluster": left.cluster,
            "size": left.size,
            "fate": np.array(FATES)[transit.fate],
            "day": transit.day,
        }
    )


def _summary(left: Departures, transit: Transit, niche: Run, spec: JourneySpec, factor: float) -> dict[str, Any]:
    end = niche.table("counts").iloc[-1]
    came = sum(float(end.get(f"{name} come in", 0.0)) for name in spec.niche.tumour)
    found: dict[str, Any] = {"cells that left": len(left), "organ over patch": factor}
    found |= {f"of them {word}": transit.cells(number) for number, word in enumerate(FATES)}
    found |= {"handed to the niche": transit.cells(ARRIVED), "came into the niche": int(came)}
    live = sum(float(end.get(f"{name} live", 0.0)) for name in spec.niche.tumour)
    return found | {"tumour cells alive in the niche at the end": int(live)}
