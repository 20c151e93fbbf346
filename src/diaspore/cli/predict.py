"""``diaspore predict``: occult disease and risk of relapse of real patients."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from diaspore.cli import options


def predict(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV or Parquet file, one patient a row.")],
    reference: Annotated[
        list[Path],
        typer.Option("--reference", metavar="RUN", help="Run directory of simulated patients; may be repeated."),
    ],
    diameter: Annotated[str, typer.Option(metavar="COLUMN", help="Diameter of the primary.")] = "diameter",
    unit: Annotated[str, typer.Option(metavar="UNIT", help="Unit of the diameter.")] = "mm",
    nodes: Annotated[str | None, typer.Option(metavar="COLUMN", help="Positive nodes.", show_default=False)] = None,
    group: Annotated[str | None, typer.Option(metavar="COLUMN", help="Group.", show_default=False)] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="CSV file; default TABLE-predicted.csv.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Predict occult disease and relapse of the patients in TABLE from simulated patients like them.

    Research software: not for clinical decisions.
    """
    import time

    import pandas as pd

    from diaspore.cli.output import print_json, print_table
    from diaspore.core.errors import InputError
    from diaspore.core.jsonio import write_text
    from diaspore.core.runstore import Run
    from diaspore.inference.predict import predict as predict_rows
    from diaspore.inference.predict import rows_of
    from diaspore.inference.reference import reference_population

    target = table.with_name(f"{table.stem}-predicted.csv") if out is None else out
    if target.suffix.lower() != ".csv" or not target.parent.is_dir():
        raise InputError(f"{target} cannot be written", field="--out", allowed="a .csv file in a folder that exists")
    try:
        frame = pd.read_parquet(table) if table.suffix.lower() == ".parquet" else pd.read_csv(table)
    except Exception as error:  # parsers of many kinds raise many kinds of errors
        raise InputError(f"cannot read {table} as a table: {error}") from None
    rows = rows_of(frame, diameter, unit, nodes, group)
    known = reference_population([Run.open(path) for path in reference])
    begin = time.perf_counter()
    result = predict_rows(known, rows)
    seconds = time.perf_counter() - begin
    write_text(target, pd.concat([frame.reset_index(drop=True), result], axis=1).to_csv(index=False))
    means = {name: float(result[name].mean()) for name in known.outcomes if " in " not in name}
    if json:
        print_json({"file": str(target), "patients": len(frame), "seconds": seconds, "means": means})
        return
    wanted = ["occult metastasis", "growing metastasis", "only dormant", "missed node"]
    wanted += [f"{what} by {y}" for what in ("relapse", "distant metastasis") for y in (5, 10) if y in known.years]
    table_rows = [(name, f"{100 * means[name]:.1f} %") for name in wanted if name in means]
    print_table(("mean over patients", "probability"), table_rows, title=f"{len(frame):,} patients, {seconds:.2f} s")
    few = int((result["neighbours"] < 200).sum())
    if few:
        print(f"{few:,} patients have fewer than 200 simulated ones like them: their intervals are wide.")
    if result["extrapolated"].any():
        print(f"{int(result['extrapolated'].sum()):,} diameters lie outside the reference population.")
    print("Not for clinical decisions.")
    print(target)
