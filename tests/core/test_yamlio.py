from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaspore.core.errors import InputError
from diaspore.core.yamlio import dotted, dump_yaml, load_yaml, parse_yaml

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
)  # fmt: skip
keys = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_categories=("Cc", "Cf")), min_size=1)
plain_data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)


def test_yaml_1_2_types() -> None:
    text = "a: NO\nb: 1e5\nc: on\nd: 0x1F\ne: 2020-01-01\nf: ~\ng: true\nh: .inf\ni: 18 h\nj: '5'\nk: -7\nl: 012\n"
    data = parse_yaml(text).data
    assert data == {
        "a": "NO", "b": 1e5, "c": "on", "d": 31, "e": "2020-01-01", "f": None, "g": True, "h": math.inf, "i": "18 h",
        "j": "5", "k": -7, "l": 12,
    }  # fmt: skip
    assert type(data["b"]) is float


def test_every_field_has_its_line() -> None:
    document = parse_yaml("# a note\na:\n  b:\n    - c: 1\n    - d: 2\n\ne: [1,\n  2]\n")
    assert document.line_of(("a",)) == 2
    assert document.line_of(("a", "b")) == 3
    assert document.line_of(("a", "b", 1, "d")) == 5
    assert document.line_of(("e", 1)) == 8
    assert document.line_of(("a", "b", 1, "missing", 3)) == 5, "the nearest ancestor stands in for what is not there"
    assert document.line_of(()) == 2


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "given twice (first on line 1)"),
        ("a:\n  b: 1\n  b: 2\n", 3, "a.b: given twice"),
        ("a:\n\tb: 1\n", 2, "tab"),
        ("\ta: 1\n", 1, "tab"),
        ("", 1, "empty"),
        ("# only a note\n", 1, "empty"),
        ("a: &x\n  b: *x\n", 1, "refers to itself"),
        ("a: *nope\n", 1, "undefined alias"),
        ("a: 1\n<<: {b: 1}\n", 2, "merge keys"),
        ("a: !!python/object:os.system x\n", 1, "not supported"),
        ("a: !!int x\n", 1, "cannot read 'x' as a number"),
        ("--- 1\n--- 2\n", 2, "several YAML documents"),
        ("a: b: c\n", 1, "not valid YAML"),
        ("a: 'b\n", 2, "not valid YAML"),
        ("a: 1\nb: \x01\n", 2, "control character"),
        ("? [1]\n: 2\n", 1, "plain name"),
        ("1: a\ntrue: b\n", 2, "put it in quotes"),
        ("%YAML 1.1\n---\na: NO\n", 1, "only YAML 1.2"),
    ],
)
def test_mistakes_are_one_message_with_a_line(text: str, line: int, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, file="p.yaml")
    assert caught.value.line == line
    assert str(caught.value).startswith(f"p.yaml:{line}: ")
    assert words in str(caught.value)


def test_hostile_nesting_is_refused() -> None:
    with pytest.raises(InputError, match="too deeply"):
        parse_yaml("[" * 20_000)
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    with pytest.raises(InputError, match="stands for more than"):
        parse_yaml(bomb)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_yaml(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="is a directory"):
        load_yaml(tmp_path)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("a: 1\nname: Müller\n".encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8") as caught:
        load_yaml(latin)
    assert caught.value.line == 2


def test_a_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "bom.yaml"
    file.write_bytes("\ufeffa: 1\n".encode())
    document = load_yaml(file)
    assert document.data == {"a": 1}
    assert document.file == str(file)


def test_document_errors_carry_the_place() -> None:
    document = parse_yaml("a:\n  b: 1\n", file="f.yaml")
    assert str(document.error("is wrong", ("a", "b"), nearest="c")) == "f.yaml:2: a.b: is wrong\n  did you mean 'c'?"


def test_dotted_paths() -> None:
    assert dotted(("organs", 0, "name")) == "organs[0].name"
    assert dotted(()) == ""


@given(plain_data)
def test_written_yaml_reads_back_equal(data: Any) -> None:
    text = dump_yaml(data)
    assert dump_yaml(data) == text
    if data is None:
        return
    assert parse_yaml(text).data == data


def test_only_plain_data_is_written() -> None:
    assert dump_yaml({"a": (1, 2)}) == dump_yaml({"a": [1, 2]})
    with pytest.raises(TypeError, match="object"):
        dump_yaml({"a": object()})


def test_key_order_is_kept() -> None:
    assert dump_yaml({"b": 1, "a": {"d": 1, "c": 2}}) == "b: 1\na:\n  d: 1\n  c: 2\n"
