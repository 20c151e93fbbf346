"""The engine of ``kind: trial``: every patient in every arm, with the same random numbers; then who is in which.

Patients are drawn once; in another arm they differ only by what that arm does. Without `enrol` all eligible patients
are counted in all arms, which compares like with like and leaves out the chance of randomisation; with it, that many
are randomised in blocks, as in a trial.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from diaspore.body import batch as batches
from diaspore.body.compile import Compiled, compile_patient
from diaspore.body.engine import BATCH
from diaspore.body.parts import run_parts
from diaspore.body.spec import PatientDescription, PatientSpec
from diaspore.body.tables import figures, patients_table, words
from diaspore.cohort.intervals import wilson
from diaspore.cohort.outcomes import effects, first_found
from diaspore.cohort.people import Members, draw_members, read_table
from diaspore.cohort.trial_spec import REST, ArmSpec, TrialSpec, VariantSpec
from diaspore.core.citations import Citations
from diaspore.core.controller import Controller
from diaspore.core.errors import InputError
from diaspore.core.mapper import Mapper
from diaspore.core.rng import child_id_column, uniform_column
from diaspore.core.runstore import PartWriter, Run, RunStore

S_TRIAL = 3001
"""Process of the draws of a trial; its events:"""
_VARIANT, _ENTRY, _LOST, _ARM = range(4)
SITES_FOUND = ("bone", "brain")
KEPT = (
    "patient", "age_at_diagnosis_y", "diameter_at_diagnosis_mm", "stage_group", "m_stage", "nodes_positive",
    "relapse_d", "relapse_kind", "relapse_site", "distant_relapse_d", "progression_d", "death_d",
    "death_cause", "followup_d",
)  # fmt: skip
"""Columns of the patients table that a trial keeps."""
STRATIFIED = {"stage_group": "stage_of_control", "nodes_positive": "nodes_of_control"}
"""Columns by which patients are stratified -> the name of what they are in the control arm."""


@dataclass(frozen=True)
class Prepared:
    """A trial ready to run: for every arm its variants, the rest of it last, with their shares."""

    spec: TrialSpec
    seed: int
    arms: tuple[tuple[Compiled, ...], ...]
    shares: tuple[tuple[float, ...], ...]
    names: tuple[tuple[str, ...], ...]
    table: Any


def run_trial(
    spec: TrialSpec, store: RunStore, *, seed: int, mapper: Mapper, controllers: Sequence[Controller], progress: Any
) -> dict[str, Any]:
    """Run a trial into ``store``; called by :func:`diaspore.simulate`."""
    prepared = prepare(spec, seed)
    one = prepared.arms[0][-1]
    store.annotate(parameter_set=one.values.set.name, parameter_set_sha256=one.values.set.hash)
    size = part_size(spec.patients)
    count = -(-spec.patients // size)
    done = store.completed()
    todo = [i for i in range(count) if i not in done]
    with progress(
        spec.patients, f"{spec.name}: {spec.patients:,} patients in {len(spec.arms)} arms", "patients"
    ) as bar:
        bar.advance(sum(min(size, spec.patients - i * size) for i in done))
        run_parts(__name__, prepared, spec, store, todo, seed=seed, mapper=mapper, controllers=controllers, bar=bar)
    outcomes = Run(store.path, {}).table("outcomes")
    taken = randomised(spec, outcomes, seed)
    if not len(taken):
        raise InputError("nobody is eligible", field="eligibility")
    found = effects(spec, taken)
    store.write_part("effects", 0, found)
    each = None
    if spec.repeats > 1:
        with progress(spec.repeats, f"{spec.name}: {spec.repeats:,} trials of {spec.enrol:,}", "trials") as bar:
            each = repeated(spec, taken, bar)
        store.write_part("repeats", 0, each)
    citations = Citations()
    for variants in prepared.arms:
        for compiled in variants:
            citations.update(compiled.citations)
    summary = _summary(spec, outcomes, taken, found)
    if each is not None:
        summary |= {"power": power(each)}
    return {"summary": summary, "citations": citations}


def repeated(spec: TrialSpec, taken: pd.DataFrame, bar: Any) -> pd.DataFrame:
    """Effects over the whole time of every one of several trials: a row for each trial, arm and endpoint."""
    alone = spec.model_copy(update={"analysis": spec.analysis.model_copy(update={"periods": (), "at": ()})})
    parts = []
    for number, rows in taken.groupby("repeat", sort=True):
        parts.append(effects(alone, rows.reset_index(drop=True)).assign(repeat=number))
        bar.advance(1)
    return pd.concat(parts, ignore_index=True)


def power(each: pd.DataFrame, level: float = 0.05) -> dict[str, str]:
    """Share of trials in which an arm is better than the control at a two-sided level, with its 95 % interval."""
    found = {}
    for (arm, endpoint), rows in each.groupby(["arm", "endpoint"], sort=False):
        won = int(((rows["probability"] < level) & (rows["hazard_ratio"] < 1.0)).sum())
        low, high = wilson(won, len(rows))
        found[f"{arm}, {str(endpoint).replace('_', ' ')}"] = f"{won / len(rows):.3g} ({low:.3g} to {high:.3g})"
    return found


def part_size(patients: int) -> int:
    """Patients of a part of a run: fewer in small trials, so that threads finish together."""
    return BATCH if patients >= 16 * BATCH else max(1, BATCH // 8)


def prepare(spec: TrialSpec, seed: int) -> Prepared:
    """Compile all variants of all arms.

    Raises:
        InputError: a table that cannot be used, or an arm that is impossible.
    """
    table = read_table(spec)
    arms, shares, names = [], [], []
    for k, arm in enumerate(spec.arms):
        rest = VariantSpec.model_construct(
            name=REST, share=max(0.0, 1.0 - sum(one.share for one in arm.variants)),
            treatment=arm.treatment, levers=arm.levers,
        )  # fmt: skip
        several = [*arm.variants, rest]
        try:
            arms.append(tuple(compile_patient(described(spec, arm, one), seed) for one in several))
        except InputError as error:
            where = f"arms[{k}].{error.field}" if error.field else f"arms[{k}]"
            raise InputError(error.problem, field=where, allowed=error.allowed, nearest=error.nearest) from None
        shares.append(tuple(one.share for one in several))
        names.append(tuple(one.name for one in several))
    return Prepared(spec, seed, tuple(arms), tuple(shares), tuple(names), table)


def described(spec: TrialSpec, arm: ArmSpec, variant: VariantSpec) -> PatientSpec:
    """The patient of a variant of an arm, as a file of kind patient would describe it."""
    data = {name: getattr(spec, name) for name in PatientDescription.model_fields if name != "kind"}
    changed = {name: value for name, value in arm.change if value is not None}
    data |= {
        "change": spec.change.model_copy(update=changed), "levers": spec.levers + variant.levers,
        "treatment": spec.treatment + variant.treatment, "surgery": arm.surgery or spec.surgery,
    }  # fmt: skip
    return PatientSpec.model_construct(kind="patient", **data)


def run_part(
    prepared: Prepared, writer: PartWriter, index: int, controllers: Sequence[Controller], space: batches.Workspace
) -> tuple[int, dict[str, Any]]:
    """Compute one batch in all arms and write its outcomes; returns the number of patients."""
    spec = prepared.spec
    size = part_size(spec.patients)
    first = index * size
    numbers = np.arange(first, min(first + size, spec.patients), dtype=np.int64)
    members = draw_members(spec, prepared.table, prepared.seed, numbers)
    streams = child_id_column(np.uint64(1), numbers)
    alike = [all(value is None for _, value in arm.change) for arm in spec.arms]
    begun = batches.begin_people(prepared.arms[alike.index(True)][-1], members.people, space) if any(alike) else None
    parts = []
    for k, variants in enumerate(prepared.arms):
        u = uniform_column(np.uint64(prepared.seed), streams, S_TRIAL, _VARIANT)
        which = np.minimum(np.searchsorted(np.cumsum(prepared.shares[k]), u, side="right"), len(variants) - 1)
        for v, compiled in enumerate(variants):
            where = np.flatnonzero(which == v)
            if len(where):
                history = begun.take(where) if begun is not None and alike[k] else None
                parts.append(_followed(prepared, compiled, members, where, k, v, controllers, space, history))
    whole = pa.concat_tables(parts)
    order = np.lexsort((whole["patient"].to_numpy(), whole["arm_number"].to_numpy()))
    table = whole.take(pa.array(order))
    streams_of = child_id_column(np.uint64(1), table["patient"].to_numpy().astype(np.int64))
    for name, event in (("entry_d", _ENTRY), ("lost_d", _LOST)):
        u = uniform_column(np.uint64(prepared.seed), streams_of, S_TRIAL, event)
        if name == "entry_d":
            value = spec.accrual * u
        else:
            value = -np.log(u) / spec.drop_out if spec.drop_out > 0.0 else np.full(len(u), np.inf)
        table = table.append_column(name, [pa.array(value)])
    writer.write_part("outcomes", index, table)
    return len(numbers), {}


def _followed(
    prepared: Prepared, compiled: Compiled, members: Members, where: np.ndarray, arm: int, variant: int,
    controllers: Sequence[Controller], space: batches.Workspace, begun: batches.Begun | None,
) -> pa.Table:  # fmt: skip
    """Outcomes of the members at ``where`` in a variant of an arm, from diagnosis on where that is ``begun``."""
    batch = batches.run_people(compiled, members.people.take(where), controllers, None, space, begun)
    table = patients_table(compiled, batch, figures(compiled, batch)).select(list(KEPT))
    n = len(where)
    table = table.append_column("arm", words(np.full(n, arm), tuple(one.name for one in prepared.spec.arms)))
    table = table.append_column("arm_number", [pa.array(np.full(n, arm, dtype=np.int8))])
    table = table.append_column("variant", [pa.array([prepared.names[arm][variant]] * n)])
    for site in SITES_FOUND:
        table = table.append_column(f"{site}_found_d", [pa.array(first_found(batch, site))])
    return table


def randomised(spec: TrialSpec, outcomes: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows of those who take part: all eligible in all arms, or as many as are enrolled, each in one arm.

    They are eligible by what is known at diagnosis, which is the same in all arms, and of nodes by what the control's
    surgery finds; so are the strata, for which columns are added. The arm is drawn in blocks of twice
    the number of arms, in the order of the patients. Of several trials each takes the patients after those of the one
    before; the column ``repeat`` counts them.
    """
    control = outcomes[outcomes["arm_number"] == 0].sort_values("patient", kind="stable")
    known = control[["patient", *STRATIFIED]].rename(columns=STRATIFIED)
    outcomes = outcomes.merge(known, on="patient", how="left")
    eligible = control.loc[_eligible(spec, control), "patient"].to_numpy()
    if spec.enrol is None:
        return outcomes[outcomes["patient"].isin(eligible)].reset_index(drop=True).assign(repeat=0)
    wanted = spec.enrol * spec.repeats
    if len(eligible) < wanted:
        needed = math.ceil(1.02 * wanted * spec.patients / max(1, len(eligible)))
        raise InputError(
            f"only {len(eligible):,} of {spec.patients:,} patients are eligible",
            field="enrol" if spec.repeats == 1 else "repeats",
            allowed=f"at most {len(eligible):,} in all, or about {needed:,} patients",
        )  # fmt: skip
    taken = eligible[:wanted]
    arms = len(spec.arms)
    block = 2 * arms
    u = uniform_column(np.uint64(seed), child_id_column(np.uint64(1), taken.astype(np.int64)), S_TRIAL, _ARM)
    arm = np.empty(len(taken), dtype=np.int64)
    repeat = np.arange(len(taken)) // spec.enrol
    for first in range(0, len(taken), spec.enrol):
        for begin in range(first, first + spec.enrol, block):
            end = min(begin + block, first + spec.enrol)
            rank = np.argsort(np.argsort(u[begin:end], kind="stable"), kind="stable")
            arm[begin:end] = rank % arms
    chosen = pd.DataFrame({"patient": taken, "arm_number": arm.astype(np.int8), "repeat": repeat})
    return outcomes.merge(chosen, on=["patient", "arm_number"], how="inner").reset_index(drop=True)


