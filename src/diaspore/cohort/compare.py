"""Two runs side by side: the main numbers, their difference and its confidence interval.

Runs of the same patients with the same seed share their random numbers, so the same patient appears in both and differs
only by what the specs changed. The difference is then taken patient by patient, which makes its interval far narrower
than that of two independent populations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diaspore.cohort import survival as sv
from diaspore.cohort.intervals import Z95, wilson

if TYPE_CHECKING:
    from diaspore.core.runstore import Run

Floats = NDArray[np.float64]

__all__ = ["compare_runs", "is_locoregional", "is_paired", "shared_horizons", "spec_differences"]

DAYS_PER_YEAR = 365.25
HORIZONS_Y = (1, 2, 5, 10, 15, 20)
LEVER = "levers."  # prefix of a lever among the fields of a spec
ROUNDING = 1e-12  # relative: a smaller difference of two means is noise of their sums
_LOCOREGIONAL = {"primary", "local", "local_recurrence", "scar"}
COLUMNS = ["metric", "unit", "A", "B", "difference", "lower", "upper", "paired"]

#: means over patients: column of the patients table, name shown, unit
MEANS = (
    ("diameter_at_diagnosis_mm", "primary diameter at diagnosis", "mm"),
    ("nodes_positive", "positive nodes found", "nodes"),
    ("occult_metastases", "occult metastases at diagnosis", "lesions"),
    ("metastases_seeded", "metastases seeded", "lesions"),
    ("ctc_per_ml_at_diagnosis", "CTC at diagnosis", "cells/mL"),
    ("dormant_cells_at_end", "dormant cells at the end", "cells"),
    ("burden_at_end_mm3", "metastatic burden at the end", "mm3"),
)


def compare_runs(a: Run | str | Path, b: Run | str | Path) -> pd.DataFrame:
    """Compare two runs.

    Parameters
    ----------
    a, b : runs, or the paths of their directories.

    Returns
    -------
    A table with the columns ``metric, unit, A, B, difference, lower, upper, paired``: ``difference`` is B minus A with
    a 95 % interval (nan where the runs give none), ``paired`` tells whether it was taken patient by patient.
    ``attrs["spec_differences"]`` lists what differs between the specs, as records ``{"field", "A", "B"}``;
    ``attrs["patients"]`` the two numbers of patients.

    Raises RunStoreError when a directory is not a finished run.
    """
    first, second = _opened(a), _opened(b)
    paired = is_paired(first, second)
    tables = [_sorted(run.table("patients")) for run in (first, second)]
    lesions = [run.table("lesions") if "lesions" in run.tables() else None for run in (first, second)]
    identical = paired and tables[0].equals(tables[1]) and _equal(*lesions)
    rows = [
        *_survival_rows("overall survival", sv.overall_survival, tables, paired),
        *_survival_rows("relapse-free survival", sv.relapse_free_survival, _same_m0(tables, paired), paired),
        *_share_rows(tables, lesions, paired),
        *_mean_rows(tables, paired),
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    if identical:  # nothing can differ by chance: shared patients, and every result the same
        known = frame["difference"].notna()
        frame.loc[known, ["difference", "lower", "upper"]] = 0.0
    frame.attrs["spec_differences"] = spec_differences(first, second).to_dict("records")
    frame.attrs["patients"] = [len(table) for table in tables]
    return frame


def spec_differences(a: Run | Mapping[str, Any], b: Run | Mapping[str, Any]) -> pd.DataFrame:
    """What differs between two specs: columns ``field`` (dotted), ``A``, ``B``; None for a field that one lacks.

    A lever is one field, in the words of a patient file. A parameter that only one run changes has on the other side
    the value of its set, marked "(set)".
    """
    specs = [run if isinstance(run, Mapping) else run.spec for run in (a, b)]
    flat = [dict(_flatten(spec)) for spec in specs]
    for mine, other, spec in zip(flat, flat[::-1], specs, strict=True):
        for field in other:
            if field.startswith("change.") and field not in mine:
                default = _of_set(str(spec.get("parameters", "")), field.removeprefix("change."))
                if default is not None:
                    mine[field] = default
    fields = [*flat[0], *(field for field in flat[1] if field not in flat[0])]
    rows = [(field, flat[0].get(field), flat[1].get(field)) for field in fields]
    return pd.DataFrame([row for row in rows if row[1] != row[2]], columns=["field", "A", "B"], dtype=object)


def is_paired(a: Run, b: Run) -> bool:
    """True when both runs hold the same patients drawn from the same seed: they can be compared one by one."""
    if a.manifest.get("seed") != b.manifest.get("seed") or a.manifest.get("seed") is None:
        return False
    ids = [np.sort(run.table("patients")["patient"].to_numpy()) for run in (a, b)]
    return bool(np.array_equal(ids[0], ids[1]))


def is_locoregional(site: str) -> bool:
    """True for the regional nodes and the bed of the primary: not a distant metastasis."""
    return site in _LOCOREGIONAL or "regional" in site or site.startswith("axilla")


def shared_horizons(tables: Sequence[pd.DataFrame]) -> list[int]:
    """The years at which survival is known in every table: up to the shortest of the last observations."""
    if any(table.empty for table in tables):
        return []
    last = min(float(table["followup_d"].max()) for table in tables)
    return [year for year in HORIZONS_Y if year * DAYS_PER_YEAR <= last + 0.5]


Outcome = Callable[[pd.DataFrame], tuple[Floats, NDArray[np.bool_]]]


def _survival_rows(name: str, outcome: Outcome, tables: Sequence[pd.DataFrame], paired: bool) -> Iterator[list[Any]]:
    """Kaplan-Meier survival at the shared horizons; paired intervals from each patient's influence."""
    if any(table.empty for table in tables):
        return
    data = [outcome(table) for table in tables]
    together = paired and data[0][0].size == data[1][0].size
    for year in shared_horizons(tables):
        day = (
            year * DAYS_PER_YEAR - 0.5
        )  # half a day of grace: a follow-up of a whole number of years ends on its last day
        row_name = f"{name} at {year} y"
        if not any((time[~event] < day).any() for time, event in data):
            # Nobody left earlier, so that survival is a plain share of patients.
            a, b = (~(event & (time <= day)) for time, event in data)
            yield _share_row(row_name, a, b, together)
            continue
        values = [float(sv.kaplan_meier(time, event, at=[day]).survival[0]) for time, event in data]
        influence = [sv.survival_influence(time, event, day) for time, event in data]
        if together:
            n = influence[0].size
            # No patient may have changed by chance: then the width is that of a share without a change.
            spread = max(float(np.mean((influence[1] - influence[0]) ** 2) / n), 1.0 / (n + 2) ** 2)
            yield _row(row_name, "share", values[0], values[1], Z95 * float(np.sqrt(spread)), True)
        else:
            sizes = [_effective(values[i], influence[i], data[i][0], day) for i in (0, 1)]
            yield _newcombe(row_name, values, sizes)


