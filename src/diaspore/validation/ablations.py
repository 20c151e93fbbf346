"""Expected signs of ablations, written down from publications before any scene was built, beside what scenes give."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError
from diaspore.tissue.ablation import effects
from diaspore.tissue.scenes.scene import ReadyScene

UNDECIDED = "nothing found"
"""For an expected 0 where the interval is wider than a tenth of the mean: by the rule it agrees, and says little."""


@cache
def expected_signs() -> pd.DataFrame:
    """The list: scene, what is off, outcome, sign, whether it is scored, source, evidence, what was seen, note."""
    with resources.files("diaspore.validation").joinpath("data", "ablation_signs.csv").open(encoding="utf-8") as lines:
        return pd.read_csv(lines, keep_default_na=False)


def signs_of(scene: ReadyScene) -> pd.DataFrame:
    """Rows of the list that speak of a scene, with the measure that stands for each outcome.

    Raises:
        InputError: the scene has no measure for one of them, or speaks of one that is not there.
    """
    rows = expected_signs()
    rows = rows[rows["scene"] == scene.name.replace("-", "_")].copy()
    asked = set(zip(rows["off"], rows["outcome"], strict=True))
    if asked != set(scene.expected):
        missing, more = asked - set(scene.expected), set(scene.expected) - asked
        raise InputError(f"has no measure for {sorted(missing)}, or one too many: {sorted(more)}", field=scene.name)
    rows["measure"] = [scene.expected[pair] for pair in zip(rows["off"], rows["outcome"], strict=True)]
    return rows


def compared(scene: ReadyScene, runs: pd.DataFrame) -> pd.DataFrame:
    """Expected signs of a scene beside those of finished runs.

    ``agrees`` is True, False, or None where not run; ``verdict`` the same in words. By the rule that was written down
    with the list an expected 0 agrees where nothing was found; the words tell whether that was for want of runs.
    """
    found = effects(runs).set_index(["ablation", "measure"])
    rows = signs_of(scene)
    signs: list[str] = []
    intervals: list[str] = []
    agrees: list[bool | None] = []
    within: list[bool] = []
    for row in rows.to_dict("records"):
        key = (row["off"], row["measure"])
        if key not in found.index:
            signs.append("")
            intervals.append("")
            agrees.append(None)
            within.append(False)
            continue
        effect = found.loc[key]
        signs.append(effect["sign"])
        intervals.append(
            f"{effect['as_is']:.3g} to {effect['without']:.3g} ({effect['low']:+.3g} to {effect['high']:+.3g})"
        )
        agrees.append(bool(effect["sign"] == row["sign"]))
        within.append(bool(effect["within"]))
    rows = rows.assign(obtained=signs, effect=intervals, agrees=agrees, within=within)
    return rows.assign(verdict=[_verdict(row) for row in rows.to_dict("records")])


def _verdict(row: dict[str, Any]) -> str:
    if row["scored"] != "yes":
        return "not scored"
    if row["agrees"] is None:
        return "not run"
    if not row["agrees"]:
        return "differs"
    return "agrees" if row["sign"] != "0" or row["within"] else UNDECIDED


def agreement(tables: list[pd.DataFrame]) -> tuple[int, int]:
    """Signs that are scored and agree, and all that are scored."""
    scored = pd.concat(tables)
    scored = scored[(scored["scored"] == "yes") & scored["agrees"].notna()]
    return int(np.sum(scored["agrees"].astype(bool))), len(scored)


def decided(tables: list[pd.DataFrame]) -> tuple[int, int]:
    """The same without expected zeros whose interval is wider than a tenth: signs that say something."""
    scored = pd.concat(tables)
    return int(np.sum(scored["verdict"] == "agrees")), int(np.sum(scored["verdict"].isin(["agrees", "differs"])))
