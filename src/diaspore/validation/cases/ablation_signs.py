"""Signs of ablations of all scenes, from the runs stored with the package."""

from __future__ import annotations

from diaspore.tissue.scenes.scene import SCENES, scene
from diaspore.tissue.scenes.stored import read_runs
from diaspore.validation.ablations import agreement, compared
from diaspore.validation.registry import Result


def run() -> Result:
    """Scored signs, and the share that agrees."""
    stored = [(one, *read_runs(one)) for one in map(scene, SCENES) if one.table().is_file()]
    tables = [compared(one, runs) for one, runs, _ in stored]
    result = Result()
    result.add("fresh", float(sum(present for *_, present in stored)), reason="scenes with runs of the present code")
    agree, scored = agreement(tables) if tables else (0, 0)
    result.add("scored", float(scored))
    result.add("agree", agree / scored if scored else float("nan"))
    # "No effect" agrees also where an effect was only too small to be seen, so those that say something stand apart.
    moved = [rows[rows["sign"] != "0"] for rows in tables]
    agree, scored = agreement(moved) if moved else (0, 0)
    result.add("agree_moved", agree / scored if scored else float("nan"), reason=f"{agree} of {scored}")
    return result
