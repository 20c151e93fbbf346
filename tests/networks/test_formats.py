"""Readers and writers of networks: round trips, places of mistakes, and files that mean harm."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaspore.core.errors import InputError
from diaspore.core.spec import load_spec, spec_from_dict
from diaspore.networks import expressions as ex
from diaspore.networks.boolean.spec import BooleanNetworkSpec
from diaspore.networks.formats import format_of, read_network
from diaspore.networks.formats.bnet import read_bnet, write_bnet
from diaspore.networks.formats.maboss import read_maboss, write_maboss
from diaspore.networks.formats.sbml_qual import read_sbml_qual, write_sbml_qual
from tests.networks.boolean_common import SHARED, all_states, names_of, network, random_logic

BND = """// rules
Node A {
  description = "the \\"first\\" node; really";
  logic = B & !C; /* in
  two lines */
  rate_up = @logic ? $fast : 0.0;
  rate_down = @logic ? 0.0 : 1.0/$fast;
}
node B { logic = (A XOR C) OR @mine; mine = A & C; }
# an input
Node C {
}
"""
CFG = """$fast = 2.5;
$twice = 2 * $fast;
[A, B].istate = 0.25 [0, 1], 0.75 [1, 0];
C.istate = 1;
A.is_internal = TRUE;
B.refstate = 0;
max_time = 12.5;
time_tick = 0.5;
sample_count = 2000;
discrete_time = 0;
use_physrandgen = FALSE;
seed_pseudorandom = 100;
thread_count = 4;
"""
BNET = "targets, factors\nA, B & !C  # note\n\nB, (A | C)\n"
QUAL = write_sbml_qual(network({"A": "B & !C", "B": "A ^ C", "C": None}, initial={"on": {"A": 1, "C": 0}}))


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def spec_of(data: dict[str, Any]) -> BooleanNetworkSpec:
    spec = spec_from_dict(data)
    assert isinstance(spec, BooleanNetworkSpec)
    return spec


def same_rules(a: BooleanNetworkSpec, b: BooleanNetworkSpec) -> None:
    """In every state of a small network, all expressions have the same values."""
    assert set(a.nodes) == set(b.nodes)
    for bits in all_states(len(a.nodes)):
        state = dict(zip(a.nodes, map(float, bits), strict=True))
        for name in a.nodes:
            one, other = (
                spec.nodes[name].rule() if spec.nodes[name].logic is not None else ex.Node(name) for spec in (a, b)
            )
            assert (ex.value(one, state) != 0.0) == (ex.value(other, state) != 0.0)


def test_maboss_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "n.bnd", BND)
    written(tmp_path, "n.cfg", CFG)
    found = read_maboss(path)
    spec = spec_of(found.data)
    assert list(spec.nodes) == ["A", "B", "C"]
    assert spec.nodes["A"].logic == "B & !C"
    assert spec.nodes["A"].up == "@logic ? $fast : 0.0"
    assert spec.nodes["A"].note == 'the \\"first\\" node; really'
    assert spec.nodes["B"].attributes == {"mine": "A & C"}
    assert spec.nodes["C"].is_input
    assert spec.parameters == {"fast": 2.5, "twice": 5.0}
    assert spec.initial.on == {"C": 1.0}
    assert (spec.initial.joint[0].nodes, spec.initial.joint[0].states) == (("A", "B"), {"01": 0.25, "10": 0.75})
    assert spec.outputs == ("B", "C")
    assert (spec.duration, spec.window, spec.trajectories, spec.updating) == (12.5, 0.5, 2000, "continuous")
    assert {what for what, _ in found.remarks} == {"use_physrandgen", "seed_pseudorandom", "thread_count"}
    assert load_spec(tmp_path / "n.cfg") == load_spec(path) == spec
    (tmp_path / "n.cfg").unlink()
    alone = read_maboss(path)
    assert alone.data["parameters"] == {"fast": 1.0}
    assert "there is no .cfg" in alone.remarks[0][1]


def test_maboss_round_trip(tmp_path: Path) -> None:
    rng = random.Random(2)
    for k in range(20):
        names = names_of(5)
        nodes: dict[str, Any] = {}
        for name in names:
            logic = random_logic(rng, names)
            rated = {"logic": logic, "up": "@logic ? $p : 1234567.25", "down": 0.1 + rng.random(), "attributes": {}}
            nodes[name] = rng.choice([logic, rated, {"logic": f"@x | {logic}", "attributes": {"x": logic}}])
        nodes["N4"] = None
        spec = network(
            nodes, parameters={"p": rng.random() * 1e7}, updating=rng.choice(["continuous", "discrete"]),
            initial={"on": {"N0": rng.random()}, "joint": [{"nodes": ["N2", "N1"], "states": {"01": 1, "11": 3.5}}]},
            outputs=["N1"], duration=7.3, window=0.1, trajectories=77,
        )  # fmt: skip
        bnd, cfg = write_maboss(spec)
        written(tmp_path, f"n{k}.cfg", cfg)
        back = spec_of(read_maboss(written(tmp_path, f"n{k}.bnd", bnd)).data)
        for name in names[:4]:
            for part in ("logic", "up", "down"):
                if getattr(spec.nodes[name], part) is not None:
                    assert back.nodes[name].expression(part) == spec.nodes[name].expression(part)
        assert back.parameters == spec.parameters
        assert back.initial.on["N0"] == pytest.approx(spec.initial.on["N0"], abs=1e-15)
        assert back.initial.joint == spec.initial.joint
        for field in ("duration", "window", "trajectories", "updating", "outputs"):
            assert getattr(back, field) == getattr(spec, field)


def test_mutations_are_written_for_maboss(tmp_path: Path) -> None:
    spec = network({"A": "!A", "B": "A"}, mutations={"A": "on"})
    bnd, cfg = write_maboss(spec)
    written(tmp_path, "m.cfg", cfg)
    back = spec_of(read_maboss(written(tmp_path, "m.bnd", bnd)).data)
    assert back.initial.on["A"] == 1.0
    assert {float(str(back.nodes["A"].up)), float(str(back.nodes["A"].down))} == {0.0}
    for fields in (
        {"mutations": {"A": {"loss": 0.5}}}, {"treatments": [{"node": "A", "loss": 0.5}]}, {"updating": "synchronous"}
    ):  # fmt: skip
        with pytest.raises(InputError):
            write_maboss(network({"A": "!A"}, **fields))


def test_the_reference_program_reads_what_is_written(tmp_path: Path) -> None:
    cmaboss = pytest.importorskip("cmaboss")
    rng = random.Random(9)
    names = names_of(8)
    spec = network(
        {name: {"logic": random_logic(rng, names), "up": "@logic ? $p : 0", "down": 1e-3} for name in names},
        parameters={"p": 0.5}, initial={"joint": [{"nodes": ["N0", "N3"], "states": {"01": 1, "10": 1}}]},
    )  # fmt: skip
    bnd, cfg = write_maboss(spec)
    files = written(tmp_path, "w.bnd", bnd), written(tmp_path, "w.cfg", cfg)
    table = cmaboss.MaBoSSSim(*map(str, files)).run().get_nodes_probtraj()
    assert set(table[2]) <= set(names)


def test_bnet(tmp_path: Path) -> None:
    found = read_bnet(written(tmp_path, "n.bnet", BNET))
    spec = spec_of(found.data)
    assert spec.inputs == ["C"]
    assert ("C", "no rule: taken as an input") in found.remarks
    same_rules(spec, network({"A": "B & !C", "B": "A | C", "C": None}))
    rng = random.Random(4)
    for _ in range(20):
        names = names_of(4)
        plain = network({name: random_logic(rng, names, 3, plain=True) for name in names} | {"I": None})
        same_rules(spec_of(read_bnet(written(tmp_path, "r.bnet", write_bnet(plain))).data), plain)
    constants = read_bnet(written(tmp_path, "c.bnet", "A, true & B\nB, false\n"))
    same_rules(spec_of(constants.data), network({"A": "B", "B": "0"}))
    for nodes in ({"A": {"up": 1}}, {"A": "A + A > 1"}, {"A": {"logic": "$p"}}):
        with pytest.raises(InputError, match="cannot hold"):
            write_bnet(network(nodes, parameters={"p": 1.0}))


def test_sbml_qual(tmp_path: Path) -> None:
    libsbml = pytest.importorskip("libsbml")
    spec = spec_of(read_sbml_qual(written(tmp_path, "q.sbml", QUAL)).data)
    assert spec.initial.on == {"A": 1.0, "C": 0.0}
    assert spec.inputs == ["C"]
    same_rules(spec, network({"A": "B & !C", "B": "A ^ C", "C": None}))
    rng = random.Random(6)
    done = 0
    for _ in range(100):
        names = names_of(4)
        rich = network({name: random_logic(rng, names, 3) for name in names})
        try:
            text = write_sbml_qual(rich)
        except InputError as error:
            if "cannot hold" not in str(error):
                raise
            continue
        done += 1
        document = libsbml.readSBMLFromString(text)
        document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, False)
        document.checkConsistency()
        errors = [document.getError(k) for k in range(document.getNumErrors())]
        assert [one.getMessage() for one in errors if one.getSeverity() >= libsbml.LIBSBML_SEV_ERROR] == []
        same_rules(spec_of(read_sbml_qual(written(tmp_path, "r.sbml", text)).data), rich)
    assert done >= 10
    with pytest.raises(InputError, match="cannot hold"):
        write_sbml_qual(network({"A": "A == 2"}))
    numbers = network({"A": "B ? 2 : 0", "B": "3"})
    same_rules(spec_of(read_sbml_qual(written(tmp_path, "t.sbml", write_sbml_qual(numbers))).data), numbers)


def test_formats_are_known_by_content_and_ending(tmp_path: Path) -> None:
    assert format_of(written(tmp_path, "a.xml", QUAL)).name == "SBML-qual"
    assert format_of(written(tmp_path, "a.BNET", BNET)).name == "BoolNet"
    assert format_of(written(tmp_path, "a.bnd", BND)).name == "MaBoSS"
    with pytest.raises(InputError, match="<html>"):
        format_of(written(tmp_path, "b.xml", "<html/>"))
    with pytest.raises(InputError, match="not that of a network"):
        format_of(tmp_path / "a.docx")
    for name in ("none.bnd", "none.bnet", "none.sbml"):
        with pytest.raises(InputError, match="no such file"):
            read_network(tmp_path / name)
    (tmp_path / "folder.bnd").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_network(tmp_path / "folder.bnd")


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (BND.replace("B & !C;", "B & !X;"), 4, 16, "'X' is no node"),
        (BND.replace("B & !C;", "B & & C;"), 4, 15, "found '&'"),
        (BND.replace("mine = A & C;", "mine = A & C"), 9, 51, "found '}' where ';'"),
        (BND.replace("node B", "node A"), 9, 6, "defined a second time"),
        (BND.replace("node B", "Gene B"), 9, 1, "found 'Gene'"),
        (BND.replace("Node C {\n}", "Node C {\n"), 13, 1, "ends too early"),
        (BND.replace("logic = B", "logic = B; logic = B"), 4, 14, "given a second time"),
        (BND.replace("node B {", "node B ;"), 9, 8, "found ';'"),
        (BND + "é", 13, 1, "cannot stand"),
        ("", 1, 1, "has no nodes"),
        ("// nothing", 1, 11, "has no nodes"),
        ("Node 7 { }", 1, 6, "the name of a node"),
        ("Node A { logic = ; }", 1, 18, "found the end"),
        ("Node A { logic = (A; }", 1, 18, "not closed"),
    ],
)
def test_mistakes_in_rules(tmp_path: Path, text: str, line: int, column: int, words: str) -> None:
    path = written(tmp_path, "n.bnd", text)
    with pytest.raises(InputError) as caught:
        read_maboss(path)
    error = caught.value
    if words == "has no nodes":
        assert words in str(error)
        return
    assert (error.file, error.line, error.column) == (str(path), line, column), str(error)
    assert words in error.problem


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "words"),
    [
        ("C.istate = 1;", "D.istate = 1;", 4, 1, "'D' is no node"),
        ("C.istate = 1;", "C.istate = 2;", 4, 3, "no start"),
        ("C.istate = 1;", "C.istat = 1;", 4, 3, "no attribute"),
        ("C.istate = 1;", "C.istate = 1", 5, 1, "found 'A'"),
        ("[A, B]", "[A, X]", 3, 5, "'X' is no node"),
        ("0.75 [1, 0]", "0.75 [1, 0, 1]", 3, 42, "3 states for 2 nodes"),
        ("0.75 [1, 0]", "0.75 [1, 2]", 3, 39, "found '2'"),
        ("0.75 [1, 0]", "-0.75 [1, 0]", 3, 42, "negative"),
        ("0.25 [0, 1], 0.75 [1, 0]", "0 [0, 1]", 3, 17, "no state with a weight"),
        ("$twice = 2 * $fast", "$twice = 2 * $fats", 2, 10, "'fats' has no value"),
        ("$twice = 2 * $fast", "$twice = 2 / 0", 2, 10, "divides by zero"),
        ("$twice = 2 * $fast", "$twice = 1e308 * 1e308", 2, 10, "no finite number"),
        ("sample_count = 2000", "sample_count = 1e308 * 1e308", 9, 16, "no finite number"),
        ("max_time", "max_tim", 7, 1, "is no setting"),
        ("max_time = 12.5;", "max_time = ;", 7, 12, "found the end"),
    ],
)
def test_mistakes_in_settings(tmp_path: Path, old: str, new: str, line: int, column: int, words: str) -> None:
    path = written(tmp_path, "n.bnd", BND)
    assert old in CFG
    cfg = written(tmp_path, "n.cfg", CFG.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_maboss(path)
    error = caught.value
    assert words in error.problem
    assert (error.file, error.line) == (str(cfg), line), str(error)
    if words != "negative":
        assert error.column == column, str(error)


def test_mistakes_that_are_found_later(tmp_path: Path) -> None:
    path = written(tmp_path, "n.bnd", BND)
    written(tmp_path, "n.cfg", CFG.replace("$fast = 2.5;", "$fasst = 2.5;").replace("2 * $fast", "2"))
    with pytest.raises(InputError) as caught:
        read_maboss(path)
    assert "$fast, read by the node A, has no value" in caught.value.problem
    assert caught.value.nearest == "fasst"
    path = written(tmp_path, "c.bnd", "Node A { logic = @x; x = @y; y = @x; }")
    with pytest.raises(InputError, match="@x → @y → @x"):
        load_spec(path)
    path = written(tmp_path, "d.bnd", "Node A { logic = @z; }")
    with pytest.raises(InputError, match="@z is no expression of this node"):
        load_spec(path)
    written(tmp_path, "n.cfg", CFG + "A.istate = 1;\n")
    with pytest.raises(InputError, match="has a start already"):
        load_spec(tmp_path / "n.bnd")


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("A, B\nB A\n", 2, 1, "expected 'node, rule'"),
        ("A, B\n  A, C\n", 2, 3, "second time"),
        ("A, B &\n", 1, 7, "found the end"),
        ("A, a & B\nB, A\n", 1, 4, "'a' is no node"),
        ("1A, B\n", 1, 1, "no name of a node"),
        ("A, $p\n", 1, 1, "cannot stand"),
        ("A, B | @x\n", 1, 1, "cannot stand"),
        ("A, (B\n", 1, 4, "not closed"),
        ("# nothing\n", 1, 1, "has no nodes"),
    ],
)
def test_mistakes_in_bnet(tmp_path: Path, text: str, line: int, column: int, words: str) -> None:
    path = written(tmp_path, "n.bnet", text)
    with pytest.raises(InputError) as caught:
        read_bnet(path)
    error = caught.value
    assert (error.file, error.line, error.column) == (str(path), line, column), str(error)
    assert words in error.problem


def test_encoding(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_bnet(written(tmp_path, "n.bnet", b"A, B\nB, \xff\n"))
    assert (caught.value.line, caught.value.column) == (2, 4)
    marked = read_bnet(written(tmp_path, "b.bnet", b"\xef\xbb\xbf" + BNET.encode()))
    assert set(marked.data["nodes"]) == {"A", "B", "C"}
    windows = read_maboss(written(tmp_path, "w.bnd", BND.replace("\n", "\r\n")))
    assert list(windows.data["nodes"]) == ["A", "B", "C"]


BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><sbml xmlns="http://www.sbml.org/sbml/level3/version1/core">&c;</sbml>"""


