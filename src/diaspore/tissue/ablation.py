"""Ablations: a tissue without a type of cell, a factor, or a process, beside the tissue as it is.

The sign of an effect is set by a rule that does not look at what is expected: over runs with the same seeds, the mean
difference and its 95 % interval (Student's t over seeds). ``+`` where the interval lies above 0 and the change is at
least a tenth of the mean without ablation, ``-`` where it lies below 0 and is as large, else ``0``. A ``0`` says that
nothing was found; that there is nothing, it says only where the whole interval is within a tenth (column ``within``).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import diaspore
from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.simulate import simulate
from diaspore.core.spec import validate
from diaspore.tissue.results import Tissue
from diaspore.tissue.spec import TissueSpec

LEAST = 0.1
"""Change over the mean without ablation below which an effect counts as none."""
WHOLE = "(nothing)"
"""In place of the name of an ablation: the tissue as it is."""
Measure = Callable[[Tissue], Mapping[str, float]]


@dataclass(frozen=True)
class Ablation:
    """What is switched off.

    Attributes:
        name: for people.
        cells: types of cells that are not there at the start and do not come in.
        factors: substances that nothing makes, of which there is none.
        rules: rules that are left out: all that match every field of one of these.
        adds: rules that come in addition, such as one that kills cells of a type from some time on.
        changes: dotted path of the file -> value, None to leave it out.
    """

    name: str
    cells: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    rules: tuple[Mapping[str, Any], ...] = ()
    adds: tuple[Mapping[str, Any], ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)


def ablated(spec: TissueSpec, ablation: Ablation) -> TissueSpec:
    """The tissue without what the ablation names.

    Raises:
        InputError: it names a type, substance, rule or path that is not there.
    """
    data = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    data.pop("sources", None)  # they speak of numbers that may be gone
    for name in ablation.cells:
        _must_know(name, data["cell_types"], "type of cell")
        for field_ in ("cells", "recruitment"):
            data[field_] = [one for one in data.get(field_, []) if one["type"] != name]
        for other in data["cell_types"].values():
            other.get("transforms_to", {}).pop(name, None)
        data["rules"] = [rule for rule in data.get("rules", []) if rule["behaviour"] != f"transform to {name}"]
    for name in ablation.factors:
        _must_know(name, data.get("substances", {}), "substance")
        _silence(data, name)
    for wanted in ablation.rules:
        kept = [rule for rule in data.get("rules", []) if any(rule.get(k) != v for k, v in wanted.items())]
        if len(kept) == len(data.get("rules", [])):
            raise InputError(f"there is no rule with {dict(wanted)}", field=ablation.name)
        data["rules"] = kept
    data["rules"] = [*data.get("rules", []), *map(dict, ablation.adds)]
    for path, value in ablation.changes.items():
        _put(data, path, value)
    found: TissueSpec = validate(TissueSpec, data)
    return found


def _must_know(name: str, among: Any, what: str) -> None:
    if name not in among:
        raise InputError(
            f"there is no {what} {shown(name)}", allowed=list(among) or "(none)", nearest=nearest_name(name, among)
        )


def _silence(data: dict[str, Any], name: str) -> None:
    substance = data["substances"][name]
    for field_ in ("initial", "held", "flux"):
        substance.pop(field_, None)
    for cell in data["cell_types"].values():
        exchange = cell.get("exchange", {}).get(name)
        if exchange is not None:
            for field_ in ("secretion", "target", "export"):
                exchange.pop(field_, None)
    made = {f"{name} secretion", f"{name} secretion target", f"{name} export"}
    data["rules"] = [rule for rule in data.get("rules", []) if rule["behaviour"] not in made]
    data["functions"] = [one for one in data.get("functions", []) if one["behaviour"] not in made]
    for reaction in data.get("reactions", []):
        reaction.get("to", {}).pop(name, None)
    data["reactions"] = [one for one in data.get("reactions", []) if one.get("from") or one.get("to")]
    walls = (data.get("vessels") or {}).get("exchange", {})
    walls.pop(name, None)


def _put(data: Any, path: str, value: Any) -> None:
    names = path.split(".")
    for depth, name in enumerate(names[:-1]):
        if not isinstance(data, dict) or name not in data:
            known = list(data) if isinstance(data, dict) else []
            raise InputError(
                "is not in the file", field=".".join(names[: depth + 1]), nearest=nearest_name(name, known)
            )
        data = data[name]
    if value is None:
        if names[-1] not in data:
            raise InputError("is not in the file", field=path, nearest=nearest_name(names[-1], list(data)))
        del data[names[-1]]
    else:
        data[names[-1]] = value


def usual_ablations(spec: TissueSpec) -> list[Ablation]:
    """One for every type of cell but the first, and for every substance that cells make."""
    types = list(spec.cell_types)
    there = {one.type for one in spec.cells} | {one.type for one in spec.recruitment}
    found = [Ablation(name, cells=(name,)) for name in types[1:] if name in there]
    for name in spec.substances:
        made = any(
            one.exchange[name].secretion > 0.0 or one.exchange[name].export
            for one in spec.cell_types.values()
            if name in one.exchange
        )
        ruled = any(rule.behaviour in (f"{name} secretion", f"{name} export") for rule in spec.rules)
        if made or ruled:
            found.append(Ablation(name, factors=(name,)))
    return found


def last_counts(tissue: Tissue) -> dict[str, float]:
    """All numbers of the last row of the counts: measures of a tissue that has none of its own."""
    row = tissue.counts.iloc[-1]
    return {str(name): float(value) for name, value in row.items() if name != "hours"}


@dataclass(frozen=True)
class _Job:
    spec: TissueSpec
    measure: Measure
    seed: int


def _measured(job: _Job) -> dict[str, float]:
    run = simulate(job.spec, seed=job.seed, threads=1, quiet=True)
    return dict(job.measure(Tissue(run)))


def measured_runs(
    spec: TissueSpec, ablations: Sequence[Ablation], measure: Measure, seeds: Sequence[int], processes: int = 1,
    done: Callable[[str], None] = lambda name: None,
) -> pd.DataFrame:  # fmt: skip
    """Every run: a row with the ablation, the seed, and a column for every measure.

    Args:
        spec: the tissue as it is.
        measure: what is read from a finished run; a function of a module, since other processes must find it.
        processes: that compute runs at a time.
        done: called with the name of the ablation after every run.
    """
    named = [(WHOLE, spec), *((one.name, ablated(spec, one)) for one in ablations)]
    jobs = [(name, _Job(changed, measure, seed)) for name, changed in named for seed in seeds]
    rows = []
    for (name, job), found in zip(jobs, _computed([job for _, job in jobs], processes), strict=True):
        rows.append({"ablation": name, "seed": job.seed, **found})
        done(name)
    return pd.DataFrame(rows)


def _computed(jobs: list[_Job], processes: int) -> Iterator[dict[str, float]]:
    if processes <= 1:
        yield from map(_measured, jobs)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(_measured, jobs)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def effects(runs: pd.DataFrame) -> pd.DataFrame:
    """Effect of every ablation on every measure: means, difference, its 95 % interval, and the sign.

    Seeds in which a measure is no number, with or without the ablation, do not count.
    """
    from scipy.stats import t

    base = runs[runs.ablation == WHOLE].set_index("seed")
    measures = [name for name in runs.columns if name not in ("ablation", "seed")]
    rows = []
    for name in [one for one in runs.ablation.unique() if one != WHOLE]:
        other = runs[runs.ablation == name].set_index("seed")
        for measure in measures:
            pair = pd.DataFrame({"with": base[measure], "without": other[measure]}).dropna()
            difference = (pair["without"] - pair["with"]).to_numpy()
            n = len(difference)
            mean = float(difference.mean()) if n else math.nan
            half = float(t.ppf(0.975, n - 1) * difference.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
            before = float(pair["with"].mean()) if n else math.nan
            rows.append(
                {
                    "ablation": name, "measure": measure, "seeds": n, "as_is": before,
                    "without": float(pair["without"].mean()) if n else math.nan, "difference": mean,
                    "low": mean - half, "high": mean + half, "sign": sign_of(mean, half, before),
                    "within": bool(abs(mean) + half <= LEAST * abs(before)),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def sign_of(mean: float, half: float, before: float) -> str:
    """``+``, ``-`` or ``0`` by the rule of this module; ``?`` where there are too few runs."""
    if math.isnan(mean) or math.isnan(half):
        return "?"
    if abs(mean) <= half or abs(mean) < LEAST * abs(before) or mean == 0.0:
        return "0"
    return "+" if mean > 0.0 else "-"


def code_hash(*files: Path) -> str:
    """Hash of the code and the tables of facts that tissues run by, and of these files: 16 characters."""
    root = Path(diaspore.__file__).parent
    found = hashlib.sha256()
    parts = [file for part in ("tissue", "fields", "core") for file in sorted((root / part).rglob("*.py"))]
    tables = root / "knowledge" / "tables"
    parts += [tables / "cells.csv", tables / "microenvironment.csv", *sorted(tables.glob("tissue_*.csv"))]
    for file in [*parts, *files]:
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def interval_text(row: Mapping[str, Any]) -> str:
    """A difference with its interval, for tables; a dash where there are too few runs with a number."""
    if math.isnan(row["low"]):
        return "–"
    return f"{row['difference']:.3g} ({row['low']:.3g} to {row['high']:.3g})"


def finite(values: Mapping[str, float]) -> dict[str, float]:
    """Measures as plain floats."""
    return {name: float(np.float64(value)) for name, value in values.items()}
