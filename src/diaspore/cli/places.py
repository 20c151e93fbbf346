"""Where runs are put when the user does not say."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

RUNS = Path("runs")


def slug(name: str) -> str:
    """A name as part of a file name: lower case letters and digits of any script become ASCII, the rest dashes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80] or "run"


def free_directory(path: Path) -> Path:
    """`path`, or with -2, -3 … appended, whichever does not exist."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}-{number}")
    return candidate


def latest_directory(path: Path) -> Path:
    """The last of `path`, `path`-2, `path`-3 … that exists, or `path`."""
    candidate, number = path, 1
    while (following := path.with_name(f"{path.name}-{number + 1}")).exists():
        candidate, number = following, number + 1
    return candidate


def default_directory(name: str, seed: int, *, resume: bool) -> Path:
    """``runs/<name>-seed<seed>``: a new one, or with `resume` the latest there is."""
    base = RUNS / f"{slug(name)}-seed{seed}"
    return latest_directory(base) if resume else free_directory(base)