def _effective(share: float, influence: Floats, time: Floats, day: float) -> float:
    """Number of fully followed patients that would give a Kaplan-Meier estimate its variance."""
    variance = float(np.mean(influence**2) / influence.size)
    if variance > 0.0 and 0.0 < share < 1.0:
        return share * (1.0 - share) / variance
    return max(float(np.sum(time >= day)), 1.0) if share > 0.0 else float(influence.size)


def _share_rows(
    tables: Sequence[pd.DataFrame], lesions: Sequence[pd.DataFrame | None], paired: bool
) -> Iterator[list[Any]]:
    """Shares of patients with a property."""
    for name, flags in _flags(tables, lesions):
        yield _share_row(name, flags[0], flags[1], paired)
    yield from _nodal_row(tables, paired)


def _nodal_row(tables: Sequence[pd.DataFrame], paired: bool) -> Iterator[list[Any]]:
    """Share with positive nodes among those whose nodes were examined (in both runs, when the runs are paired)."""
    examined = [table["nodes_examined"].to_numpy() > 0 for table in tables]
    if paired:
        examined = [examined[0] & examined[1]] * 2
    if all(part.any() for part in examined):
        flags = [(table["nodes_positive"].to_numpy() > 0)[part] for table, part in zip(tables, examined, strict=True)]
        yield _share_row("node-positive, of those examined", flags[0], flags[1], paired)


def _flags(
    tables: Sequence[pd.DataFrame], lesions: Sequence[pd.DataFrame | None]
) -> Iterator[tuple[str, list[NDArray[np.bool_]]]]:
    for stage in ("I", "II", "III", "IV"):
        yield f"stage {stage} at diagnosis", [table["stage_group"].to_numpy() == stage for table in tables]
    yield "detected by screening", [table["detection"].to_numpy() == "screen" for table in tables]
    yield "detected metastasis", [table["sites_with_metastasis"].to_numpy() > 0 for table in tables]
    yield "died of cancer", [table["death_cause"].to_numpy() == "cancer" for table in tables]
    found = [_detected_sites(part) for part in lesions]
    for site in sorted(set().union(*(part.keys() for part in found))):
        none = np.zeros(0, np.int64)
        flags = [np.isin(table["patient"], part.get(site, none)) for table, part in zip(tables, found, strict=True)]
        yield f"detected metastasis: {site.replace('_', ' ')}", flags


def _detected_sites(lesions: pd.DataFrame | None) -> dict[str, NDArray[np.int64]]:
    """Distant site -> patients with a detected lesion there."""
    if lesions is None:
        return {}
    seen = lesions[lesions["detected_d"].notna()]
    groups = seen.groupby("site", observed=True)["patient"]
    return {str(site): np.unique(part.to_numpy()) for site, part in groups if not is_locoregional(str(site))}


