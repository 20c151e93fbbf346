"""The list of references as a page, one heading per key, so that pages can link to it."""

from __future__ import annotations


def entries() -> str:
    """Every entry of the bibliography: key, one line, note."""
    from diaspore.core.citations import format_entry
    from diaspore.knowledge.load import references

    blocks = []
    for key, entry in sorted(references().items(), key=lambda pair: pair[0].lower()):
        note = entry.fields.get("note", "")
        blocks.append(f"## {key}\n\n{_plain(format_entry(entry))}" + (f"\n\nNote: {_plain(note)}." if note else ""))
    return "\n\n".join(blocks)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    for sign in ("\\", "*", "_", "<", ">", "[", "]"):
        text = text.replace(sign, "\\" + sign)
    return text.rstrip(".")
