"""Python processes started by tests."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def child_env(**extra: str) -> dict[str, str]:
    """Environment in which a child process finds the package and the test helpers of this checkout."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))}
    return inherited | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])} | extra
