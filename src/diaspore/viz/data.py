"""What the pictures read: the tables of one run, each read once, and the few facts that several pictures share."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diaspore.cohort.compare import is_locoregional
from diaspore.cohort.remarks import borrowed_parameters, course_is_lost
from diaspore.core.runstore import Run
from diaspore.core.words import whole_years
from diaspore.viz import style

if TYPE_CHECKING:
    import xarray as xr


class RunData:
    """The tables of a run, read on first use and kept."""

    def __init__(self, run: Run | str | Path) -> None:
        self.run = run if isinstance(run, Run) else Run.open(run)

    @cached_property
    def name(self) -> str:
        """Name of the run for titles."""
        return str(self.run.manifest.get("name", self.run.path.name))

    @cached_property
    def source(self) -> str:
        """Footnote that tells which run a picture shows."""
        text = f"run {self.name}, seed {self.run.manifest.get('seed', '–')}"
        borrowed = borrowed_parameters(self.run)
        return text if borrowed is None else f"{text} · {borrowed}"

    @cached_property
    def patients(self) -> pd.DataFrame:
        """The patients table, ordered by patient."""
        return self.run.table("patients").sort_values("patient", kind="stable").reset_index(drop=True)

    @cached_property
    def lesions(self) -> pd.DataFrame:
        """The lesions table, with ``site`` as a categorical; an empty one when the run has none."""
        return self._table("lesions")

    @cached_property
    def visits(self) -> pd.DataFrame:
        """The visits table."""
        return self._table("visits")

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """The ledger table."""
        return self._table("ledger")

    @cached_property
    def course(self) -> xr.Dataset | None:
        """The time courses, or None."""
        return self.run.course()

    @property
    def course_is_lost(self) -> bool:
        """Whether the run once had time courses."""
        return course_is_lost(self.run)

    @cached_property
    def distant(self) -> pd.DataFrame:
        """The lesions outside the primary's bed and its regional nodes."""
        lesions = self.lesions
        if lesions.empty:
            return lesions
        names = lesions["site"].cat.categories
        away = [name for name in names if not is_locoregional(str(name))]
        return lesions[lesions["site"].isin(away)]

    @cached_property
    def examined(self) -> pd.DataFrame:
        """The patients whose nodes were examined: only they can be node-positive or -negative."""
        return self.patients[self.patients["nodes_examined"].to_numpy() > 0]

    @cached_property
    def size(self) -> int:
        """Number of patients."""
        known = self.run.summary.get("patients")
        return len(self.patients) if known is None else int(known)

    @cached_property
    def sex(self) -> str:
        """'female', 'male', or 'both'."""
        found = {str(value) for value in self.patients["sex"].unique()}
        return found.pop() if len(found) == 1 else "both"

    @cached_property
    def primary(self) -> str:
        """Organ of the primary; the commonest in a mixed population."""
        counts = self.patients["primary"].astype(str).value_counts()
        return str(counts.index[0]) if len(counts) else ""

    @cached_property
    def site_palette(self) -> dict[str, str]:
        """A colour for every site of the run, the same in all of its pictures."""
        names = [] if self.lesions.empty else [str(name) for name in self.lesions["site"].cat.categories]
        if self.course is not None:
            names += [str(name) for name in self.course["site"].values]
        return style.site_colours(sorted(set(names)))

    @cached_property
    def detected(self) -> dict[str, NDArray[np.int64]]:
        """Distant site -> patients with a detected metastasis there, the commonest site first."""
        if self.distant.empty:
            return {}
        seen = self.distant[self.distant["detected_d"].notna()]
        pairs = seen[["site", "patient"]].drop_duplicates()
        found = {str(site): part.to_numpy() for site, part in pairs.groupby("site", observed=True)["patient"]}
        return dict(sorted(found.items(), key=lambda item: (-item[1].size, item[0])))

    def patient(self, number: int) -> pd.Series:
        """One row of the patients table."""
        return self.patients.iloc[int(np.flatnonzero(self.patients["patient"].to_numpy() == number)[0])]

    def lesions_of(self, number: int) -> pd.DataFrame:
        """The lesions of one patient."""
        lesions = self.lesions
        return lesions if lesions.empty else lesions[lesions["patient"] == number]

    def visits_of(self, number: int) -> pd.DataFrame:
        """The visits of one patient, in order."""
        visits = self.visits
        return visits if visits.empty else visits[visits["patient"] == number].sort_values("day")

    def course_of(self, number: int) -> xr.Dataset | None:
        """The course of one patient, cut where it ends (death or end of observation), or None."""
        course = self.course
        if course is None or number not in course["patient"].values:
            return None
        own = course.sel(patient=number).load()
        known = np.isfinite(own["primary_mm3"].to_numpy())
        return own.isel(time=known) if known.any() else None

    def telling_patient(self) -> int:
        """The patient to show when one is to stand for the run: the one with most metastatic sites, then the first."""
        table = self.patients
        order = np.lexsort((table["patient"], -table["metastases_seeded"], -table["sites_with_metastasis"]))
        return int(table["patient"].iloc[order[0]])

    def _table(self, name: str) -> pd.DataFrame:
        if name not in self.run.tables():
            return pd.DataFrame()
        table = self.run.table(name)
        if "site" in table and not isinstance(table["site"].dtype, pd.CategoricalDtype):
            table["site"] = table["site"].astype("category")
        return table


def patient_title(row: pd.Series) -> str:
    """'Patient 7: breast cancer, T2 N1 M0, stage II'."""
    stage = f"{row['t_stage']} {row['n_stage']} {row['m_stage']}, stage {row['stage_group']}"
    return f"Patient {row['patient']}: {style.cancer(str(row['primary']))}, {stage}"


def patient_subtitle(row: pd.Series) -> str:
    """Age, size and outcome in one line."""
    parts = [
        f"{'woman' if row['sex'] == 'female' else 'man'} aged {whole_years(float(row['age_at_diagnosis_y']))}",
        f"primary {row['diameter_at_diagnosis_mm']:.0f} mm",
        nodes_text(row),
    ]
    if np.isfinite(row["relapse_d"]):
        distant = row["relapse_kind"] == "distant" and str(row["relapse_site"])
        site = f" ({style.label(str(row['relapse_site'])).lower()})" if distant else ""
        parts.append(f"{row['relapse_kind']} relapse{site} {style.year_text(float(row['relapse_d']))}")
    elif row["m_stage"] != "M1":
        parts.append("no relapse")
    parts.append(outcome(row))
    return " · ".join(parts)


def nodes_text(row: pd.Series) -> str:
    """'2 of 19 nodes positive', or that none was examined."""
    if not row["nodes_examined"] > 0:
        return "nodes not examined"
    return f"{row['nodes_positive']:.0f} of {style.plural(row['nodes_examined'], 'node')} positive"


def living(lesions: pd.DataFrame) -> pd.DataFrame:
    """Lesions whose life is known from seeding on: all but those that died out, on a day that no table holds.

    One that was detected before it died out stays: it lived at least until then.
    """
    if lesions.empty:
        return lesions
    return lesions[(lesions["fate"].astype(str) != "extinct") | lesions["detected_d"].notna()]


def outcome(row: pd.Series) -> str:
    """How the observation of a patient ended."""
    if np.isfinite(row["death_d"]):
        cause = "the cancer" if row["death_cause"] == "cancer" else "another cause"
        return f"died of {cause} {style.year_text(float(row['death_d']))}"
    return f"alive {style.year_text(float(row['followup_d']))}"
