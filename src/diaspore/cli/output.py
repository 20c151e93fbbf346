"""How commands print: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def print_json(data: Any) -> None:
    """One JSON document on standard output; numbers that are not finite become null."""
    from diaspore.core.jsonio import to_json

    sys.stdout.write(to_json(data))


def print_json_line(data: Any) -> None:
    """One JSON object on one line of standard output."""
    import json

    from diaspore.core.jsonio import to_json

    print(json.dumps(json.loads(to_json(data)), ensure_ascii=False), flush=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """A table on standard output; numbers right-aligned, undefined ones as a dash."""
    from rich import box
    from rich.table import Table

    shown = [list(row) for row in rows]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        values = [row[index] for row in shown]
        numeric = any(_is_number(value) for value in values) and not any(isinstance(value, str) for value in values)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in shown:
        table.add_row(*(_escaped(value) for value in row))
    screen = console()
    if title is not None:  # not the table's own title, which is broken to the width of a narrow table
        screen.print(f"[bold]{_escaped(title)}[/]")
    screen.print(table)


def console() -> Any:
    """The rich console of standard output; wide when it is not a terminal, so that lines are not cut."""
    from rich.console import Console

    return Console(soft_wrap=False, highlight=False, width=None if sys.stdout.isatty() else 160)


def text(value: Any) -> str:
    """A value for people: four significant digits, thousands separated, a dash for nothing."""
    if value is None or value != value:  # None or NaN
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value == 0 or 1e-3 <= abs(value) < 1e6:
            return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
        return f"{value:.3e}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def summary_rows(summary: Mapping[str, Any], *, deepest: int = 2) -> list[tuple[str, str]]:
    """Name and value of everything in a summary down to `deepest` levels; lists and deeper parts are left out."""
    rows: list[tuple[str, str]] = []
    for name, value in summary.items():
        label = name.replace("_", " ")
        if isinstance(value, Mapping):
            if deepest > 1:
                rows += [(f"{label}: {below}", shown) for below, shown in summary_rows(value, deepest=deepest - 1)]
        elif not isinstance(value, list | tuple):
            rows.append((label, text(value)))
    return rows


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _escaped(value: Any) -> str:
    from rich.markup import escape

    return escape(text(value))
