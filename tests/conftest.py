"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# No window system is needed to draw.
os.environ.setdefault("MPLBACKEND", "Agg")

# The same examples each time, and no failure because a machine is busy.
settings.register_profile("default", deadline=None, derandomize=True)
settings.load_profile("default")
