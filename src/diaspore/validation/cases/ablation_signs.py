"""Signs of ablations of all scenes, from the runs stored with the package."""

from __future__ import annotations

from diaspore.tissue.scenes.scene import SCENES, scene
from diaspore.tissue.scenes.stored import read_runs
from diaspore.validation.ablations import agreement, compared
from diaspore.validation.registry import Result


def run() -> Result:
    """Scored signs, and the share that agrees."""
    tables = [compared(one, read_runs(one)[0]) for one in map(scene, SCENES) if one.table().is_file()]
    result = Result()
    agree, scored = agreement(tables) if tables else (0, 0)
    result.add("scored", float(scored))
    result.add("agree", agree / scored if scored else float("nan"))
    return result