def test_harmful_xml(tmp_path: Path) -> None:
    pytest.importorskip("libsbml")
    for text, words in (
        (BOMB, "document types and entities"),
        ('<!DOCTYPE sbml SYSTEM "file:///etc/passwd"><sbml/>', "document types and entities"),
        ("<a>" * 1000, "nested too deeply"),
        (QUAL[:-30], "not valid XML"),
        (QUAL.replace('qual:maxLevel="1"', 'qual:maxLevel="3"', 1), "4 levels"),
        (QUAL.replace('qual:qualitativeSpecies="A"', 'qual:qualitativeSpecies="Z"'), "Z"),
        (QUAL.replace("<ci> B </ci>", "<ci> Q </ci>"), "'Q' is no species"),
    ):  # fmt: skip
        path = written(tmp_path, "x.sbml", text)
        with pytest.raises(InputError) as caught:
            read_sbml_qual(path)
        assert words in str(caught.value)
        assert caught.value.file == str(path)


def many_terms(count: int) -> str:
    term = QUAL[QUAL.index("<qual:functionTerm") : QUAL.index("</qual:functionTerm>") + len("</qual:functionTerm>")]
    off = term.replace('resultLevel="1"', 'resultLevel="0"')
    return QUAL.replace(term, (term + off) * count, 1)


