"""Small pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A pipe table; pipes in cells are escaped."""
    lines = [_row(columns), _row(["---"] * len(columns))]
    lines += [_row(row) for row in rows]
    return "\n".join(lines)


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def code(text: object) -> str:
    """Inline code."""
    return f"`{text}`"


def cited(key: str) -> str:
    """A link to an entry of the list of references, from a page in docs/."""
    return f"[{key}](references.md#{key.lower().replace('_', '-')})"


def quantity(text: str) -> str:
    """A duration in days as years or months where that is a round number; other texts as they are."""
    number, _, unit = text.partition(" ")
    if unit != "day":
        return text
    days = float(number)
    for size, name in ((365.25, "year"), (30.4375, "month")):
        if days >= size and abs(days / size - round(days / size, 2)) < 1e-9:
            return f"{days / size:g} {name}"
    return text
