"""A report of a count in one HTML file that needs no other: counts, remarks, and every shown event with its reasons."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from diaspore.core.jsonio import write_text
from diaspore.ctc.images.calling import Caller
from diaspore.ctc.images.channels import ChannelMap
from diaspore.ctc.images.gallery import Pictures, caption, pictures, png, write_sheet
from diaspore.ctc.images.measuring import Tile
from diaspore.ctc.images.reading import Field

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222 }
table { border-collapse: collapse } td, th { padding: .35em .8em; text-align: left; vertical-align: top }
th { border-bottom: 2px solid #888 } tr + tr td { border-top: 1px solid #ddd }
.number { text-align: right } .remark { background: #fff3cd; padding: .5em 1em; margin: .4em 0 }
img { image-rendering: pixelated; height: 96px } small { color: #666 }
"""


def write_pictures(
    folder: Path, events: pd.DataFrame, tiles: Sequence[Tile], listed: Sequence[Field], channels: ChannelMap | None,
    caller: Caller, summary: Mapping[str, Any],
) -> None:  # fmt: skip
    """Write gallery.png (if there is anything to show) and report.html into a folder."""
    found = pictures(events, tiles, listed, channels) if len(events) else None
    if found is not None:
        shown = f"{summary['slide']}: the first {len(events)} events, the surest first ({summary['gates']['name']})"
        write_sheet(folder / "gallery.png", found, events, shown)
    write_text(folder / "report.html", html(found, events, tiles, caller, summary))


def html(
    found: Pictures | None, events: pd.DataFrame, tiles: Sequence[Tile], caller: Caller, summary: Mapping[str, Any]
) -> str:
    """The report as text."""
    gates, interval = summary["gates"], summary["tumour_interval"]
    sure = "" if interval is None else (
        f" (95 % interval of the true number, from errors of synthetic slides: {interval['low']} to {interval['high']})"
    )  # fmt: skip
    groups = summary["clusters"]
    lines = [
        "<!doctype html>", '<html lang="en"><meta charset="utf-8">', f"<title>{escape(summary['slide'])}</title>",
        f"<style>{STYLE}</style>", f"<h1>{escape(summary['slide'])}</h1>",
        "<p><strong>For research only. A person has to look at every event; this is no diagnosis.</strong></p>",
        f"<p>{summary['counts'].get('tumour', 0):,} events called tumour cells{sure}, in {summary['nuclei']:,} nuclei "
        f"of {summary['fields']:,} fields ({summary['area_mm2']:.3g} mm²). Gates {escape(gates['name'])} "
        f"{escape(gates['version'])} (evidence: {escape(gates['evidence'])}); "
        f"Diaspore {escape(summary['version'])}.</p>",
        f"<p>{groups['clusters']:,} clusters of two or more tumour cells ({groups['cells_in_clusters']:,} cells), "
        f"{groups['heterotypic']:,} groups with a leukocyte.</p>",
        *(f'<p class="remark">{escape(one)}</p>' for one in summary["remarks"]),
        *(f'<p class="remark">not used: {escape(one)}</p>' for one in summary["not_used"]),
        '<table><tr><th>class<th class="number">events',
        *(f'<tr><td>{escape(name)}<td class="number">{count:,}' for name, count in summary["counts"].items()),
        "</table>",
    ]  # fmt: skip
    if found is not None:
        channels = ", ".join(("all channels in colour", *found.names))
        lines += [
            f"<h2>Events</h2><p>Pictures are 30 µm wide: {escape(channels)}; blue DNA, green cytokeratin, red CD45. "
            "One scale of brightness for all.</p>",
            "<table><tr><th>event<th>class<th>why<th>where",
        ]
        for number, (_, event) in enumerate(events.iterrows()):
            why = "<br>".join(map(escape, caller.gates.reasons(event, str(event["class"]), caller.top)))
            tile = tiles[int(event["tile"])]
            code = base64.b64encode(png(found.strip(number))).decode()
            lines.append(
                f'<tr><td><img alt="event {number + 1}" src="data:image/png;base64,{code}">'
                f"<td>{escape(caption(event)).replace(chr(10), '<br>')}<td><small>{why}</small>"
                f"<td>{escape(tile.name)}<br><small>x {event['x']:.0f}, y {event['y']:.0f}</small>"
            )
        lines.append("</table>")
    return "\n".join([*lines, "</html>", ""])