def _eligible(spec: TrialSpec, rows: pd.DataFrame) -> np.ndarray:
    wanted = spec.eligibility
    size, age = rows["diameter_at_diagnosis_mm"].to_numpy(), rows["age_at_diagnosis_y"].to_numpy() * 365.25
    found = np.ones(len(rows), dtype=bool)
    if wanted.m0:
        found &= rows["m_stage"].to_numpy() != "M1"
    if wanted.nodes is not None:
        found &= (rows["nodes_positive"].to_numpy() > 0) == (wanted.nodes == "positive")
    for limit, values, above in (
        (wanted.smallest, size, True), (wanted.largest, size, False), (wanted.youngest, age, True),
        (wanted.oldest, age, False),
    ):  # fmt: skip
        if limit is not None:
            found &= values >= limit if above else values <= limit
    return found


def _summary(spec: TrialSpec, outcomes: pd.DataFrame, taken: pd.DataFrame, found: pd.DataFrame) -> dict[str, Any]:
    """Numbers of patients and the ratios over the whole time."""
    per_arm = {arm.name: int((taken["arm_number"] == k).sum()) for k, arm in enumerate(spec.arms)}
    whole = found[found["period"] == "all"]
    return {
        "simulated": spec.patients,
        "design": "every patient in every arm" if spec.enrol is None else "randomised",
        "patients": per_arm,
        "hazard ratios": {
            f"{row['arm']}, {row['endpoint'].replace('_', ' ')}": _ratio_words(row) for row in whole.to_dict("records")
        },
    }


def _ratio_words(row: dict[str, Any]) -> str:
    return f"{row['hazard_ratio']:.3g} ({row['low']:.3g} to {row['high']:.3g})"
