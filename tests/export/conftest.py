"""Runs that several tests export."""

from __future__ import annotations

from pathlib import Path

import pytest

import diaspore
from tests.export.common import SCENES, make


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, diaspore.Run]:
    """A run of every scene; nothing may be written into their directories."""
    root: Path = tmp_path_factory.mktemp("tissues")
    return {name: make(name, root / name) for name in SCENES}
