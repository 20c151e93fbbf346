"""A patient's counts with their uncertainty, cut-offs and changes: the figures, and the warnings that go with them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from diaspore.ctc.clinical.change import compare_counts, holm
from diaspore.ctc.clinical.counts import Visit
from diaspore.ctc.clinical.cutoffs import Cutoff
from diaspore.ctc.clinical.poisson import (
    LEVEL,
    PRIOR_IN_WORDS,
    PosteriorOf,
    exact_interval,
    gamma_posterior,
)
from diaspore.knowledge.load import fact

TUBE = 7.5
"""Volume (mL) to which counts are brought."""


@dataclass(frozen=True)
class Report:
    """A report of a series of counts.

    Attributes:
        visits: a row per visit: when, day, count, volume_ml, assay, low, high (exact interval of the mean in that
            volume), per_tube, tube_low, tube_high (the same in 7.5 mL), category, chance_above (that the mean is at or
            above the cut-off), false_events (expected in that volume, missing where no background is known).
        changes: a row per pair of consecutive visits: from, to, ratio, low, high, p, p_holm, and why there is no test.
        warnings: in words. cutoff: applied, or None. prior: of the chance, in words. size: of the negative binomial, or
            None for Poisson counts.
    """

    visits: pd.DataFrame
    changes: pd.DataFrame
    warnings: tuple[str, ...]
    cutoff: Cutoff | None
    prior: str
    size: float | None


def report_counts(
    visits: Sequence[Visit],
    cut: Cutoff | None = None,
    *,
    size: float | None = None,
    posterior: PosteriorOf = gamma_posterior,
    prior: str = PRIOR_IN_WORDS,
) -> Report:
    """Figures of a series of counts.

    Args:
        visits: in the order of time. cut: cut-off, or None for none. size: of a negative binomial about each mean, for
            intervals and tests; left out, counts are of Poisson.
        posterior: of the concentration after a count, and ``prior`` what is said of it; another model of the assay may
            be given here.

    Raises:
        InputError: a size that cannot be.
    """
    rows = []
    for visit in visits:
        low, high = exact_interval(visit.count, LEVEL, size)
        to_tube = TUBE / visit.volume
        category, chance = _against(visit, cut, posterior)
        rows.append(
            {
                "when": visit.when, "day": visit.day, "count": visit.count, "volume_ml": visit.volume,
                "assay": visit.assay, "low": low, "high": high, "per_tube": visit.count * to_tube,
                "tube_low": low * to_tube, "tube_high": high * to_tube, "category": category, "chance_above": chance,
                "false_events": false_events(visit.assay, visit.volume),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    return Report(table, _changes(visits, size), _warnings(visits, cut, size), cut, prior, size)


def false_events(assay: str, volume: float) -> float:
    """Events expected in a volume (mL) of blood without a tumour; NaN where no figure of the assay is at hand."""
    if assay != "cellsearch":
        return math.nan
    return fact("detection.cellsearch.background").value * volume / fact("detection.cellsearch.tube").value


def _against(visit: Visit, cut: Cutoff | None, posterior: PosteriorOf) -> tuple[str, float]:
    if cut is None:
        return "", math.nan
    if visit.assay != cut.assay:
        return f"no cut-off of {visit.assay}", math.nan
    above = visit.count / visit.volume >= cut.per_ml * (1.0 - 1e-12)
    category = f"at or above {cut.count}" if above else f"below {cut.count}"
    return category, posterior(visit.count, visit.volume, visit.assay).above(cut.per_ml)


def _changes(visits: Sequence[Visit], size: float | None) -> pd.DataFrame:
    rows = []
    for before, after in itertools.pairwise(visits):
        row: dict[str, object] = {"from": before.when, "to": after.when}
        if before.assay != after.assay:
            rows.append({**row, "why_not": f"{before.assay} and {after.assay} are not comparable"})
            continue
        found = compare_counts(before.count, before.volume, after.count, after.volume, size=size)
        rows.append({**row, "ratio": found.ratio, "low": found.low, "high": found.high, "p": found.p, "why_not": ""})
    table = pd.DataFrame(rows, columns=["from", "to", "ratio", "low", "high", "p", "why_not"])
    tested = table["p"].notna()
    table["p_holm"] = math.nan
    table.loc[tested, "p_holm"] = holm([float(p) for p in table.loc[tested, "p"]])
    return table


def _warnings(visits: Sequence[Visit], cut: Cutoff | None, size: float | None) -> tuple[str, ...]:
    found = []
    assays = list(dict.fromkeys(visit.assay for visit in visits))
    if len(assays) > 1:
        found.append(
            f"Counts of different assays ({', '.join(assays)}) are not comparable: no change was tested between them."
        )
    volumes = sorted({visit.volume for visit in visits})
    if len(volumes) > 1:
        listed = ", ".join(f"{volume:g}" for volume in volumes)
        found.append(
            f"Volumes differ ({listed} mL). Counts were brought to {TUBE:g} mL; a smaller volume tells less, and its"
            " interval is wider."
        )
    if cut is not None and any(visit.assay == cut.assay and visit.volume != cut.volume for visit in visits):
        found.append(
            f"The cut-off was set on {cut.volume:g} mL of blood; other volumes were compared by concentration."
        )
    known = [visit for visit in visits if visit.assay == "cellsearch"]
    if any(0 < visit.count <= 2 for visit in known):
        expected = false_events("cellsearch", TUBE)
        benign = fact("ctc.benign_positive").value
        found.append(
            "One or two events are of the size of the background: blood of women with benign tumours had an event in"
            f" {benign:.0%} of samples of 30 mL, which is {expected:.2g} false events in {TUBE:g} mL. Such a count"
            " alone does not show that there are tumour cells."
        )
    if any(visit.assay != "cellsearch" for visit in visits):
        found.append("No background or cut-off of assays other than CellSearch is used here.")
    if size is None:
        found.append(
            "Intervals and tests are of chance in drawing blood alone (Poisson). Counts of one patient vary more than"
            " that within hours, and readers differ: true intervals are wider and p values larger."
        )
    return tuple(found)
