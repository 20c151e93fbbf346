"""Parameter sets: what is read, what is refused, and that the hash is of the content."""

from __future__ import annotations

from pathlib import Path

import pytest

from diaspore.core.errors import InputError, InputErrors
from diaspore.knowledge.load import references
from diaspore.knowledge.parameters import load_parameter_set, parameter_set_names, read_parameter_set

TEXT = """\
name: toy-1
version: "1"
title: A toy
fitted_to: [seer_size_metastasis]
free_parameters: 2
does_not_claim: [anything]
parameters:
  growth.doubling_time:
    value: 150 day
    low: 60 day
    high: 1 year
    spread: 0.6
    source: ryu2014
    grade: patients
    note: a note
  seeding.share:
    value: 30 %
    low: 0.1
    high: 50 %
    source: diaspore
    grade: assumed
  seeding.exponent:
    value: 0.6667
    source: iwata2000
    grade: assumed
  seeding.weights:
    value: [0.1, 0.2]
    source: diaspore
    grade: assumed
"""


def _read(folder: Path, text: str) -> object:
    path = folder / "toy-1.yaml"
    path.write_text(text, encoding="utf-8")
    return read_parameter_set(path)


def test_a_set_is_read(tmp_path: Path) -> None:
    path = tmp_path / "toy-1.yaml"
    path.write_text(TEXT, encoding="utf-8")
    toy = read_parameter_set(path)
    assert (toy.name, toy.version, toy.free_parameters, len(toy)) == ("toy-1", "1", 2, 4)
    assert toy.fitted_to == ("seer_size_metastasis",)
    assert toy.quantity("growth.doubling_time", "day") == 150.0
    assert toy.fraction("seeding.share") == pytest.approx(0.3)
    assert toy.quantity("seeding.exponent", "dimensionless") == 0.6667
    assert toy["seeding.weights"].value == (0.1, 0.2)
    assert toy["growth.doubling_time"].spread == 0.6
    assert toy["growth.doubling_time"].line == 8
    assert ("ryu2014", "toy-1: growth.doubling_time") in toy.citations()
    with pytest.raises(InputError, match="dimension") as caught:
        toy.quantity("growth.doubling_time", "mm")
    assert caught.value.line == 8
    with pytest.raises(InputError, match=r"did you mean 'seeding\.share'"):
        toy["seeding.shares"]


def test_the_hash_is_of_the_content(tmp_path: Path) -> None:
    first = tmp_path / "a.yaml"
    first.write_text(TEXT, encoding="utf-8")
    second = tmp_path / "b.yaml"
    head, _, tail = TEXT.partition("parameters:\n")
    second.write_text("# a comment\nparameters:\n" + tail + head, encoding="utf-8")
    third = tmp_path / "c.yaml"
    third.write_text(TEXT.replace("150 day", "151 day"), encoding="utf-8")
    hashes = [read_parameter_set(path).hash for path in (first, second, third)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 64


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("grade: patients", "grade: patient", "did you mean 'patients'"),
        ("source: ryu2014", "source: ryu2015", "did you mean 'ryu2014'"),
        ("    source: ryu2014\n", "", "source is missing"),
        ("value: 150 day", "valu: 150 day", "did you mean 'value'"),
        ("value: 150 day", "value: 150 dya", "not a unit"),
        ("low: 60 day", "low: 60 mm", "dimension"),
        ("low: 60 day", "low: 60", "no unit"),
        ("low: 60 day", "low: 200 day", "wrong side"),
        ("high: 1 year", "high: 0.1 year", "wrong side"),
        ("free_parameters: 2", "free_parameters: two", "not a number of parameters"),
        ("fitted_to: [seer_size_metastasis]", "fitted_to: seer", "list of texts"),
        ("title: A toy", "titel: A toy", "did you mean 'title'"),
        ('version: "1"\n', "", "version is missing"),
        ("value: [0.1, 0.2]", "value: {a: 1}", "not a number"),
    ],
)
def test_mistakes_name_line_and_field(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError, match=words) as caught:
        _read(tmp_path, TEXT.replace(old, new))
    assert caught.value.file is not None
    assert caught.value.line is not None


def test_all_mistakes_are_listed(tmp_path: Path) -> None:
    text = TEXT.replace("grade: patients", "grade: mice").replace("source: iwata2000", "source: nobody")
    with pytest.raises(InputErrors) as caught:
        _read(tmp_path, text)
    assert len(caught.value.errors) == 2


def test_unknown_set() -> None:
    with pytest.raises(InputError, match="no parameter set is called"):
        load_parameter_set("no-such-set")


@pytest.mark.parametrize("name", parameter_set_names())
def test_shipped_sets_are_valid(name: str) -> None:
    shipped = load_parameter_set(name)
    assert shipped.name == name
    assert len(shipped) > 0
    for entry in shipped.entries.values():
        assert entry.source in references()


DERIVED = """\
name: toy-2
version: "2"
base: breast-2026.1
parameters:
  growth.doubling_time: {value: 100 day, source: diaspore, grade: assumed}
"""


def test_a_set_may_build_on_another(tmp_path: Path) -> None:
    """Own entries first, the other set's where there are none; another base is another hash."""
    path = tmp_path / "toy-2.yaml"
    path.write_text(DERIVED, encoding="utf-8")
    toy, base = read_parameter_set(path), load_parameter_set("breast-2026.1")
    assert toy.base == base.name
    assert set(toy) == set(base)
    assert toy.quantity("growth.doubling_time", "day") == 100.0
    assert toy["fate.bottleneck"] == base["fate.bottleneck"]
    assert tuple(toy.own) == ("growth.doubling_time",)
    assert toy.hash != base.hash


@pytest.mark.parametrize("name", ["toy-2", "breast-2026", "[1]"])
def test_a_base_that_is_no_shipped_set_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "toy-2.yaml"
    path.write_text(DERIVED.replace("breast-2026.1", name), encoding="utf-8")
    with pytest.raises(InputError, match=r"toy-2\.yaml:3: base"):
        read_parameter_set(path)
