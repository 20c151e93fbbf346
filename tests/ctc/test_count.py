"""Folders of images: what is read, what is refused and how, what a count writes, and what it notices."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from typer.testing import CliRunner

from diaspore.cli.application import app
from diaspore.core.errors import InputError
from diaspore.ctc.images import count as counting
from diaspore.ctc.images.channels import ChannelMap, load_channels
from diaspore.ctc.images.count import count_folder
from diaspore.ctc.images.parts import Parts, Sample, read_parts
from diaspore.ctc.images.reading import fields, frames, read
from diaspore.ctc.synth.slide import Slide, make_slide
from diaspore.ctc.synth.spec import Optics, SlideSpec
from diaspore.ctc.synth.write import write_tiff

SMALL = SlideSpec(tumour=12, leukocytes=120, debris=8, shape=(360, 400))
NUMBERS = ChannelMap({"dna": 1, "cytokeratin": 2, "cd45": 3}, pixel_size_um=0.65, bits=12)


@pytest.fixture(scope="module")
def slides() -> list[Slide]:
    return [make_slide(SMALL, seed=seed) for seed in (1, 2, 3)]


@pytest.fixture
def folder(tmp_path: Path, slides: list[Slide]) -> Path:
    target = tmp_path / "slide"
    target.mkdir()
    for k, slide in enumerate(slides):
        write_tiff(slide, target / f"tile-{k}.ome.tif")
    return target


def result(folder: Path, out: Path, **more: Any) -> dict[str, Any]:
    return count_folder(folder, out, gallery=0, **more).summary


def test_all_forms_of_files_give_the_same_pixels(tmp_path: Path, slides: list[Slide]) -> None:
    images = slides[0].images
    write_tiff(slides[0], tmp_path / "a.ome.tif")
    tifffile.imwrite(tmp_path / "b.tif", images[:3], photometric="minisblack")
    tifffile.imwrite(tmp_path / "c.tif", np.moveaxis(images[:3], 0, 2), photometric="rgb")
    (tmp_path / "d").mkdir()
    for name, image in zip(("DAPI", "CK", "CD45"), images, strict=False):
        tifffile.imwrite(tmp_path / "d" / f"t1_{name}.tif", image)
    (ome,) = read(fields(tmp_path)[0])
    assert ome.names == ("dna", "cytokeratin", "cd45", "vimentin")
    assert (ome.pixel_um, ome.top) == (0.65, 4095.0)
    assert np.array_equal(ome.image, images)
    for field in fields(tmp_path)[1:]:
        (one,) = read(field, NUMBERS)
        assert np.array_equal(one.image, images[:3]), field
    file = tmp_path / "map.yaml"
    file.write_text(
        "channels: {dna: DAPI, cytokeratin: CK, cd45: CD45}\npixel_size_um: 0.65\n"
        "pattern: '{tile}_{channel}.tif'\nbits: 12\n"
    )
    (parts,) = frames(tmp_path / "d", load_channels(file))
    assert np.array_equal(parts.image, images[:3])
    assert parts.name == "t1"


def test_eight_bits_are_read_and_other_depths_refused(tmp_path: Path, slides: list[Slide]) -> None:
    image = slides[0].images[:3]
    file = tmp_path / "a.tif"
    tifffile.imwrite(file, (image // 16).astype(np.uint8), photometric="minisblack")
    (frame,) = read(fields(tmp_path)[0], NUMBERS)
    assert frame.top == 255.0
    for wrong in (np.int16, np.uint32, np.float32):
        tifffile.imwrite(file, image.astype(wrong), photometric="minisblack")
        with pytest.raises(InputError, match=rf"a\.tif: its pixels are {np.dtype(wrong)}\n.*8 or 16 bit"):
            read(fields(tmp_path)[0], NUMBERS)
    stated = ChannelMap(NUMBERS.channels, 0.65, full_scale=4095.0)
    (frame,) = read(fields(tmp_path)[0], stated)
    assert frame.image.dtype == np.uint16
    assert np.abs(frame.image / 65535.0 - image / 4095.0).max() < 1e-4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("channels: {dna: 1, cytokeratin: 2}", "cd45 is missing"),
        ("channels: {dna: 1, cytokeratin: 2, cd45: 2}", "same channel"),
        ("channels: {dna: 1, cytokeratin: 2, cd45: 3, vimentin: 4}", "below extras"),
        ("channels: {dna: 1, cytokeratin: 2, cd45: 3}\npixel_size: 1", "did you mean 'pixel_size_um'"),
        ("channels: {dna: 1, cytokeratin: 2, cd45: 3}\npattern: x.tif", "{channel}"),
        ("channels: {dna: 1, cytokeratin: 2, cd45: 3}\nbits: 40", "8 to 16"),
        ("channels: {dna: true, cytokeratin: 2, cd45: 3}", "its number, from 1"),
    ],
)
def test_mistakes_in_maps_of_channels(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        load_channels(file)


def test_a_count_writes_its_results_and_nothing_else(folder: Path, tmp_path: Path, slides: list[Slide]) -> None:
    found = count_folder(folder, tmp_path / "out", gallery=6, threads=2)
    assert sorted(file.name for file in found.folder.iterdir()) == sorted(counting.RESULTS)
    events = pd.read_parquet(found.folder / "events")
    assert events["class"].value_counts().to_dict() == found.summary["counts"]
    assert json.loads((found.folder / "summary.json").read_text()) == json.loads(json.dumps(found.summary))
    true = sum(int(slide.truth["tumour"].sum()) for slide in slides)
    assert abs(found.summary["counts"]["tumour"] - true) <= 3
    calls = pd.read_csv(found.folder / "calls.csv")
    assert list(calls.columns[:5]) == ["slide_id", "tile", "roi", "x", "y"]
    assert all(name.startswith(("metadata_", "features_")) for name in calls.columns[5:])
    assert set(calls["metadata_class"]) <= {"tumour", "mesenchymal-like"}
    report = (found.folder / "report.html").read_text()
    assert report.count("<img") == 6
    assert 'src="http' not in report
    again = count_folder(folder, tmp_path / "again", gallery=6)
    for name in ("calls.csv", "summary.json", "report.html"):
        assert (again.folder / name).read_bytes() == (found.folder / name).read_bytes()  # whatever the threads
    with pytest.raises(InputError, match="already holds a count"):
        count_folder(folder, tmp_path / "out")


def test_bad_files_are_named_and_the_others_counted(folder: Path, tmp_path: Path, slides: list[Slide]) -> None:
    whole = (folder / "tile-0.ome.tif").read_bytes()
    (folder / "x-cut.ome.tif").write_bytes(whole[: len(whole) // 2])
    (folder / "x-text.tif").write_text("no image")
    tifffile.imwrite(folder / "x-unnamed.tif", slides[0].images, photometric="minisblack")
    about = {"axes": "CYX", "PhysicalSizeX": 0.65, "PhysicalSizeXUnit": "µm"}
    for name, image, channels in (
        ("x-small", slides[0].images[:, :100], ["dna", "cytokeratin", "cd45", "vimentin"]),
        ("x-two", slides[0].images[:2], ["dna", "cytokeratin"]),
        ("x-deep", slides[0].images.astype(np.float32), ["dna", "cytokeratin", "cd45", "vimentin"]),
    ):
        named = about | {"Channel": {"Name": channels}}
        tifffile.imwrite(folder / f"{name}.ome.tif", image, ome=True, photometric="minisblack", metadata=named)
    found = count_folder(folder, tmp_path / "out", gallery=0)
    told = {Path(error.file or "").name: str(error) for error in found.failures}
    wanted = {
        "x-cut.ome.tif": "", "x-text.tif": "no TIFF file", "x-unnamed.tif": "names no channel that is dna",
        "x-small.ome.tif": "is 400 x 100 px, fields before it 400 x 360 px",
        "x-two.ome.tif": "names no channel that is cd45", "x-deep.ome.tif": "its pixels are float32",
    }  # fmt: skip
    assert set(told) == set(wanted)
    for name, words in wanted.items():
        assert words in told[name]
    assert found.summary["fields"] == 3
    done = CliRunner().invoke(
        app, ["ctc", "count", str(folder), "-o", str(tmp_path / "cli"), "--gallery", "0", "--json"]
    )
    assert done.exit_code == 1
    assert (tmp_path / "cli" / "calls.csv").is_file()


def test_nothing_to_count(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        count_folder(tmp_path / "no", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no images in this folder"):
        count_folder(tmp_path / "empty", tmp_path / "out")
    (tmp_path / "empty" / "a.tif").write_text("no image")
    with pytest.raises(InputError, match=r"a\.tif: is no TIFF file"):
        count_folder(tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_channels_of_a_field_that_do_not_fit(tmp_path: Path, slides: list[Slide]) -> None:
    channels = ChannelMap({"dna": "D", "cytokeratin": "K", "cd45": "L"}, 0.65, "{tile}_{channel}.tif")
    for tile, name, image in (
        ("a", "D", slides[0].images[0]), ("a", "K", slides[0].images[1]),
        ("b", "D", slides[0].images[0]), ("b", "K", slides[0].images[1][:200]), ("b", "L", slides[0].images[2]),
    ):  # fmt: skip
        tifffile.imwrite(tmp_path / f"{tile}_{name}.tif", image)
    first, second = fields(tmp_path, channels)
    with pytest.raises(InputError, match=r"the file of cd45 \(L\) is missing"):
        read(first, channels)
    with pytest.raises(
        InputError, match=r"b_K\.tif: cytokeratin: is 400 x 200 px, other channels of this field 400 x 360"
    ):
        read(second, channels)
    with pytest.raises(InputError, match="no file name fits the pattern"):
        fields(tmp_path, ChannelMap(channels.channels, 0.65, "{tile}-{channel}.tif"))


def test_swapped_channels_are_noticed(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text("channels: {dna: dna, cytokeratin: cd45, cd45: cytokeratin}\n")
    remarks = result(folder, tmp_path / "out", channels=load_channels(file))["remarks"]
    assert any("may be swapped" in one for one in remarks)
    assert result(folder, tmp_path / "right")["remarks"] == []


def test_overexposed_and_empty_slides_are_noticed(tmp_path: Path) -> None:
    for name, spec in (
        ("bright", SlideSpec(tumour=5, leukocytes=120, shape=(360, 400), optics=Optics(dna=20_000.0))),
        ("empty", SlideSpec(tumour=0, leukocytes=0, debris=0, shape=(360, 400))),
    ):
        (tmp_path / name).mkdir()
        write_tiff(make_slide(spec, seed=4), tmp_path / name / "a.ome.tif")
    assert "dna is overexposed in 1 of 1 fields" in result(tmp_path / "bright", tmp_path / "o1")["remarks"][0]
    found = count_folder(tmp_path / "empty", tmp_path / "o2").summary
    assert found["nuclei"] == 0
    assert found["counts"]["tumour"] == 0
    assert "no nuclei were found" in found["remarks"][0]


def test_gates_of_counts_say_when_they_were_scaled(folder: Path, tmp_path: Path) -> None:
    wide = ChannelMap(bits=16)
    remarks = result(folder, tmp_path / "out", channels=wide, gates="ligthart-breast")["remarks"]
    assert any("counts of 12 bits" in one for one in remarks)


def test_a_killed_count_leaves_no_results(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(counting, "_summary", killed)
    with pytest.raises(KeyboardInterrupt):
        count_folder(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_parts_and_samples_stream(tmp_path: Path) -> None:
    parts, sample = Parts(tmp_path / "parts", ("a", "b")), Sample()
    for k in range(30):
        table = pd.DataFrame({"value": np.arange(k * 10_000, (k + 1) * 10_000)})
        parts.add(table, table.iloc[:1])
        sample.add(table)
    parts.flush()
    read_back = [a["value"].to_numpy() for a, _ in read_parts(tmp_path / "parts", ("a", "b"))]
    assert [len(one) for one in read_back] == [50_000] * 6
    assert np.array_equal(np.concatenate(read_back), np.arange(300_000))
    kept = sample.table()["value"].to_numpy()
    assert np.array_equal(kept, np.arange(0, 300_000, 4))


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slides: list[Slide]) -> None:
    write_tiff(slides[0], tmp_path / "a.ome.tif")
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(InputError, match=r"tifffile, which is not installed\n.*pip install 'diaspore\[ctc\]'"):
        read(fields(tmp_path)[0])