def test_many_terms(tmp_path: Path) -> None:
    pytest.importorskip("libsbml")
    spec = spec_of(read_sbml_qual(written(tmp_path, "few.sbml", many_terms(3))).data)
    same_rules(spec, network({"A": "B & !C", "B": "A ^ C", "C": None}))
    with pytest.raises(InputError, match="nested too deeply"):
        read_sbml_qual(written(tmp_path, "many.sbml", many_terms(3000)))


SIZE = 10_000_000
GARBAGE = {
    "zeros": b"\0" * SIZE,
    "letters": b"A" * SIZE,
    "brackets": b"(" * SIZE,
    "lines": b"\n" * SIZE,
    "an open comment": b"/*" + b" *" * (SIZE // 2),
    "an open string": b'Node A { description = "' + b"x" * SIZE,
    "elements": b"<sbml>" + b"<a/>" * (SIZE // 4),
    "attributes of xml": b"<sbml " + b"".join(b'a%d="1" ' % k for k in range(SIZE // 14)),
    "nodes": b"".join(b"Node A%d { logic = A%d; }\n" % (k, k) for k in range(SIZE // 32)),
    "attributes": b"Node A {" + b"".join(b"a%d=1;\n" % k for k in range(SIZE // 12)) + b"}",
    "targets": b"".join(b"A%d, B%d\n" % (k, k) for k in range(SIZE // 16)),
    "a long rule": b"A, " + b"B & " * (SIZE // 4),
    "a deep rule": b"A, " + b"!(" * (SIZE // 2),
    "a rule in many lines": b"Node A { logic = " + b"A |\n" * (SIZE // 4) + b"A; }",
    "bytes": random.Random(0).randbytes(SIZE),
    "parameters": b"".join(b"$a%d = 1;\n" % k for k in range(SIZE // 16)),
}
READERS = {"x.bnd": read_maboss, "x.bnet": read_bnet, "x.sbml": read_sbml_qual, "x.cfg": read_maboss}


@pytest.mark.slow
@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("name", READERS)
def test_megabytes_of_garbage(tmp_path: Path, kind: str, name: str) -> None:
    path = written(tmp_path, name, GARBAGE[kind])
    if name == "x.cfg":
        written(tmp_path, "x.bnd", BND)
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as caught:
            READERS[name](path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 5000
    assert peak < 200e6


@pytest.mark.parametrize("kind", ["nodes", "targets", "attributes", "a rule in many lines", "parameters"])
def test_garbage_in_small(tmp_path: Path, kind: str) -> None:
    text = GARBAGE[kind][:1_000_000]
    for name, reader in READERS.items():
        path = written(tmp_path, name, text)
        if name == "x.cfg":
            written(tmp_path, "x.bnd", BND)
        with pytest.raises(InputError):
            reader(path)


def read_anything(folder: Path, name: str, raw: bytes) -> None:
    path = written(folder, name, raw)
    try:
        spec_from_dict(read_network(path).data)
    except InputError as error:
        str(error)


def mutated(raw: bytes) -> st.SearchStrategy[bytes]:
    place = st.integers(0, len(raw))
    pieces = b'( ) { } ; , [ ] @logic $x ? : 1e999 < > /* // # - ! A nan 1e-320 &amp; "'.split(b" ")
    pieces += [b"\xff", b"\0", b"\n", b"9" * 400]
    change = st.tuples(place, st.integers(0, 12), st.sampled_from([b"", *pieces]))

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        out = raw
        for at, length, put in changes:
            out = out[:at] + put + out[at + length :]
        return out

    return st.lists(change, min_size=1, max_size=4).map(apply)


@settings(max_examples=250)
@given(raw=st.one_of(st.binary(max_size=300), mutated(BND.encode())))
def test_any_rules_give_an_answer(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    read_anything(folder, "fuzz1.bnd", raw)


@settings(max_examples=250)
@given(raw=st.one_of(st.binary(max_size=300), mutated(CFG.encode())))
def test_any_settings_give_an_answer(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    written(folder, "fuzz2.bnd", BND)
    read_anything(folder, "fuzz2.cfg", raw)


@settings(max_examples=250)
@given(raw=st.one_of(st.binary(max_size=300), mutated(BNET.encode())))
def test_any_bnet_gives_an_answer(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    read_anything(tmp_path_factory.getbasetemp(), "fuzz.bnet", raw)


@settings(max_examples=250)
@given(raw=st.one_of(st.binary(max_size=300), mutated(QUAL.encode())))
def test_any_sbml_gives_an_answer(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("libsbml")
    read_anything(tmp_path_factory.getbasetemp(), "fuzz.sbml", raw)


def test_published_files_are_read() -> None:
    files = [path for ending in ("bnd", "bnet") for path in sorted(SHARED.rglob(f"*.{ending}"))]
    if not files:
        pytest.skip("the published files are not here")
    for path in files:
        spec = load_spec(path)
        assert isinstance(spec, BooleanNetworkSpec)
        assert spec.nodes
        if path.suffix == ".bnet":
            again = write_bnet(spec)
            assert again.count("\n") == len(spec.nodes) + 1
