"""Networks in other programs' formats: which format a file has, and what reads and writes it.

A format is known by the root element of XML, else by the ending of the name; a reader gives plain data of a spec and
what was not taken over. Add a line to `FORMATS` for another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError
from diaspore.networks.formats.xmlsafe import check_xml, read_bytes


@dataclass(frozen=True)
class Format:
    """A format: its name, endings of files, for XML the root element, and ``"module:function"`` that reads it."""

    name: str
    endings: tuple[str, ...]
    reader: str
    root: str = ""
    marked: str = ""  # found in a value of the root's attributes; "" for a root without any mark of other formats


FORMATS: tuple[Format, ...] = (
    Format("SBML", (".sbml", ".xml"), "diaspore.networks.kinetic.sbml:read_sbml", root="sbml"),
    Format("SBML-qual", (".sbml", ".xml"), "diaspore.networks.formats.sbml_qual:read_sbml_qual", "sbml", "/qual/"),
    Format("MaBoSS", (".bnd", ".cfg"), "diaspore.networks.formats.maboss:read_maboss"),
    Format("BoolNet", (".bnet",), "diaspore.networks.formats.bnet:read_bnet"),
    Format("Antimony", (".ant",), "diaspore.networks.kinetic.sbml:read_antimony"),
)


def format_of(path: str | Path) -> Format:
    """The format of a file.

    Raises:
        InputError: none that is known, or XML that is not well-formed.
    """
    path = Path(path)
    ending = path.suffix.lower()
    fitting = [one for one in FORMATS if ending in one.endings]
    if any(one.root for one in fitting):
        root, attributes = check_xml(read_bytes(path), path)
        # The most particular first: SBML-qual is SBML with a mark.
        for one in sorted(fitting, key=lambda one: not one.marked):
            if one.root == root and (not one.marked or any(one.marked in value for value in attributes.values())):
                return one
        raise InputError(
            f"the root element is <{root}>; that is no network", file=path, line=1,
            allowed=sorted({f"<{one.root}>" for one in FORMATS if one.root}),
        )  # fmt: skip
    if not fitting:
        endings = sorted({ending for one in FORMATS for ending in one.endings})
        raise InputError(f"the ending {ending!r} is not that of a network", file=path, allowed=endings)
    return fitting[0]


def read_network(path: str | Path) -> Any:
    """The network in a file of another program: ``data`` and ``remarks``.

    Raises:
        InputError: what is wrong with the file, with line and column where they are known.
    """
    module, _, function = format_of(path).reader.partition(":")
    return getattr(import_module(module), function)(path)
