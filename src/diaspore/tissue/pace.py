"""What the progress of a tissue says: time, cells, and how much time is simulated in a second."""

from __future__ import annotations

import time
from collections.abc import Callable

from diaspore.core.progress import Bar
from diaspore.core.words import counted

EVERY_S = 1.0
"""Between two changes of the words."""


def scale(minutes: float) -> tuple[float, str]:
    """Minutes of the unit in which a duration reads best, and its name."""
    return (60.0, "h") if minutes >= 180.0 else (1.0, "min")


class Pace:
    """Moves a bar on and words it anew every second; the speed (simulated minutes per second) is that since then."""

    def __init__(self, bar: Bar, name: str, unit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._bar, self._name, self._unit, self._clock = bar, name, unit, clock
        self._since: float | None = None
        self._minutes = 0.0

    def begin(self, minutes: float, cells: int) -> None:
        """So much was done before."""
        self._bar.advance(minutes / self._unit)
        self._bar.label(f"{self._name} ({counted(cells, 'cell')})")

    def step(self, minutes: float, cells: int) -> None:
        """So much more is done."""
        self._bar.advance(minutes / self._unit)
        now = self._clock()
        if self._since is None:  # loading or compiling the kernels was most of the first step
            self._since = now
            return
        self._minutes += minutes
        passed = now - self._since
        if passed >= EVERY_S:
            speed = self._minutes / passed
            self._bar.label(f"{self._name} ({counted(cells, 'cell')}, {speed:.3g} min/s)")
            self._since, self._minutes = now, 0.0
