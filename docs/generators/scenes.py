"""Ready scenes: what they show, their measures, and what their ablations do, from the code and the stored runs."""

from __future__ import annotations

from generators.markdown import cited, code, table


def scenes() -> str:
    """A section for every scene that is built."""
    from diaspore.core.simulate import shipped_models
    from diaspore.tissue.scenes.scene import SCENES, scene

    built = [name for name in SCENES if name in shipped_models()]
    return "\n\n".join(_section(scene(name)) for name in built)


def agreement() -> str:
    """One line: how many of the scored signs agree."""
    from diaspore.core.simulate import shipped_models
    from diaspore.tissue.scenes.scene import SCENES, scene
    from diaspore.tissue.scenes.stored import read_runs
    from diaspore.validation.ablations import agreement as counted
    from diaspore.validation.ablations import compared, decided, expected_signs

    ready = [scene(name) for name in SCENES if name in shipped_models()]
    tables = [compared(one, read_runs(one)[0]) for one in ready if one.table().is_file()]
    scored = int((expected_signs()["scored"] == "yes").sum())
    if not tables:
        return f"Of {scored} scored signs none has been run yet."
    agree, run = counted(tables)
    sure, known = decided(tables)
    return (
        f"Of {scored} scored signs {run} have been run, and {agree} of them ({100 * agree / run:.0f} %) agree by the "
        f"rule. {agree - sure} of these are an expected 0 of which nothing was found in intervals wider than a tenth; "
        f"without them {sure} of {known} ({100 * sure / known:.0f} %) agree."
    )


def _section(one) -> str:  # type: ignore[no-untyped-def]
    from diaspore.core.simulate import shipped_models
    from diaspore.tissue.scenes.stored import read_runs
    from diaspore.validation.ablations import compared, signs_of

    lines = one.file.read_text(encoding="utf-8").splitlines()
    head = []
    for line in lines:
        if not line.startswith("#"):
            break
        head.append(line.removeprefix("#").strip())
    spec = one.spec()
    types = ", ".join(spec.cell_types)
    forms = code(one.name) + (f" and {code(one.name + '-3d')}" if f"{one.name}-3d" in shipped_models() else "")
    parts = [
        f"## {one.name.replace('-', ' ').capitalize()}",
        " ".join(head),
        f"{forms}: {_days(spec.duration)}; {types}. Published figures are the case "
        f"{code('scene_' + one.name.replace('-', '_'))} of [validation](validation.md).",
        table(
            ("measure", "unit", "meaning"), [(code(name), unit, text) for name, (unit, text) in one.measures.items()]
        ),
    ]
    if one.table().is_file():
        signs = compared(one, read_runs(one)[0])
        rows = [
            (
                row["off"], row["outcome"], row["sign"], row["obtained"], row["effect"],
                row["verdict"],
                cited(row["source"]),
            )
            for row in signs.to_dict("records")
        ]  # fmt: skip
        head_row = (
            "without",
            "outcome",
            "expected",
            "obtained",
            "as it is to without (difference, 95 %)",
            "",
            "source",
        )
        parts.append(table(head_row, rows))
    else:
        rows = [
            (row["off"], row["outcome"], row["sign"], cited(row["source"])) for row in signs_of(one).to_dict("records")
        ]
        parts.append(table(("without", "outcome", "expected", "source"), rows))
    return "\n\n".join(parts)


def _days(minutes: float) -> str:
    days = minutes / 1440.0
    return "1 day" if days == 1.0 else f"{days:.3g} days" if days > 1.0 else f"{24.0 * days:.3g} hours"
