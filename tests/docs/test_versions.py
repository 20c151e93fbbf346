"""Version, licence and name agree in the files that people and programs read."""

from __future__ import annotations

import re
import tomllib

import diaspore
from diaspore.core.yamlio import load_yaml
from tests.docs.pages import DOCS, ROOT, blocks


def test_citation_file() -> None:
    citation = load_yaml(ROOT / "CITATION.cff").data
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(citation, dict)
    assert str(citation["version"]) == diaspore.__version__
    assert citation["license"] == project["license"]
    assert citation["abstract"].removesuffix(" For research only.").removesuffix(".") in project["description"]


def test_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert versions[0].startswith("[Unreleased]")
    for version in versions:
        assert "### Changes that move numbers" in version


def test_readme_says_what_the_program_says() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "not for clinical decisions" in readme
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert "Python 3.11 to 3.13" in readme
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in (ROOT / "README.md", *DOCS.rglob("*.md")):
        for name in re.findall(r"`make ([a-z-]+)`", page.read_text(encoding="utf-8")):
            assert name in targets
    python = [block.text for block in blocks(ROOT / "README.md") if block.language == "python"]
    assert len(python) == 1
    assert len([line for line in python[0].splitlines() if line.strip()]) <= 20
