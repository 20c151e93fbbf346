"""What a file may say of vessels, and what mistakes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diaspore.core.errors import InputError
from diaspore.core.spec import validate
from diaspore.fields.grid import Grid
from diaspore.knowledge.load import references
from diaspore.tissue.vessels.spec import VesselsSpec
from tests.tissue.vessels.common import FLAT, TYPES, UNITS, StandIn, vessels

LINE = {"line": [["0 um", "100 um"], ["600 um", "100 um"]]}
SPROUTING = {"substance": "vegf", "half": "1 ng/mL"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "layout"),
        ({"layout": []}, "layout"),
        ({"layout": [{}]}, "line, parallel, lattice, parent, file"),
        ({"layout": [LINE | {"lattice": {}}]}, "takes one of these fields"),
        ({"layout": [LINE | {"kind": "blod"}]}, "did you mean 'blood'"),
        ({"layout": [LINE | {"diametre": "8 um"}]}, "did you mean 'diameter'"),
        ({"layout": [LINE | {"diameter": 8}]}, "has no unit"),
        ({"layout": [LINE | {"pressure_in": "25 mm"}]}, "mmHg"),
        ({"layout": [LINE], "flow": {"haematocrit": 1.5}}, "at most 0.9"),
        ({"layout": [LINE], "flow": {"interval": "10 min"}}, "whole multiple"),
        ({"layout": [LINE], "exchange": {"oxigen": {"level": "1 mmHg"}}}, "did you mean 'oxygen'"),
        ({"layout": [LINE], "exchange": {"oxygen": {"level": "1 ng/mL"}}}, "vessels.exchange.oxygen.level"),
        ({"layout": [LINE], "exchange": {"oxygen": {"level": "-1 mmHg"}}}, "at least 0"),
        ({"layout": [LINE], "sprouting": SPROUTING | {"substance": "vegg"}}, "did you mean 'vegf'"),
        ({"layout": [LINE], "sprouting": SPROUTING | {"half": "0 ng/mL"}}, "above 0"),
        ({"layout": [LINE], "sprouting": SPROUTING | {"notch": 2}}, "notch"),
        ({"layout": [LINE], "sprouting": SPROUTING | {"progenitors": {"type": "tumor"}}}, "did you mean 'tumour'"),
        ({"layout": [LINE], "lymph_sprouting": SPROUTING}, "no lymph vessels"),
        ({"layout": [LINE], "remodelling": {"survival": "1 ng/mL"}}, "growth factor"),
        ({"layout": [{"parent": {"face": "x_low", "axis": "x"}}]}, "cannot run across"),
        ({"layout": [{"parent": {"face": "x_low", "axis": "z"}}]}, "no z in two dimensions"),
        ({"layout": [{"line": [["0 um", "100 um"], ["700 um", "100 um"]]}]}, "x from 0 to 600"),
        ({"layout": [{"line": [["0 um", "100 um"]]}]}, "line"),
        ({"layout": [{"line": [["0 um"], ["1 um"]]}]}, "two or three coordinates"),
    ],
)
def test_mistakes_name_field_and_what_is_allowed(data: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        vessels(StandIn(FLAT), data)


def table(tmp_path: Path, text: str) -> dict[str, Any]:
    file = tmp_path / "vessels.csv"
    file.write_text(text, encoding="utf-8")
    return {"layout": [{"file": str(file)}]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x1,y1,x2\n0,0,1\n", "no column 'y2'"),
        ("x1,y1,x2,y2,diametr\n0,0,9,0,8\n", "did you mean 'diameter'"),
        ("x1,y1,x2,y2\n0,0,9,zero\n", "csv:2.*y2.*no number"),
        ("x1,y1,x2,y2\n0,0,9,0\n0,0,9,\n", "csv:3.*missing"),
        ("x1,y1,x2,y2\n0,0,900,0\n", "csv:2.*outside"),
        ("x1,y1,x2,y2,diameter\n0,0,9,0,-3\n", "csv:2.*-3"),
        ("x1,y1,x2,y2,kind\n0,0,9,0,limph\n", "did you mean 'lymph'"),
        ("x1,y1,x2,y2\n", "no rows"),
    ],
)
def test_mistakes_in_a_table_name_the_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=f"(?s){words}"):
        vessels(StandIn(FLAT), table(tmp_path, text))


def test_a_missing_table_and_a_changed_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        validate(VesselsSpec, {"layout": [{"file": str(tmp_path / "absent.csv")}]})
    spec = validate(VesselsSpec, table(tmp_path, "x1,y1,x2,y2\n0,0,9,0\n"))
    table(tmp_path, "x1,y1,x2,y2\n0,0,8,0\n")
    from diaspore.tissue.vessels.build import build

    with pytest.raises(InputError, match="has changed"):
        build(spec.layout, FLAT, 1)


def test_a_table_is_laid_out(tmp_path: Path) -> None:
    text = (
        "x1,y1,x2,y2,diameter,kind,pressure1,pressure2\n"
        "0,100,300,100,20,,30,\n300,100,600,100,10,blood,,12\n0,500,600,500,,lymph,,0\n"
    )
    part = vessels(StandIn(FLAT), table(tmp_path, text))
    graph = part.graph
    assert graph.segments == 15 + 15 + 30
    assert sorted(graph.held[: graph.nodes][np.isfinite(graph.held[: graph.nodes])]) == [0.0, 12.0, 30.0]
    assert graph.perfused[:30].all()
    assert set(graph.diameter[: graph.segments]) == {20.0, 10.0, 8.0}
    assert graph.lengths() == pytest.approx(20.0)


@pytest.mark.parametrize("grid", [FLAT, Grid((12, 30, 18), 20.0)])
def test_a_lattice_flows_along_its_axis(grid: Grid) -> None:
    part = vessels(StandIn(grid), {"layout": [{"lattice": {"axis": "y", "spacing": "100 um"}}]})
    graph = part.graph
    across = [n for axis, n in ((2, grid.shape[2]), (0, grid.shape[0])) if grid.shape[0] > 1 or axis == 2]
    lines = int(np.prod([n * 20 // 100 for n in across]))
    held = np.isfinite(graph.held[: graph.nodes])
    assert held.sum() == 2 * lines
    d = graph.place[graph.ends[: graph.segments, 1]] - graph.place[graph.ends[: graph.segments, 0]]
    along = np.abs(d[:, 1]) > 0.0
    assert graph.perfused[: graph.segments][along].all()
    assert graph.lengths().max() <= 20.0 + 1e-9
    assert len(np.unique(np.round(graph.place[: graph.nodes], 3), axis=0)) == graph.nodes


def test_a_point_without_z_is_for_two_dimensions() -> None:
    with pytest.raises(InputError, match="x, y and z"):
        vessels(StandIn(Grid((10, 30, 30), 20.0)), {"layout": [LINE]})


def test_blood_and_lymph_at_one_place_do_not_meet() -> None:
    lymph = {"line": [["0 um", "100 um"], ["0 um", "500 um"]], "kind": "lymph", "pressure_in": "none"}
    graph = vessels(StandIn(FLAT), {"layout": [LINE, lymph | {"pressure_out": "0 mmHg"}]}).graph
    kinds = [
        set(graph.kind[: graph.segments][(graph.ends[: graph.segments] == n).any(axis=1)]) for n in range(graph.nodes)
    ]
    assert all(len(kind) == 1 for kind in kinds)


def test_sources_are_in_the_list_of_references() -> None:
    whole = {"layout": [LINE], "flow": {"parting": True}, "exchange": {"oxygen": {"level": "1 mmHg"}},
             "sprouting": SPROUTING, "remodelling": {}, "interstitium": {}}  # fmt: skip
    few, many = (validate(VesselsSpec, data).sources() for data in ({"layout": [LINE]}, whole))
    assert set(few) < set(many) <= set(references())


def test_a_spec_comes_back_from_its_text() -> None:
    spec = validate(VesselsSpec, {"layout": [LINE, {"lattice": {}}], "sprouting": SPROUTING, "remodelling": {}})
    again = validate(VesselsSpec, spec.model_dump(mode="json", by_alias=True, exclude_none=True))
    assert again == spec
    spec.check(UNITS, TYPES, 6.0)
