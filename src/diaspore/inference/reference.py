"""A reference population: simulated patients, sorted so that those like a real one are found at once.

Patients without metastases at diagnosis who had surgery are sorted by diameter; those of one class of positive nodes
and one group are picked out when they are first asked for. Running sums of every outcome over that order make the mean
of any window of neighbours two look-ups. Several runs (draws of the parameters' posterior) may be joined; the spread
between them is what the parameters leave open.

What is needed of a run fits into a small file (`Extract`), one bit for each outcome of a patient, so that a population
of 100,000 is read in a fraction of a second. This module imports neither pandas nor the engine.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from diaspore.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from diaspore.core.runstore import Run

NODE_CLASSES = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 6), (7, 9), (10, 10**6))
ANY_NODES = -1  # the class of a patient whose nodes are not known
YEARS = (1, 2, 3, 5, 7, 10, 15, 20)
YEAR = 365.25
LOCAL = ("local", "regional_nodes")
LAYOUT = 1  # of the files of extracts


@dataclass(frozen=True)
class Sorted:
    """Patients of one class of nodes and one run, by ascending diameter.

    Attributes:
        ln_diameter: (n,) ln mm.
        sums: (n + 1, outcomes) running sums of the outcomes.
        burden: (n,) occult distant burden at diagnosis, mm3.
    """

    ln_diameter: np.ndarray
    sums: np.ndarray
    burden: np.ndarray


@dataclass(frozen=True)
class Mortality:
    """Death of other causes, as Gompertz's law of the model: level (1/day at 60 years) and doubling time (day)."""

    level: float
    doubling: float

    def survival(self, age_years: np.ndarray, years: float) -> np.ndarray:
        """Chance of not dying of other causes within some years, from an age."""
        slope = np.log(2.0) / self.doubling
        hazard = self.level * np.exp(slope * (np.asarray(age_years, dtype=float) - 60.0) * YEAR)
        result: np.ndarray = np.exp(-hazard * np.expm1(slope * years * YEAR) / slope)
        return result


@dataclass(frozen=True)
class Extract:
    """What a prediction needs of one run.

    Attributes:
        outcomes: names of the outcomes. groups: names of groups.
        ln_diameter: (n,) ascending, ln mm. nodes: (n,) positions in `NODE_CLASSES`. group: (n,) positions in `groups`,
            -1 without groups. burden: (n,) occult distant burden at diagnosis, mm3.
        bits: (n, bytes) outcomes, packed.
        mortality: death of other causes; None where groups differ in it.
    """

    outcomes: tuple[str, ...]
    groups: tuple[str, ...]
    ln_diameter: np.ndarray
    nodes: np.ndarray
    group: np.ndarray
    burden: np.ndarray
    bits: np.ndarray
    mortality: Mortality | None

    @classmethod
    def of(cls, run: Run) -> Extract:
        """From a finished run.

        Raises:
            InputError: a run of another version, or without patients who could be compared.
        """
        shares, who = _outcomes(run)
        size = np.log(who["diameter"].to_numpy(dtype=float))
        if not len(size):
            raise InputError("no patient of the reference population had surgery and no metastases", field="reference")
        order = np.argsort(size, kind="stable")
        words = who["group"].to_numpy(dtype=str)
        groups = tuple(sorted(set(words) - {""}))
        return cls(
            tuple(shares.columns),
            groups,
            size[order],
            node_class(who["nodes"].to_numpy(dtype=float))[order].astype(np.int8),
            np.array([groups.index(word) if word else -1 for word in words[order]], dtype=np.int16),
            who["burden"].to_numpy(dtype=np.float32)[order],
            np.packbits(shares.to_numpy(dtype=bool)[order], axis=1),
            _mortality(run),
        )

    def to_bytes(self) -> bytes:
        """As the content of a file."""
        law = self.mortality
        header = {
            "layout": LAYOUT,
            "outcomes": self.outcomes,
            "groups": self.groups,
            "mortality": None if law is None else [law.level, law.doubling],
        }
        stream = io.BytesIO()
        np.savez(
            stream, header=np.frombuffer(json.dumps(header).encode("utf-8"), dtype=np.uint8),
            ln_diameter=self.ln_diameter, nodes=self.nodes, group=self.group, burden=self.burden, bits=self.bits,
        )  # fmt: skip
        return stream.getvalue()

    @classmethod
    def read(cls, file: Path) -> Extract:
        """From a file.

        Raises:
            InputError: the file is torn or of another layout.
        """
        try:
            with np.load(io.BytesIO(file.read_bytes())) as data:
                header = json.loads(bytes(data["header"]))
                arrays = {name: data[name] for name in ("ln_diameter", "nodes", "group", "burden", "bits")}
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise InputError(
                f"no simulated patients can be read here (delete it to have it made again): {error}", file=file
            ) from None
        if header["layout"] != LAYOUT:
            raise InputError(f"has layout {header['layout']}, not {LAYOUT}", file=file)
        law = None if header["mortality"] is None else Mortality(*header["mortality"])
        return cls(tuple(header["outcomes"]), tuple(header["groups"]), **arrays, mortality=law)


