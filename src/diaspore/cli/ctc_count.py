"""``diaspore ctc count``: cells in a folder of images, by class."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from diaspore.cli import options

EXIT_NOT_ALL = 1


def count(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="TIFF files of one slide.", show_default=False)],
    gates: Annotated[str, typer.Option(metavar="NAME|FILE", help="Gates by name, or a YAML file.")] = "relative",
    channels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Map of channels; default: names in the files.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Default: FOLDER-count.", show_default=False)
    ] = None,
    gallery: Annotated[int, typer.Option(metavar="N", min=0, max=2000, help="Most events shown; 0: no pictures.")] = 60,
    method: Annotated[str, typer.Option(help="Edge of nuclei: own, otsu or triangle.")] = "own",
    segmenter: Annotated[
        str | None, typer.Option(help="stardist or cellpose, where installed, for nuclei.", show_default=False)
    ] = None,
    threads: options.Threads = None,
    json: options.Json = False,
) -> None:
    """Count tumour cells, leukocytes and clusters on a slide: a folder of fields with DNA, cytokeratin and CD45.

    Each file is a field with all channels, or one channel of it (see the map of channels in the documentation). A file
    that cannot be used is named, the others are counted, and the exit status is 1. A person has to look at the events.
    """
    from diaspore.cli.output import print_json
    from diaspore.cli.places import free_directory
    from diaspore.core.parallel import resolve_threads
    from diaspore.core.progress import progress
    from diaspore.ctc.images.channels import load_channels
    from diaspore.ctc.images.count import count_folder
    from diaspore.ctc.images.plugins import segmenter as plugin
    from diaspore.ctc.images.segmentation import Segmentation

    found = count_folder(
        folder, out or free_directory(Path(f"{folder.resolve().name}-count")), gates=gates,
        channels=None if channels is None else load_channels(channels), segmentation=Segmentation(method=method),
        segmenter=None if segmenter is None else plugin(segmenter), gallery=gallery, threads=resolve_threads(threads),
        progress=progress,
    )  # fmt: skip
    if json:
        print_json(found.summary | {"folder": str(found.folder)})
    else:
        _print(found.summary, found.folder)
    if found.failures:
        raise typer.Exit(EXIT_NOT_ALL)


def _print(summary: dict[str, Any], folder: Path) -> None:
    import sys

    from diaspore.cli.output import print_table
    from diaspore.core.words import counted

    title = f"{summary['slide']}: {counted(summary['fields'], 'field')}, {summary['area_mm2']:.3g} mm²"
    print_table(("class", "events"), list(summary["counts"].items()), title=title)
    interval, groups = summary["tumour_interval"], summary["clusters"]
    if interval is not None:
        low, high = interval["low"], interval["high"]
        print(f"True number of tumour cells with cytokeratin: {low} to {high} (95 %, by errors of synthetic slides).")
    if groups["clusters"]:
        print(f"{counted(groups['clusters'], 'cluster')} of tumour cells, with {groups['cells_in_clusters']} cells.")
    gates = f"{summary['gates']['name']} {summary['gates']['version']}"
    print(f"Gates {gates}; results in {folder}. Not for clinical decisions.")
    for remark in summary["remarks"]:
        print(f"Look at this: {remark}.", file=sys.stderr)
    for failure in summary["not_used"]:
        print(f"Not used: {failure}", file=sys.stderr)
