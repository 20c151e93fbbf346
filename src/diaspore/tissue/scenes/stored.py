"""Runs of ablations that come with the package, and whether they are of the present code."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from diaspore.core.errors import InputError
from diaspore.tissue.ablation import code_hash
from diaspore.tissue.scenes.scene import ReadyScene

_HEAD = "# code "


def write_runs(runs: pd.DataFrame, file: Path, scene: ReadyScene | None = None) -> None:
    """Write runs as CSV, with the hash of the code and of the scene in the first line; whole or not at all."""
    mark = code_hash(*([] if scene is None else [scene.file]))
    text = f"{_HEAD}{mark}\n" + runs.to_csv(index=False, float_format="%.10g")
    part = file.with_name(file.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def read_runs(scene: ReadyScene) -> tuple[pd.DataFrame, bool]:
    """Stored runs of a scene, and whether they are of the present code and scene.

    Raises:
        InputError: none are stored.
    """
    file = scene.table()
    if not file.is_file():
        raise InputError(
            f"no runs of {scene.name} are stored", field="file", allowed="leave out --stored, which computes them"
        )
    with file.open(encoding="utf-8") as stream:
        mark = stream.readline().removeprefix(_HEAD).strip()
        runs = pd.read_csv(stream)
    return runs, mark == code_hash(scene.file)
