"""All subcommands put together, and what happens to a user's mistake: one message, exit status 2, no traceback."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from diaspore.cli import (
    ablate,
    bench,
    cite,
    compare,
    convert,
    ctc,
    demo,
    drugs,
    explain,
    export,
    fit,
    headline,
    models,
    network,
    plot,
    predict,
    rules,
    run,
    schema,
    trials,
    validate,
)
from diaspore.core.errors import DiasporeError

EXIT_MISTAKE = 2
EXIT_INTERRUPTED = 130


class _Group(TyperGroup):
    """Turns the errors meant for people into a message and an exit status."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # whoever read our output has read enough; click ends quietly
        except KeyboardInterrupt as interrupt:
            print(str(interrupt) or "interrupted", file=sys.stderr)
            raise typer.Exit(EXIT_INTERRUPTED) from None
        except (DiasporeError, OSError, MemoryError) as error:
            if os.environ.get("DIASPORE_DEBUG"):
                raise
            print(_message(error), file=sys.stderr)
            raise typer.Exit(EXIT_MISTAKE) from None


def _message(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "there is not enough memory: fewer --threads hold fewer patients at a time, a coarser grid fewer voxels"
    if isinstance(error, OSError):
        where = "" if error.filename is None else f"{error.filename}: "
        return f"{where}{error.strerror or error}"
    return str(error)


app = typer.Typer(
    cls=_Group,
    name="diaspore",
    help="Diaspore simulates how tumours seed metastases. For research only; not for clinical decisions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        import diaspore

        print(f"diaspore {diaspore.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


app.command("run")(run.run)
app.command("compare")(compare.compare)
app.command("plot")(plot.plot)
app.command("export")(export.export)
app.command("predict")(predict.predict)
app.command("explain")(explain.explain)
app.command("drugs")(drugs.drugs)
app.command("ablate")(ablate.ablate)
app.command("headline")(headline.headline)
app.command("cite")(cite.cite)
app.command("schema")(schema.schema)
app.command("convert")(convert.convert)
app.command("rules")(rules.rules)
app.command("validate")(validate.validate)
app.command("fit")(fit.fit)
app.command("bench")(bench.bench)
app.command("demo")(demo.demo)
app.add_typer(ctc.app, name="ctc")
app.add_typer(models.app, name="models")
app.add_typer(network.app, name="network")
app.add_typer(trials.app, name="trials")
