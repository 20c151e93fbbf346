"""Make the generator of synthetic runs importable however pytest is started, and share its runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Paths of synthetic runs of every size and of the awkward kinds."""
    from tests.viz.synthetic import write_run

    root = tmp_path_factory.mktemp("runs")
    return {
        "one": write_run(root / "one", 1, seed=21, hazard=30),
        "quiet": write_run(root / "quiet", 1, seed=4, metastases=False),
        "mid": write_run(root / "mid", 60, seed=3, hazard=2),
        "man": write_run(root / "man", 30, seed=5, sex="male", primary="prostate"),
        "population": write_run(root / "population", 1500, seed=1),
        "milder": write_run(root / "milder", 1500, seed=1, hazard=0.5),
        "spared": write_run(root / "spared", 300, seed=2, metastases=False),
    }
