"""The engine of ``kind: patient``: batches of patients on threads, written as they finish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from diaspore.body.batch import Workspace
from diaspore.body.compile import Compiled, compile_patient
from diaspore.body.parts import run_parts
from diaspore.body.spec import PatientSpec
from diaspore.core.controller import Controller
from diaspore.core.mapper import Mapper
from diaspore.core.runstore import PartWriter, RunStore
from diaspore.core.words import counted

BATCH = 4096
COURSE_LIMIT = 200  # runs of at most this many patients keep dense courses


def run_patient(
    spec: PatientSpec, store: RunStore, *, seed: int, mapper: Mapper, controllers: Sequence[Controller], progress: Any
) -> dict[str, Any]:
    """Run a patient specification into ``store``; called by :func:`diaspore.simulate`.

    Patients are drawn in batches of fixed size; what a batch holds does not depend on the number of threads or on
    restarts, and parts are written in order.
    """
    compiled = prepare(spec, seed)
    store.annotate(parameter_set=compiled.values.set.name, parameter_set_sha256=compiled.values.set.hash)
    count = -(-spec.patients // BATCH)
    done = store.completed()
    todo = [i for i in range(count) if i not in done]
    unit = "patient" if spec.patients == 1 else "patients"
    with progress(spec.patients, f"{spec.name}: {counted(spec.patients, 'patient')}", unit) as bar:
        bar.advance(sum(min(BATCH, spec.patients - i * BATCH) for i in done))
        run_parts(__name__, compiled, spec, store, todo, seed=seed, mapper=mapper, controllers=controllers, bar=bar)
    return {"summary": _summary(compiled, store, count), "citations": compiled.citations}


prepare = compile_patient


def run_part(
    compiled: Compiled, writer: PartWriter, index: int, controllers: Sequence[Controller], space: Workspace
) -> tuple[int, dict[str, Any]]:
    """Compute one batch and write its tables; returns the number of patients, and what the summary needs."""
    from diaspore.body import batch as batches
    from diaspore.body.course import course_days, course_variables
    from diaspore.body.ledger import batch_ledger
    from diaspore.body.tables import figures, lesions_table, patients_table, visits_table
    from diaspore.knowledge.anatomy import SITES

    spec = compiled.spec
    first = index * BATCH
    count = min(BATCH, spec.patients - first)
    dense = spec.patients <= COURSE_LIMIT
    days = course_days(spec.follow_up.duration) if dense else None
    batch = batches.run(compiled, first, count, controllers, days, space)
    figure = figures(compiled, batch)
    writer.write_part("patients", index, patients_table(compiled, batch, figure))
    writer.write_part("lesions", index, lesions_table(compiled, batch))
    writer.write_part("visits", index, visits_table(compiled, batch))
    if dense:
        writer.write_course(index, course_variables(compiled, batch))
    sites = dict(zip(SITES, figure.by_site.tolist(), strict=True))
    return count, {"ledger": batch_ledger(compiled, batch).tolist(), "sites": sites}


def _summary(compiled: Compiled, store: RunStore, parts: int) -> dict[str, Any]:
    import pyarrow.parquet as pq

    from diaspore.body.ledger import ledger_table
    from diaspore.body.summary import COLUMNS, summarise
    from diaspore.body.tables import site_names

    extras = [store.checkpoint(i) for i in range(parts)]
    ledger = np.zeros_like(np.asarray(extras[0]["ledger"]))
    sites: dict[str, int] = {}
    for extra in extras:  # in the order of parts, so that the sum has the same bits every time
        ledger = ledger + np.asarray(extra["ledger"])
        for name, count in extra["sites"].items():
            sites[name] = sites.get(name, 0) + count
    store.write_part("ledger", 0, ledger_table(ledger, site_names(compiled)))
    patients = pq.read_table(store.path / "tables" / "patients", columns=list(COLUMNS)).to_pandas()
    return summarise(compiled, patients, ledger, sites)
