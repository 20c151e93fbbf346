from __future__ import annotations

import io
import sys
import time

import pytest

from diaspore.core import progress as module
from diaspore.core.progress import no_progress, progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_short_work_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(10, "patients", "patient") as bar:
        bar.advance(10)
    assert capsys.readouterr() == ("", "")


def test_plain_lines_outside_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(module, "SHOW_AFTER_S", 0.01)
    with progress(10, "batches", "batch") as bar:
        time.sleep(0.05)
        bar.advance(4)
        bar.label("later")
        bar.advance(4)
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1, "at most one line every few seconds"
    assert " of 10 batch (0 s)" in err


def test_a_bar_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(module, "SHOW_AFTER_S", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    with progress(10, "patients", "patient") as bar:
        bar.advance(3)
        deadline = time.monotonic() + 20
        while "patients" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.02)
        bar.label("others")
        bar.advance(3)
    assert "patients" in terminal.getvalue()


def test_silence_on_request(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(module, "SHOW_AFTER_S", 0.0)
    monkeypatch.setenv("DIASPORE_QUIET", "1")
    for make in (progress, no_progress):
        with make(10, "x") as bar:
            bar.label("y")
            bar.advance()
            time.sleep(0.02)
    assert capsys.readouterr().err == ""


def test_the_bar_is_closed_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOW_AFTER_S", 0.0)
    with pytest.raises(ValueError, match="inside"), progress(10, "x") as bar:
        bar.advance()
        raise ValueError("inside")
