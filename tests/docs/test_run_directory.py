"""The description of the run directory agrees with a run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import diaspore
from tests.docs.pages import DOCS, blocks, tables

PAGE = DOCS / "run-directory.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> diaspore.Run:
    file = tmp_path_factory.mktemp("run") / "patient.yaml"
    file.write_text("schema_version: 1\nkind: patient\nname: a few\npatients: 30\nsurgery: {nodes: {at: 30 day}}\n")
    return diaspore.simulate(file, out=file.parent / "run", quiet=True)


def _word(field: pa.Field) -> str:
    return "word" if pa.types.is_dictionary(field.type) else str(field.type)


def _described() -> dict[str, list[list[str]]]:
    names = re.findall(r"^## Table `(\w+)`", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(zip(names, tables(PAGE, "column"), strict=True))


def test_tables_and_columns(run: diaspore.Run) -> None:
    described = _described()
    assert sorted(described) == run.tables()
    for name, rows in described.items():
        schema = pq.read_schema(next((run.path / "tables" / name).glob("*.parquet")))
        assert [row[0].strip("`") for row in rows] == schema.names, name
        assert [row[1] for row in rows] == [_word(field) for field in schema], name
        for column, _type, unit, meaning in rows:
            assert unit, column
            assert meaning, column


def test_words(run: diaspore.Run) -> None:
    """Every word that stands in a column of words is named in its description."""
    free = {"site", "primary", "relapse_site", "death_site"}  # sites
    ranges = {f"{letter}{n}" for letter in "TN" for n in range(5)} | {"I", "II", "III", "IV", "M0", "M1"}
    for name, rows in _described().items():
        table = run.table(name)
        for column, form, _unit, meaning in rows:
            key = column.strip("`")
            if form == "word" and key not in free:
                named = set(re.findall(r"`([^`]+)`", meaning))
                found = set(table[key].cat.categories)
                assert found <= named | ranges | {"primary"}, key


def test_course(run: diaspore.Run) -> None:
    course = run.course()
    assert course is not None
    (rows,) = tables(PAGE, "variable")
    assert {row[0].strip("`") for row in rows} == set(course.data_vars)
    for name, dimensions, unit, _meaning in rows:
        variable = course[name.strip("`")]
        assert ", ".join(map(str, variable.dims)) == dimensions
        assert {"mm**3": "mm3", "1/mL": "1/mL", "–": None}[unit] == variable.attrs.get("units")


def test_manifest_and_summary(run: diaspore.Run) -> None:
    manifest, summary = (
        {key for row in rows for key in re.findall(r"`(\w+)`", row[0])} for rows in tables(PAGE, "entry")
    )
    assert manifest == set(run.manifest)
    assert summary == set(run.summary)


def test_files(run: diaspore.Run) -> None:
    listed = set(re.findall(r"^([\w.]+)(?:/| )", blocks(PAGE)[0].text, re.MULTILINE))
    found = {entry.name for entry in Path(run.path).iterdir()}
    assert found <= listed
    assert listed - found <= {"plots", "export", "checkpoint"}
    assert json.loads((run.path / "manifest.json").read_text())["format_version"] == 1
