"""Anatomy for the body engine: circulation, nodal stations, cavities, capillary beds, sites, tropism.

All numbers come from the tables of this package; what is assumed there is assumed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from diaspore.core.errors import InputError, nearest_name
from diaspore.knowledge.load import Row, fact, table

SEXES = ("female", "male")

SITES = (
    "lung",
    "liver",
    "bone",
    "brain",
    "adrenal",
    "kidney",
    "skin",
    "muscle",
    "ovary",
    "pancreas",
    "spleen",
    "thyroid",
    "bowel",
    "stomach",
    "heart",
    "breast",
    "prostate",
    "bladder",
    "distant_nodes",
    "regional_nodes",
    "peritoneum",
    "pleura",
    "pericardium",
    "meninges",
)
"""Body sites an engine tracks, in a fixed order."""

CAVITIES = ("peritoneum", "pleura", "pericardium", "csf")


@dataclass(frozen=True)
class Circulation:
    """Blood flow between organs as a directed graph of compartments (ICRP 89).

    Attributes:
        sex: "female" or "male".
        nodes: names of the n compartments.
        source, target: (m,) indices into `nodes`, one per edge.
        percent: (m,) flow of each edge, % of cardiac output.
        flow_percent: (n,) flow through each node, % of cardiac output.
        volumes_ml: (n,) blood in each node, mL.
        transit_s: (n,) mean transit time, s; equals volume share / flow share x blood volume / cardiac output.
        cardiac_output_l_min: L/min.
        blood_volume_ml: total, mL; the nodes add up to it (female: 99.98 %, the gonads are rounded).
    """

    sex: str
    nodes: tuple[str, ...]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    percent: NDArray[np.float64]
    flow_percent: NDArray[np.float64]
    volumes_ml: NDArray[np.float64]
    transit_s: NDArray[np.float64]
    cardiac_output_l_min: float
    blood_volume_ml: float

    @property
    def edges(self) -> tuple[tuple[str, str, float], ...]:
        """(from, to, % of cardiac output) of every edge."""
        pairs = zip(self.source.tolist(), self.target.tolist(), self.percent.tolist(), strict=True)
        return tuple((self.nodes[i], self.nodes[j], p) for i, j, p in pairs)

    def index(self, node: str) -> int:
        """Position of `node` in `nodes`.

        Raises:
            InputError: no such node.
        """
        return self.nodes.index(_known(node, self.nodes, "node of the circulation"))


@dataclass(frozen=True)
class Station:
    """A group of lymph nodes that drains a primary.

    Attributes:
        primary, name, title: whose, its short name, its name for people.
        order: 1 for the stations that lymph reaches first.
        share: share of the primary's lymph that reaches this station directly; the shares of a primary add up to 1.
        share_low, share_high: interval of `share`, or None.
        nodes, nodes_low, nodes_high: number of lymph nodes and its range.
        onward: stations, or "venous" / "thoracic_duct", that it drains to.
        source, grade, note: of the share.
    """

    primary: str
    name: str
    title: str
    order: int
    share: float
    share_low: float | None
    share_high: float | None
    nodes: int
    nodes_low: int
    nodes_high: int
    onward: tuple[str, ...]
    source: str
    grade: str
    note: str


@dataclass(frozen=True)
class Cavity:
    """A body cavity: its quantities by name, and how free cells spread over its sub-sites.

    Attributes:
        name: one of `CAVITIES`.
        facts: quantity -> fact, e.g. ``facts["volume"].to("mm**3")``.
        implant_share: sub-site -> fact; the shares add up to 1 (assumed).
        surface_share: sub-site -> fact (peritoneum only; parts may contain each other).
    """

    name: str
    facts: Mapping[str, Row]
    implant_share: Mapping[str, Row]
    surface_share: Mapping[str, Row]


@dataclass(frozen=True)
class CapillaryBed:
    """Smallest vessels of an organ.

    Attributes:
        organ, type: type is continuous, fenestrated, sinusoidal, discontinuous or bbb.
        diameter_um: lumen diameter, um.
        pore_nm: largest pore or passing particle, nm.
        facts: quantity -> fact with interval, source and grade.
    """

    organ: str
    type: str
    diameter_um: float
    pore_nm: float
    facts: Mapping[str, Row]


@dataclass(frozen=True)
class Site:
    """A body site of the engine.

    Attributes:
        name: one of `SITES`.
        bed: capillary type.
        msk_site: name in the MSK-MET tropism table, "" where it has none.
        nodes: sex -> circulation node -> share of that node's flow that belongs to the site.
    """

    name: str
    bed: str
    msk_site: str
    nodes: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Primary:
    """A primary tumour and its names in the tables.

    Attributes:
        name, title: short name, name for people.
        msk_primary: name in MSK-MET.
        seer_cancer: name in the SEER size table, "" where it has none.
        stations: whose nodal stations it uses.
        sex: "female", "male" or "both".
    """

    name: str
    title: str
    msk_primary: str
    seer_cancer: str
    stations: str
    sex: str


@cache
def circulation(sex: str) -> Circulation:
    """The flow network of a reference woman or man.

    Raises:
        InputError: `sex` is neither "female" nor "male".
    """
    sex = _known(sex, SEXES, "sex")
    compartments = table(f"compartments_{sex}")
    nodes = tuple(row["node"] for row in compartments)
    where = {node: i for i, node in enumerate(nodes)}
    edges = table(f"flow_edges_{sex}")
    source = np.array([where[row["from"]] for row in edges])
    target = np.array([where[row["to"]] for row in edges])
    percent = np.array([row.value for row in edges])
    out = np.zeros(len(nodes))
    np.add.at(out, source, percent)
    result = Circulation(
        sex=sex,
        nodes=nodes,
        source=source,
        target=target,
        percent=percent,
        flow_percent=out,
        volumes_ml=np.array([row.number("blood_volume_ml") for row in compartments]),
        transit_s=np.array([row.number("transit_s") for row in compartments]),
        cardiac_output_l_min=fact(f"body.{sex}.cardiac_output").value,
        blood_volume_ml=fact(f"body.{sex}.blood_volume").value * 1000.0,
    )
    for array in (source, target, percent, out, result.volumes_ml, result.transit_s):
        array.setflags(write=False)  # the result is shared
    return result


@cache
def primaries() -> Mapping[str, Primary]:
    """All primaries with a name of their own, by short name."""
    return MappingProxyType(
        {
            row["primary"]: Primary(
                name=row["primary"],
                title=row["title"],
                msk_primary=row["msk_primary"],
                seer_cancer=row["seer_cancer"],
                stations=row["stations"],
                sex=row["sex"],
            )
            for row in table("primaries")
        }
    )


@cache
def _primary_names() -> Mapping[str, str]:
    names = {name: name for name in primaries()}
    for row in table("primaries"):
        for alias in (row["alias"], row["title"], row["msk_primary"]):
            if alias:
                names.setdefault(alias.lower(), row["primary"])
    return names


def primary(name: str) -> Primary:
    """The primary called `name`: short name, title, or a common other name such as "lung" or "pdac".

    Raises:
        InputError: no such primary.
    """
    names = _primary_names()
    key = name.strip().lower()
    if key not in names:
        raise InputError(
            f"no primary is called {name!r}", allowed=tuple(primaries()), nearest=nearest_name(name, names)
        )
    return primaries()[names[key]]


@cache
def _stations() -> Mapping[str, tuple[Station, ...]]:
    found: dict[str, list[Station]] = {}
    for row in table("nodal_stations"):
        station = Station(
            primary=row["primary"],
            name=row["station"],
            title=row["title"],
            order=int(row.number("order")),
            share=row.value,
            share_low=row.low,
            share_high=row.high,
            nodes=int(row.number("nodes")),
            nodes_low=int(row.number("nodes_low")),
            nodes_high=int(row.number("nodes_high")),
            onward=tuple(row["onward"].split(";")),
            source=row.source,
            grade=row.grade,
            note=row.note,
        )
        found.setdefault(station.primary, []).append(station)
    return {name: tuple(stations) for name, stations in found.items()}


def nodal_stations(primary_name: str) -> list[Station]:
    """Stations of a primary in the order lymph reaches them.

    Raises:
        InputError: no such primary.
    """
    known = _stations()
    name = primary_name if primary_name in known else primary(primary_name).stations
    return list(known[name])


@cache
def cavity(name: str) -> Cavity:
    """A body cavity.

    Raises:
        InputError: no such cavity.
    """
    name = _known(name, CAVITIES, "cavity")
    rows = [row for row in table("cavities") if row["cavity"] == name]
    shares = {
        quantity: MappingProxyType({row["subsite"]: row for row in rows if row["quantity"] == quantity})
        for quantity in ("implant_share", "surface_share")
    }
    plain = {row["quantity"]: row for row in rows if not row["subsite"]}
    return Cavity(name, MappingProxyType(plain), shares["implant_share"], shares["surface_share"])


@cache
def capillary_bed(organ: str) -> CapillaryBed:
    """The capillary bed of a site.

    Raises:
        InputError: no such site.
    """
    organ = _known(organ, SITES, "site")
    rows = {row["quantity"]: row for row in table("capillaries") if row["organ"] == organ}
    diameter = rows["diameter"]
    return CapillaryBed(organ, diameter["type"], diameter.to("um"), rows["pore"].to("nm"), MappingProxyType(rows))


@cache
def site_map() -> Mapping[str, Site]:
    """All sites by name, in the order of `SITES`."""
    nodes: dict[str, dict[str, dict[str, float]]] = {name: {sex: {} for sex in SEXES} for name in SITES}
    first: dict[str, Row] = {}
    for row in table("site_map"):
        first.setdefault(row["site"], row)
        for sex in SEXES if row["sex"] == "both" else (row["sex"],):
            nodes[row["site"]][sex][row["node"]] = row.value
    return MappingProxyType(
        {
            name: Site(
                name=name,
                bed=first[name]["bed"],
                msk_site=first[name]["msk_site"],
                nodes=MappingProxyType({sex: MappingProxyType(nodes[name][sex]) for sex in SEXES}),
            )
            for name in SITES
        }
    )


def site(name: str) -> Site:
    """A site by name.

    Raises:
        InputError: no such site.
    """
    return site_map()[_known(name, SITES, "site")]


@cache
def vessels_of() -> Mapping[str, str]:
    """Whose vessels each site has: its own name, or the site that has most of the bed it shares.

    A compartment of the circulation has one kind of vessel. What no site claims of it is soft tissue, so muscle has
    most of what the breast, the prostate and the linings lie in.
    """
    found = {}
    for name in SITES:
        holders = {_holder(node, sex) for sex in SEXES for node in site_map()[name].nodes[sex]}
        found[name] = name if name in holders else min(holders)
    return MappingProxyType(found)


def _holder(node: str, sex: str) -> str:
    """The site with the largest share of a compartment."""
    shares = {name: place.nodes[sex].get(node, 0.0) for name, place in site_map().items()}
    shares["muscle"] += 1.0 - sum(shares.values())
    return max(shares, key=lambda name: shares[name])


def site_flow_percent(name: str, sex: str) -> float:
    """Blood flow through a site, % of cardiac output; 0 where the sex has no such organ."""
    body = circulation(sex)
    shares = site(name).nodes[body.sex]
    return float(sum(body.flow_percent[body.index(node)] * share for node, share in shares.items()))


@cache
def _tropism() -> Mapping[str, Mapping[str, tuple[int, int]]]:
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for row in table("tropism"):
        counts = (int(row.number("patients_with_site")), int(row.number("n_metastatic")))
        found.setdefault(row["msk_primary"], {})[row["msk_site"]] = counts
    return found


def tropism_all(primary_name: str) -> dict[str, tuple[int, int]]:
    """All 21 sites of MSK-MET for a primary, under its names: site -> (patients with it, metastatic patients).

    Raises:
        InputError: no such primary.
    """
    known = _tropism()
    name = primary_name if primary_name in known else primary(primary_name).msk_primary
    return dict(known[name])


def tropism(primary_name: str) -> dict[str, tuple[int, int]]:
    """Metastatic sites of a primary among metastatic patients: engine site -> (patients with it, metastatic patients).

    Only the sites of `SITES` that MSK-MET counts. Its site is the organ of the primary for some primaries (lung in lung
    cancer), where it holds local extension too. Source: nguyen2022.

    Raises:
        InputError: no such primary.
    """
    counts = tropism_all(primary_name)
    return {name: counts[place.msk_site] for name, place in site_map().items() if place.msk_site}


def _known(name: str, names: tuple[str, ...], what: str) -> str:
    if name in names:
        return name
    plain = name.strip().lower()
    if plain in names:
        return plain
    raise InputError(f"{name!r} is not a {what}", allowed=names, nearest=nearest_name(name, names))
