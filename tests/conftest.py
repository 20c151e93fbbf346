"""Settings for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No window system is needed to draw.
os.environ.setdefault("MPLBACKEND", "Agg")

# The same examples each time, and no failure because a machine is busy.
settings.register_profile("default", deadline=None, derandomize=True)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of known_failures.txt: they run and are reported, but do not stop the suite."""
    lines = (Path(__file__).parent / "known_failures.txt").read_text(encoding="utf-8").splitlines()
    known = tuple(line for line in lines if line and not line.startswith("#"))
    for item in items:
        if item.nodeid.startswith(known):
            item.add_marker(pytest.mark.xfail(strict=False, reason="listed in tests/known_failures.txt"))
