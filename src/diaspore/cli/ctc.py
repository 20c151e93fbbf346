"""``diaspore ctc``: circulating tumour cells as assays see them, gathered from one module per command."""

from __future__ import annotations

import typer

from diaspore.cli import ctc_assay

app = typer.Typer(help="Circulating tumour cells as assays see them.", no_args_is_help=True)
app.command("assay")(ctc_assay.assay)
