"""``diaspore predict``: occult disease and risk of relapse of real patients."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from diaspore.cli import options

BY_SITE = ("occult in ", "first relapse in ")


def predict(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV or Parquet file, one patient a row.")],
    reference: Annotated[
        list[Path] | None,
        typer.Option("--reference", metavar="RUN", help="Run directory to compare with; may be repeated."),
    ] = None,
    cohort: Annotated[
        str, typer.Option(metavar="MODEL", help="Model whose patients to compare with, without --reference.")
    ] = "breast",
    diameter: Annotated[str, typer.Option(metavar="COLUMN", help="Diameter of the primary.")] = "diameter",
    unit: Annotated[str, typer.Option(metavar="UNIT", help="Unit of the diameter.")] = "mm",
    nodes: Annotated[str | None, typer.Option(metavar="COLUMN", help="Positive nodes.", show_default=False)] = None,
    age: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Age in years; adds relapse or death of any cause.", show_default=False),
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Group, or treatment by name.", show_default=False)
    ] = None,
    treatment: Annotated[
        str | None, typer.Option(metavar="NAME", help="Treatment (or group) of everybody.", show_default=False)
    ] = None,
    patients: Annotated[
        int | None,
        typer.Option(metavar="N", help="Patients to simulate once, without --reference.", show_default="160000"),
    ] = None,
    populations: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where simulated populations are kept.", show_default="the user's cache"),
    ] = None,
    sites: Annotated[bool, typer.Option("--sites", help="Write columns for every site as well.")] = False,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="CSV file; default TABLE-predicted.csv.")
    ] = None,
    threads: options.Threads = None,
    json: options.Json = False,
) -> None:
    """Predict occult disease and relapse of the patients in TABLE from simulated patients like them.

    Without --reference a population is simulated once, with treatments none, chemotherapy, endocrine, and
    "chemotherapy and endocrine", and found again next time. Research software: not for clinical decisions.
    """
    import time

    from diaspore.core.errors import InputError
    from diaspore.inference.predict import predict_columns, rows_of

    target = table.with_name(f"{table.stem}-predicted.csv") if out is None else out
    if target.suffix.lower() != ".csv" or not target.parent.is_dir():
        raise InputError(f"{target} cannot be written", field="--out", allowed="a .csv file in a folder that exists")
    known: Any
    frame = _read(table)
    everybody = treatment or ""
    if reference:
        from diaspore.core.runstore import Run
        from diaspore.inference.reference import reference_population

        rows = rows_of(frame, diameter, unit, nodes, group, age=age, everybody=everybody)
        known = reference_population([Run.open(path) for path in reference])
    else:
        from diaspore.inference.population import PATIENTS, reference_runs
        from diaspore.inference.treatment import NONE

        rows_of(frame, diameter, unit, nodes, group, age=age)  # mistakes first: a population may take a minute
        number = PATIENTS if patients is None else patients
        known = reference_runs(cohort, patients=number, folder=populations, threads=threads)
        everybody = everybody or (NONE if NONE in known.groups else "")
        rows = rows_of(frame, diameter, unit, nodes, group, age=age, everybody=everybody)
    if not sites:
        known = known.only([name for name in known.outcomes if not name.startswith(BY_SITE)])
    begin = time.perf_counter()
    result = predict_columns(known, rows)
    seconds = time.perf_counter() - begin
    _write(target, frame, result)
    wanted = [f"{name} by {year}" for name in MEANS for year in known.years]
    means = {name: _mean(result[name]) for name in (*MEANS, *wanted) if name in result}
    if json:
        from diaspore.cli.output import print_json

        count = len(rows.diameter)
        print_json({"file": str(target), "patients": count, "seconds": seconds, "means": means})
        return
    _report(len(rows.diameter), seconds, means, result, known.years)
    print(target)


MEANS = (
    "occult metastasis", "growing metastasis", "only dormant", "missed node", "relapse", "distant metastasis",
    "death of the cancer", "relapse or death",
)  # fmt: skip


def _read(table: Path) -> Mapping[str, Any]:
    """Columns of a file by name; cells of a CSV file stay the text they are."""
    import csv

    import numpy as np

    from diaspore.core.errors import InputError

    try:
        if table.suffix.lower() == ".parquet":
            import pandas as pd

            return {str(name): column.to_numpy() for name, column in pd.read_parquet(table).items()}
        with table.open(encoding="utf-8-sig", newline="") as stream:
            lines = [line for line in csv.reader(stream) if line]
    except Exception as error:  # parsers of many kinds raise many kinds of errors
        raise InputError(f"cannot read {table} as a table: {error}") from None
    if lines and len(set(lines[0])) < len(lines[0]):
        raise InputError(f"{table} has two columns of one name")
    if len(lines) < 2:
        raise InputError(f"{table} has no rows")
    uneven = next((i for i, line in enumerate(lines) if len(line) != len(lines[0])), None)
    if uneven is not None:
        raise InputError(f"row {uneven + 1} of {table} has {len(lines[uneven])} cells, the first {len(lines[0])}")
    return {name: np.array(column, dtype=object) for name, *column in zip(*lines, strict=True)}


def _write(target: Path, frame: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """The given columns and the predicted ones as a CSV file, numbers with six significant digits."""
    import csv
    import io

    from diaspore.core.errors import InputError
    from diaspore.core.jsonio import write_text

    taken = next((name for name in frame if name in result), None)
    if taken is not None:
        raise InputError(f"the table has a column {taken!r}, which is the name of a predicted one; rename it")

    def cells(values: Any) -> list[str]:
        if values.dtype.kind != "f":
            return [str(value) for value in values.tolist()]
        return ["" if value != value else f"{value:.6g}" for value in values.tolist()]

    columns = {name: ["" if v is None or v != v else v for v in values] for name, values in frame.items()}
    columns |= {name: cells(values) for name, values in result.items()}
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    write_text(target, stream.getvalue())


def _mean(values: Any) -> float | None:
    """Mean of what is known, None when nothing is."""
    known = values[values == values]
    return float(known.mean()) if len(known) else None


def _report(
    count: int, seconds: float, means: Mapping[str, float | None], result: Mapping[str, Any], years: tuple[int, ...]
) -> None:
    from diaspore.cli.output import print_table

    wanted = list(MEANS[:4])
    wanted += [f"{what} by {y}" for what in ("relapse", "distant metastasis", "relapse or death") for y in (5, 10)]
    known = {name: value for name in wanted if (value := means.get(name)) is not None}
    rows = [(name, f"{100 * value:.1f} %") for name, value in known.items()]
    print_table(("mean over patients", "probability"), rows, title=f"{count:,} patients, {seconds:.2f} s")
    few = int((result["neighbours"] < 200).sum())
    alone = int((result["neighbours"] == 0).sum())
    if alone:
        print(f"{alone:,} patients have no simulated one like them: they have no prediction and are not in the means.")
    if few:
        print(f"{few:,} patients have fewer than 200 simulated ones like them: their intervals are wide.")
    if result["extrapolated"].any():
        print(f"{int(result['extrapolated'].sum()):,} diameters lie outside the reference population.")
    print("Not for clinical decisions.")
