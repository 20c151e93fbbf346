"""Tables about the models of invasion."""

from __future__ import annotations

from generators.markdown import code, table


def parameters() -> str:
    """Every parameter of every model: default, meaning, source, and what is said of where the number comes from."""
    from diaspore.fields.invasion.models import MODELS

    rows = []
    for name, model in MODELS.items():
        for parameter in model.parameters:
            row = model.fact(parameter)
            meaning, _, origin = row.note.removesuffix("; no interval known").partition("; ")
            where = f"[{row.source}](references.md#{row.source})"
            rows.append((code(name), code(parameter), f"{row.value:g}", meaning, f"{where}; {origin}"))
    return table(("model", "parameter", "default", "meaning", "source"), rows)
