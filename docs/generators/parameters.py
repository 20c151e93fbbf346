"""Reference of all parameters: definitions from the engine, values and sources from the parameter set."""

from __future__ import annotations

from generators.markdown import cited, code, table

SET = "breast-2026.1"


def about_set() -> str:
    """What the shipped set says about itself."""
    from diaspore.knowledge.parameters import load_parameter_set

    chosen = load_parameter_set(SET)
    grades: dict[str, int] = {}
    for entry in chosen.entries.values():
        grades[entry.grade] = grades.get(entry.grade, 0) + 1
    lines = [
        f"Set {code(chosen.name)}: {chosen.title[0].lower()}{chosen.title[1:]}. {len(chosen)} values, "
        + ", ".join(f"{count} {name}" for name, count in sorted(grades.items(), key=lambda p: -p[1]))
        + ".",
        f"Fitted ({chosen.free_parameters} free parameters) to:\n\n"
        + "\n".join(f"- {text}" for text in chosen.fitted_to or ("nothing",)),
        "It does not claim:\n\n" + "\n".join(f"- {text}" for text in chosen.does_not_claim),
    ]
    return "\n\n".join(lines)


def other_sets() -> str:
    """What the other sets build on, how much of them is their own, and what was fitted."""
    from diaspore.knowledge.parameters import load_parameter_set, parameter_set_names

    rows = []
    for name in parameter_set_names():
        chosen = load_parameter_set(name)
        if chosen.base is None:
            continue
        fitted = sum(entry.grade == "fitted here" for entry in chosen.own.values())
        own = f"{len(chosen.own)}, {fitted} of them fitted"
        rows.append((code(name), chosen.title, code(chosen.base), own, chosen.free_parameters))
    return table(("set", "cancer", "builds on", "values of its own", "free parameters"), rows)


def tables() -> str:
    """One table per process: key, unit, allowed range, value, interval, grade, source, meaning."""
    from diaspore.body.definitions import SITE
    from diaspore.body.registry import PROCESSES
    from diaspore.knowledge.parameters import load_parameter_set

    chosen = load_parameter_set(SET)
    blocks = []
    for process in PROCESSES:
        rows = []
        for definition in process.PARAMETERS:
            keys = [key for key in chosen if key == definition.key]
            if definition.index == SITE:
                keys = [key for key in chosen if key.rpartition(".")[0] == definition.key]
            low, high = f"{definition.low:g}", f"{definition.high:g}"
            allowed = " or ".join(map(code, definition.choices)) if definition.choices else f"{low} to {high}"
            unit = "–" if definition.choices or definition.unit == "1" else definition.unit
            if not keys:
                where = "by site, from the table `capillaries`" if definition.index == SITE else ""
                rows.append((code(definition.key + ".SITE"), unit, allowed, where, "", "", "", definition.text))
            for key in keys:
                entry = chosen[key]
                value = str(entry.value) + (f", spread {entry.spread}" if entry.spread is not None else "")
                interval = "" if entry.low is None else f"{entry.low} to {entry.high}"
                own = key in (definition.key, f"{definition.key}.default")
                rows.append(
                    (
                        code(key),
                        unit,
                        allowed if own else "",
                        value,
                        interval,
                        entry.grade,
                        cited(entry.source),
                        definition.text if own else "",
                    )
                )
        name = process.__name__.rsplit(".", 1)[1]
        columns = ("key", "unit", "allowed", "value", "interval", "grade", "source", "meaning")
        blocks.append(f"## {name.capitalize()}\n\n{table(columns, rows)}")
    return "\n\n".join(blocks)
