"""Results of a population in words and numbers; what one patient went through is in :mod:`diaspore.cli.patient`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diaspore.core.words import counted

if TYPE_CHECKING:
    from diaspore.core.runstore import Run

FIGURES = ("population", "")


def is_population(run: Run) -> bool:
    """Whether a run has the tables that this module reads."""
    return run.manifest.get("kind") == "patient" and "patients" in run.tables()


def population_rows(run: Run) -> list[tuple[str, str]]:
    """The figures of a population: what, value."""
    summary = run.summary
    patients = run.table("patients")
    n = len(patients)
    m0 = patients["m_stage"] == "M0"
    rows = [
        ("patients", f"{n:,}"),
        ("age at diagnosis, mean", f"{patients['age_at_diagnosis_y'].mean():.0f} years"),
        ("diameter at diagnosis, median", f"{summary['median_diameter_mm']:.0f} mm"),
        ("stage I, II, III, IV", ", ".join(_percent(count / n) for count in summary["stage"].values())),
        ("with positive nodes, of those without metastasis", _examined(summary["node_positive_m0"])),
        ("with a metastasis at diagnosis", _percent(summary["metastatic_at_diagnosis"])),
        *_by_year("distant metastasis found later, of those without metastasis, after", summary["distant_relapse_m0"]),
        *_by_year("alive without relapse after", summary["relapse_free_survival_m0"]),
        *_by_year("alive after", summary["overall_survival"]),
        *_by_year("died of the cancer after", summary["cancer_death"]),
    ]
    sites = sorted(summary["sites"].items(), key=lambda item: (-item[1], item[0]))
    if sites:
        shown = ", ".join(f"{_name(name)} {_percent(share)}" for name, share in sites[:6])
        rows.append(("patients with a metastasis found in", shown))
    rows += _tubes(run)
    ledger: Mapping[str, float] = summary["ledger"]
    if ledger["shed"] > 0:
        rows += [
            ("cells shed by all tumours", f"{ledger['shed']:.1e}".replace("e+", "e")),
            ("cells and clusters that founded a colony", f"{ledger['taken']:,.0f}"),
            ("colonies detected", f"{ledger['detected']:,.0f}"),
        ]
    if int(m0.sum()) == 0:
        rows = [row for row in rows if "without metastasis" not in row[0]]
    return rows


def cohort_rows(run: Run) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The figures of a cohort and of its groups: heads of columns, and rows."""
    summary = run.summary
    strata: list[Mapping[str, Any]] = [summary, *summary["groups"].values()]
    rows: list[tuple[str, ...]] = [("members", *(f"{s['patients']:,}" for s in strata))]
    for word in summary["stage"]:
        rows.append((f"stage {word}", *(_percent(s["stage"][word] / s["patients"]) for s in strata)))
    rows.append(("positive nodes, of those without metastasis", *(_examined(s["node_positive_m0"]) for s in strata)))
    for key, text in (
        ("relapse", "relapse, of those without metastasis"),
        ("distant_relapse", "distant metastasis found later, of those without"),
        ("overall_survival", "alive"),
        ("cancer_death", "died of the cancer"),
    ):
        for year in [y for y in ("5", "10") if y in summary[key]] or list(summary[key])[-1:]:
            rows.append((f"{text}, {counted(int(year), 'year')}", *(_percent(s[key][year]) for s in strata)))
    return ("cohort", "all", *summary["groups"]), rows


def _tubes(run: Run) -> list[tuple[str, str]]:
    visits = run.table("visits")
    first = visits[visits["kind"] == "diagnosis"]
    if first.empty:
        return []
    counts, tube = first["ctc_count"], first["tube_ml"].iloc[0]
    shares = ((counts == 0).mean(), counts.between(1, 4).mean(), (counts >= 5).mean())
    return [(f"tumour cells in {tube:g} mL blood at diagnosis: 0, 1–4, ≥ 5", ", ".join(map(_percent, shares)))]


def _by_year(label: str, shares: Mapping[str, float]) -> list[tuple[str, str]]:
    years = [year for year in ("5", "10", "20") if year in shares] or list(shares)[-1:]  # of a short run its last
    if not years:
        return []
    unit = "year" if years == ["1"] else "years"
    return [(f"{label} {', '.join(years)} {unit}", ", ".join(_percent(shares[year]) for year in years))]


def _percent(share: float | None) -> str:
    if share is None or not math.isfinite(share):
        return "–"
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.0995 else f"{100 * share:.2g} %"


def _examined(share: float | None) -> str:
    """A share of patients whose nodes were examined."""
    return "not examined" if share is None else _percent(share)


def _name(site: object) -> str:
    return str(site).replace("_", " ")
