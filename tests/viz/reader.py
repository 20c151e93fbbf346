"""A minimal reader of run directories for the tests, with the interface of ``diaspore.core.runstore.Run``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd


class Run:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest: dict[str, Any] = json.loads((path / "manifest.json").read_text())
        self.summary: dict[str, Any] = json.loads((path / "summary.json").read_text())
        self.spec: dict[str, Any] = dict(line.split(": ") for line in (path / "spec.yaml").read_text().splitlines())

    @classmethod
    def open(cls, path: Path | str) -> Run:
        return cls(Path(path))

    def tables(self) -> list[str]:
        return sorted(part.name for part in (self.path / "tables").iterdir())

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.path / "tables" / name)

    def course(self) -> Any:
        import xarray as xr

        return xr.open_zarr(self.path / "course.zarr", consolidated=False) if (self.path / "course.zarr").exists() else None
