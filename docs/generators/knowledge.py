"""Tables about the tables of facts: what is there, how it is graded, and the levers."""

from __future__ import annotations

import re
from importlib import resources

from generators.markdown import code, table

GRADES = ("patients", "animals", "in vitro", "fitted here", "assumed")


def tables() -> str:
    """Every table of facts with its number of rows and their grades."""
    from diaspore.knowledge.load import table as rows_of
    from diaspore.knowledge.load import table_names

    about = _about()
    rows = []
    for name in table_names():
        found = rows_of(name)
        grades = [row.grade for row in found]
        rows.append((code(name), about.get(name, ""), len(found), *(grades.count(grade) or "" for grade in GRADES)))
    return table(("table", "what", "rows", *GRADES), rows)


def grades() -> str:
    """How many facts and parameters stand at each grade."""
    from diaspore.knowledge.load import facts
    from diaspore.knowledge.parameters import load_parameter_set, parameter_set_names

    of_facts = [row.grade for row in facts().values()]
    columns = ["grade", "facts in tables"]
    counts = [of_facts]
    for name in parameter_set_names():
        columns.append(f"values of {code(name)}")
        counts.append([entry.grade for entry in load_parameter_set(name).entries.values()])
    return table(columns, [(grade, *(found.count(grade) for found in counts)) for grade in GRADES])


def levers() -> str:
    """All levers of the body engine, by what they take."""
    from diaspore.core.messages import FACTOR_LEVERS, RATE_LEVERS
    from diaspore.knowledge.load import table as rows_of

    meaning = {row["lever"]: row.note.partition(";")[0] for row in rows_of("levers")}
    rows = [(code(name), "`factor`, multiplied", "1", meaning[name]) for name in FACTOR_LEVERS]
    rows += [(code(name), "`rate`, added", "0 1/day", meaning[name]) for name in RATE_LEVERS]
    return table(("lever", "takes", "neutral", "meaning"), rows)


def pathways() -> str:
    """All pathways with their part in the cascade, levers and drugs."""
    from diaspore.knowledge.pathways import pathways as all_pathways
    from diaspore.knowledge.pathways import signed

    rows = [
        (
            code(name),
            f"{item.row['title']}: {item.row['role']}",
            ", ".join(f"{signed(acts)} {code(acts['lever'])} ({acts.grade})" for acts in item.levers),
            len(item.genes),
            ", ".join(hit["drug"] for hit in item.drugs),
            ", ".join(map(code, item.networks)),
        )
        for name, item in all_pathways().items()
    ]
    return table(
        ("pathway", "part in metastasis", "levers (grade of the direction)", "genes", "drugs", "networks"), rows
    )


def drugs() -> str:
    """All drugs with their genes, step, levers and status."""
    from diaspore.knowledge.drugs import drugs as all_drugs

    rows = [
        (
            name,
            one.text("genes"),
            one.text("step"),
            ", ".join(f"{'+' if sign > 0 else '-'} {code(lever)}" for lever, sign in one.levers.items()),
            one.text("status"),
            one.text("outcome"),
        )
        for name, one in all_drugs().items()
    ]
    return table(("drug", "genes", "step", "levers", "status", "outcome in words"), rows)


def not_identified() -> str:
    """Combinations of parameters that the data of the breast set cannot tell apart."""
    from diaspore.body.identifiability import NON_IDENTIFIED

    rows = [
        (c.name, ", ".join(map(code, c.parameters)), c.seen, c.reason[:1].upper() + c.reason[1:] + ".")
        for c in NON_IDENTIFIED
    ]
    return table(("combination", "parameters", "what data see", "why"), rows)


def _about() -> dict[str, str]:
    """First sentence on each table in SOURCES.md."""
    text = resources.files("diaspore.knowledge").joinpath("tables", "SOURCES.md").read_text(encoding="utf-8")
    found = {}
    for match in re.finditer(r"^\| ([a-z_, ]+) \| ([^|]+) \|", text, re.MULTILINE):
        for name in match[1].split(", "):
            found[name.strip()] = re.sub(r"\s*\((?:[^()]*`[^()]*)\)", "", match[2]).strip()
    return found
