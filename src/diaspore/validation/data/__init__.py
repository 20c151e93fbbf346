"""Small frozen tables of published numbers that cases compare with. Each names its source in its first lines.

They are kept apart from the default parameters on purpose: a revised default must not move what a case expects.
"""

from __future__ import annotations

import csv
from pathlib import Path


def rows(name: str) -> list[dict[str, str]]:
    """Rows of a table by file name; comment lines start with #."""
    text = (Path(__file__).parent / name).read_text("utf-8").splitlines()
    return list(csv.DictReader(line for line in text if not line.startswith("#")))
