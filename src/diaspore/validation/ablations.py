"""Expected signs of ablations, written down from publications before any scene was built, beside what scenes give."""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError
from diaspore.tissue.ablation import effects
from diaspore.tissue.scenes.scene import ReadyScene


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
    """Expected signs of a scene beside those of finished runs; ``agrees`` is True, False, or None where not run."""
    found = effects(runs).set_index(["ablation", "measure"])
    rows = signs_of(scene)
    signs: list[str] = []
    intervals: list[str] = []
    agrees: list[bool | None] = []
    for row in rows.to_dict("records"):
        key = (row["off"], row["measure"])
        if key not in found.index:
            signs.append("")
            intervals.append("")
            agrees.append(None)
            continue
        effect = found.loc[key]
        signs.append(effect["sign"])
        intervals.append(
            f"{effect['as_is']:.3g} to {effect['without']:.3g} ({effect['low']:+.3g} to {effect['high']:+.3g})"
        )
        agrees.append(bool(effect["sign"] == row["sign"]))
    return rows.assign(obtained=signs, effect=intervals, agrees=agrees)


def agreement(tables: list[pd.DataFrame]) -> tuple[int, int]:
    """Signs that are scored and agree, and all that are scored."""
    scored = pd.concat(tables)
    scored = scored[(scored["scored"] == "yes") & scored["agrees"].notna()]
    return int(np.sum(scored["agrees"].astype(bool))), len(scored)
