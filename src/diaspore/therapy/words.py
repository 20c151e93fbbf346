"""A course of a drug in plain words, such as ``paclitaxel 80 mg/m2 weekly for 12 weeks from day 30``."""

from __future__ import annotations

import re
from typing import Any

from diaspore.core.errors import InputError, shown

EXAMPLE = "paclitaxel 80 mg/m2 weekly for 12 weeks"
_AMOUNT = r"(?:AUC\s*[0-9.]+|[0-9][0-9.]*(?:e[+-]?[0-9]+)?\s*(?:mg|ug|µg|g|kBq|MBq)?(?:\s*/\s*(?:m2|m²|kg))?)"
_HEAD = re.compile(rf"^\s*(?P<drug>.*?)\s+(?P<dose>{_AMOUNT})(?=\s|,|$)(?P<rest>.*)$", re.DOTALL)
_UNIT = r"(hour|day|week|month|year)s?"
_CLAUSES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("every", re.compile(r"^twice (?:daily|a day)")),
    ("every", re.compile(r"^(?:once )?(?:daily|a day|every day)")),
    ("every", re.compile(r"^weekly|^every week")),
    ("every", re.compile(r"^monthly|^every month")),
    ("every", re.compile(rf"^every ([0-9.]+) {_UNIT}")),
    ("doses", re.compile(r"^once(?! daily| a day)")),
    ("doses", re.compile(r"^(?:for )?([0-9]+) (?:times|doses|cycles|courses)")),
    ("for", re.compile(rf"^for ([0-9.]+) {_UNIT}")),
    ("until", re.compile(r"^until (progression|relapse)")),
    ("from", re.compile(r"^from day (-?[0-9.]+)|^from (diagnosis|surgery|relapse|progression)")),
    ("over", re.compile(r"^over ([0-9.]+) (minute|hour|day)s?|^over ([0-9.]+) (min|h)\b")),
    ("route", re.compile(r"^(orally|by mouth|subcutaneously|under the skin|intravenously)")),
    ("loading", re.compile(rf"^(?:after|with) a first dose of ({_AMOUNT})")),
)
_FIXED = {"twice": "12 h", "weekly": "7 day", "every week": "7 day", "monthly": "1 month", "every month": "1 month"}
_ROUTES = {
    "orally": "oral", "by mouth": "oral", "subcutaneously": "subcutaneous", "under the skin": "subcutaneous",
    "intravenously": "intravenous",
}  # fmt: skip


def course_from_words(text: str) -> dict[str, Any]:
    """The fields of a course (`course.CourseSpec`) that a sentence names.

    Raises:
        InputError: words that are not understood, or that are said twice; it quotes them.
    """
    head = _HEAD.match(text)
    if head is None:
        raise InputError(f"{shown(text)} has no drug followed by a dose", allowed=f'such as "{EXAMPLE}"')
    found: dict[str, Any] = {"drug": head["drug"], "dose": head["dose"].strip()}
    rest = head["rest"]
    while rest := rest.strip(" ,;"):
        rest = rest.removeprefix("and ").strip()
        for field, pattern in _CLAUSES:
            match = pattern.match(rest)
            if match is None:
                continue
            if field in found:
                raise InputError(f"{shown(text)} says {field!r} twice, the second time by {shown(match[0])}")
            found[field] = _value(field, match)
            rest = rest[match.end() :]
            break
        else:
            raise InputError(
                f"{shown(text)}: {shown(rest)} is not understood",
                allowed="daily, twice daily, weekly, every 3 weeks, once, for 12 weeks, 4 times, until progression, "
                "from day 30, from surgery, over 1 hour, by mouth, with a first dose of 8 mg/kg",
            )  # fmt: skip
    return found


def _value(field: str, match: re.Match[str]) -> Any:
    given = [one for one in match.groups() if one is not None]
    if field == "every":
        if len(given) == 2:
            return f"{given[0]} {given[1]}"
        return next((every for word, every in _FIXED.items() if match[0].startswith(word)), "1 day")
    if field == "doses":
        return int(given[0]) if given else 1
    if field == "from":
        return given[0] if given[0] in ("diagnosis", "surgery", "relapse", "progression") else f"{given[0]} day"
    if field in ("for", "over"):
        return f"{given[0]} {given[1]}"
    if field == "route":
        return _ROUTES[given[0]]
    return given[0].strip()