@dataclass(frozen=True)
class Reference:
    """A reference population: the extracts of some runs of the same cancer.

    Attributes:
        extracts: of the runs.
        chosen: names of the outcomes that are wanted; None for all.
    """

    extracts: tuple[Extract, ...]
    chosen: frozenset[str] | None = None
    _known: dict[tuple[int, str, int], Sorted] = field(default_factory=dict, repr=False, compare=False)

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.extracts)

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes, all shares of patients; one that a run does not know has not happened there."""
        names = dict.fromkeys(name for extract in self.extracts for name in extract.outcomes)
        return tuple(name for name in names if self.chosen is None or name in self.chosen)

    def only(self, outcomes: Collection[str]) -> Reference:
        """The same patients with some outcomes only, which is quicker."""
        return Reference(self.extracts, frozenset(outcomes))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of groups."""
        return tuple(sorted({name for extract in self.extracts for name in extract.groups}))

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Distant sites with an outcome each."""
        return tuple(name.removeprefix("occult in ") for name in self.outcomes if name.startswith("occult in "))

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Years after diagnosis at which relapse is known."""
        return tuple(y for y in YEARS if f"relapse by {y}" in self.outcomes)

    @property
    def smallest(self) -> float:
        """Smallest diameter, mm."""
        return float(np.exp(min(extract.ln_diameter[0] for extract in self.extracts)))

    @property
    def largest(self) -> float:
        """Largest diameter, mm."""
        return float(np.exp(max(extract.ln_diameter[-1] for extract in self.extracts)))

    @property
    def mortality(self) -> Mortality | None:
        """Death of other causes in the first run; None where its groups differ in it."""
        return self.extracts[0].mortality

    def patients(self, run: int, group: str, nodes: int) -> Sorted:
        """Patients of a run, of a group ("": everybody) and a class of nodes (`ANY_NODES`: all)."""
        key = (run, group, nodes)
        if key not in self._known:
            self._known[key] = self._pick(self.extracts[run], group, nodes)
        return self._known[key]

    def _pick(self, extract: Extract, group: str, nodes: int) -> Sorted:
        mask = np.ones(len(extract.ln_diameter), dtype=bool)
        if group:
            position = extract.groups.index(group) if group in extract.groups else len(extract.groups)
            mask &= extract.group == position
        if nodes != ANY_NODES:
            mask &= extract.nodes == nodes
        bits = extract.bits[mask]
        sums = np.zeros((len(bits) + 1, len(self.outcomes)), dtype=np.int32)
        place = {name: position for position, name in enumerate(extract.outcomes)}
        for column, name in enumerate(self.outcomes):
            if name in place:
                byte, bit = divmod(place[name], 8)
                np.cumsum((bits[:, byte] >> (7 - bit)) & 1, dtype=np.int32, out=sums[1:, column])
        return Sorted(extract.ln_diameter[mask], sums, extract.burden[mask])


def node_class(nodes: np.ndarray) -> np.ndarray:
    """Positions in `NODE_CLASSES` of numbers of positive nodes; `ANY_NODES` where nan."""
    lows = np.array([low for low, _ in NODE_CLASSES])
    known = ~np.isnan(nodes)
    return np.where(known, np.searchsorted(lows, np.where(known, nodes, 0.0), side="right") - 1, ANY_NODES)