def _share_row(name: str, a: NDArray[np.bool_], b: NDArray[np.bool_], paired: bool) -> list[Any]:
    if a.size == 0 or b.size == 0:
        return [name, "share", np.nan, np.nan, np.nan, np.nan, np.nan, paired]
    if paired:
        gained, lost, n = int(np.sum(b & ~a)), int(np.sum(a & ~b)), a.size
        # Agresti and Min (Statistics in Medicine 24:729, 2005): half a patient in each cell keeps the interval honest
        # when no patient changed.
        shift = (gained - lost) / (n + 2)
        half = Z95 * float(np.sqrt(max((gained + lost + 1) - (gained - lost) ** 2 / (n + 2), 0.0))) / (n + 2)
        row = _row(name, "share", float(a.mean()), float(b.mean()), half, True)
        row[5:7] = [min(shift - half, row[4]), max(shift + half, row[4])]
        return row
    return _newcombe(name, [float(a.mean()), float(b.mean())], [a.size, b.size])


def _newcombe(name: str, shares: Sequence[float], sizes: Sequence[float]) -> list[Any]:
    """Newcombe (Statistics in Medicine 17:873, 1998), method 10: from the Wilson limits of both shares."""
    pa, pb = shares
    (la, ua), (lb, ub) = (wilson(share * n, n) for share, n in zip(shares, sizes, strict=True))
    row = _row(name, "share", pa, pb, 0.0, False)
    row[5] = row[4] - float(np.hypot(pb - lb, ua - pa))
    row[6] = row[4] + float(np.hypot(ub - pb, pa - la))
    return row


def _mean_rows(tables: Sequence[pd.DataFrame], paired: bool) -> Iterator[list[Any]]:
    """Means over patients with normal intervals; patients whose value is missing in either paired run are left out."""
    for column, name, unit in MEANS:
        if not all(column in table for table in tables):
            continue
        values = [table[column].to_numpy(dtype=float) for table in tables]
        if paired:
            both = np.isfinite(values[0]) & np.isfinite(values[1])
            values = [part[both] for part in values]
        else:
            values = [part[np.isfinite(part)] for part in values]
        if min(part.size for part in values) == 0:
            continue
        means = [float(part.mean()) for part in values]
        half = float("nan")
        if min(part.size for part in values) > 1:
            if paired:
                error = (values[1] - values[0]).std(ddof=1) / np.sqrt(values[0].size)
            else:
                error = np.sqrt(sum(part.var(ddof=1) / part.size for part in values))
            half = Z95 * float(error)
        yield _row(f"mean {name}", unit, means[0], means[1], half, paired)


def _row(name: str, unit: str, a: float, b: float, half: float, paired: bool) -> list[Any]:
    difference = b - a
    noise = ROUNDING * max(abs(a), abs(b))
    difference, half = (0.0 if abs(value) <= noise else value for value in (difference, half))
    return [name, unit, a, b, difference, difference - half, difference + half, paired]


def _equal(a: pd.DataFrame | None, b: pd.DataFrame | None) -> bool:
    return (a is None and b is None) or (a is not None and b is not None and a.equals(b))


def _same_m0(tables: Sequence[pd.DataFrame], paired: bool) -> list[pd.DataFrame]:
    """For a paired comparison of relapse: the patients without metastasis at diagnosis in both runs."""
    if not paired:
        return list(tables)
    keep = np.logical_and.reduce([table["m_stage"].to_numpy() != "M1" for table in tables])
    return [table[keep] for table in tables]


def _flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    items: Sequence[tuple[Any, Any]]
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    else:
        yield prefix, value
        return
    if prefix.startswith(LEVER) and isinstance(value, Mapping):
        yield prefix, ", ".join(f"{key}: {_written(inner)}" for key, inner in value.items())
        return
    for key, inner in items:
        yield from _flatten(inner, f"{prefix}.{key}" if prefix else str(key))


def _written(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)


def _of_set(name: str, key: str) -> str | None:
    """Value of a parameter in a set, None where the set is not known or does not give it."""
    from diaspore.core.errors import InputError
    from diaspore.knowledge.parameters import load_parameter_set

    try:
        entries = load_parameter_set(name).entries
    except InputError:
        return None
    stem, dot, last = key.rpartition(".")
    if last == "spread":
        spread = entries[stem].spread if stem in entries else None
        return None if spread is None else f"{spread} (set)"
    # What a set does not give for a site it gives for all sites.
    entry = entries.get(key) or entries.get(f"{stem}{dot}default")
    return None if entry is None else f"{entry.value} (set)"


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("patient", kind="stable").reset_index(drop=True)


def _opened(run: Run | str | Path) -> Run:
    if isinstance(run, str | Path):
        from diaspore.core.runstore import Run as Reader

        return Reader.open(run)
    return run
