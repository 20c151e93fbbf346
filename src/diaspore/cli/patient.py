"""What one patient of a run went through, in words: a line for every event."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diaspore.core.words import counted, whole_years

if TYPE_CHECKING:
    import pandas as pd

    from diaspore.core.runstore import Run

DAYS_PER_YEAR = 365.25
COURSE = ("when", "age", "what")
#: lesions in the bed of the primary and in its nodes: no metastases of an organ
NEAR = {"local": "local recurrence", "regional_nodes": "regional nodes"}


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
    age = whole_years(float(row["age_at_diagnosis_y"]))
    return f"Patient {number}: a {person} of {age} with a tumour of the {_name(row['primary'])}"


def patient_course(run: Run, number: int) -> list[tuple[str, str, str]]:
    """What happened to one patient, in order: when, age, what."""
    row = _row(run, number)
    lesions = run.table("lesions")
    lesions = lesions[lesions["patient"] == number]
    nodal = lesions[lesions["site"] == "regional_nodes"]
    distant = lesions[~lesions["site"].isin(list(NEAR))]
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
        *_relapses(row, lesions),
    ]
    end = float(row["followup_d"])
    events = [event for event in events if event[2] and event[0] <= end]
    events.append((end, 9, _end(row, distant)))
    birth = float(row["age_at_diagnosis_y"])
    return [
        (_when(day), f"{whole_years(birth + day / DAYS_PER_YEAR)}", text)
        for day, _, text in sorted(events, key=lambda event: event[:2])
    ]


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
            text += f"; {counted(more, 'more node deposit' if where else 'more distant settler')} until the end"
        found.append((float(first["seeded_d"]), 1, text))
    return found


def _diagnosis(row: pd.Series) -> str:
    how = {"screen": "found by screening", "clinical": "found by symptoms"}.get(str(row["detection"]), "found")
    stage = f"{row['t_stage']} {row['n_stage']} {row['m_stage']}, stage {row['stage_group']}"
    return f"the tumour is {how} at {row['diameter_at_diagnosis_mm']:.0f} mm: {stage}"


def _unseen(row: pd.Series, distant: pd.DataFrame) -> str:
    """What the diagnosis missed; a cell that has not divided has no diameter and is no colony."""
    number = int(row["occult_metastases"])
    sizes = distant.loc[~(distant["detected_d"] <= 0), "diameter_at_diagnosis_mm"]
    sizes = sizes[sizes > 0]
    asleep = max(number - len(sizes), 0)
    parts = []
    if len(sizes):
        largest = f"{', the largest' if len(sizes) > 1 else ''} of {sizes.max():.2g} mm"
        parts.append(counted(len(sizes), "growing metastasis", "growing metastases") + largest)
    if asleep:
        parts.append(counted(asleep, "sleeping cell"))
    return f"unseen: {' and '.join(parts)}" if parts else ""


def _blood(run: Run, number: int) -> list[tuple[float, int, str]]:
    visits = run.table("visits")
    first = visits[(visits["patient"] == number) & (visits["kind"] == "diagnosis")]
    if first.empty:
        return []
    row = first.iloc[0]
    count = int(row["ctc_count"])
    cells = counted(count, "tumour cell") if count else "no tumour cell"
    return [(float(row["day"]), 4, f"a tube of {row['tube_ml']:g} mL blood holds {cells}")]


def _surgery(run: Run, row: pd.Series) -> list[tuple[float, int, str]]:
    surgery: Mapping[str, Any] = run.spec.get("surgery", {})
    if surgery.get("only_m0", True) and row["m_stage"] == "M1":
        return []
    days: dict[float, list[str]] = {}
    if "primary" in surgery:
        days.setdefault(_day(surgery["primary"]["at"]), []).append("the tumour is removed")
    if "nodes" in surgery:
        positive, examined = int(row["nodes_positive"]), int(row["nodes_examined"])
        verb = "holds" if positive == 1 else "hold"
        nodes = f"{positive} of {counted(examined, 'lymph node')} taken out {verb} tumour"
        days.setdefault(_day(surgery["nodes"]["at"]), []).append(nodes)
    return [(day, 5, "; ".join(texts)) for day, texts in days.items()]


def _relapses(row: pd.Series, lesions: pd.DataFrame) -> list[tuple[float, int, str]]:
    """The relapse, and the first lesion found in every other place after diagnosis."""
    found = []
    relapse = float(row["relapse_d"])
    if math.isfinite(relapse):
        site = str(row["relapse_site"])
        where = f" in the {_name(site)}" if row["relapse_kind"] == "distant" else ""
        found.append((relapse, 6, f"{row['relapse_kind']} relapse{where}"))
    # What surgery takes out on the day it is found is part of the diagnosis.
    seen = lesions[lesions["detected_d"].notna() & (lesions["detected_d"] != lesions["removed_d"])]
    for name, part in seen.groupby("site", observed=True):
        near = str(name) in NEAR
        if near:
            part = part[part["detected_d"] > 0]
        if part.empty or (near and row["m_stage"] == "M1"):
            continue
        day = max(0.0, float(part["detected_d"].min()))
        kind = {"local": "local", "regional_nodes": "regional"}.get(str(name), "distant")
        told = row["relapse_kind"] == kind and (near or name == row["relapse_site"]) and abs(day - relapse) < 1
        if not told:
            found.append(
                (day, 7, f"a {kind} recurrence is found" if near else f"a metastasis is found in the {_name(name)}")
            )
    return found


def _end(row: pd.Series, distant: pd.DataFrame) -> str:
    if row["death_cause"] == "cancer":
        site = str(row["death_site"])
        where = " (all lesions together)" if site == "total" else f" (lesions of the {_place(site)})"
        text = "death from the cancer" + where
    elif row["death_cause"] == "other":
        text = "death from another cause"
    else:
        text = "alive at the end of follow-up"
    asleep = int(distant["fate"].isin(["dormant", "held", "angiogenic_dormant"]).sum())
    if not asleep:
        return text
    verb = "is" if asleep == 1 else "are"
    return f"{text}; {asleep} of {counted(len(distant), 'distant settler')} {verb} dormant"


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


def _place(site: str) -> str:
    """A site as part of a sentence, the bed of the primary included."""
    return NEAR.get(site, _name(site))
