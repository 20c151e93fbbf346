"""Ablations: what is taken out, effects and their signs, and files that extend another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from diaspore.cli.application import app
from diaspore.core.errors import InputError
from diaspore.core.extends import merged
from diaspore.core.spec import load_spec, spec_from_dict, validate
from diaspore.core.yamlio import dump_yaml
from diaspore.tissue.ablation import (
    WHOLE,
    Ablation,
    ablated,
    effects,
    last_counts,
    measured_runs,
    sign_of,
    usual_ablations,
)
from diaspore.tissue.compile import compile_tissue
from diaspore.tissue.spec import TissueSpec

SIDE = ["-100 um", "100 um"]
DATA: dict[str, Any] = {
    "schema_version": 1, "kind": "tissue", "name": "culture", "duration": "6 h", "save_every": "6 h",
    "domain": {"x": SIDE, "y": SIDE},
    "substances": {"il2": {"pace": "steady", "diffusion": "1000 um**2/min", "decay": "0.1 1/min"}},
    "cell_types": {
        "tumour": {"cycle": {"model": "none"}, "adhesion": "0 um/min"},
        "killer": {
            "cycle": {"model": "none"}, "motility": {"speed": "3 um/min", "persistence": "5 min"},
            "attack": {"targets": {"tumour": 1}, "rate": "0.1 1/h"},
        },
        "helper": {"cycle": {"model": "none"}, "exchange": {"il2": {"secretion": "10 1/min", "target": 1}}},
    },
    "rules": [
        {"type": "killer", "signal": "il2", "direction": "increases", "behaviour": "attack", "saturation": "3 1/h",
         "half_max": 0.002},
    ],
    "cells": [
        {"type": "tumour", "random": {"number": 60}}, {"type": "killer", "random": {"number": 20}},
        {"type": "helper", "random": {"number": 20}},
    ],
}  # fmt: skip


def culture() -> TissueSpec:
    spec: TissueSpec = validate(TissueSpec, DATA)
    return spec


def test_what_is_taken_out() -> None:
    spec = culture()
    assert [one.name for one in usual_ablations(spec)] == ["killer", "helper", "il2"]
    without = ablated(spec, Ablation("killers", cells=("killer",)))
    assert [one.type for one in without.cells] == ["tumour", "helper"]
    silent = ablated(spec, Ablation("il2", factors=("il2",)))
    assert silent.cell_types["helper"].exchange["il2"].secretion == 0.0
    assert ablated(spec, Ablation("rule", rules=({"signal": "il2"},))).rules == ()
    changed = ablated(spec, Ablation("slow", changes={"cell_types.killer.motility.speed": "1 um/min"}))
    assert changed.cell_types["killer"].motility is not None
    assert changed.cell_types["killer"].motility.speed == 1.0
    gone = ablated(spec, Ablation("tame", changes={"cell_types.killer.attack": None, "rules": []}))
    assert gone.cell_types["killer"].attack is None
    assert spec == culture()


@pytest.mark.parametrize(
    ("ablation", "words"),
    [
        (Ablation("x", cells=("kiler",)), "killer"),
        (Ablation("x", factors=("il-2",)), "il2"),
        (Ablation("x", rules=({"signal": "il3"},)), "no rule"),
        (Ablation("x", changes={"cell_types.kiler.attack": None}), "killer"),
        (Ablation("x", changes={"cell_types.killer.atack": None}), "attack"),
        (Ablation("x", changes={"cell_types.killer.atack": 1}), "atack"),
    ],
)
def test_what_is_not_there(ablation: Ablation, words: str) -> None:
    with pytest.raises(InputError, match=words):
        ablated(culture(), ablation)


def test_signs_follow_the_interval_and_the_size() -> None:
    assert sign_of(5.0, 1.0, 10.0) == "+"
    assert sign_of(-5.0, 1.0, 10.0) == "-"
    assert sign_of(5.0, 6.0, 10.0) == "0"  # the interval holds 0
    assert sign_of(0.9, 0.1, 10.0) == "0"  # less than a tenth
    assert sign_of(0.0, 0.0, 0.0) == "0"
    assert sign_of(3.0, 0.0, 0.0) == "+"
    assert sign_of(float("nan"), 1.0, 1.0) == "?"


def test_effects_are_paired_differences() -> None:
    runs = pd.DataFrame(
        {
            "ablation": [WHOLE] * 4 + ["a"] * 4, "seed": [1, 2, 3, 4] * 2,
            "x": [10.0, 12.0, 14.0, np.nan, 5.0, 8.0, 8.0, 3.0],
        }
    )  # fmt: skip
    row = effects(runs).iloc[0]
    difference = np.array([-5.0, -4.0, -6.0])
    half = 4.302652729911275 * difference.std(ddof=1) / np.sqrt(3.0)
    assert (row["seeds"], row["as_is"], row["without"]) == (3, 12.0, 7.0)
    assert (row["low"], row["high"]) == pytest.approx((-5.0 - half, -5.0 + half))
    assert row["sign"] == "-"


def test_runs_do_not_depend_on_processes_and_show_the_effect() -> None:
    spec = culture()
    chosen = [Ablation("killers", cells=("killer",)), Ablation("il2", factors=("il2",))]
    one = measured_runs(spec, chosen, last_counts, [1, 2, 3])
    two = measured_runs(spec, chosen[:1], last_counts, [1, 2, 3], processes=2)
    pd.testing.assert_frame_equal(one[one.ablation != "il2"].reset_index(drop=True), two)
    found = effects(one).set_index(["ablation", "measure"])
    assert found.loc[("killers", "tumour live"), "sign"] == "+"
    assert found.loc[("killers", "tumour live"), "without"] == 60.0
    assert found.loc[("il2", "killer kills tumour"), "sign"] == "-"


def test_the_command(tmp_path: Path) -> None:
    file, table = tmp_path / "culture.yaml", tmp_path / "runs.csv"
    file.write_text(dump_yaml(DATA))
    result = CliRunner().invoke(
        app, ["ablate", str(file), "--without", "killer", "--seeds", "2", "--processes", "1", "-o", str(table)]
    )
    assert result.exit_code == 0, result.output
    assert "tumour live" in result.output
    assert len(pd.read_csv(table, comment="#")) == 4
    wrong = CliRunner().invoke(app, ["ablate", str(file), "--without", "kiler"])
    assert wrong.exit_code == 2


def test_a_file_that_extends_another(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(dump_yaml(DATA))
    more = tmp_path / "more.yaml"
    more.write_text(
        f"schema_version: 1\nkind: tissue\nextends: {tmp_path}/base.yaml\nname: taller\n"
        "domain: {z: [-100 um, 100 um]}\nrules: []\ncell_types: {helper: null}\n"
        "cells:\n  - {type: killer, random: {number: 3}}\n"
    )
    spec = load_spec(more)
    assert isinstance(spec, TissueSpec)
    assert spec.name == "taller"
    assert spec.domain.x == (-100.0, 100.0)
    assert spec.domain.z == (-100.0, 100.0)
    assert list(spec.cell_types) == ["tumour", "killer"]
    assert len(spec.cells) == 1
    assert merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": None, "e": 3}, "d": [2]}) == {
        "a": {"c": 2, "e": 3}, "d": [2],
    }  # fmt: skip
    more.write_text("schema_version: 1\nkind: tissue\nextends: base.yaml\ncell_types: {helpr: null}\n")
    with pytest.raises(InputError, match=r"cell_types\.helpr: takes out what is not there.*\n.*\n.*'helper'") as found:
        load_spec(more)
    assert found.value.nearest == "helper"
    more.write_text(f"schema_version: 1\nkind: tissue\nextends: {more}\n")
    with pytest.raises(InputError, match="circle"):
        load_spec(more)
    for text, words in (("extends: nothing-like-it", "no such file"), ("extends: breast", "patient")):
        with pytest.raises(InputError, match=words):
            spec_from_dict({"schema_version": 1, "kind": "tissue", "extends": text.split()[1]})


def test_nothing_found_is_not_nothing_there() -> None:
    rows = []
    for seed, (with_, without) in enumerate(((10.0, 10.1), (10.2, 10.1), (9.9, 10.0), (10.1, 10.0))):
        rows += [{"ablation": "(nothing)", "seed": seed, "narrow": with_, "wide": with_ if seed % 2 else 3.0}]
        rows += [{"ablation": "x", "seed": seed, "narrow": without, "wide": without if seed < 2 else 4.0}]
    found = effects(pd.DataFrame(rows)).set_index("measure")
    assert list(found["sign"]) == ["0", "0"]
    assert found.loc["narrow", "within"]
    assert not found.loc["wide", "within"]


def test_sources_of_what_is_replaced_go_with_it() -> None:
    for change in ({"rules": None}, {"rules": []}, {"cell_types": {"tumour": {"volume": "3000 um**3"}}}):
        spec = spec_from_dict({"schema_version": 1, "kind": "tissue", "extends": "peritoneal-implant", **change})
        assert isinstance(spec, TissueSpec)
        assert spec.sources
    spec = spec_from_dict({"extends": "lymph-node", "cell_types": {"t_cell": {"volume": "500 um**3"}}})
    assert isinstance(spec, TissueSpec)
    assert "cell_types.t_cell.volume" not in spec.sources
    assert "cell_types.tumour.motility.persistence" in spec.sources


def test_more_cells_than_fit_are_refused() -> None:
    data = {"extends": "lymph-node", "cells": [{"type": "tumour", "random": {"number": 1_000_000}}]}
    with pytest.raises(InputError, match="do not fit"):
        compile_tissue(spec_from_dict(data), 1)
