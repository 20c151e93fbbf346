"""Names of genes in public files: dates made by spreadsheets, ids with versions, rows that are no gene."""

from __future__ import annotations

import re
from collections.abc import Sequence

from diaspore.ctc.rna.genes import is_ensembl, listed

_MONTHS = {"sep": "SEPTIN", "mar": "MARCHF", "dec": "DELEC"}
_NUMBERS = {"03": "mar", "09": "sep", "12": "dec"}
_DAY_FIRST = re.compile(r"(\d{1,2})[- /](sep|mar|dec)[a-z]*$", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"(sep|mar|dec)[a-z]*[- /](\d{1,2})$", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-(03|09|12)-(\d{2})(?:[ T].*)?$")
_NO_GENE = re.compile(
    r"__|no_feature|ambiguous|too_low_aqual|not_aligned|alignment_not_unique|N_(unmapped|multi|noF|ambi)"
)


def repaired(names: Sequence[object]) -> tuple[list[str], list[str]]:
    """Names as text: spreadsheets' dates as genes again, versions of Ensembl ids removed.

    March 1 and 2 may have been MARCH or MARC genes: they stay as they are, and that is said. 15 September was SEP15,
    today SELENOF.

    Returns:
        Names, and what was changed in words.
    """
    found: list[str] = []
    dates: dict[str, str] = {}
    unsure: list[str] = []
    versions = 0
    for given in names:
        name = str(given).strip().strip('"')
        month, number = _date(name)
        if month == "mar" and number in (1, 2):
            unsure.append(name)
        elif month:
            gene = "SELENOF" if (month, number) == ("sep", 15) else f"{_MONTHS[month]}{number}"
            dates[name] = gene
            name = gene
        elif "." in name and is_ensembl(name):
            name = name.partition(".")[0]
            versions += 1
        found.append(name)
    notes = []
    if dates:
        notes.append(
            "dates made by a spreadsheet were read as genes: " + listed([f"{a} as {b}" for a, b in dates.items()])
        )
    if unsure:
        notes.append("these dates may be MARCHF or MTARC genes and were left: " + listed(unsure))
    if versions:
        notes.append(f"versions were removed from {versions} Ensembl ids")
    return found, notes


def is_no_gene(name: str) -> bool:
    """Whether a row is a count of reads without a gene, as counting programs write them."""
    return not name or _NO_GENE.match(name) is not None


def _date(name: str) -> tuple[str, int]:
    """Month and number of a name that looks like a date, or ("", 0)."""
    if match := _DAY_FIRST.fullmatch(name):
        return match[2].lower(), int(match[1])
    if match := _MONTH_FIRST.fullmatch(name):
        return match[1].lower(), int(match[2])
    if match := _ISO.fullmatch(name):
        return _NUMBERS[match[1]], int(match[2])
    return "", 0
