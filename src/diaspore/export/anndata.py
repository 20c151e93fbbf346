"""Cells as a table of annotated data (.h5ad), such as scanpy and squidpy read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from diaspore.core.errors import InputError
from diaspore.tissue.results import STATES, levels, states

if TYPE_CHECKING:
    from diaspore.core.progress import Progress
    from diaspore.tissue.results import Tissue


def write_anndata(tissue: Tissue, numbers: Sequence[int], file: Path, progress: Progress) -> None:
    """Write the cells of snapshots, one row for a cell in a snapshot.

    Raises:
        InputError: the package anndata is not installed.
    """
    try:
        import anndata
    except ImportError:
        problem = "AnnData files need the package anndata, which is not installed"
        raise InputError(problem, field="to", allowed="pip install 'diaspore[export]'") from None
    frames, fields, places = [], [], []
    networks: dict[str, list[pd.DataFrame]] = {name: [] for name in tissue.networks}
    with progress(len(numbers), "AnnData", "snapshots") as bar:
        for number in numbers:
            shot = tissue.shot(number)
            frames.append(_cells(tissue, number, shot))
            fields.append(levels(shot, tissue.units))
            for name, parts in networks.items():
                parts.append(pd.DataFrame(tissue.nodes(shot, name), index=frames[-1].index))
            flat = len(shot["z"]) == 1
            places.append(shot["place"][:, : 2 if flat else 3])
            bar.advance()
        obs = pd.concat(frames)
        variables = pd.DataFrame({"unit": list(tissue.units.values())}, index=list(tissue.units), dtype=str)
        data = anndata.AnnData(
            X=np.concatenate(fields), obs=obs, var=variables,
            obsm={"spatial": np.concatenate(places)} | {name: pd.concat(parts) for name, parts in networks.items()},
            uns={"diaspore": _about(tissue)},
        )  # fmt: skip
        data.write_h5ad(file, compression="gzip")


def _cells(tissue: Tissue, number: int, shot: dict[str, np.ndarray]) -> pd.DataFrame:
    """What is given of every cell; rows are named by identity and snapshot."""
    columns: dict[str, Any] = {
        "hours": np.full(len(shot["identity"]), tissue.hours(number)),
        "snapshot": np.full(len(shot["identity"]), number, dtype=np.int32),
        "type": pd.Categorical.from_codes(shot["kind"], list(tissue.types)),
        "state": pd.Categorical.from_codes(states(shot["phase"]), list(STATES)),
        "phase": shot["phase"],
        "identity": shot["identity"],
        "founder": shot["founder"],
        "generation": shot["generation"],
        "divisions": shot["divisions"],
        "radius_um": shot["place"][:, 3],
        "volume_um3": shot["volumes"].sum(axis=1),
        "pressure": shot["pressure"],
    }
    return pd.DataFrame(columns, index=pd.Index([f"{identity}-{number}" for identity in shot["identity"]], dtype=str))


def _about(tissue: Tissue) -> dict[str, Any]:
    run = tissue.run
    return {
        "name": run.manifest["name"],
        "seed": run.manifest["seed"],
        "version": run.manifest["versions"]["diaspore"],
        "spec": (run.path / "spec.yaml").read_text(encoding="utf-8"),
        "citations": np.array(run.citations.keys(), dtype=object),
        "spatial_unit": "um",
    }
