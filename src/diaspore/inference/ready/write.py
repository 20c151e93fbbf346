"""Write parameter sets and files of all ready cancers into the package: ``python -m diaspore.inference.ready.write``.

Run it after a fit that they rest on has changed; a test holds that the files are what this writes.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from diaspore.inference.ready import cohorts, parameter_sets
from diaspore.inference.ready.cancers import READY


def files() -> dict[str, str]:
    """Path below the package -> content, of all files."""
    found = {f"knowledge/parameters/{parameter_sets.set_name(c)}.yaml": parameter_sets.text(c) for c in READY.values()}
    found |= {
        f"knowledge/parameters/{name}.yaml": parameter_sets.breast_text(name) for name in parameter_sets.BREAST_SETS
    }
    found |= {f"models/{name}.yaml": cohorts.text(name) for name in cohorts.names()}
    return found


def main() -> None:
    """Write all files."""
    package = Path(str(resources.files("diaspore")))
    for name, content in files().items():
        (package / name).write_text(content, encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
