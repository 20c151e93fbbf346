"""The ready cancers: site, sexes, names in the fits, stations that surgery removes, and where values come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diaspore.knowledge.load import fact

VERSION = "2026.1"


@dataclass(frozen=True)
class Ready:
    """A cancer with a parameter set and a cohort of its own.

    Attributes:
        name: of the parameter set and of the cohort.
        title: in words.
        site: of the primary in the engine.
        sexes: of its patients.
        tropism: name of its row in the fit ``tropism``.
        seer: its unit in the fit ``seer``, or "".
        growth: key of the fact that gives the volume doubling time.
        stations: lymph-node stations that an operation removes.
    """

    name: str
    title: str
    site: str
    sexes: tuple[str, ...]
    tropism: str
    seer: str
    growth: str
    stations: tuple[str, ...]

    def number(self, quantity: str, unit: str) -> float:
        """What table ``ready_cancers`` says of a quantity, as a number in ``unit``.

        Raises:
            InputError: the table does not say.
        """
        return fact(f"ready.{self.name}.{quantity}").to(unit)


_BOTH = ("female", "male")
_ROWS = (
    Ready("colorectal", "Colorectal cancer", "bowel", _BOTH, "colorectal", "colon", "growth.szczurek_dt.colon",
          ("pericolic", "intermediate", "apical")),
    Ready("nsclc", "Non-small cell lung cancer", "lung", _BOTH, "nsclc", "nsclc", "growth.tvdt.nsclc",
          ("hilar", "mediastinal")),
    Ready("prostate", "Prostate cancer", "prostate", ("male",), "prostate", "", "ready.prostate.doubling_time",
          ("obturator_internal_iliac", "external_iliac")),
    Ready("pancreas", "Pancreatic cancer", "pancreas", _BOTH, "pancreas", "pancreas", "growth.szczurek_dt.pancreas",
          ("peripancreatic", "superior_mesenteric", "coeliac")),
    Ready("kidney", "Renal cell carcinoma", "kidney", _BOTH, "kidney", "kidney", "growth.szczurek_dt.kidney",
          ("hilar",)),
    Ready("melanoma", "Melanoma of the skin", "skin", _BOTH, "melanoma", "", "ready.melanoma.doubling_time",
          ("regional_basin",)),
    Ready("ovary", "Ovarian cancer", "ovary", ("female",), "ovary", "", "growth.szczurek_dt.ovary",
          ("pelvic", "para_aortic")),
    Ready("bladder", "Bladder cancer", "bladder", _BOTH, "bladder", "", "growth.szczurek_dt.bladder",
          ("perivesical_obturator", "external_internal_iliac")),
    Ready("stomach", "Stomach cancer", "stomach", _BOTH, "oesophagogastric", "", "growth.szczurek_dt.stomach",
          ("perigastric", "coeliac")),
)  # fmt: skip
READY: Mapping[str, Ready] = {row.name: row for row in _ROWS}
"""Name -> cancer, breast left aside: its sets come from its own fit."""
