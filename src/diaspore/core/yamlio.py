"""YAML 1.2 files with the line of every field, and mistakes reported as one clear message.

Only plain data comes out: dict, list, str, int, float, bool, None. In YAML 1.2 ``NO`` is text and ``1e5`` is a number.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError, InputErrors, shown

FieldPath = tuple[str | int, ...]

# A file of nested aliases can stand for more values than fit in memory.
_MAX_VALUES = 100_000

_MAX_DIGITS = 400
_MAX_BYTES = 1_000_000

_PLAIN_NAME = re.compile(r"[^\s'\"]{1,80}")
_INT = re.compile(r"[-+]?(0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)$")
_DIRECTIVE = re.compile(r"^%YAML[ \t]+(?!1\.2\b)", re.MULTILINE)
_CONTROL = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Document:
    """A YAML file as plain data.

    Attributes:
        data: the content; a mapping in every file this package defines.
        file: the path it was read from, or None for text.
        text: the source.
        remarks: what a model of another program lost on the way, in words.
    """

    data: Any
    file: str | None
    text: str
    remarks: tuple[str, ...] = ()
    _lines: Mapping[FieldPath, int] = field(default_factory=dict, repr=False)

    def line_of(self, path: FieldPath) -> int | None:
        """1-based line of the field at `path` (keys and list indices), or of its nearest ancestor in the file."""
        path = tuple(path)
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return self._lines.get(())

    def locate(self, error: InputError) -> InputError:
        """`error` with this file, and the line of the field it names, unless it is about another file."""
        if isinstance(error, InputErrors):
            return InputErrors(self.locate(one) for one in error.errors)
        if error.file is not None:
            return error
        return error.located(file=self.file, line=self.line_of(find(self.data, error.field or "")))

    def error(self, problem: str, path: FieldPath = (), **details: Any) -> InputError:
        """An `InputError` about the field at `path`, with file and line filled in; `details` as in `InputError`."""
        return InputError(problem, file=self.file, line=self.line_of(path), field=dotted(path), **details)


def dotted(path: FieldPath) -> str:
    """Field path for people: ``("organs", 0, "name")`` -> ``"organs[0].name"``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _PLAIN_NAME.fullmatch(part) else shown(part)
            text += f".{name}" if text else name
    return text


def find(data: Any, field: str) -> FieldPath:
    """Path of a dotted field name in plain data, as deep as it exists there; a name may itself contain dots."""
    if isinstance(data, list) and field.startswith("["):
        number, _, rest = field[1:].partition("]")
        if number.isdecimal() and int(number) < len(data):
            return (int(number), *find(data[int(number)], rest.removeprefix(".")))
    if isinstance(data, dict):
        for name in sorted((str(key) for key in data), key=len, reverse=True):
            rest = field.removeprefix(name)
            if field.startswith(name) and rest[:1] in ("", ".", "[") and name in data:
                return (name, *find(data[name], rest.removeprefix(".")))
    return ()


def load_yaml(path: str | Path) -> Document:
    """Read one YAML file.

    Raises:
        InputError: missing, unreadable, not UTF-8, empty, not valid YAML, or a key given twice.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError("no such file", file=path) from None
    except IsADirectoryError:
        raise InputError("is a directory, expected a YAML file", file=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=path) from None
    if len(raw) > _MAX_BYTES:
        raise InputError("is too large for a file written by hand", file=path, allowed=f"at most {_MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = f"is not UTF-8 text (byte 0x{raw[error.start]:02x})"
        raise InputError(problem, file=path, line=line, allowed="a YAML file saved as UTF-8") from None
    return parse_yaml(text, file=str(path))


def parse_yaml(text: str, *, file: str | None = None) -> Document:
    """Like `load_yaml`, from text; `file` is only used in messages."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    control = _CONTROL.search(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        raise InputError(f"contains the control character {control[0]!r}", file=file, line=line)
    directive = _DIRECTIVE.search(text)
    if directive is not None:
        line = text.count("\n", 0, directive.start()) + 1
        raise InputError("only YAML 1.2 is read; remove the %YAML line", file=file, line=line)
    try:
        yaml: Any = YAML(typ="safe", pure=True)
        yaml.composer.warn_double_anchors = False  # YAML 1.2 allows an anchor's name to be used again
        node = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = None if mark is None else int(mark.line) + 1
        raise InputError(_explain(error), file=file, line=place) from None
    except YAMLError as error:
        raise InputError(f"not valid YAML: {error}", file=file) from None
    except RecursionError:
        raise InputError("is nested too deeply", file=file) from None
    except ValueError as error:  # e.g. an impossible %YAML version
        raise InputError(f"not valid YAML: {error}", file=file) from None
    if node is None:
        raise InputError("the file is empty", file=file, line=1)
    builder = _Builder(file)
    try:
        data = builder.build(node, ())
    except RecursionError:
        raise InputError("is nested too deeply", file=file) from None
    return Document(data=data, file=file, text=text, _lines=builder.lines)


