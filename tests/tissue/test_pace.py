"""What the progress of a tissue says."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

import diaspore
from diaspore.core import progress as module
from diaspore.tissue.pace import Pace, scale
from tests.tissue.common import scene


class Recorder:
    def __init__(self) -> None:
        self.done, self.labels = 0.0, []  # type: ignore[var-annotated]

    def advance(self, amount: float = 1.0) -> None:
        self.done += amount

    def label(self, text: str) -> None:
        self.labels.append(text)


def test_time_cells_and_speed() -> None:
    bar, now = Recorder(), [0.0]
    pace = Pace(bar, "disc", 60.0, clock=lambda: now[0])
    pace.begin(120.0, 1)
    for cells, seconds in ((900, 30.0), (1000, 0.4), (1100, 0.4), (1200, 0.4), (1300, 0.6), (1400, 0.6)):
        now[0] += seconds
        pace.step(6.0, cells)
    assert bar.done == pytest.approx(2.6)
    assert bar.labels == [
        "disc (1 cell)", "disc (1,200 cells, 15 min/s)", "disc (1,400 cells, 10 min/s)"
    ]  # fmt: skip


def test_units() -> None:
    assert scale(12.0) == (1.0, "min")
    assert scale(180.0) == (60.0, "h")


def test_lines_of_a_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(module, "SHOW_AFTER_S", 0.0)
    monkeypatch.setattr(module, "LINE_EVERY_S", 0.0)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    diaspore.simulate(scene(cells=[]), out=tmp_path / "r", threads=1)
    lines = [line for line in stream.getvalue().splitlines() if not line.startswith("Compiling")]
    assert lines[-1].startswith("test (0 cells")
    assert ": 12 of 12 min (" in lines[-1]
