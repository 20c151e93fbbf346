"""``diaspore ctc report``: a patient's series of counts with intervals, cut-off and tests of change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from diaspore.cli import options


def report(
    counts: Annotated[
        Path,
        typer.Argument(
            metavar="COUNTS", help="CSV (day or date, count, volume_ml, assay) or YAML file.", show_default=False
        ),
    ],
    cancer: Annotated[
        str | None,
        typer.Option(help="breast, colorectal, prostate or sclc; without it no cut-off.", show_default=False),
    ] = None,
    setting: Annotated[
        str | None, typer.Option(help="metastatic, early, ...; default the advanced stage.", show_default=False)
    ] = None,
    patient: Annotated[str | None, typer.Option(help="Which, where there are several.", show_default=False)] = None,
    volume: Annotated[
        float | None, typer.Option(help="mL of blood, where there is no column volume_ml.", show_default=False)
    ] = None,
    assay: Annotated[str | None, typer.Option(help="Where there is no such column.", show_default=False)] = None,
    size: Annotated[
        float | None,
        typer.Option(help="Size of a negative binomial, for counts that vary more than by chance.", show_default=False),
    ] = None,
    assay_model: Annotated[
        bool, typer.Option("--assay-model", help="Chances by the assay's losses, swings and false events (ctc assay).")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="New folder; default COUNTS-report.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Report a series of counts: exact intervals, the chance to be above a cut-off, changes between visits, warnings.

    Writes report.html, report.md, counts.csv, changes.csv and counts.png into a new folder. For research only.
    """
    from diaspore.cli.output import print_json, print_table
    from diaspore.cli.places import free_directory
    from diaspore.core.errors import InputError
    from diaspore.ctc.assay.concentration import found_per_ml
    from diaspore.ctc.clinical.counts import read_counts
    from diaspore.ctc.clinical.cutoffs import cutoff
    from diaspore.ctc.clinical.poisson import check_size
    from diaspore.ctc.clinical.report import report_counts
    from diaspore.ctc.clinical.write import CHANGES, VISITS, change_rows, visit_rows, write_report

    folder = free_directory(counts.with_name(f"{counts.stem}-report")) if out is None else out
    if folder.exists() or not folder.parent.is_dir():
        problem = f"{folder} {'is there already' if folder.exists() else 'cannot be made'}"
        raise InputError(problem, field="--out", allowed="a new folder in one that exists")
    if setting is not None and cancer is None:
        raise InputError("a setting needs a cancer", field="--setting", allowed="--cancer with it")
    if size is not None:
        check_size(size)
    cut = None if cancer is None else cutoff(cancer, setting)
    more: dict[str, Any] = {}
    if assay_model:
        more = {
            "posterior": found_per_ml,
            "prior": "model of the assay; log-logistic prior of metastatic breast cancer",
        }
    found = report_counts(read_counts(counts, patient=patient, volume=volume, assay=assay), cut, size=size, **more)
    title = "Circulating tumour cells" + (f" of {patient}" if patient else "")
    _write(folder, found, write_report(found, title), title)
    if json:
        rows = found.visits.to_dict("records")
        changes = found.changes.to_dict("records")
        print_json({"folder": str(folder), "visits": rows, "changes": changes, "warnings": list(found.warnings)})
        return
    print_table(VISITS, visit_rows(found), title=title)
    if len(found.changes):
        print_table(CHANGES, change_rows(found))
    for warning in found.warnings:
        print(f"- {warning}")
    print("For research only; not for clinical decisions.")
    print(folder)


def _write(folder: Path, found: object, document: object, title: str) -> None:
    """All files in a folder beside, which then takes its name: there are all of them or none."""
    import shutil

    from diaspore.core.jsonio import TEMPORARY, write_text
    from diaspore.ctc.clinical.document import Document
    from diaspore.ctc.clinical.report import Report
    from diaspore.viz.ctc_counts import ctc_counts
    from diaspore.viz.style import save_png

    assert isinstance(found, Report)
    assert isinstance(document, Document)
    temporary = folder.with_name(f"{TEMPORARY}{folder.name}")
    try:
        temporary.mkdir()
        picture = save_png(ctc_counts(found, title), temporary / "counts.png")
        write_text(temporary / "report.md", document.markdown("counts.png"))
        write_text(temporary / "report.html", document.html(picture.read_bytes()))
        for name, table in (("counts.csv", found.visits), ("changes.csv", found.changes)):
            write_text(temporary / name, table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
