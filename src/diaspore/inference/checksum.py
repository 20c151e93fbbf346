"""What the engine is made of, as a checksum that names whatever it has computed."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path


@cache
def engine_checksum() -> str:
    """Checksum of the engine's source code and of the tables and parameter sets it reads."""
    package = resources.files("diaspore")
    digest = hashlib.sha256()
    for folder, endings in (("body", (".py",)), ("core", ("rng.py",)), ("knowledge", (".csv", ".yaml", "anatomy.py"))):
        root = Path(str(package.joinpath(folder)))
        for file in sorted(root.rglob("*")):
            if file.name.startswith(("tissue_", "invasion_")):  # tables of tissues, which the engine does not read
                continue
            if file.name.endswith(endings) and "fits" not in file.relative_to(root).parts:
                digest.update(file.relative_to(root).as_posix().encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
