"""What a file says of rules: tables of signals that move behaviours, and functions of one's own."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, model_validator

from diaspore.core.errors import InputError, nearest_name
from diaspore.core.units import Quantity
from diaspore.tissue.spec_common import Level, Part

MAX_RULES = 500
DEFAULT_POWER = 4.0
_WANTED = ("type", "signal", "direction", "behaviour", "saturation", "half_max")
_COLUMNS = (*_WANTED, "base", "power", "when_dead", "source")


class RuleSpec(Part):
    """A signal that moves a behaviour of a cell type from its base towards a saturation, by a Hill function."""

    type: str = Field(description="name of a cell type of the file")
    signal: str = Field(description="what the cell senses; `diaspore rules` lists all")
    direction: Literal["increases", "decreases"]
    behaviour: str = Field(description="what it changes; `diaspore rules` lists all")
    base: Level | None = Field(None, description="without any signal; that of the cell type when left out")
    saturation: Level = Field(description="at the full signal")
    half_max: Level = Field(description="of the signal at which half of the way is done")
    power: Annotated[float, Quantity("dimensionless", gt=0, le=64)] = Field(DEFAULT_POWER, description="of Hill")
    when_dead: StrictBool = Field(False, description="holds for dying cells too, from nothing at base")
    source: str | None = Field(None, max_length=500, description="where it is from; assumed when left out")


class FunctionSpec(Part):
    """A behaviour computed by a Python function of one's own, which is compiled.

    The function takes the value so far (after the base and the rules) and an array of the signals that are listed, in
    that order, and gives the new value.
    """

    type: str
    behaviour: str
    function: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", description="its name in the code")
    signals: tuple[str, ...] = Field((), max_length=20)
    file: str | None = Field(None, description="Python file with the function; relative to where you are")
    code: str = Field("", max_length=100_000, description="its text, in place of a file; taken from the file")
    source: str | None = Field(None, max_length=500)

    @model_validator(mode="before")
    @classmethod
    def _read_code(cls, data: Any) -> Any:
        """Put the text of the file into the description, so that a run keeps it and another text is another run."""
        if isinstance(data, dict) and isinstance(data.get("file"), str) and not data.get("code"):
            return {**data, "code": _text_of(data["file"])}
        return data

    @model_validator(mode="after")
    def _has_code(self) -> FunctionSpec:
        if not self.code.strip():
            raise InputError("needs one of these fields", allowed="file, code")
        return self


def _text_of(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InputError(f"cannot be read: {reason}", file=file, field="file") from None


def rules_of(value: Any) -> Any:
    """Rules as a list of rows, from a list or from ``{file: rules.csv}``."""
    if not isinstance(value, dict):
        return value
    if set(value) != {"file"} or not isinstance(value["file"], str):
        raise InputError("is a list of rules, or {file: rules.csv}")
    return read_rules(value["file"])


def read_rules(file: str) -> list[dict[str, Any]]:
    """Rows of a CSV file with the fields of `RuleSpec` as columns.

    Raises:
        InputError: a file that cannot be read, a column too few or unknown.
    """
    reader = csv.DictReader(io.StringIO(_text_of(file), newline=""), skipinitialspace=True)
    names = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    for name in _WANTED:
        if name not in names:
            hint = "; is it a table of PhysiCell's, for `diaspore convert`?" if not set(_WANTED) & set(names) else ""
            raise InputError(f"has no column {name!r}{hint}", file=file, allowed=_COLUMNS)
    for name in names:
        if name not in _COLUMNS:
            raise InputError(
                f"has an unknown column {name!r}", file=file, allowed=_COLUMNS, nearest=nearest_name(name, _COLUMNS)
            )
    rows: list[dict[str, Any]] = []
    for row in reader:
        if None in row:
            raise InputError("has more cells than there are columns", file=file, line=reader.line_num)
        given = {name: text.strip() for name, text in row.items() if text is not None and text.strip()}
        if not given or given.get("type", "").startswith("#"):
            continue
        rows.append({name: _plain(name, text, file, reader.line_num) for name, text in given.items()})
    return rows


def _plain(name: str, text: str, file: str, line: int) -> Any:
    """A cell of the table as YAML would have read it."""
    if name == "when_dead":
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise InputError(f"{text!r} is neither true nor false", file=file, line=line, field=name)
    if name in ("base", "saturation", "half_max", "power"):
        try:
            return float(text)
        except ValueError:
            return text
    return text
