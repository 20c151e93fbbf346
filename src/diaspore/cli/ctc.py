"""``diaspore ctc``: circulating tumour cells as assays see them, gathered from one module per command."""

from __future__ import annotations

import typer

from diaspore.cli import ctc_assay, ctc_count, ctc_cutoffs, ctc_datasets, ctc_report, ctc_score, ctc_synth

app = typer.Typer(help="Circulating tumour cells: assays, images, profiles, counts.", no_args_is_help=True)
app.command("assay")(ctc_assay.assay)
app.command("count")(ctc_count.count)
app.command("synth")(ctc_synth.synth)
app.command("score")(ctc_score.score)
app.command("report")(ctc_report.report)
app.command("datasets")(ctc_datasets.datasets)
app.command("cutoffs")(ctc_cutoffs.cutoffs)
