"""Results of a run in words and numbers: one patient's course, and the figures of a population."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from diaspore.core.runstore import Run

DAYS_PER_YEAR = 365.25
COURSE = ("when", "age", "what")
FIGURES = ("population", "")


def is_population(run: Run) -> bool:
    """Whether a run has the tables that this module reads."""
    return run.manifest.get("kind") == "patient" and "patients" in run.tables()


def telling_patient(run: Run) -> int:
    """The patient to show when one is to stand for the run: most metastatic sites, then most metastases."""
    order = run.table("patients").sort_values(
        ["sites_with_metastasis", "metastases_seeded", "patient"], ascending=[False, False, True]
    )
    return int(order["patient"].iloc[0])


def patient_title(run: Run, number: int) -> str:
    """Who the patient is, in one line."""
    row = _row(run, number)
    person = "woman" if row["sex"] == "female" else "man"
    age = float(row["age_at_diagnosis_y"])
    return f"Patient {number}: a {person} of {math.floor(age)} with a tumour of the {_name(row['primary'])}"


def patient_course(run: Run, number: int) -> list[tuple[str, str, str]]:
    """What happened to one patient, in order: when, age, what."""
    row = _row(run, number)
    lesions = run.table("lesions")
    lesions = lesions[lesions["patient"] == number]
    nodal = lesions[lesions["site"] == "regional_nodes"]
    distant = lesions[~lesions["site"].isin([row["primary"], "regional_nodes"])]
    events: list[tuple[float, int, str]] = [
        (
            float(row["inception_d"]),
            0,
            f"the first cell of the tumour, which doubles in {row['doubling_time_d']:.0f} days when it is found",
        ),
        *_seeding(nodal, distant),
        (0.0, 2, _diagnosis(row)),
        (0.0, 3, _unseen(row, distant)),
        *_blood(run, number),
        *_surgery(run, row),
        *_relapses(row, distant),
    ]
    end = float(row["followup_d"])
    events = [event for event in events if event[2] and event[0] <= end]
    events.append((end, 9, _end(row, distant)))
    birth = float(row["age_at_diagnosis_y"])
    return [
        (_when(day), f"{math.floor(birth + day / DAYS_PER_YEAR)}", text)
        for day, _, text in sorted(events, key=lambda event: event[:2])
    ]


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
        ("with positive nodes, of those without metastasis", _percent(summary["node_positive_m0"])),
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
    rows.append(("positive nodes, of those without metastasis", *(_percent(s["node_positive_m0"]) for s in strata)))
    for key, text in (
        ("relapse", "relapse, of those without metastasis"),
        ("distant_relapse", "distant metastasis found later, of those without"),
        ("overall_survival", "alive"),
        ("cancer_death", "died of the cancer"),
    ):
        for year in (y for y in ("5", "10") if y in summary[key]):
            rows.append((f"{text}, {year} years", *(_percent(s[key][year]) for s in strata)))
    return ("cohort", "all", *summary["groups"]), rows


def _row(run: Run, number: int) -> pd.Series:
    patients = run.table("patients")
    return patients[patients["patient"] == number].iloc[0]


def _seeding(nodal: pd.DataFrame, distant: pd.DataFrame) -> list[tuple[float, int, str]]:
    """When the first cells settled in nodes and elsewhere, and how many colonies followed."""
    found = []
    for lesions, where in ((nodal, "lymph node"), (distant, "")):
        if lesions.empty:
            continue
        first = lesions.sort_values("seeded_d").iloc[0]
        here = where or _name(first["site"])
        more = len(lesions) - 1
        text = f"the first tumour cell settles in {'a ' if where else 'the '}{here}"
        if more:
            kind = "node deposit" if where else "distant settler"
            text += f"; {more} more {kind}{'s' if more > 1 else ''} until the end"
        found.append((float(first["seeded_d"]), 1, text))
    return found


def _diagnosis(row: pd.Series) -> str:
    how = {"screen": "found by screening", "clinical": "found by symptoms"}.get(str(row["detection"]), "found")
    stage = f"{row['t_stage']} {row['n_stage']} {row['m_stage']}, stage {row['stage_group']}"
    return f"the tumour is {how} at {row['diameter_at_diagnosis_mm']:.0f} mm: {stage}"


def _unseen(row: pd.Series, distant: pd.DataFrame) -> str:
    number = int(row["occult_metastases"])
    if number == 0:
        return ""
    text = f"unseen: {number} growing metastas{'i' if number == 1 else 'e'}s"
    largest = distant["diameter_at_diagnosis_mm"].max()
    return text + (f", the largest of {largest:.1f} mm" if math.isfinite(largest) and number > 1 else "")


def _blood(run: Run, number: int) -> list[tuple[float, int, str]]:
    visits = run.table("visits")
    first = visits[(visits["patient"] == number) & (visits["kind"] == "diagnosis")]
    if first.empty:
        return []
    row = first.iloc[0]
    count = int(row["ctc_count"])
    cells = f"{count} tumour cell{'' if count == 1 else 's'}" if count else "no tumour cell"
    return [(float(row["day"]), 4, f"a tube of {row['tube_ml']:g} mL blood holds {cells}")]


def _surgery(run: Run, row: pd.Series) -> list[tuple[float, int, str]]:
    surgery: Mapping[str, Any] = run.spec.get("surgery", {})
    if surgery.get("only_m0", True) and row["m_stage"] == "M1":
        return []
    days: dict[float, list[str]] = {}
    if "primary" in surgery:
        days.setdefault(_day(surgery["primary"]["at"]), []).append("the tumour is removed")
    if "nodes" in surgery:
        nodes = f"{row['nodes_positive']:.0f} of {row['nodes_examined']:.0f} lymph nodes taken out hold tumour"
        days.setdefault(_day(surgery["nodes"]["at"]), []).append(nodes)
    return [(day, 5, "; ".join(texts)) for day, texts in days.items()]


def _relapses(row: pd.Series, distant: pd.DataFrame) -> list[tuple[float, int, str]]:
    found = []
    relapse = float(row["relapse_d"])
    if math.isfinite(relapse):
        site = str(row["relapse_site"])
        where = f" in the {_name(site)}" if row["relapse_kind"] == "distant" else ""
        found.append((relapse, 6, f"{row['relapse_kind']} relapse{where}"))
    for name, part in distant[distant["detected_d"].notna()].groupby("site", observed=True):
        day = max(0.0, float(part["detected_d"].min()))
        if not (row["relapse_kind"] == "distant" and name == row["relapse_site"] and abs(day - relapse) < 1):
            found.append((day, 7, f"a metastasis is found in the {_name(name)}"))
    return found


def _end(row: pd.Series, distant: pd.DataFrame) -> str:
    if row["death_cause"] == "cancer":
        site = str(row["death_site"])
        where = " (all lesions together)" if site == "total" else f" (lesions of the {_name(site)})"
        text = "death from the cancer" + where
    elif row["death_cause"] == "other":
        text = "death from another cause"
    else:
        text = "alive at the end of follow-up"
    asleep = int(distant["fate"].isin(["dormant", "held", "angiogenic_dormant"]).sum())
    return text + (f"; {asleep} of {len(distant)} distant settlers are dormant" if asleep else "")


def _tubes(run: Run) -> list[tuple[str, str]]:
    visits = run.table("visits")
    first = visits[visits["kind"] == "diagnosis"]
    if first.empty:
        return []
    counts, tube = first["ctc_count"], first["tube_ml"].iloc[0]
    shares = ((counts == 0).mean(), counts.between(1, 4).mean(), (counts >= 5).mean())
    return [(f"tumour cells in {tube:g} mL blood at diagnosis: 0, 1–4, ≥ 5", ", ".join(map(_percent, shares)))]


def _by_year(label: str, shares: Mapping[str, float]) -> list[tuple[str, str]]:
    years = [year for year in ("5", "10", "20") if year in shares]
    if not years:
        return []
    return [(f"{label} {', '.join(years)} years", ", ".join(_percent(shares[year]) for year in years))]


def _percent(share: float | None) -> str:
    if share is None or not math.isfinite(share):
        return "–"
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.0995 else f"{100 * share:.2g} %"


def _when(day: float) -> str:
    if day == 0:
        return "diagnosis"
    size = abs(day)
    text = f"{size:.0f} days" if size < 60 else f"{size / DAYS_PER_YEAR:.1f} years"
    return f"{text} {'before' if day < 0 else 'after'}"


def _day(text: object) -> float:
    from diaspore.core.units import parse_quantity

    return parse_quantity(text, "day")


def _name(site: object) -> str:
    return str(site).replace("_", " ")
