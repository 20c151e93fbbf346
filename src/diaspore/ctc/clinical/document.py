"""A short document of headings, paragraphs, lists and tables, written as Markdown or as one HTML page."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass, field

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;color:#22262b;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse;margin:1rem 0}
th,td{border-bottom:1px solid #e9ebee;padding:.3rem .7rem;text-align:left;vertical-align:top}
th{border-bottom:1px solid #6b7178}img{max-width:100%}.note{background:#fdf3e1;padding:.6rem .9rem}"""


@dataclass
class Document:
    """Blocks in order: ("h2" | "p" | "note", text), ("list", texts), ("table", (head, rows)), ("picture", words)."""

    title: str
    blocks: list[tuple[str, object]] = field(default_factory=list)

    def add(self, kind: str, content: object) -> None:
        """Append a block."""
        self.blocks.append((kind, content))

    def markdown(self, picture: str | None = None) -> str:
        """The document as Markdown; `picture` is the path that it refers to."""
        parts = [f"# {self.title}"]
        for kind, content in self.blocks:
            if kind == "h2":
                parts.append(f"## {content}")
            elif kind == "p":
                parts.append(str(content))
            elif kind == "note":
                parts.append(f"> {content}")
            elif kind == "list":
                parts.append("\n".join(f"- {item}" for item in _texts(content)))
            elif kind == "picture" and picture:
                parts.append(f"![{content}]({picture})")
            elif kind == "table":
                head, rows = _table(content)
                lines = [_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows)]
                parts.append("\n".join(lines))
        return "\n\n".join(parts) + "\n"

    def html(self, picture: bytes | None = None) -> str:
        """The document as one HTML page that needs no other file; `picture` is a PNG."""
        parts = [f"<h1>{html.escape(self.title)}</h1>"]
        for kind, content in self.blocks:
            if kind in ("h2", "p"):
                parts.append(f"<{kind}>{html.escape(str(content))}</{kind}>")
            elif kind == "note":
                parts.append(f'<p class="note">{html.escape(str(content))}</p>')
            elif kind == "list":
                parts.append("<ul>" + "".join(f"<li>{html.escape(item)}</li>" for item in _texts(content)) + "</ul>")
            elif kind == "picture" and picture:
                data = base64.b64encode(picture).decode("ascii")
                parts.append(f'<img alt="{html.escape(str(content))}" src="data:image/png;base64,{data}">')
            elif kind == "table":
                head, rows = _table(content)
                body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
                top = "".join(f"<th>{html.escape(name)}</th>" for name in head)
                parts.append(f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>")
        about = f'<meta charset="utf-8"><title>{html.escape(self.title)}</title><style>{_STYLE}</style>'
        return (
            f'<!doctype html>\n<html lang="en"><head>{about}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"
        )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _texts(content: object) -> list[str]:
    assert isinstance(content, list)
    return [str(item) for item in content]


def _table(content: object) -> tuple[list[str], list[list[str]]]:
    assert isinstance(content, tuple)
    head, rows = content
    return [str(name) for name in head], [[str(cell) for cell in row] for row in rows]
