"""Rewrite the generated parts of the documentation from the code: ``python docs/generate.py [--check]``.

A generated part of a page stands between ``<!-- begin generated: NAME -->`` and ``<!-- end generated -->``. With
``--check`` nothing is written; the exit status is 1 when a part is out of date. A test runs that check.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

from generators import (  # noqa: E402
    command_line,
    fits,
    invasion,
    knowledge,
    networks,
    parameters,
    patient_file,
    references,
    scenes,
    trials,
    vessels,
)

PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "patient-file.md": {"fields": patient_file.fields},
    "parameters.md": {"set": parameters.about_set, "sets": parameters.other_sets, "parameters": parameters.tables},
    "cli.md": {"commands": command_line.commands},
    "levers.md": {"levers": knowledge.levers},
    "invasion.md": {"parameters": invasion.parameters},
    "scenes.md": {"agreement": scenes.agreement, "scenes": scenes.scenes},
    "vessels.md": {"defaults": vessels.defaults},
    "knowledge.md": {"tables": knowledge.tables, "grades": knowledge.grades},
    "pathways.md": {"pathways": knowledge.pathways},
    "drugs.md": {"drugs": knowledge.drugs},
    "trial-predictions.md": {
        "strengths": trials.strengths,
        "effects": trials.effects,
        "ridge": trials.ridge,
        "predictions": trials.predictions,
        "lessons": trials.lessons,
    },
    "networks-library.md": {"library": networks.library, "stated": networks.stated},
    "model/breast.md": {"errors": fits.breast_errors, "values": fits.breast_values},
    "model/stage.md": {"deviance": fits.seer_deviance},
    "validation.md": {"not-identified": knowledge.not_identified},
    "references.md": {"references": references.entries},
}

_PART = "<!-- begin generated: {name} -->\n"
_END = "<!-- end generated -->"


def replaced(text: str, name: str, content: str) -> str:
    """``text`` with the part ``name`` replaced by ``content``.

    Raises:
        ValueError: the page does not have that part exactly once.
    """
    begin = _PART.format(name=name)
    pattern = re.compile(re.escape(begin) + r".*?" + re.escape(_END), re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"part {name!r} must be there exactly once")
    return pattern.sub(lambda _: f"{begin}\n{content.strip()}\n\n{_END}", text)


def outdated() -> dict[Path, str]:
    """Pages whose generated parts differ from the code, with the text that they should have."""
    wrong = {}
    for page, parts in PARTS.items():
        path = DOCS / page
        text = path.read_text(encoding="utf-8")
        wanted = text
        for name, make in parts.items():
            wanted = replaced(wanted, name, make())
        if wanted != text:
            wrong[path] = wanted
    return wrong


def main(arguments: list[str]) -> int:
    """Write, or with --check only compare."""
    wrong = outdated()
    for path, text in wrong.items():
        print(path.relative_to(DOCS.parent))
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    return 1 if wrong and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
