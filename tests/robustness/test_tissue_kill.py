"""Tissues, lattices and continuum models that are killed again and again end with the bits of an undisturbed run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.robustness.test_kill import content, finish, kill_until_done, start

TISSUE = """
schema_version: 1
kind: tissue
name: killed
duration: 30 h
save_every: 30 min
domain: {x: [-300 um, 300 um], y: [-300 um, 300 um], z: [-300 um, 300 um], spacing: 15 um}
substances:
  oxygen: {unit: mmHg, diffusion: 1e5 um**2/min, decay: 0.1 1/min, initial: 38 mmHg, held: {all: 38 mmHg}, pace: steady}
cell_types:
  tumour:
    oxygen: {}
    apoptosis: {}
    necrosis: {}
    exchange: {oxygen: {uptake: 10 1/min}}
    motility: {speed: 0.2 um/min, persistence: 10 min, bias: 0.5, chemotaxis: {oxygen: 1}}
cells: [{type: tumour, sphere: {radius: 150 um}}]
rules:
- {type: tumour, signal: contact with live cell, direction: decreases, behaviour: migration speed, saturation: 0 um/min,
   half_max: 6, power: 4}
"""


@pytest.mark.slow
@pytest.mark.parametrize("model", ["killed.yaml", "metaspread-default", "acid-invasion"])
def test_kills_at_any_moment_do_not_change_a_bit(model: str, tmp_path: Path) -> None:
    (tmp_path / "killed.yaml").write_text(TISSUE, encoding="utf-8")
    run = ("run", model, "--seed", "4")
    finish(start(*run, "-o", "whole", "--threads", "1", where=tmp_path))
    kill_until_done(*run, where=tmp_path, seed=7, waits=(0.8, 2.5), longer=1.04, attempts=200, threads=(1, 2))
    assert content(tmp_path / "run") == content(tmp_path / "whole")
