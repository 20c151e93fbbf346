"""Reading counts and reporting them: values by hand, warnings, documents, and messages for what cannot be."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy.stats import gamma

from diaspore.core.errors import InputError
from diaspore.ctc.clinical import cutoff, read_counts, report_counts, write_report
from diaspore.ctc.clinical.report import false_events
from diaspore.ctc.clinical.write import figure, p_value, share
from diaspore.viz.ctc_counts import ctc_counts

HEAD = "day,count,volume_ml,assay\n"
SERIES = HEAD + "28,1,7.5,cellsearch\n0,7,7.5,CellSearch\n56,38,15,cellsearch\n84,3,4,parsortix\n"


def read(tmp_path: Path, text: str, name: str = "c.csv", **how: Any) -> Any:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_counts(tmp_path / name, **how)


def test_visits_come_in_the_order_of_time(tmp_path: Path) -> None:
    visits = read(tmp_path, SERIES)
    assert [(v.day, v.count, v.volume, v.assay) for v in visits] == [
        (0, 7, 7.5, "cellsearch"), (28, 1, 7.5, "cellsearch"), (56, 38, 15, "cellsearch"), (84, 3, 4, "parsortix")
    ]  # fmt: skip


def test_dates_yaml_and_frames_give_the_same(tmp_path: Path) -> None:
    dates = "date;count;volume_ml;assay\n2026-02-02;4;7.5;cellsearch\n2026-01-05;7;7.5;cellsearch\n"
    visits = read(tmp_path, dates)
    assert [(v.when, v.day) for v in visits] == [("2026-01-05", 0.0), ("2026-02-02", 28.0)]
    yaml = "visits:\n" + "".join(
        f"- {{date: {d}, count: {c}, volume_ml: 7.5, assay: cellsearch}}\n"
        for d, c in (("2026-02-02", 4), ("2026-01-05", 7))
    )
    assert read(tmp_path, yaml, "c.yaml") == visits
    frame = pd.DataFrame(
        {"date": pd.to_datetime(["2026-02-02", "2026-01-05"]), "count": [4, 7], "volume_ml": 7.5, "assay": "cellsearch"}
    )
    assert read_counts(frame) == visits
    assert read_counts(frame.drop(columns=["volume_ml", "assay"]), volume=7.5, assay="cellsearch") == visits


def test_one_of_several_patients(tmp_path: Path) -> None:
    text = "patient,day,count,volume_ml,assay\na,0,1,7.5,iset\nb,0,2,7.5,iset\n"
    assert read(tmp_path, text, patient="b")[0].count == 2
    with pytest.raises(InputError, match="holds 2 patients"):
        read(tmp_path, text)
    with pytest.raises(InputError, match="there is no patient 'c'"):
        read(tmp_path, text, patient="c")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "0,1.5,7.5,cellsearch\n", r"c\.csv:2: count: '1\.5' is not whole"),
        (HEAD + "0,1,7.5,cellsearch\n1,-1,7.5,cellsearch\n", r"c\.csv:3: count: '-1' is negative"),
        (HEAD + "0,one,7.5,cellsearch\n", r"count: 'one' is not a number"),
        (HEAD + "0,nan,7.5,cellsearch\n", r"count: 'nan' is not a number"),
        (HEAD + "0,1e9,7.5,cellsearch\n", r"count: '1e9' is too large"),
        (HEAD + "0,,7.5,cellsearch\n", r"count: '' is not a number"),
        (HEAD + "0,1,0,cellsearch\n", r"volume_ml: '0' cannot be"),
        (HEAD + "0,1,7.5,celsearch\n", r"did you mean 'cellsearch'"),
        (HEAD + "soon,1,7.5,iset\n", r"day: 'soon' is not a number"),
        (HEAD + "0,1,7.5\n", "has 3 cells, the head has 4"),
        (HEAD, "has no counts"),
        ("", "has no counts"),
        (
            "day,counts,volume_ml,assay\n0,1,7.5,iset\n",
            r"(?s)there is no column count.*did you mean 'count for counts'",
        ),
        ("time,count,volume_ml,assay\n0,1,7.5,iset\n", "no column day or date"),
        ("day,day,count\n0,1,1\n", "two columns of one name"),
        ("date,count,volume_ml,assay\n31.3.2026,1,7.5,iset\n", "is no date"),
    ],
)
def test_bad_counts(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "text", ["visits: 3\n", "- 1\n", "visits: [{day: 0, count: x, volume_ml: 7.5, assay: iset}]\n"]
)
def test_bad_yaml(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"c\.yaml"):
        read(tmp_path, text, "c.yaml")


def test_a_report_by_hand(tmp_path: Path) -> None:
    report = report_counts(read(tmp_path, SERIES), cutoff("breast"))
    rows = report.visits
    assert rows["category"].tolist() == ["at or above 5", "below 5", "at or above 5", "no cut-off of parsortix"]
    assert rows["per_tube"].tolist() == [7.0, 1.0, 19.0, 5.625]
    assert rows["chance_above"][0] == pytest.approx(gamma.sf(5.0, 7.5))
    assert rows["chance_above"][2] == pytest.approx(gamma.sf(10.0, 38.5))  # 5 per 7.5 mL are 10 in 15 mL
    assert rows["chance_above"].isna().tolist() == [False, False, False, True]
    assert rows["low"][0] == pytest.approx(2.814, abs=1e-3)
    assert rows["tube_high"][2] == pytest.approx(rows["high"][2] / 2)
    assert false_events("cellsearch", 30.0) == pytest.approx(0.164)
    changes = report.changes
    assert changes["why_not"].tolist() == ["", "", "cellsearch and parsortix are not comparable"]
    assert changes["p"][0] == pytest.approx(18 / 256)  # 7 and 1: 2 (1 + 8) / 2^8
    assert changes["p_holm"][0] >= changes["p"][0]
    text = "\n".join(report.warnings)
    for words in (
        "not comparable",
        "Volumes differ (4, 7.5, 15 mL)",
        "size of the background",
        "true intervals are wider",
    ):
        assert words in text


def test_other_posteriors_may_be_given(tmp_path: Path) -> None:
    class Sure:
        def above(self, per_ml: float) -> float:
            return 0.25

        def interval(self, level: float) -> tuple[float, float]:
            return 0.0, 1.0

    asked = []

    def of(count: int, volume: float, assay: str) -> Sure:
        asked.append((count, volume, assay))
        return Sure()

    visits = read(tmp_path, HEAD + "0,7,7.5,cellsearch\n")
    report = report_counts(visits, cutoff("breast"), posterior=of, prior="a model of the assay")
    assert asked == [(7, 7.5, "cellsearch")]
    assert report.visits["chance_above"].tolist() == [0.25]
    assert "a model of the assay" in write_report(report).markdown()


def test_a_quiet_series_has_one_warning(tmp_path: Path) -> None:
    visits = read(tmp_path, HEAD + "0,50,7.5,cellsearch\n9,60,7.5,cellsearch\n")
    assert len(report_counts(visits, cutoff("breast")).warnings) == 1
    assert report_counts(visits, cutoff("breast"), size=3.0).warnings == ()
    plain = report_counts(visits)
    assert plain.visits["category"].tolist() == ["", ""]
    spread = report_counts(visits, size=3.0)
    assert (spread.visits["high"] > plain.visits["high"]).all()
    assert spread.changes["p"][0] > plain.changes["p"][0]


class _Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_documents_say_what_they_are(tmp_path: Path) -> None:
    document = write_report(report_counts(read(tmp_path, SERIES), cutoff("breast")), "Patient <1>")
    markdown, page = document.markdown("counts.png"), document.html(b"png")
    reader = _Balance()
    reader.feed(page)
    assert reader.open == []
    for text in (markdown, reader.text):
        assert "For research only" in text
        assert "2.76 (1.57 to 4.86)" in text
        assert "mu2016" in text
        assert "nan" not in text
    assert "<1>" not in page
    assert "data:image/png;base64,cG5n" in page
    assert "![Counts" in markdown
    assert "2.8" not in [cell.strip() for cell in markdown.split("|")]  # only recalled


def test_numbers_in_words() -> None:
    assert [figure(v) for v in (0.0, 1.234, 12.34, 1234.5, float("inf"), float("nan"))] == [
        "0.00", "1.23", "12.3", "1,234", "no limit", "–"
    ]  # fmt: skip
    assert [share(v) for v in (0.0, 1e-5, 0.25, 0.99999, 1.0)] == ["0.0 %", "< 0.1 %", "25.0 %", "> 99.9 %", "100.0 %"]
    assert [p_value(v) for v in (1e-9, 0.0312, 1.0)] == ["< 0.001", "0.031", "1.000"]


def test_the_picture_shows_counts_cutoff_and_units(tmp_path: Path) -> None:
    figure_ = ctc_counts(report_counts(read(tmp_path, SERIES), cutoff("breast")))
    axes = figure_.axes[0]
    words = [text.get_text() for text in axes.texts]
    assert {"7", "1", "38 in 15 mL", "3 in 4 mL"} <= set(words)
    assert any(text.startswith("cut-off 5\nmetastatic") for text in words)
    assert "7.5 mL" in axes.get_ylabel()
    assert "days" in axes.get_xlabel()
    assert axes.get_ylim()[1] > report_counts(read(tmp_path, SERIES)).visits["tube_high"].max()
    assert "not for clinical decisions" in " ".join(text.get_text() for text in figure_.texts)
