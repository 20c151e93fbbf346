"""The report of a series of counts as a document for people."""

from __future__ import annotations

import math

from diaspore.core.citations import format_entry
from diaspore.ctc.clinical.cutoffs import Cutoff
from diaspore.ctc.clinical.document import Document
from diaspore.ctc.clinical.report import Report
from diaspore.knowledge.load import references

RESEARCH = (
    "For research only. This is not a medical device and nothing in it is meant for decisions about a patient."
    " Switching treatment by such counts did not lengthen survival in the trial of metastatic breast cancer that tested"
    " it (CirCe01)."
)
VISITS = (
    "visit",
    "assay",
    "events",
    "mL",
    "95 % interval",
    "per 7.5 mL",
    "category",
    "chance that the mean is at or above the cut-off",
)
CHANGES = ("from", "to", "ratio of concentrations", "95 % interval", "p", "p, all tests (Holm)")


def write_report(report: Report, title: str = "Circulating tumour cells: a series of counts") -> Document:
    """The report with its tables, warnings, evidence and sources."""
    document = Document(title)
    document.add("note", RESEARCH)
    cut = report.cutoff
    if cut is not None:
        document.add(
            "p",
            f"Cut-off: {cut.count} {'event' if cut.count == 1 else 'events'} in {cut.volume:g} mL by CellSearch"
            f" ({cancer_in_words(cut)}; {cut.row.source}; {_plain_note(cut.row.note)}).",
        )
    document.add("h2", "Counts")
    document.add("picture", "Counts with intervals, and the cut-off")
    document.add("table", (VISITS, visit_rows(report)))
    how = "Poisson" if report.size is None else f"negative binomial, size {report.size:g}"
    chance = f" Chance that the mean is at or above the cut-off: {report.prior}." if cut is not None else ""
    document.add("p", f"Intervals: exact, of the mean in the volume drawn ({how}).{chance}")
    if len(report.changes):
        document.add("h2", "Changes between visits")
        document.add("table", (CHANGES, change_rows(report)))
        document.add(
            "p",
            "Exact tests given the sum of both counts; intervals of the ratio are of Poisson counts. A large p does not"
            " show that nothing changed.",
        )
    document.add("h2", "What to bear in mind")
    document.add("list", list(report.warnings))
    if cut is not None:
        document.add("h2", f"What was published for {cancer_in_words(cut)}")
        document.add("table", (("quantity", "endpoint", "value", "patients", "source", "note"), evidence_rows(cut)))
        document.add("h2", "Sources")
        keys = dict.fromkeys([cut.row.source, *(row.source for row in cut.evidence)])
        document.add("list", [f"{key}: {format_entry(references()[key])}" for key in keys])
    return document


def cancer_in_words(cut: Cutoff) -> str:
    """Setting and cancer, as "metastatic breast cancer"."""
    names = {"sclc": "small-cell lung"}
    return f"{cut.setting} {names.get(cut.cancer, cut.cancer)} cancer"


def visit_rows(report: Report) -> list[tuple[str, ...]]:
    """A row of words per visit, under `VISITS`."""
    return [
        (
            str(row["when"]), str(row["assay"]), str(row["count"]), f"{row['volume_ml']:g}",
            f"{figure(row['low'])} to {figure(row['high'])}",
            f"{figure(row['per_tube'])} ({figure(row['tube_low'])} to {figure(row['tube_high'])})",
            str(row["category"] or "–"), share(row["chance_above"]),
        )
        for row in report.visits.to_dict("records")
    ]  # fmt: skip


def change_rows(report: Report) -> list[tuple[str, ...]]:
    """A row of words per pair of visits, under `CHANGES`."""
    rows: list[tuple[str, ...]] = []
    for row in report.changes.to_dict("records"):
        if row["why_not"]:
            rows.append((str(row["from"]), str(row["to"]), str(row["why_not"]), "–", "–", "–"))
            continue
        rows.append(
            (
                str(row["from"]), str(row["to"]), figure(row["ratio"]),
                f"{figure(row['low'])} to {figure(row['high'])}", p_value(row["p"]), p_value(row["p_holm"]),
            )
        )  # fmt: skip
    return rows


def evidence_rows(cut: Cutoff) -> list[tuple[str, ...]]:
    """Rows of words of what was published for a cut-off: quantity, endpoint, value, patients, source, note."""
    rows: list[tuple[str, ...]] = []
    for row in cut.evidence:
        low, high = row.low, row.high
        interval = "" if low is None or high is None else f" ({low:g} to {high:g})"
        unit = {"month": " months", "count": ""}.get(row.unit, "")
        what = row["quantity"]
        if what.endswith((" below", " from")):
            where = f"{row['from_count']} in {row['blood_ml']} mL" if row["blood_ml"] else row["from_count"]
            what = f"{what} {where}"
        elif row["from_count"] != str(cut.count) or row["blood_ml"] != f"{cut.volume:g}":
            volume = f" in {row['blood_ml']} mL" if row["blood_ml"] else ""
            what = f"{what} from {row['from_count']}{volume}"
        recalled = " (recalled)" if row.grade == "assumed" else ""
        rows.append(
            (
                what,
                row["endpoint"],
                f"{row.value:g}{unit}{interval}{recalled}",
                row["n"] or "–",
                row.source,
                _plain_note(row.note),
            )
        )
    return rows


def _plain_note(note: str) -> str:
    return note.replace("no interval known", "").rstrip("; ")


def figure(value: float) -> str:
    """A number with few digits; words for what is not finite."""
    if value != value:
        return "–"
    if math.isinf(value):
        return "no limit"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def share(value: float) -> str:
    """A probability as a percentage, never 0 or 100 % when it is not."""
    if value != value:
        return "–"
    if 0 < value < 0.001 or 0.999 < value < 1:
        return "< 0.1 %" if value < 0.5 else "> 99.9 %"
    return f"{100 * value:.1f} %"


def p_value(value: float) -> str:
    """A p value."""
    return "–" if value != value else "< 0.001" if value < 0.001 else f"{value:.3f}"
