"""A patient's series of counts, from CSV, YAML or a data frame, checked cell by cell."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.yamlio import load_yaml

ASSAYS = ("cellsearch", "parsortix", "iset", "microsieve", "slides", "leukapheresis", "other")
"""Names of assays; slides: enrichment-free scanning. Counts of different ones are never compared."""
COLUMNS = ("day", "date", "count", "volume_ml", "assay", "patient")
MOST_ML = 10_000.0
MOST_COUNT = 10_000_000


@dataclass(frozen=True)
class Visit:
    """One count.

    Attributes:
        when: as given, for people. day: days since the first visit.
        count: events. volume: of blood (mL). assay: one of `ASSAYS`.
    """

    when: str
    day: float
    count: int
    volume: float
    assay: str


def read_counts(
    source: Any, *, patient: str | None = None, volume: float | None = None, assay: str | None = None
) -> tuple[Visit, ...]:
    """Visits in the order of time.

    Args:
        source: path of a CSV file (columns day or date, count, volume_ml, assay; patient where there are several) or of
            a YAML file (a list ``visits`` with the same fields), or a pandas data frame with these columns.
        patient: which one, where there are several. volume (mL), assay: where the table has no such column.

    Raises:
        InputError: file, line and field of what is missing or cannot be.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        rows, file = (_yaml_rows if path.suffix.lower() in (".yaml", ".yml") else _csv_rows)(path), str(path)
    else:
        rows, file = [(i + 2, row) for i, row in enumerate(source.to_dict("records"))], None
    if not rows:
        raise InputError("has no counts", file=file, allowed="one row for each visit")
    given = {"volume_ml": volume, "assay": assay}
    _check_columns(rows[0][1], given, file)
    rows = _of_one(rows, patient, file)
    visits = [_visit(row, given, file, line) for line, row in rows]
    first = min(day for day, _ in visits)
    found = [Visit(v.when, day - first, v.count, v.volume, v.assay) for day, v in visits]
    return tuple(sorted(found, key=lambda visit: visit.day))


def _csv_rows(path: Path) -> list[tuple[int, Mapping[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read: {reason}", file=path, allowed="a CSV or YAML file") from None
    reader = csv.reader(io.StringIO(text), delimiter=";" if text.partition("\n")[0].count(";") else ",")
    rows: list[tuple[int, Mapping[str, Any]]] = []
    try:
        head = [name.strip() for name in next(reader, [])]
        if len(set(head)) < len(head):
            raise InputError("has two columns of one name", file=path, line=1)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(head):
                problem = f"has {len(cells)} cells, the head has {len(head)}"
                raise InputError(problem, file=path, line=reader.line_num)
            rows.append((reader.line_num, dict(zip(head, (cell.strip() for cell in cells), strict=True))))
    except csv.Error as error:
        raise InputError(f"is no CSV file: {error}", file=path, line=reader.line_num) from None
    if not rows:
        raise InputError(
            "has no counts", file=path, allowed="a line with names of columns, then one line for each visit"
        )
    return rows


def _yaml_rows(path: Path) -> list[tuple[int, Mapping[str, Any]]]:
    document = load_yaml(path)
    visits = document.data.get("visits") if isinstance(document.data, Mapping) else None
    if not isinstance(visits, list) or not all(isinstance(visit, Mapping) for visit in visits) or not visits:
        raise document.error("is not a list of counts", ("visits",), allowed="visits: with one entry for each count")
    return [(document.line_of(("visits", i)) or 0, visit) for i, visit in enumerate(visits)]


def _check_columns(row: Mapping[str, Any], given: Mapping[str, Any], file: str | None) -> None:
    names = [str(name) for name in row]
    if "day" not in row and "date" not in row:
        raise InputError(
            "there is no column day or date", file=file, field="day", allowed=COLUMNS, nearest=_near("day", names)
        )
    for name in ("count", "volume_ml", "assay"):
        if name not in row and given.get(name) is None:
            raise InputError(
                f"there is no column {name}", file=file, field=name, allowed=COLUMNS, nearest=_near(name, names)
            )


def _near(wanted: str, names: Iterable[str]) -> str | None:
    """A column that may have been meant, as "rename X"."""
    found = nearest_name(wanted, [name for name in names if name not in COLUMNS])
    return None if found is None else f"{wanted} for {found}"


def _of_one(
    rows: list[tuple[int, Mapping[str, Any]]], patient: str | None, file: str | None
) -> list[tuple[int, Mapping[str, Any]]]:
    if patient is None and "patient" not in rows[0][1]:
        return rows
    names = list(dict.fromkeys(str(row.get("patient", "")) for _, row in rows))
    if patient is None:
        if len(names) > 1:
            problem = f"holds {len(names)} patients"
            raise InputError(problem, file=file, field="patient", allowed=f"name one of them: {', '.join(names[:20])}")
        return rows
    if patient not in names:
        problem = f"there is no patient {patient!r}"
        raise InputError(problem, file=file, field="patient", allowed=names, nearest=nearest_name(patient, names))
    return [(line, row) for line, row in rows if str(row.get("patient", "")) == patient]


def _visit(row: Mapping[str, Any], given: Mapping[str, Any], file: str | None, line: int) -> tuple[float, Visit]:
    def wrong(field: str, problem: str, allowed: Any, nearest: str | None = None) -> InputError:
        return InputError(problem, file=file, line=line or None, field=field, allowed=allowed, nearest=nearest)

    def number(field: str, value: Any, allowed: str) -> float:
        try:
            if isinstance(value, bool):
                raise ValueError
            found = float(value)
        except (TypeError, ValueError):
            raise wrong(field, f"{shown(value)} is not a number", allowed) from None
        if not abs(found) < 1e12:
            raise wrong(field, f"{shown(value)} is not a number that can be", allowed)
        return found

    count = number("count", row["count"], whole := f"a whole number, 0 to {MOST_COUNT:,}")
    fault = "negative" if count < 0 else "too large" if count > MOST_COUNT else "not whole" if count % 1 else ""
    if fault:
        raise wrong(
            "count",
            f"{shown(row['count'])} is {fault}",
            whole,
        )
    volume = number(
        "volume_ml",
        row.get("volume_ml", given["volume_ml"]),
        positive := f"mL of blood, above 0, at most {MOST_ML:.0f}",
    )
    if not 0 < volume <= MOST_ML:
        raise wrong("volume_ml", f"{shown(row.get('volume_ml', given['volume_ml']))} cannot be", positive)
    assay = str(row.get("assay", given["assay"])).strip().lower()
    if assay not in ASSAYS:
        raise wrong("assay", f"no assay is called {assay!r}", ASSAYS, nearest_name(assay, ASSAYS))
    day, when = _time(row, number, wrong)
    return day, Visit(when, day, int(count), volume, assay)


def _time(row: Mapping[str, Any], number: Any, wrong: Any) -> tuple[float, str]:
    """Time in days, from wherever, and for people."""
    if "date" in row:
        value = row["date"]
        text = value.date().isoformat() if hasattr(value, "date") else str(value).strip()
        try:
            return float(datetime.date.fromisoformat(text).toordinal()), text
        except ValueError:
            raise wrong("date", f"{text!r} is no date", "as 2026-03-31") from None
    day = number("day", row["day"], "days since any moment, such as 0 or 28")
    return day, f"day {day:g}"
