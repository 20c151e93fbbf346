"""Tables of the circulation for a set of levers: founders, arrests and concentrations per shed cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diaspore.body.circulation import Network, Rates, concentrations, network_of, solve
from diaspore.knowledge.anatomy import SITES, site_map

EXPOSED, SHIELDED = 0, 1
BONE_NODE = "red_marrow"


@dataclass(frozen=True)
class BloodLevers:
    """Levers that act in blood. Factors have one value per site."""

    ctc_death: float
    extravasation: tuple[float, ...]
    homing: tuple[float, ...]


NEUTRAL = BloodLevers(0.0, (1.0,) * len(SITES), (1.0,) * len(SITES))


@dataclass(frozen=True)
class BloodTables:
    """Per shed cell, by source site s, class c, shield g: shapes (S, 4, 2, ...).

    ``place`` holds cumulative shares of founders by site, ``arrested`` the cells held in a bed for good (held less
    released), ``died`` those of them that die in the vessel, ``lost`` those that die in flow.
    """

    founder: np.ndarray
    place: np.ndarray
    extravasated: np.ndarray
    arrested: np.ndarray
    died: np.ndarray
    lost: np.ndarray
    concentration: np.ndarray


def node_shares(network: Network, sex: str) -> np.ndarray:
    """(n, S) share of each compartment's bed that belongs to each site; what no site claims is soft tissue."""
    shares = np.zeros((len(network.nodes), len(SITES)))
    for j, name in enumerate(SITES):
        for node, share in site_map()[name].nodes[sex].items():
            shares[network.index(node), j] += share
    muscle = SITES.index("muscle")
    lung = SITES.index("lung")
    for i, node in enumerate(network.nodes):
        if network.is_bed[i]:
            rest = 1.0 - shares[i].sum()
            shares[i, lung if node == "bronchial" else muscle] += max(0.0, rest)
    return shares


def injection(network: Network, sex: str, primary: str, vertebral: float) -> np.ndarray:
    """(S, n) compartments that cells shed by a lesion of each site enter first: those behind the site's own bed."""
    rows = np.zeros((len(SITES), len(network.nodes)))
    for j, name in enumerate(SITES):
        nodes = site_map()[name].nodes[sex]
        total = 0.0
        for node, share in nodes.items():
            i = network.index(node)
            weight = share * network.flow[i]
            rows[j] += weight * network.routing[i]
            total += weight
        if total > 0.0:
            rows[j] /= total
        else:  # a site that this sex does not have
            rows[j, network.index("large_veins")] = 1.0
    if vertebral > 0.0:
        j = SITES.index(primary)
        rows[j] *= 1.0 - vertebral
        rows[j, network.index(BONE_NODE)] += vertebral
    return rows


def class_rates(
    network: Network,
    shares: np.ndarray,
    scalar: np.ndarray,
    site: np.ndarray,
    phenotype: int,
    shield: int,
    extra: float,
) -> Rates:
    """What cells of one class meet in every compartment."""
    par = scalar[0]
    owner = shares.argmax(axis=1)
    diameter = float(par["blood_single_diameter"])
    if phenotype == 2:
        diameter *= float(par["blood_mesenchymal_softness"])
    elif phenotype == 3:
        diameter = float(par["blood_cluster_diameter"])
    ratio = (diameter / site["blood_capillary_diameter"][owner]) ** float(par["blood_size_exponent"])
    sieve = ratio / (1.0 + ratio)
    hold = (1.0 - site["blood_shunt"][owner]) * (1.0 - (1.0 - sieve) * (1.0 - site["blood_adhesion"][owner]))
    nk = float(par["blood_nk_death"]) if shield == EXPOSED else 0.0
    return Rates(
        hold=np.where(network.is_bed, hold, 0.0),
        release=site["blood_release_rate"][owner],
        extravasate=site["blood_extravasation_rate"][owner],
        die=np.full(len(network.nodes), float(par["blood_held_death"]) + nk + extra),
        flow_death=float(par["blood_shear_death"]) + nk + extra,
    )


def blood_tables(
    sex: str, primary: str, scalar: np.ndarray, site: np.ndarray, levers: BloodLevers = NEUTRAL
) -> BloodTables:
    """Solve the circulation for all sources and classes."""
    network = network_of(sex)
    shares = node_shares(network, sex)
    sources = injection(network, sex, primary, float(scalar[0]["blood_vertebral_fraction"]))
    n_sites = len(SITES)
    extravasated = np.zeros((n_sites, 4, 2, n_sites))
    arrested = np.zeros((n_sites, 4, 2, n_sites))
    died = np.zeros((n_sites, 4, 2, n_sites))
    lost = np.zeros((n_sites, 4, 2))
    concentration = np.zeros((n_sites, 4, 2, 4))
    for c in range(4):
        for g in (EXPOSED, SHIELDED):
            rates = class_rates(network, shares, scalar, site, c, g, levers.ctc_death)
            fate = solve(network, rates, sources)
            left = fate.extravasated @ shares
            dead = fate.died_held @ shares
            # Who leaves by a lever would have died, and the other way round.
            extravasated[:, c, g] = np.minimum(left * np.asarray(levers.extravasation), left + dead)
            died[:, c, g] = np.maximum(0.0, dead - (extravasated[:, c, g] - left))
            arrested[:, c, g] = fate.arrested @ shares
            lost[:, c, g] = fate.died_in_flow.sum(axis=1)
            concentration[:, c, g] = concentrations(network, fate)
    par = scalar[0]
    potency = np.array(
        [
            1.0,
            float(par["fate_hybrid_take"]),
            float(par["fate_mesenchymal_take"]),
            float(par["fate_cluster_potency"]) / float(par["shedding_cluster_size"]),
        ]
    )
    success = extravasated * (site["fate_soil"] * np.asarray(levers.homing))[None, None, None, :]
    success *= potency[None, :, None, None]
    founder = success.sum(axis=3)
    with np.errstate(invalid="ignore", divide="ignore"):
        place = np.cumsum(success, axis=3) / founder[..., None]
    place = np.nan_to_num(place, nan=1.0)
    place[..., -1] = 1.0
    return BloodTables(founder, place, extravasated, arrested, died, lost, concentration)
