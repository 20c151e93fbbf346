"""The engine of ``kind: cohort``: members by groups, in batches on threads, counted as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from diaspore.body import batch as batches
from diaspore.body.compile import Compiled, compile_patient, possible_diameters
from diaspore.body.engine import BATCH
from diaspore.body.parts import run_parts
from diaspore.body.spec import PatientDescription, PatientSpec
from diaspore.cohort.people import Members, Table, draw_members, read_table
from diaspore.cohort.spec import CohortSpec, GroupSpec
from diaspore.cohort.tally import ALL, Tally, add, months_of, tally_part
from diaspore.core.citations import Citations
from diaspore.core.controller import Controller
from diaspore.core.errors import InputError
from diaspore.core.mapper import Mapper
from diaspore.core.runstore import PartWriter, RunStore
from diaspore.knowledge.anatomy import SITES

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Prepared:
    """A cohort ready to run: one compiled description per group, and the table of real people if there is one."""

    spec: CohortSpec
    seed: int
    groups: tuple[Compiled, ...]
    names: tuple[str, ...]
    table: Table | None

    @property
    def months(self) -> int:
        """Whole months of follow-up."""
        return months_of(self.spec.follow_up.duration)


def run_cohort(
    spec: CohortSpec, store: RunStore, *, seed: int, mapper: Mapper, controllers: Sequence[Controller], progress: Any
) -> dict[str, Any]:
    """Run a cohort into ``store``; called by :func:`diaspore.simulate`.

    Members are drawn by their number, in batches of fixed size: what a batch holds does not depend on threads,
    restarts or on how large the cohort is.
    """
    from diaspore.cohort.summary import summarise, write_tables

    prepared = prepare(spec, seed)
    sets = [c.values.set for c in prepared.groups]
    store.annotate(parameter_set=sets[0].name, parameter_set_sha256=sets[0].hash)
    count = -(-spec.patients // BATCH)
    done = store.completed()
    todo = [i for i in range(count) if i not in done]
    with progress(spec.patients, f"{spec.name}: {spec.patients:,} members", "members") as bar:
        bar.advance(sum(min(BATCH, spec.patients - i * BATCH) for i in done))
        run_parts(__name__, prepared, spec, store, todo, seed=seed, mapper=mapper, controllers=controllers, bar=bar)
    total: dict[str, Tally] = {}
    ledger = None
    for index in range(count):  # in the order of parts, so that sums have the same bits every time
        extra = store.checkpoint(index)
        add(total, extra["tally"])
        part = np.asarray(extra["ledger"])
        ledger = part if ledger is None else ledger + part
    assert ledger is not None
    write_tables(prepared, store, total, ledger)
    citations = Citations()
    for compiled in prepared.groups:
        citations.update(compiled.citations)
    return {"summary": summarise(prepared, total, ledger), "citations": citations}


def prepare(spec: CohortSpec, seed: int) -> Prepared:
    """Compile the groups of a cohort and read its table.

    Raises:
        InputError: a table that cannot be used, or a group that is impossible.
    """
    table = read_table(spec)
    compiled, names = [], []
    for i, group in enumerate(spec.groups or (GroupSpec(name=ALL, share=1.0),)):
        try:
            compiled.append(compile_patient(described(spec, group), seed))
        except InputError as error:
            where = f"groups[{i}].{error.field}" if spec.groups and error.field else error.field
            raise InputError(error.problem, field=where, allowed=error.allowed, nearest=error.nearest) from None
        names.append(group.name)
    if table is not None:
        _check_sizes(spec, table, compiled)
    return Prepared(spec, seed, tuple(compiled), tuple(names), table)


def described(spec: CohortSpec, group: GroupSpec) -> PatientSpec:
    """The patient of a group, as a file of kind patient would describe it."""
    data = {name: getattr(spec, name) for name in PatientDescription.model_fields if name != "kind"}
    changed = {name: value for name, value in group.change if value is not None}
    data |= {"change": spec.change.model_copy(update=changed), "levers": spec.levers + group.levers}
    data |= {name: value for name in ("sex", "parameters") if (value := getattr(group, name)) is not None}
    return PatientSpec.model_construct(kind="patient", **data)


def _check_sizes(spec: CohortSpec, table: Table, compiled: list[Compiled]) -> None:
    low = max(possible_diameters(c.values)[0] for c in compiled)
    high = min(possible_diameters(c.values)[1] for c in compiled)
    wrong = (table.diameter <= low) | (table.diameter >= high)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        assert spec.table is not None
        raise InputError(
            f"row {row + 2} of {spec.table.file}: a primary of {table.diameter[row]:g} mm cannot arise",
            field="table.diameter",
            allowed=f"more than {low:g} mm and less than {high:.0f} mm",
        )


def run_part(
    prepared: Prepared, writer: PartWriter, index: int, controllers: Sequence[Controller], space: batches.Workspace
) -> tuple[int, dict[str, Any]]:
    """Compute one batch and write its tables; returns the number of members, and what the summary needs."""
    spec = prepared.spec
    first = index * BATCH
    numbers = np.arange(first, min(first + BATCH, spec.patients), dtype=np.int64)
    members = draw_members(spec, prepared.table, prepared.seed, numbers)
    parts: list[dict[str, pa.Table]] = []
    tally: dict[str, Tally] = {}
    ledger: np.ndarray | None = None
    for k, compiled in enumerate(prepared.groups):
        where = np.flatnonzero(members.group == k)
        if not len(where):
            continue
        tables, counts, cells = _run_group(prepared, compiled, members, where, k, controllers, space)
        parts.append(tables)
        add(tally, {ALL: counts, prepared.names[k]: counts} if spec.groups else {ALL: counts})
        ledger = cells if ledger is None else ledger + cells
    assert ledger is not None
    for name in parts[0]:
        writer.write_part(name, index, _in_order([part[name] for part in parts]))
    plain = {stratum: {key: value.tolist() for key, value in counts.items()} for stratum, counts in tally.items()}
    return len(numbers), {"tally": plain, "ledger": ledger.tolist()}


def _run_group(
    prepared: Prepared,
    compiled: Compiled,
    members: Members,
    where: np.ndarray,
    group: int,
    controllers: Sequence[Controller],
    space: batches.Workspace,
) -> tuple[dict[str, pa.Table], Tally, np.ndarray]:
    """Tables, counts and ledger of the members at ``where``, all of one group."""
    from diaspore.body.ledger import batch_ledger
    from diaspore.body.tables import figures, lesions_table, patients_table, visits_table, words

    batch = batches.run_people(compiled, members.people.take(where), controllers, None, space)
    figure = figures(compiled, batch)
    patients = patients_table(compiled, batch, figure)
    if prepared.spec.groups:
        patients = patients.append_column("group", words(np.full(len(where), group), prepared.names))
    if prepared.table is not None:
        row = members.row[where]
        patients = patients.append_column("table_row", [row])
        for name, column in prepared.table.kept.items():
            patients = patients.append_column(f"table_{name}", [_arrow(column[row])])
    counts = tally_part(_columns(batch, figure), _found(compiled, batch), prepared.months)
    tables = {"patients": patients, "lesions": lesions_table(compiled, batch), "visits": visits_table(compiled, batch)}
    return tables, counts, batch_ledger(compiled, batch)


def _arrow(values: np.ndarray) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, from_pandas=True)


def _columns(batch: batches.Batch, figure: Any) -> dict[str, np.ndarray]:
    """What the tally reads, from the records of a batch."""
    from diaspore.body.processes.staging import stage_group
    from diaspore.body.tables import diameter

    p = batch.patients
    first = np.zeros(len(p), dtype=np.int64)
    visits = batch.visits
    diagnosis = visits[visits["kind"] == 0]
    first[np.searchsorted(p["id"], diagnosis["patient"])] = diagnosis["ctc_count"]
    return {
        "stage": stage_group(p["stage_t"], p["stage_n"], p["stage_m"]).astype(np.int64),
        "m1": p["stage_m"] == 1,
        "nodes_examined": p["nodes_examined"].astype(np.int64),
        "nodes_positive": p["nodes_positive"].astype(np.int64),
        "tube_count": first,
        "diameter": diameter(p["y_diagnosis"]),
        "relapse": figure.relapse,
        "distant_relapse": figure.distant_relapse,
        "death": p["death"],
        "cancer_death": np.where(p["cause"] == 1, p["death"], np.nan),
        "end": p["end"],
    }


def _found(compiled: Compiled, batch: batches.Batch) -> np.ndarray:
    """(patients, sites) bool: a metastasis was detected there."""
    from diaspore.body.tables import owners

    found = np.zeros((len(batch.patients), len(SITES)), dtype=bool)
    lesions = batch.lesions
    mask = ~np.isnan(lesions["detected"]) & (lesions["route"] != 0)
    found[owners(batch)[mask], lesions["site"][mask]] = True
    for name in (compiled.spec.primary.site, "regional_nodes"):
        found[:, SITES.index(name)] = False
    return found


def _in_order(tables: list[pa.Table]) -> pa.Table:
    """One table of several groups, in the order of the members' numbers."""
    import pyarrow as pa

    if len(tables) == 1:
        return tables[0]
    whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    order = np.argsort(whole.column("patient").to_numpy(), kind="stable")
    return whole.take(pa.array(order))
