"""Reading the documentation: pages, fenced blocks with their instructions, headings, links, tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(r"^(`{3,})(\S*)[^\n]*\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
_ORDER = re.compile(r"<!-- test: (\w+)(?: ([^>]*?))? -->\s*\Z")
_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: what stands after the fence.
        text: what it holds.
        line: 1-based line of its first line of content.
        order: what the comment before it asks for: "skip", "slow", "file", "fails" or "".
        argument: the rest of that comment (a reason, or a file name).
    """

    language: str
    text: str
    line: int
    order: str
    argument: str


def name_of(path: Path) -> str:
    """Page as a short name, for the ids of tests."""
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = path.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        order = _ORDER.search(text[: match.start()])
        line = text.count("\n", 0, match.start(3)) + 1
        asked = (order[1], order[2] or "") if order else ("", "")
        found.append(Block(match[2], match[3], line, *asked))
    return found


def prose(path: Path) -> str:
    """A page without its fenced blocks and comments; the number of lines stays."""

    def blank(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n")

    return _COMMENT.sub(blank, _FENCE.sub(blank, path.read_text(encoding="utf-8")))


def inline_code(path: Path) -> list[str]:
    """All texts in single backticks outside of blocks."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose(path))


def links(path: Path) -> list[tuple[bool, str]]:
    """(is a picture, target) of every link."""
    return [(match[1] == "!", match[2]) for match in _LINK.finditer(prose(path))]


def anchors(path: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub and MyST make them."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", prose(path), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


def tables(path: Path, first: str) -> list[list[list[str]]]:
    """Tables whose first column is called ``first``: rows of cells, without head and rule."""
    found: list[list[list[str]]] = []
    rows: list[list[str]] | None = None
    for line in prose(path).split("\n"):
        if not line.startswith("|"):
            rows = None
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if rows is None:
            rows = []
            if cells[0] == first:
                found.append(rows)
        elif set("".join(cells)) != {"-"}:
            rows.append(cells)
    return found
