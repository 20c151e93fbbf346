"""How far a long computation has come: a bar in a terminal, now and then a plain line elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

SHOW_AFTER_S = 2.0
LINE_EVERY_S = 5.0


class Bar(Protocol):
    """What a computation reports to."""

    def advance(self, amount: float = 1.0) -> None:
        """`amount` more units of work are done."""

    def label(self, text: str) -> None:
        """Say what is being done now."""


class Progress(Protocol):
    """Makes a bar: ``with progress(10_000, "patients", "patient") as bar: bar.advance(500)``."""

    def __call__(self, total: float, label: str, unit: str = "") -> AbstractContextManager[Bar]:
        """A context manager giving the bar of one computation of `total` units."""


class _Silent:
    def advance(self, amount: float = 1.0) -> None:
        pass

    def label(self, text: str) -> None:
        pass


@contextmanager
def no_progress(total: float, label: str, unit: str = "") -> Iterator[Bar]:
    """A `Progress` that shows nothing."""
    yield _Silent()


@contextmanager
def progress(total: float, label: str, unit: str = "") -> Iterator[Bar]:
    """A `Progress` on standard error, beginning only after 2 s, so that short computations stay silent.

    In a terminal it is a bar; elsewhere (a log file, CI) a plain line at most every 5 s. Nothing at all is shown when
    the environment variable DIASPORE_QUIET is set.
    """
    if os.environ.get("DIASPORE_QUIET"):
        yield _Silent()
        return
    bar: _Terminal | _Lines = (_Terminal if sys.stderr.isatty() else _Lines)(total, label, unit)
    timer = threading.Timer(SHOW_AFTER_S, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar
    finally:
        timer.cancel()
        bar.close()


class _Terminal:
    """A rich progress bar, which refreshes itself between reports."""

    def __init__(self, total: float, label: str, unit: str) -> None:
        self._total, self._label, self._unit = total, label, unit
        self._done = 0.0
        self._lock = threading.Lock()
        self._rich: Any = None
        self._task: Any = None
        self._closed = False

    def show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        with self._lock:
            if self._closed:
                return
            self._rich = RichProgress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn(self._unit),
                TimeElapsedColumn(),
                TextColumn("left:"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._rich.add_task(self._label, total=self._total, completed=self._done)
            self._rich.start()

    def advance(self, amount: float = 1.0) -> None:
        with self._lock:
            self._done += amount
            if self._rich is not None:
                self._rich.update(self._task, completed=self._done)

    def label(self, text: str) -> None:
        with self._lock:
            self._label = text
            if self._rich is not None:
                self._rich.update(self._task, description=text)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._rich is not None:
                self._rich.stop()


class _Lines:
    """Plain lines, for output that is not a terminal."""

    def __init__(self, total: float, label: str, unit: str) -> None:
        self._total, self._label, self._unit = total, label, unit
        self._done = 0.0
        self._begin = time.monotonic()
        self._next = self._begin + SHOW_AFTER_S
        self._lock = threading.Lock()

    def show(self) -> None:
        self._line()

    def advance(self, amount: float = 1.0) -> None:
        with self._lock:
            self._done += amount
        self._line()

    def label(self, text: str) -> None:
        self._label = text

    def close(self) -> None:
        pass

    def _line(self) -> None:
        now = time.monotonic()
        with self._lock:
            if now < self._next:
                return
            self._next = now + LINE_EVERY_S
            text = f"{self._label}: {self._done:g} of {self._total:g} {self._unit}".rstrip()
        print(f"{text} ({now - self._begin:.0f} s)", file=sys.stderr, flush=True)
