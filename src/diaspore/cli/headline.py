"""``diaspore headline``: figures of a parameter set beside published ones, and what they cannot tell apart."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from diaspore.cli import options


def headline(
    name: Annotated[str, typer.Argument(metavar="[SET]", help="Name of a parameter set.")] = "breast-2026.1",
    sex: Annotated[Literal["female", "male"], typer.Option(help="Whose circulation.")] = "female",
    draws: Annotated[int, typer.Option(min=0, max=100_000, help="Draws for the intervals; 0: none.")] = 200,
    patients: Annotated[
        int, typer.Option(min=0, max=1_000_000, help="Engine patients for tubes of metastatic patients; 0: none.")
    ] = 1500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of draws and patients.")] = 1,
    json: options.Json = False,
) -> None:
    """Report circulating tumour cells and success per cell of a breast set beside published figures.

    Intervals are 5 to 95 % of draws over the set's own intervals, every parameter by itself: how far a figure can move
    within what was thought possible, not a posterior. A figure agrees with a published one when either lies within the
    interval of the other. Combinations of parameters that such data cannot tell apart
    follow.
    """
    from diaspore.body.headline import headline as figures_of
    from diaspore.body.identifiability import NON_IDENTIFIED
    from diaspore.cli.output import console, print_json, print_table

    figures = figures_of(name, sex, draws, seed, patients)
    if json:
        combinations = [
            {"name": c.name, "parameters": list(c.parameters), "seen": c.seen, "reason": c.reason}
            for c in NON_IDENTIFIED
        ]
        figure_rows = [figure.to_json() for figure in figures]
        print_json({"parameter_set": name, "sex": sex, "figures": figure_rows, "not_identified": combinations})
        return
    rows = [
        (
            figure.name,
            _number(figure.value),
            _interval(figure.low, figure.high),
            figure.unit,
            _number(figure.published),
            _interval(figure.published_low, figure.published_high),
            figure.verdict,
            figure.source,
            figure.kind,
        )
        for figure in figures
    ]
    columns = ("figure", "value", "5 to 95 %", "unit", "published", "interval", "verdict", "source", "kind")
    print_table(columns, rows, title=f"{name}, {sex}: {draws} draws, {patients} patients")
    notes = list(dict.fromkeys((figure.name, figure.note) for figure in figures if figure.note))
    for figure_name, note in notes:
        console().print(f"{figure_name}: {note}")
    console().print("\nNot identified by such data:")
    for c in NON_IDENTIFIED:
        console().print(f"- {c.name}: seen is {c.seen}. {c.reason[:1].upper()}{c.reason[1:]}.")


def _number(value: float) -> str:
    if value != value:
        return ""
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.2e}"


def _interval(low: float, high: float) -> str:
    return "" if low != low or high != high else f"{_number(low)} to {_number(high)}"
