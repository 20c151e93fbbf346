"""``diaspore ctc assay``: what an assay reports of cells in blood, and what a count says of the blood."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diaspore.cli import options

if TYPE_CHECKING:
    from diaspore.ctc.assay import Assay, Population


def assay(
    name: Annotated[str | None, typer.Argument(help="An assay; left out: list them.", show_default=False)] = None,
    per_ml: Annotated[
        float | None, typer.Option(help="Tumour events in a mL of blood: what would be counted?", show_default=False)
    ] = None,
    count: Annotated[
        list[int] | None,
        typer.Option(help="A count: what is in the blood? Twice, for two visits: is it a change?", show_default=False),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Directory of a run with visits: count at each of them.", show_default=False)
    ] = None,
    volume: Annotated[
        float | None, typer.Option(help="mL of blood, if not that of the assay.", show_default=False)
    ] = None,
    cut_off: Annotated[
        int,
        typer.Option(
            help="Count that makes a tube positive; with --count: events in its blood, of which the chance is asked.",
            min=1,
            max=10_000,
        ),
    ] = 5,
    cancer: Annotated[str, typer.Option(help="Cancer, for the size of its cells.")] = "breast",
    hour: Annotated[
        float | None,
        typer.Option(help="Hour of the day, where its rhythm is to count.", min=0, max=24, show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of draws for --run.", min=0)] = 1,
    sources: Annotated[bool, typer.Option("--sources", help="Show every number behind the assay.")] = False,
    plot: Annotated[Path | None, typer.Option(help="PNG file to draw into.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file for --run.", show_default=False)] = None,
    json: options.Json = False,
) -> None:
    """Ask an assay of circulating tumour cells: forward from blood to counts, or back from a count to the blood.

    Presets are models of published performance. Not for clinical decisions.
    """
    from diaspore.cli.output import print_json, print_table
    from diaspore.core.errors import InputError
    from diaspore.ctc.assay import ASSAYS, tumour_population
    from diaspore.ctc.assay import assay as preset

    asked = (per_ml is not None, bool(count), run is not None)
    if name is None:
        if any(asked) or sources:
            raise InputError("the name of an assay is missing", allowed=ASSAYS)
        _list(json)
        return
    if sum((*asked, sources)) != 1:
        raise InputError("needs one question", allowed="--per-ml, --count (once or twice), --run, or --sources")
    if out is not None and run is None:
        raise InputError("goes with --run only", field="--out", allowed="--run RUN")
    if plot is not None and (plot.suffix.lower() != ".png" or not plot.parent.is_dir() or run is not None or sources):
        raise InputError(
            f"{plot} cannot be drawn",
            field="--plot",
            allowed="a .png in a folder that exists, with --per-ml or --count",
        )
    if hour is not None and not math.isfinite(hour):
        raise InputError(f"is {hour}", field="--hour", allowed="0 to 24")
    one = preset(name)
    if volume is not None:
        one = one.with_(volume=volume)
    cells = tumour_population(0.0, cancer=cancer)
    if sources:
        _sources(name, json)
        return
    if run is not None:
        _visits(run, one, cells, seed, out)
        return
    found = _forward(one, cells.at(per_ml), cut_off, hour) if per_ml is not None else {}
    if count:
        found = _backward(one, cells, count, cut_off, hour)
    if plot is not None:
        _plot(plot, one, cells, per_ml, count, hour)
    if json:
        print_json(found)
        return
    rows = [(key, f"{value:.3g}" if isinstance(value, float) else str(value)) for key, value in found.items()]
    print_table(("", "value"), rows, title=f"{name}, {one.volume:g} mL")
    print("A model of published performance; much of it is assumed (--sources). Not for clinical decisions.")


def _list(json: bool) -> None:
    from diaspore.cli.output import print_json, print_table
    from diaspore.ctc.assay import ASSAYS, tumour_population
    from diaspore.ctc.assay import assay as preset
    from diaspore.ctc.assay.questions import false_positive

    cells = tumour_population(1.0)
    rows = []
    for name in ASSAYS:
        one = preset(name)
        capture = {"ByEpcam": "EpCAM", "BySize": "size", "All": "none"}[type(one.capture).__name__]
        found = f"{one.recovery(cells):.2f}"
        rows.append((name, f"{one.volume:g}", capture, found, f"{false_positive(one, 1):.3f}"))
    columns = ("assay", "blood (mL)", "capture", "found of breast cancer cells", "chance of a false event")
    if json:
        print_json({"assays": [dict(zip(columns, row, strict=True)) for row in rows]})
        return
    print_table(columns, rows)


def _sources(name: str, json: bool) -> None:
    from diaspore.cli.output import print_json, print_table
    from diaspore.ctc.assay.assays import sources

    rows = [
        (row.key, row["quantity"], f"{row.value:g} {row.unit}", row.source, row.grade, row.note)
        for row in sources(name)
    ]
    columns = ("key", "quantity", "value", "source", "grade", "note")
    if json:
        print_json({"numbers": [dict(zip(columns, row, strict=True)) for row in rows]})
        return
    print_table(columns, rows)


def _forward(one: Assay, cells: Population, cut_off: int, hour: float | None) -> dict[str, Any]:
    from diaspore.core.errors import InputError
    from diaspore.ctc.assay import detection, discordance, volume_for
    from diaspore.ctc.assay.counts import moments
    from diaspore.ctc.assay.questions import false_positive, tumour_detection

    mean, variance = moments(one, cells, hour)
    found: dict[str, Any] = {
        "tumour events in the blood drawn": cells.per_ml * one.volume * one.level_at(hour),
        "expected count": mean, "its standard deviation": variance**0.5,
        "chance of a tumour event": tumour_detection(one, cells, hour),
        f"chance of a count of at least {cut_off}": detection(one, cells, cut_off, hour),
        "the same without any tumour cell": false_positive(one, cut_off),
        f"chance that two tubes disagree on {cut_off}, one draw": discordance(one, cells, cut_off),
        "and hours apart": discordance(one, cells, cut_off, same_draw=False),
    }  # fmt: skip
    try:
        found["mL for a tumour event with 95 %"] = volume_for(one, cells)
    except InputError as error:
        found["mL for a tumour event with 95 %"] = f"none: {error.problem}"
    return found


def _backward(one: Assay, cells: Population, counts: list[int], cut_off: int, hour: float | None) -> dict[str, Any]:
    from diaspore.core.errors import InputError
    from diaspore.ctc.assay import change, posterior

    if len(counts) > 2:
        raise InputError(f"are {len(counts)}", field="--count", allowed="one or two")
    several = [posterior(number, one, cells, hour=hour) for number in counts]
    found: dict[str, Any] = {}
    for number, what in zip(counts, several, strict=True):
        low, high = what.interval()
        found |= {
            f"count {number}: events in the blood of a tube, median": what.quantile(0.5),
            f"count {number}: 95 % interval": f"{low:.3g} to {high:.3g}",
            f"count {number}: chance that the blood of a tube holds at least {cut_off}": what.above(cut_off),
        }
    if len(several) == 2:
        between = change(*several)
        found["second over first level"] = f"{between.ratio:.3g} ({between.low:.3g} to {between.high:.3g})"
        found["chance of a rise"] = between.rise
    return found


def _visits(run: Path, one: Assay, cells: Population, seed: int, out: Path | None) -> None:
    from diaspore.core.jsonio import write_text
    from diaspore.core.runstore import Run
    from diaspore.ctc.assay.visits import observe

    table = observe(Run.open(run).table("visits"), one, cells, seed)
    to = out or Path(f"{one.name}_counts.csv")
    columns = ["patient", "visit", "day", "kind", "ctc_per_ml_arm", f"{one.name}_count"]
    write_text(to, table[columns].to_csv(index=False))
    print(to)


def _plot(
    plot: Path, one: Assay, cells: Population, per_ml: float | None, count: list[int] | None, hour: float | None
) -> None:
    from diaspore.ctc.assay import posterior
    from diaspore.viz.ctc_assay import draw_counts, draw_posteriors
    from diaspore.viz.style import save_png

    if per_ml is not None:
        figure = draw_counts(one, cells.at(per_ml), hour)
    else:
        figure = draw_posteriors(one, [posterior(number, one, cells, hour=hour) for number in count or ()])
    save_png(figure, plot)
    print(plot)
