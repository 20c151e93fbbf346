from __future__ import annotations

import pytest

from diaspore.core.citations import Citations, Entry, format_entry, parse_bib, plain_text, shipped_bibliography
from diaspore.core.errors import InputError

BIB = r"""
A comment, with an address: someone@example.org

@Article{Paget1889, author = {Paget, Stephen}, title = "The distribution of {secondary} growths",
  journal = {The Lancet}, year = 1889, volume = {133}, number = {3421}, pages = {571--573},
  doi = {10.1016/S0140-6736(00)49915-0}}

@book{Klein2009,
  author = {Klein, C. A. and M{\"u}ller, Jo and {\'E}mile Durand},
  title = {Parallel progression}, publisher = {Springer \& Sons}, year = {2009},
}
@comment{ignored}
@misc{ICRP89, author = {{International Commission on Radiological Protection}}, title = {Basic data}, year = 2002,
  url = {https://www.icrp.org}}
"""


def test_entries_are_read() -> None:
    entries = parse_bib(BIB)
    assert list(entries) == ["Paget1889", "Klein2009", "ICRP89"]
    paget = entries["Paget1889"]
    assert paget.kind == "article"
    assert paget.fields["year"] == "1889"
    assert paget.fields["pages"] == "571--573"


def test_written_entries_read_back_equal() -> None:
    entries = parse_bib(BIB)
    again = parse_bib("\n".join(entry.bibtex() for entry in entries.values()))
    assert again == entries


def test_references_for_people() -> None:
    entries = parse_bib(BIB)
    assert format_entry(entries["Paget1889"]) == (
        "Paget S (1889). The distribution of secondary growths. The Lancet 133(3421):571–573. "
        "doi:10.1016/S0140-6736(00)49915-0"
    )
    assert format_entry(entries["Klein2009"]) == (
        "Klein CA, Müller J, Durand É (2009). Parallel progression. Springer & Sons"
    )
    assert format_entry(entries["ICRP89"]).startswith("International Commission on Radiological Protection (2002)")
    many = Entry("x", "misc", {"author": "A, B and C, D and E, F and G, H"})
    assert format_entry(many) == "A B et al"
    assert format_entry(Entry("x", "misc", {"author": "A, B and others", "year": "2000"})) == "A B et al. (2000)"
    assert format_entry(Entry("bare", "misc", {})) == "bare"


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"M{\"u}ller", "Müller"),
        (r"{\'{e}}", "é"),
        (r"Fran\c{c}ois", "François"),
        (r"{\v{Z}}i{\v s}ka", "Žiška"),
        (r"S{\o}ren", "Søren"),
        (r"Stra{\ss}e", "Straße"),
        (r"TGF-$\beta$ and 5~\%", "TGF-β and 5 %"),
        ("1--2", "1–2"),
        ("plain", "plain"),
    ],
)
def test_latex_becomes_plain_text(latex: str, text: str) -> None:
    assert plain_text(latex) == text


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("@article{a, title = {x}", 1, "not closed"),
        ("\n@article{, title = {x}}", 2, "no key"),
        ("@misc{a, year = 1}\n@misc{a, year = 2}", 2, "given twice"),
        ("@misc{a, year = 1}@misc{a, year = 2}", 1, "given twice"),
        ("@article{a,\n year =}", 2, "no value"),
        ('@article{a,\n\n title = "x}', 1, "not closed"),
        ('@article{a,\n\n title = "x, y = 2}', 3, "not closed"),
        ("@article{a, year = 1, nonsense}", 1, "cannot read 'nonsense'"),
        ("@article a", 1, "expected an entry"),
    ],
)
def test_mistakes_have_a_line(text: str, line: int, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        parse_bib(text, file="r.bib")
    assert caught.value.file == "r.bib"
    if words != "not closed":
        assert caught.value.line == line


def test_order_does_not_depend_on_the_order_of_use() -> None:
    pairs = [("b", "2"), ("a", "1"), ("b", "1"), ("a", "1")]
    forward, backward = Citations(pairs), Citations(reversed(pairs))
    assert forward == backward
    assert list(forward) == [("a", "1"), ("b", "1"), ("b", "2")]
    assert forward.to_json({}) == backward.to_json({})
    assert (len(forward), "a" in forward, "z" in forward) == (2, True, False)


def test_json_round_trip_keeps_keys_and_reasons() -> None:
    bibliography = parse_bib(BIB)
    citations = Citations([("Paget1889", "seed and soil"), ("Unknown2000", "a number")])
    records = citations.to_json(bibliography)
    assert records[0]["text"] == format_entry(bibliography["Paget1889"])
    assert records[1] == {"key": "Unknown2000", "text": None, "reasons": ["a number"]}
    assert Citations.from_json(records) == citations


def test_bibtex_of_what_was_used() -> None:
    bibliography = parse_bib(BIB)
    text = Citations([("Paget1889", "x"), ("Unknown2000", "y")]).bibtex(bibliography)
    assert parse_bib(text) == {"Paget1889": bibliography["Paget1889"]}
    assert "% no entry for Unknown2000" in text


def test_collections_can_be_joined() -> None:
    one = Citations([("a", "1")])
    one.update(Citations([("a", "2"), ("b", "1")]))
    assert list(one) == [("a", "1"), ("a", "2"), ("b", "1")]
    assert one.reasons("absent") == []


def test_shipped_references_are_valid() -> None:
    for key, entry in shipped_bibliography().items():
        assert entry.key == key
        assert format_entry(entry)
