"""Results of simulations kept as small files, so that a killed fit loses at most what was being computed.

A cell's name is a checksum of everything that decides its content; it is written whole or not at all. A changed engine
or specification never meets an old cell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diaspore.core.jsonio import to_json, write_text


def cell_key(content: Any) -> str:
    """Checksum of JSON-ready ``content``: 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()


def kept(directory: Path, content: Any, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The cell of ``content``: read where it is there and whole, else computed and written.

    Args:
        directory: where cells lie.
        content: JSON-ready data that decide the result, the engine's checksum among them.
        compute: gives the JSON-ready result.
    """
    file = directory / f"{cell_key(content)}.json"
    try:
        found = json.loads(file.read_text("utf-8"))
        if isinstance(found, dict):
            return found
    except (OSError, ValueError):
        pass  # missing, or torn by a power cut: compute it
    result = compute()
    write_text(file, to_json(result, exact=True))
    return result