def reference_population(runs: Sequence[Run]) -> Reference:
    """The reference population of some finished runs of the same cancer.

    Raises:
        InputError: a run without patients who could be compared.
    """
    return Reference(tuple(Extract.of(run) for run in runs))


def _mortality(run: Run) -> Mortality | None:
    """Death of other causes of a run; None where its groups differ in it."""
    from diaspore.body.compile import compile_patient
    from diaspore.cohort.engine import described
    from diaspore.cohort.spec import CohortSpec
    from diaspore.core.spec import spec_from_dict

    spec: Any = spec_from_dict(run.spec)
    members = [described(spec, group) for group in spec.groups] if isinstance(spec, CohortSpec) else []
    laws = set()
    for member in members or [spec]:
        scalar = compile_patient(member, 1).values.scalar[0]
        level = scalar["mortality_other_level_male" if member.sex == "male" else "mortality_other_level_female"]
        laws.add(Mortality(float(level), float(scalar["mortality_other_doubling"])))
    return laws.pop() if len(laws) == 1 else None


def _outcomes(run: Run) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What became of the comparable patients of a run (shares, 0 or 1), and what is known of them."""
    import pandas as pd

    patients, lesions = run.table("patients"), run.table("lesions")
    missing = sorted({"distant_relapse_d", "nodes_examined", "relapse_site"} - set(patients.columns))
    if missing:
        raise InputError(f"{run.path} has no column {missing[0]}: it was made by another version", field="reference")
    who = patients[(patients["m_stage"].astype(str) == "M0") & (patients["nodes_examined"] > 0)].set_index("patient")
    site = lesions["site"].astype(str)
    mine = lesions["patient"].isin(who.index)
    there = mine & (lesions["seeded_d"] <= 0.0)
    distant = there & ~site.isin(LOCAL)
    awake = distant & (lesions["waking_d"] <= 0.0)
    result: dict[str, Any] = {}

    def anyone(mask: pd.Series) -> np.ndarray:
        return np.asarray(who.index.isin(lesions.loc[mask, "patient"].unique()), dtype=float)

    result["occult metastasis"] = anyone(distant)
    result["growing metastasis"] = anyone(awake)
    result["only dormant"] = result["occult metastasis"] * (1.0 - result["growing metastasis"])
    for name in sorted(set(site[distant])):
        result[f"occult in {name}"] = anyone(distant & (site == name))
    result["missed node"] = (who["nodes_involved"] > who["nodes_positive"]).to_numpy(dtype=float)
    relapse, far = who["relapse_d"].to_numpy(), who["distant_relapse_d"].to_numpy()
    where = who["relapse_site"].astype(str).to_numpy()
    cause = who["death_cause"].astype(str).to_numpy()
    death = np.where(cause == "cancer", who["death_d"], np.nan)
    other = np.where((cause == "other") & np.isnan(relapse), who["death_d"], np.nan)
    followed = float(patients["followup_d"].max())
    for year in (y for y in YEARS if y * YEAR <= followed + 1.0):
        result[f"relapse by {year}"] = (relapse <= year * YEAR).astype(float)
        result[f"distant metastasis by {year}"] = (far <= year * YEAR).astype(float)
        result[f"death of the cancer by {year}"] = (death <= year * YEAR).astype(float)
        result[f"other death before relapse by {year}"] = (other <= year * YEAR).astype(float)
        for name in sorted(set(where[~np.isnan(relapse)])):
            result[f"first relapse in {name} by {year}"] = ((relapse <= year * YEAR) & (where == name)).astype(float)
    size = lesions["diameter_at_diagnosis_mm"].where(awake).fillna(0.0)
    volume = (np.pi / 6.0 * size**3).groupby(lesions["patient"]).sum()
    known = pd.DataFrame(
        {
            "diameter": who["diameter_at_diagnosis_mm"].to_numpy(),
            "nodes": who["nodes_positive"].to_numpy(),
            "burden": volume.reindex(who.index, fill_value=0.0).to_numpy(),
            "group": who["group"].astype(str).to_numpy() if "group" in who else "",
        }
    )
    return pd.DataFrame(result), known
