"""Events as a table that EventArray of csi_images reads: slide_id, tile, roi, x, y, metadata_*, features_*."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

import pandas as pd

from diaspore.ctc.images.measuring import Tile

PLACE = ("slide_id", "tile", "roi", "x", "y")
METADATA = ("label", "edge", "class", "probability", "cluster", "cluster_nuclei", "heterotypic")


def event_array(events: pd.DataFrame, slide: str, tiles: Sequence[Tile]) -> pd.DataFrame:
    """Called events in that form. ``tile`` is the number of the field, from 0; its name and file are metadata."""
    features = [name for name in events.columns if name not in (*PLACE, *METADATA)]
    place = pd.DataFrame({"slide_id": slide, "tile": events["tile"], "roi": 0, "x": events["x"], "y": events["y"]})
    place["metadata_tile_name"] = [tiles[k].name for k in events["tile"]]
    place["metadata_file"] = [tiles[k].file for k in events["tile"]]
    parts = [place, events[list(METADATA)].add_prefix("metadata_"), events[features].add_prefix("features_")]
    return pd.concat(parts, axis=1)


def write_calls(stream: TextIO, events: pd.DataFrame, slide: str, tiles: Sequence[Tile], *, head: bool) -> None:
    """Append events to a CSV file, five significant digits; ``head``: with the names of the columns."""
    event_array(events, slide, tiles).to_csv(stream, header=head, index=False, float_format="%.5g")
