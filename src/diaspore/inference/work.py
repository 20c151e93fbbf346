"""Finished pieces of a long fit, so that a stopped one goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diaspore.core.jsonio import to_json, write_text


class Work:
    """A folder of finished pieces, each a JSON file; a piece of another identity or a torn one is made again.

    Args:
        folder: where the pieces lie; None keeps nothing.
        identity: JSON-ready description of all that the pieces depend on (data, seed, versions, sizes).
    """

    def __init__(self, folder: Path | None, identity: Any) -> None:
        self._folder = folder
        self._identity = hashlib.sha256(to_json(identity).encode("utf-8")).hexdigest()

    def piece(self, name: str, make: Callable[[], Any]) -> Any:
        """The piece called ``name`` (may hold ``/``) as plain JSON data: read if it is there, else made and written.

        A fresh piece goes through the same text as one that is read, so that both give the same bits.
        """
        file = None if self._folder is None else self._folder / f"{name}.json"
        if file is not None:
            try:
                found = json.loads(file.read_text("utf-8"))
                if found["identity"] == self._identity:
                    return found["piece"]
            except (OSError, ValueError, KeyError, TypeError):
                pass  # missing, or torn by a power cut
        text = to_json({"identity": self._identity, "piece": make()}, exact=True)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_text(file, text)
        return json.loads(text)["piece"]
