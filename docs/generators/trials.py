"""Strengths fitted to trials, the effects that they give, the ridge, and predictions, from the artefacts that ship."""

from __future__ import annotations

from generators.markdown import cited, code, table

UNITS = {"decades": "decades of cells", "kills": "share", "holds": "share", "after": "years"}
MEANING = {
    "cmf_decades": "killed by six months of CMF",
    "ac_decades": "by four courses of AC",
    "caf_decades": "by six courses of CAF",
    "taxane_decades": "by four courses of a taxane",
    "tamoxifen_kills": "of tumours that tamoxifen kills",
    "tamoxifen_holds": "of tumours that it only holds",
    "tamoxifen_after": "for which it holds them after the last dose",
    "trastuzumab_kills": "of tumours that trastuzumab kills",
    "radiotherapy_decades": "killed by radiotherapy of the breast",
}


def strengths() -> str:
    """Each strength with its interval, and what each explanation of the fit alone would have."""
    from diaspore.inference.strengths.frozen import frozen_checksum
    from diaspore.inference.strengths.frozen import strengths as known

    rows = [
        (
            code(name), MEANING[name], f"{one.value:.3g}", f"{one.low:.3g} to {one.high:.3g}",
            f"{one.alone['slow']:.3g}", f"{one.alone['dormant']:.3g}", UNITS[name.rsplit("_", 1)[1]],
        )
        for name, one in known().items()
    ]  # fmt: skip
    columns = ("strength", "", "value", "95 % interval", "slow metastases alone", "sleeping ones alone", "unit")
    return f"Frozen as `{frozen_checksum()[:16]}`.\n\n" + table(columns, rows)


def effects() -> str:
    """Published and simulated effects."""
    from diaspore.inference.strengths.figures import figures
    from diaspore.inference.strengths.frozen import stored

    simulated = {row["check"]: row["simulated"] for row in stored()["effects"]}
    rows = []
    for one in figures():
        value = simulated[one.check]
        inside = "inside" if one.low <= value <= one.high else "outside"
        when = "" if one.start == 0.0 else f" from year {one.start:g}"
        rows.append(
            (
                f"{one.arm} against {one.control}", one.endpoint.replace("_", " "), f"{one.quantity}{when}",
                f"{one.value:g} ({one.low:g} to {one.high:g})", f"{value:.3g}", inside, cited(one.source),
            )
        )  # fmt: skip
    return table(("arms", "endpoint", "measure", "published (95 %)", "simulated", "", "source"), rows)


def ridge() -> str:
    """Kill by CMF and the burden that it meets, by explanation."""
    from diaspore.inference.strengths.frozen import stored

    rows = []
    for row in stored()["ridge"]:
        low, middle, high = row["residual_decades"]
        what = "optimum" if row["optimum"] else "draw"
        rows.append((f"{row['explanation']}, {what}", f"{middle:.2g} ({low:.2g} to {high:.2g})",
                     f"{row['cmf_decades']:.2g}", f"{row['simulated']:.3g}"))  # fmt: skip
    columns = (
        "metastases", "cells that relapsing patients carry after surgery, decades (quartiles)",
        "CMF kills, decades", "rate ratio of death (0.76)",
    )  # fmt: skip
    return table(columns, rows)


def predictions() -> str:
    """Predicted hazard ratios."""
    from diaspore.inference.strengths.predictions import RESISTANCE, stored, trial

    found = stored()
    resistant = {row["trial"]: row["central"] for row in stored(RESISTANCE)["trials"]}
    rows = []
    for row in found["trials"]:
        one = trial(row["trial"])
        rows.append(
            (
                one.name, one.drug, one.cancer, one.course.partition(" for ")[2] or one.course.partition(" once ")[2],
                one.endpoint.replace("_", " "), f"{row['central']:.2f}", f"{row['weak']:.2f} to {row['strong']:.2f}",
                f"{row['low']:.2f} to {row['high']:.2f}", f"{row['null_low']:.2f} to {row['null_high']:.2f}",
                f"{resistant[row['trial']]:.2f}",
            )
        )  # fmt: skip
    columns = ("trial", "drug", "cancer", "given", "endpoint", "hazard ratio", "weak to strong drug",
               "with the chance of its size", "of a drug that does nothing", "with resistant cells")  # fmt: skip
    made = (
        f"{found['patients']:,} patients simulated in each arm, of whom after a relapse only those who have one count; "
        f"strengths frozen as `{found['strengths_sha256'][:16]}`."
    )
    return made + "\n\n" + table(columns, rows)


def lessons() -> str:
    """Lessons with intervals, beside what was expected."""
    from diaspore.inference.strengths.lessons import stored
    from diaspore.validation.registry import load_cases

    case = load_cases()["lessons_of_trials"]
    checks = {check.name: check for check in case.checks}
    rows = []
    for row in stored()["lessons"]:
        check = checks.get(row["check"])
        verdict = "–" if check is None else "yes" if check.tolerance.met(row["value"], check.expected) else "no"
        rows.append((row["words"], f"{row['value']:.3g} ({row['low']:.3g} to {row['high']:.3g})", verdict))
    return table(("in the model", "ratio (95 %)", "as expected"), rows)
