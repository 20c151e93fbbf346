"""From a tissue through the body: what becomes of every cell and cluster that left it.

Those in blood walk through the circulation of the body engine with its rates, one by one, as the chain whose exact
solution `body.circulation` gives. Those in lymph are kept in nodes or come to the great veins by the thoracic duct;
those in a cavity stay there. Whole cells go in and whole cells come out: none is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from diaspore.body.blood_tables import EXPOSED, SHIELDED, class_rates, injection, node_shares
from diaspore.body.circulation import Network, Rates, network_of
from diaspore.body.parameters import resolve
from diaspore.body.processes.systemic import shielded_fraction
from diaspore.body.quantities import Point, changed, lymph_fates
from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.core.rng import uniform_column
from diaspore.coupling.departures import Departures
from diaspore.coupling.kernels.transit import S_TRANSIT, walk
from diaspore.knowledge.anatomy import SITES
from diaspore.tissue.parts.crossing import ROUTES

FATES = ("in the blood", "arrived", "left the blood elsewhere", "died", "kept in nodes", "in the cavity")
"""What may become of a cell that left a tissue, by number."""
NODES, CAVITY = 4, 5
CLUSTER = 3
"""Class of clusters in the tables of the body engine; before it the three phenotypes."""


@dataclass(frozen=True)
class Body:
    """The body through which cells go.

    Attributes:
        parameters: name of a parameter set.
        sex: female or male.
        origin: site of the tissue that cells leave.
        target: site where being held in a capillary is arrival.
        changes: of single parameters, canonical units.
    """

    parameters: str = "breast-2026.1"
    sex: str = "female"
    origin: str = "breast"
    target: str = "lung"
    changes: Mapping[str, float] = field(default_factory=dict)

    def point(self) -> Point:
        """Values of all parameters.

        Raises:
            InputError: an unknown set, parameter or site.
        """
        for one in ("origin", "target"):
            name = getattr(self, one)
            if name not in SITES:
                raise InputError(
                    f"{shown(name)} is no site", field=one, allowed=SITES, nearest=nearest_name(name, SITES)
                )
        return changed(resolve(self.parameters, {}), dict(self.changes))


@dataclass(frozen=True)
class Transit:
    """What became of departures; arrays of shape (cells,), in their order.

    Attributes:
        fate: number in `FATES`. Cells of a cluster share it.
        day: since the start of the tissue's run: when that was settled, or when one stopped to look.
        place: compartment of the circulation, -1 where none.
    """

    fate: np.ndarray
    day: np.ndarray
    place: np.ndarray

    def cells(self, fate: int) -> int:
        """Number of cells with a fate."""
        return int(np.sum(self.fate == fate))


def follow(left: Departures, body: Body, until: float, seed: int) -> Transit:
    """What becomes of cells that left a tissue, until a day after its start.

    Args:
        left: the cells.
        body: the body.
        until: day.
        seed: of the run.
    """
    point = body.point()
    network = network_of(body.sex)
    first = left.leaders()
    fate, day, place = np.full(len(first), CAVITY), left.minutes[first] / 1440.0, np.full(len(first), -1)
    names = left.identity[first].copy()
    route = left.route[first]
    by_lymph = route == ROUTES.index("lymph")
    kept = lymph_fates(point, body.origin)[0]
    in_node = by_lymph & (uniform_column(np.uint64(seed), names, S_TRANSIT + 1, 0) < kept)
    fate[in_node] = NODES
    flows = np.flatnonzero((route == ROUTES.index("blood")) | (by_lymph & ~in_node))
    _walk_all(flows, left, first, names, by_lymph, body, point, network, until, seed, fate, day, place)
    # Every cell of a cluster has the fate of the one that went first.
    order = np.argsort(left.cluster[first])
    row = order[np.searchsorted(left.cluster[first], left.cluster, sorter=order)]
    return Transit(fate[row], day[row], place[row])


def _walk_all(
    flows: np.ndarray, left: Departures, first: np.ndarray, names: np.ndarray, by_lymph: np.ndarray, body: Body,
    point: Point, network: Network, until: float, seed: int, fate: np.ndarray, day: np.ndarray, place: np.ndarray,
) -> None:  # fmt: skip
    shares = node_shares(network, body.sex)
    rates = [
        class_rates(network, shares, point.scalar, point.site, c, g, 0.0) for c in range(4) for g in (EXPOSED, SHIELDED)
    ]
    shielded = float(shielded_fraction(0.0, 1.0, 1.0, point.scalar[0]))
    has_shield = uniform_column(np.uint64(seed), names, S_TRANSIT + 1, 1) < shielded
    kind = np.where(left.size[first] > 1, CLUSTER, left.phenotype[first]) * 2 + has_shield
    entry = injection(network, body.sex, body.origin, point["blood_vertebral_fraction"])[SITES.index(body.origin)]
    veins = np.zeros(len(network.nodes))
    veins[network.index("large_veins")] = 1.0
    source = np.cumsum(np.where(by_lymph[flows, None], veins, entry), axis=1)
    target = np.where(network.is_bed, shares[:, SITES.index(body.target)], 0.0)

    def stacked(name: str) -> np.ndarray:
        return np.array([np.broadcast_to(getattr(one, name), (len(network.nodes),)) for one in rates])

    found, where, when = (np.zeros(len(flows), dtype=t) for t in (np.int64, np.int64, np.float64))
    walk(
        names[flows], day[flows], kind[flows], source, np.cumsum(network.routing, axis=1), network.transit,
        stacked("hold"), stacked("release"), stacked("extravasate"), stacked("die"), _deaths(rates), target, until,
        np.uint64(seed), found, where, when,
    )  # fmt: skip
    fate[flows], place[flows], day[flows] = found, where, when


def _deaths(rates: list[Rates]) -> np.ndarray:
    return np.array([one.flow_death for one in rates])
