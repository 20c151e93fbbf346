"""Vessels as a graph: structures of arrays for nodes, segments and the tips of sprouts.

Rows move when something is taken away; identities stay. A column holds one number per row, and arrays are wider than
what is used so that growth is cheap.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np

from diaspore.core.rng import child_id

BLOOD, LYMPH = 0, 1
KINDS = ("blood", "lymph")
NOBODY = np.uint64(0)

NODE_FIELDS: dict[str, tuple[Any, tuple[int, ...], str]] = {
    "place": (np.float64, (3,), "x, y, z, um"),
    "held": (np.float64, (), "pressure held at this end, mmHg; not a number where none is"),
    "pressure": (np.float64, (), "mmHg; not a number where nothing flows"),
    "node_identity": (np.uint64, (), "of the node"),
}
SEGMENT_FIELDS: dict[str, tuple[Any, tuple[int, ...], str]] = {
    "ends": (np.int64, (2,), "rows of its nodes"),
    "diameter": (np.float64, (), "um"),
    "kind": (np.int8, (), "0 blood, 1 lymph"),
    "age": (np.float64, (), "min"),
    "perfused": (np.int8, (), "whether something flows"),
    "flow": (np.float64, (), "from the first node to the second, um3/min"),
    "haematocrit": (np.float64, (), "share of red cells in what it discharges"),
    "thickness": (np.float64, (), "haematocrit for which the viscosity was reckoned last"),
    "leakiness": (np.float64, (), "of its wall over that of a normal one"),
    "maturity": (np.float64, (), "share covered by pericytes"),
    "weak": (np.float64, (), "time without flow or with little shear, min"),
    "starved": (np.float64, (), "time without growth factor, min"),
    "host": (np.int8, (), "1: was there from the start and is not taken away"),
    "sprout": (np.uint64, (), "identity of the first tip of the sprout that left it, 0 for none"),
    "identity": (np.uint64, (), "of the segment"),
}
TIP_FIELDS: dict[str, tuple[Any, tuple[int, ...], str]] = {
    "tip_node": (np.int64, (), "row of its node"),
    "tip_segment": (np.int64, (), "row of the segment that it draws out"),
    "tip_kind": (np.int8, (), "0 blood, 1 lymph"),
    "tip_age": (np.float64, (), "min since it began"),
    "tip_since": (np.float64, (), "min since it last branched"),
    "tip_from": (np.float64, (3,), "where it began or last branched, um"),
    "tip_leaving": (np.float64, (), "distance from there within which it goes straight, um"),
    "tip_heading": (np.float64, (3,), "direction of its last step"),
    "tip_sprout": (np.uint64, (), "identity of the first tip of its sprout"),
    "tip_identity": (np.uint64, (), "of the tip"),
}
_TABLES = {"nodes": NODE_FIELDS, "segments": SEGMENT_FIELDS, "tips": TIP_FIELDS}
ALL_FIELDS = NODE_FIELDS | SEGMENT_FIELDS | TIP_FIELDS


class Graph:
    """Nodes, segments and tips; every field of the tables above is an array with at least as many rows as there are.

    Attributes:
        nodes, segments, tips: how many there are.
        changes: grows by one with every change of shape, so that what was derived can be made anew.
    """

    place: np.ndarray
    held: np.ndarray
    pressure: np.ndarray
    node_identity: np.ndarray
    ends: np.ndarray
    diameter: np.ndarray
    kind: np.ndarray
    age: np.ndarray
    perfused: np.ndarray
    flow: np.ndarray
    haematocrit: np.ndarray
    thickness: np.ndarray
    leakiness: np.ndarray
    maturity: np.ndarray
    weak: np.ndarray
    starved: np.ndarray
    host: np.ndarray
    sprout: np.ndarray
    identity: np.ndarray
    tip_node: np.ndarray
    tip_segment: np.ndarray
    tip_kind: np.ndarray
    tip_age: np.ndarray
    tip_since: np.ndarray
    tip_from: np.ndarray
    tip_leaving: np.ndarray
    tip_heading: np.ndarray
    tip_sprout: np.ndarray
    tip_identity: np.ndarray

    def __init__(self, seed: int = 1) -> None:
        self.nodes = self.segments = self.tips = 0
        self.changes = 0
        self.issued = 0
        self._seed = np.uint64(seed)
        for name, (dtype, shape, _) in ALL_FIELDS.items():
            setattr(self, name, np.zeros((64, *shape), dtype=dtype))

    def new_identity(self) -> np.uint64:
        """An identity that nothing else in this graph has."""
        self.issued += 1
        return np.uint64(child_id(self._seed, np.int64(self.issued)))

    def _reserve(self, table: str, count: int) -> None:
        fields = _TABLES[table]
        room = len(getattr(self, next(iter(fields))))
        if count <= room:
            return
        wider = max(count, 2 * room)
        for name in fields:
            old = getattr(self, name)
            new = np.zeros((wider, *old.shape[1:]), dtype=old.dtype)
            new[:room] = old
            setattr(self, name, new)

    def add_node(self, place: Any, held: float = np.nan) -> int:
        """A node; returns its row."""
        row = self.nodes
        self._reserve("nodes", row + 1)
        self.place[row], self.held[row], self.pressure[row] = place, held, np.nan
        self.node_identity[row] = self.new_identity()
        self.nodes += 1
        self.changes += 1
        return row

    def add_segment(
        self, a: int, b: int, diameter: float, kind: int = BLOOD, *, leakiness: float = 1.0, maturity: float = 1.0,
        host: bool = False, sprout: int | np.uint64 = NOBODY,
    ) -> int:  # fmt: skip
        """A segment between two nodes; returns its row."""
        row = self.segments
        self._reserve("segments", row + 1)
        for name in SEGMENT_FIELDS:
            getattr(self, name)[row] = 0
        self.ends[row] = a, b
        self.diameter[row], self.kind[row] = diameter, kind
        self.leakiness[row], self.maturity[row], self.host[row] = leakiness, maturity, host
        self.sprout[row], self.identity[row] = sprout, self.new_identity()
        self.segments += 1
        self.changes += 1
        return row

    def add_tip(self, node: int, segment: int, kind: int, heading: Any, sprout: int | np.uint64 = NOBODY) -> int:
        """A tip that draws out a segment, of a sprout that is there or of a new one; returns its row."""
        row = self.tips
        self._reserve("tips", row + 1)
        for name in TIP_FIELDS:
            getattr(self, name)[row] = 0
        self.tip_node[row], self.tip_segment[row], self.tip_kind[row] = node, segment, kind
        self.tip_heading[row], self.tip_identity[row] = heading, self.new_identity()
        self.tip_from[row] = self.place[node]
        self.tip_sprout[row] = sprout if sprout else self.tip_identity[row]
        self.tips += 1
        return row

    def split(self, segment: int, share: float) -> int:
        """Put a node into a segment at ``share`` of its length from its first node; returns the row of that node.

        The segment keeps the first piece; the second is a new row with the same numbers.
        """
        a, b = self.ends[segment]
        node = self.add_node(self.place[a] + share * (self.place[b] - self.place[a]))
        if np.isfinite(self.pressure[a]) and np.isfinite(self.pressure[b]):
            self.pressure[node] = self.pressure[a] + share * (self.pressure[b] - self.pressure[a])
        row = self.segments
        self._reserve("segments", row + 1)
        for name in SEGMENT_FIELDS:
            getattr(self, name)[row] = getattr(self, name)[segment]
        self.identity[row] = self.new_identity()
        self.ends[row] = node, b
        self.ends[segment] = a, node
        self.segments += 1
        tips = slice(self.tips)  # a tip draws out the piece at its own end
        self.tip_segment[tips][(self.tip_segment[tips] == segment) & (self.tip_node[tips] == b)] = row
        return node

    def lengths(self) -> np.ndarray:
        """Length of every segment, um."""
        ends = self.ends[: self.segments]
        return np.sqrt(np.sum((self.place[ends[:, 1]] - self.place[ends[:, 0]]) ** 2, axis=1))

    def wall_state(self) -> tuple[int, int, int]:
        """Differs wherever segments, their flow or their diameters do."""
        n = self.segments
        return self.changes, crc32(self.perfused[:n].tobytes()), crc32(self.diameter[:n].tobytes())

    def middles(self) -> np.ndarray:
        """Middle (n, 3) of every segment, um."""
        ends = self.ends[: self.segments]
        return 0.5 * (self.place[ends[:, 0]] + self.place[ends[:, 1]])

    def degree(self) -> np.ndarray:
        """How many segments meet at every node."""
        return np.bincount(self.ends[: self.segments].ravel(), minlength=self.nodes)

    def remove_tips(self, rows: Any) -> None:
        """Take tips away; what they drew out stays."""
        keep = np.ones(self.tips, dtype=bool)
        keep[np.asarray(rows, dtype=np.int64)] = False
        self._keep("tips", keep)
        self.tips = int(keep.sum())

    def remove_segments(self, gone: np.ndarray) -> None:
        """Take segments (a mask) away, with the tips that draw them out and the nodes that nothing touches any more."""
        if not gone.any():
            return
        keep = ~gone
        self.remove_tips(np.flatnonzero(gone[self.tip_segment[: self.tips]]))
        new_row = np.cumsum(keep) - 1
        self._keep("segments", keep)
        self.segments = int(keep.sum())
        self.tip_segment[: self.tips] = new_row[self.tip_segment[: self.tips]]
        self.drop_lone_nodes()
        self.changes += 1

    def drop_lone_nodes(self) -> None:
        """Take away nodes at which no segment ends."""
        keep = self.degree() > 0
        if keep.all():
            return
        new_row = np.cumsum(keep) - 1
        self._keep("nodes", keep)
        self.nodes = int(keep.sum())
        self.ends[: self.segments] = new_row[self.ends[: self.segments]]
        self.tip_node[: self.tips] = new_row[self.tip_node[: self.tips]]
        self.changes += 1

    def _keep(self, table: str, keep: np.ndarray) -> None:
        count = int(keep.sum())
        for name in _TABLES[table]:
            column = getattr(self, name)
            column[:count] = column[: len(keep)][keep]

    def state(self) -> dict[str, np.ndarray]:
        """All of it, as arrays by name; `put_state` takes them back."""
        counts = {"nodes": self.nodes, "segments": self.segments, "tips": self.tips}
        found = {
            name: getattr(self, name)[: counts[table]].copy() for table, fields in _TABLES.items() for name in fields
        }
        found["issued"] = np.array([self.issued], dtype=np.int64)
        return found

    def put_state(self, found: dict[str, np.ndarray]) -> None:
        """The inverse of `state`."""
        for table, fields in _TABLES.items():
            count = len(found[next(iter(fields))])
            self._reserve(table, count)
            setattr(self, table, count)
            for name in fields:
                getattr(self, name)[:count] = found[name]
        self.issued = int(found["issued"][0])
        self.changes += 1
