"""Tissues side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import diaspore
from diaspore.cli.application import app
from diaspore.core.errors import InputError
from diaspore.tissue.compare import compare_tissues
from diaspore.viz import plot_tissues
from diaspore.viz.tissue_compare import run_names
from tests.tissue.common import TUMOUR, scene
from tests.viz.synthetic import write_run

LINE = [{"type": "tumour", "at": [[f"{x} um", "0 um", "0 um"] for x in (-20, 0, 20)]}]
TWO = {
    "cell_types": {"tumour": TUMOUR, "stroma": {}},
    "cells": [*LINE, {"type": "stroma", "at": [["0 um", "40 um", "0 um"]]}],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, diaspore.Run]:
    root = tmp_path_factory.mktemp("tissues")
    scenes: dict[str, dict[str, Any]] = {
        "plain": {"cells": LINE},
        "long": {"cells": LINE, "duration": "24 min", "save_every": "12 min"},
        "two": TWO,
        "odd": {"cells": LINE, "duration": "18 min", "save_every": "18 min"},
        "bare": {"cells": LINE, "substances": {}, "cell_types": {"tumour": {}}},
    }
    return {name: diaspore.simulate(scene(**s), out=root / name, quiet=True) for name, s in scenes.items()}


def value(runs: list[diaspore.Run], quantity: str, column: str) -> float:
    return float(compare_tissues(runs).set_index("quantity").loc[quantity, column])


def test_rows_are_those_of_the_counts(runs: dict[str, diaspore.Run]) -> None:
    some = [runs["plain"], runs["long"], runs["two"]]
    frame = compare_tissues(some)
    assert list(frame.columns) == ["quantity", "unit", "A", "B", "C"]
    # The last time that all have is 12 min.
    assert [value(some, "time", letter) for letter in "ABC"] == pytest.approx([0.2] * 3)
    assert [value(some, "cells", letter) for letter in "ABC"] == [3, 3, 4]
    assert value(some, "stroma, live", "C") == 1
    assert np.isnan(value(some, "stroma, live", "A"))
    for letter, run, row in zip("ABC", some, (2, 1, 2), strict=True):
        counts = run.table("counts").iloc[row]
        assert value(some, "radius of all cells", letter) == counts["radius_um"]
        assert value(some, "oxygen, least", letter) == counts["oxygen least"]
    assert "tumour, necrotic" not in set(frame["quantity"])


def test_two_runs_have_a_difference(runs: dict[str, diaspore.Run]) -> None:
    assert value([runs["plain"], runs["two"]], "cells", "difference") == 1
    pair = [runs["plain"], runs["odd"]]  # they share only the start
    assert (value(pair, "time", "A"), value(pair, "time", "B")) == pytest.approx((0.2, 0.3))
    assert np.isnan(value([runs["plain"], runs["bare"]], "oxygen, mean", "difference"))


def test_picture(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    for name, some in {
        "all": list(runs.values()), "pair": [runs["plain"], runs["long"]], "bare": [runs["bare"], runs["plain"]]
    }.items():  # fmt: skip
        file = plot_tissues(some, tmp_path / f"{name}.png")
        assert file.read_bytes() == plot_tissues(some, tmp_path / "again.png").read_bytes()
    assert run_names([runs["plain"], runs["two"]]) == ["plain, seed 1", "two, seed 1"]


def test_command(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    plain, two, long = (str(runs[name].path) for name in ("plain", "two", "long"))
    shown = CliRunner().invoke(app, ["compare", plain, two, "-o", str(tmp_path / "a.png")], terminal_width=200)
    assert shown.exit_code == 0, shown.output
    assert "What differs between the specs" in shown.output
    assert "cell_types.stroma" in shown.output
    assert "difference" in shown.output
    assert (tmp_path / "a.png").is_file()
    data = json.loads(CliRunner().invoke(app, ["compare", plain, two, long, "--json"]).output)
    assert [data[letter] for letter in "ABC"] == [plain, two, long]
    duration = next(entry for entry in data["spec_differences"] if entry["field"] == "duration")
    assert duration == {"field": "duration", "A": "12 min", "B": "12 min", "C": "24 min"}
    assert data["rows"][1] == {"quantity": "cells", "unit": "cells", "A": 3.0, "B": 4.0, "C": 3.0}


def test_refusals(runs: dict[str, diaspore.Run], tmp_path: Path) -> None:
    patients = str(write_run(tmp_path / "patients", 1, seed=1))
    plain = str(runs["plain"].path)
    mixed = CliRunner().invoke(app, ["compare", plain, patients])
    assert mixed.exit_code == 2
    assert "is a run of kind tissue" in mixed.output
    assert "one of kind patient" in mixed.output
    many = CliRunner().invoke(app, ["compare", patients, patients, patients])
    assert many.exit_code == 2
    assert "two runs of patients, or two to eight tissues" in many.output
    with pytest.raises(InputError, match="2 to 8"):
        compare_tissues([runs["plain"]] * 9)
