"""Links lead somewhere, pictures are there and small, every page can be reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, PAGES, ROOT, anchors, links, name_of, prose

LARGEST = 300_000  # bytes of a picture


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for _picture, target in links(page):
        if "://" in target or target.startswith("mailto:"):
            continue
        file, _, anchor = target.partition("#")
        where = (page.parent / file).resolve() if file else page
        assert where.exists(), f"{name_of(page)}: {target} is not there"
        assert where.is_relative_to(ROOT), f"{name_of(page)}: {target} leads out of the project"
        if anchor:
            assert anchor in anchors(where), f"{name_of(page)}: {target} has no such heading"


def test_pictures_are_small_and_used() -> None:
    used = {(page.parent / target).resolve() for page in PAGES for picture, target in links(page) if picture}
    pictures = set((DOCS / "images").glob("*.png"))
    assert pictures == used
    for picture in pictures:
        assert picture.stat().st_size < LARGEST, picture.name
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_every_page_is_in_a_table_of_contents() -> None:
    listed = set()
    for index in (DOCS / "index.md", DOCS / "model" / "index.md", DOCS / "decisions" / "index.md"):
        for line in index.read_text(encoding="utf-8").splitlines():
            candidate = index.parent / f"{line.strip()}.md"
            if line.strip() and candidate.is_file():
                listed.add(candidate)
    assert set(DOCS.rglob("*.md")) - {DOCS / "index.md"} == listed


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_british_spelling(page: Path) -> None:
    """The few words in which the two spellings differ and that are common here."""
    american = ("tumors", " tumor ", "hematogenous", "color ", "colored", "fiber", "modeling", "modeled", "behavior")
    if page.name == "references.md":  # titles of papers
        return
    text = prose(page).lower()
    for word in american:
        assert word not in text, f"{name_of(page)}: {word.strip()!r}"
