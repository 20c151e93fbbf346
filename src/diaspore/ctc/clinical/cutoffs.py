"""Published cut-offs by cancer and setting, with the evidence that was read for them (table ``ctc_cutoffs``)."""

from __future__ import annotations

from dataclasses import dataclass

from diaspore.core.errors import InputError, nearest_name
from diaspore.knowledge.load import Row, table

SETTINGS = ("metastatic", "early", "extensive", "limited")


@dataclass(frozen=True)
class Cutoff:
    """A count from which the outlook is called worse.

    Attributes:
        cancer, setting, assay: for which it was published.
        count: events. volume: of blood that was looked through (mL).
        row: of the table. evidence: the other rows of this cancer and setting; recalled ones are graded assumed.
    """

    cancer: str
    setting: str
    assay: str
    count: int
    volume: float
    row: Row
    evidence: tuple[Row, ...]

    @property
    def per_ml(self) -> float:
        """The cut-off as a concentration (1/mL)."""
        return self.count / self.volume


def cutoffs(cancer: str | None = None, *, recalled: bool = False) -> tuple[Cutoff, ...]:
    """Cut-offs, of one cancer or all; the first of a cancer is the one taken when no setting is named.

    Args:
        cancer: its name, or None for all. recalled: with evidence that is only recalled.

    Raises:
        InputError: no cut-off is known for this cancer.
    """
    rows = table("ctc_cutoffs")
    known = tuple(dict.fromkeys(row["cancer"] for row in rows))
    if cancer is not None and cancer not in known:
        problem = f"no cut-off is known for {cancer!r}"
        raise InputError(problem, field="cancer", allowed=known, nearest=nearest_name(cancer, known))
    found = []
    for row in rows:
        if row["quantity"] != "cut-off" or cancer not in (None, row["cancer"]):
            continue
        evidence = tuple(
            one
            for one in rows
            if (one["cancer"], one["setting"]) == (row["cancer"], row["setting"])
            and one is not row
            and (recalled or one.grade != "assumed")
        )
        found.append(
            Cutoff(
                row["cancer"], row["setting"], row["assay"], int(row.value), row.number("blood_ml"), row, evidence
            )
        )  # fmt: skip
    return tuple(found)


def cutoff(cancer: str, setting: str | None = None) -> Cutoff:
    """The cut-off of a cancer in a setting; without one, of its advanced stage.

    Raises:
        InputError: no such cancer or setting.
    """
    found = cutoffs(cancer)
    if setting is None:
        return found[0]
    names = tuple(one.setting for one in found)
    if setting not in names:
        problem = f"no cut-off is known for {cancer} in the setting {setting!r}"
        raise InputError(problem, field="setting", allowed=names, nearest=nearest_name(setting, names))
    return found[names.index(setting)]