def dump_yaml(obj: Any) -> str:
    """Plain data as YAML 1.2 text; the same data always gives the same text, keys in the order given.

    Raises:
        TypeError: something that is not plain data (tuples are written as lists).
    """
    from ruamel.yaml import YAML

    yaml: Any = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False
    yaml.width = 10_000
    out = io.StringIO()
    yaml.dump(_plain(obj), out)
    text = out.getvalue()
    # A bare scalar is dumped as an open-ended document ("text\n...\n").
    return text.removesuffix("...\n")


class _Builder:
    """Turns composed nodes into plain data and notes the line of each field."""

    def __init__(self, file: str | None) -> None:
        self.file = file
        self.lines: dict[FieldPath, int] = {}
        self._open: set[int] = set()
        self._count = 0

    def build(self, node: Any, path: FieldPath) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._count += 1
        if self._count > _MAX_VALUES:
            raise InputError(f"stands for more than {_MAX_VALUES} values", file=self.file)
        if node.id == "scalar":
            return self._scalar(node, line, path)
        if id(node) in self._open:
            raise InputError("an alias refers to itself", file=self.file, line=line, field=dotted(path))
        self._open.add(id(node))
        result: Any
        if node.id == "sequence":
            result = [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        else:
            result = self._mapping(node, path)
        self._open.discard(id(node))
        return result

    def _mapping(self, node: Any, path: FieldPath) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        first: dict[Any, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if key_node.id != "scalar":
                raise InputError("a key must be a plain name", file=self.file, line=line, field=dotted(path))
            key = self._scalar(key_node, line, path)
            if key == "<<" and str(key_node.tag) == "tag:yaml.org,2002:merge":
                problem = "merge keys (<<) are not part of YAML 1.2; repeat the fields"
                raise InputError(problem, file=self.file, line=line, field=dotted(path))
            if isinstance(key, bool) or not isinstance(key, str | int):
                problem = f"the key {shown(key_node.value)} is not read as a name; put it in quotes"
                raise InputError(problem, file=self.file, line=line, field=dotted(path))
            if key in result:
                problem = f"given twice (first on line {first[key]})"
                raise InputError(problem, file=self.file, line=line, field=dotted((*path, key)))
            first[key] = line
            self.lines[(*path, key)] = line
            result[key] = self.build(value_node, (*path, key))
        return result

    def _scalar(self, node: Any, line: int, path: FieldPath) -> Any:
        tag = str(node.tag).removeprefix("tag:yaml.org,2002:")
        text: str = node.value
        if tag in ("str", "timestamp", "merge"):
            return text
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() == "true"
        if tag in ("int", "float"):
            try:
                return _number(text)
            except ValueError:
                raise InputError(
                    f"cannot read {shown(text)} as a number", file=self.file, line=line, field=dotted(path)
                ) from None
        raise InputError(
            f"the tag {node.tag} is not supported", file=self.file, line=line, field=dotted(path), allowed="plain YAML"
        )


def _number(text: str) -> int | float:
    if len(text) > _MAX_DIGITS:
        raise ValueError(text)
    if _INT.match(text):
        digits = text.replace("_", "").lower()
        unsigned = digits.lstrip("+-")
        base = {"0o": 8, "0x": 16}.get(unsigned[:2], 10)
        return int(digits, base)
    special = text.lower().lstrip("+-")
    if special == ".nan":
        return math.nan
    if special == ".inf":
        return -math.inf if text.startswith("-") else math.inf
    return float(text.replace("_", ""))


def _explain(error: Any) -> str:
    problem = str(error.problem or error.context or error).strip()
    if "'\\t'" in problem or "tab" in problem.lower():
        return "a tab is used for indentation; YAML allows only spaces"
    if "expected a single document" in str(error.context or ""):
        return "holds several YAML documents; expected one"
    context = str(error.context or "").strip()
    if "scanning an anchor" in context or "scanning an alias" in context or "scanning a tag" in context:
        return "text that begins with !, & or * needs quotes around it"
    return f"not valid YAML: {problem}" + (f" ({context})" if context and context != problem else "")


def _plain(obj: Any) -> Any:
    if obj is None or isinstance(obj, bool):
        return obj
    if isinstance(obj, str):
        return str(obj)
    if isinstance(obj, int):
        return int(obj)
    if isinstance(obj, float):
        return float(obj)
    if isinstance(obj, Mapping):
        return {_plain(key): _plain(value) for key, value in obj.items()}
    if isinstance(obj, list | tuple):
        return [_plain(value) for value in obj]
    msg = f"cannot write {type(obj).__name__} as YAML"
    raise TypeError(msg)
