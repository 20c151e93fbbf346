"""Tables about the vessels of tissues."""

from __future__ import annotations

from generators.markdown import cited, code, table


def defaults() -> str:
    """Every default with its range, meaning and source."""
    from diaspore.knowledge.load import table as rows_of

    rows = []
    for row in rows_of("tissue_vessels"):
        bounds = "" if row.low is None else f"{row.low:g} to {row.high:g}"
        meaning = row.note.removesuffix("; no interval known")
        unit = "" if row.unit == "dimensionless" else row.unit
        source = "assumption" if row.source == "diaspore" else cited(row.source)
        rows.append((row["part"], code(row.key), f"{row.value:g} {unit}".strip(), bounds, meaning, source))
    return table(("part", "key", "default", "range", "meaning", "source"), rows)
