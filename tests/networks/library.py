"""Rules as their authors published them, to compare the shipped networks with: node -> rule, None for an input."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from diaspore.networks.formats import read_network

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "networks"

Rules = dict[str, str | None]
# Greek letters were lost in the links of Font-Clos 2018; the nodes have the names of Steinway 2014 here.
FONT_CLOS = {
    "TCFLEF": "TCF_LEF", "TGFR": "TGFBR", "NFB": "NFKB", "Destcompl": "Dest_compl", "GSK3": "GSK3B", "HIF1": "HIF1A",
    "IKK": "IKKA", "cateninmemb": "Bcatenin_memb", "cateninnuc": "Bcatenin_nuc", "NOTCHic": "NOTCH_ic",
    "SOSGRB2": "SOS_GRB2", "TGF": "TGFB", "TrCP": "BTrCP",
}  # fmt: skip


def _read(pattern: str, prefix: str = "", renamed: dict[str, str] | None = None) -> Rules:
    """Rules of the one file that fits a pattern."""
    (path,) = SHARED.glob(pattern)
    names = {name: name.removeprefix(prefix) for name in read_network(path).data["nodes"]}
    names = {name: (renamed or {}).get(new, new) for name, new in names.items()}

    def changed(text: str) -> str:
        return re.sub(r"[A-Za-z_]\w*", lambda found: names.get(found[0], found[0]), text)

    nodes = read_network(path).data["nodes"]
    return {names[name]: changed(node["logic"]) if "logic" in node else None for name, node in nodes.items()}


def _booleannet(name: str) -> Rules:
    """Rules in the format of booleannet, ``node*= rule``; a constant stands for an input."""
    lines = (SHARED / "steinway" / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("*=") for line in lines if "*=" in line]
    return {node.strip(): None if rule.strip() == "0" else rule for node, rule in pairs}


def font_clos_links() -> dict[str, dict[str, int]]:
    """Regulators of each node of Font-Clos 2018 with their signs; a node that nothing acts on has none."""
    lines = (SHARED / "fontclos2018" / "EMT_MET.topo").read_text(encoding="utf-8").splitlines()[1:]
    links = [line.split() for line in lines if line.strip()]
    found: dict[str, dict[str, int]] = {}
    for source, target, kind in links:
        a, b = FONT_CLOS.get(source, source), FONT_CLOS.get(target, target)
        found.setdefault(a, {})
        found.setdefault(b, {})[a] = 1 if kind == "1" else -1
    return found


def _letort() -> Rules:
    """Without the two nodes that only name outputs, and with TNF as what it is in PhysiBoSS: an input."""
    rules = _read("bbm/id-150__*/model.bnet", "v_", {"NFKB1": "NFkB"})
    return {name: rule for name, rule in rules.items() if name not in ("DEATH", "DIVISION")} | {"TNF": None}


PUBLISHED: dict[str, Callable[[], Rules]] = {
    "cohen-2015": lambda: _read("cohen2015/maboss_examples_metastasis.bnd"),
    "cohen-2015-modular": lambda: _read("bbm/id-086__*/model.bnet", "v_"),
    "steinway-2014": lambda: _booleannet("EMTNetwork.booleannet"),
    "steinway-2015": lambda: _booleannet("EMT19.booleannet"),
    "mendik-2022": lambda: _booleannet("EMT30.booleannet"),
    "emt-switch": lambda: _read("bbm/id-281__*/model.bnet", "v_"),
    "ruscone-2023": lambda: _read("ruscone2023/intracellular_model.bnd"),
    "regan-2022": lambda: _read("sbml_biomodels/*MODEL2208050002.sbml"),
    "letort-2019": _letort,
    "chaouiya-2013": lambda: _read("sbml_biomodels/*BIOMD0000000562.xml"),
    "mombach-2014": lambda: _read("bbm/id-193__*/model.bnet", "v_"),
}
