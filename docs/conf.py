"""Sphinx: ``pip install -e '.[docs]'``, then ``sphinx-build -W docs docs/_build``."""

import re
from pathlib import Path

_INIT = Path(__file__).parents[1] / "src" / "diaspore" / "__init__.py"
_VERSION = re.search(r'^__version__ = "([^"]+)"', _INIT.read_text(encoding="utf-8"), re.MULTILINE)

project = "Diaspore"
author = "The Diaspore developers"
copyright = "The Diaspore developers, Apache-2.0"
release = _VERSION[1] if _VERSION else ""

extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
exclude_patterns = ["_build", "generators"]
html_theme = "furo"
html_title = f"Diaspore {release}"
nitpicky = True
