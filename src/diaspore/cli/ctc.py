"""``diaspore ctc``: what assays see of circulating tumour cells."""

from __future__ import annotations

import typer

from diaspore.cli import ctc_count, ctc_synth

app = typer.Typer(
    help="Circulating tumour cells as assays see them: images counted, slides made up.", no_args_is_help=True
)
app.command("count")(ctc_count.count)
app.command("synth")(ctc_synth.synth)
