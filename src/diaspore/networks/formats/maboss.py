"""MaBoSS files: rules in .bnd, rates and settings in .cfg (format as the program MaBoSS 2.6 reads it)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diaspore.core.errors import InputError, nearest_name, shown
from diaspore.networks import expressions as ex
from diaspore.networks.boolean.spec import MAX_ATTRIBUTES, MAX_NODES, MAX_OUTPUTS, BooleanNetworkSpec, NodeSpec
from diaspore.networks.formats.text import Imported, Words, read_text

_WORD = re.compile(
    r'(?P<space>\s+)|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?![A-Za-z_])'
    r"|[$@]?[A-Za-z_][A-Za-z0-9_]*|&&|\|\||==|!=|<=|>=|[-+*/!&|^<>?:;,.=(){}\[\]]"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COMMENT = re.compile(r"//[^\n]*|#[^\n]*|/\*.*?\*/|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*\"", re.DOTALL)
_RENAMED = {"logic": "logic", "rate_up": "up", "rate_down": "down"}
_SETTINGS = {"max_time": "duration", "time_tick": "window", "sample_count": "trajectories"}
MAX_PARAMETERS = 100_000
_IGNORED = {
    "use_physrandgen", "use_mtrandgen", "use_glibcrandgen", "seed_pseudorandom", "display_traj", "thread_count",
    "statdist_traj_count", "statdist_cluster_threshold", "statdist_similarity_cache_max_size", "init_pop",
    "pop", "output_traj",
}  # fmt: skip


def read_maboss(path: str | Path, cfg: str | Path | None = None) -> Imported:
    """A network from a .bnd file and its .cfg.

    Args:
        path: rules; or a .cfg, whose rules are in the .bnd of the same name.
        cfg: rates, start and settings; by default the file of the same name beside the rules, if there is one.

    Raises:
        InputError: mistakes, with line and column.
    """
    bnd = Path(path)
    if bnd.suffix.lower() == ".cfg":
        bnd, cfg = bnd.with_suffix(".bnd"), bnd
    if cfg is None and bnd.with_suffix(".cfg").is_file():
        cfg = bnd.with_suffix(".cfg")
    found = Imported({"schema_version": 1, "kind": "boolean_network", "name": bnd.stem})
    found.data["nodes"] = _read_bnd(read_text(bnd), str(bnd))
    if cfg is not None:
        _read_cfg(read_text(cfg), str(cfg), found)
    else:
        found.remarks.append(("settings", "there is no .cfg: rates are 1 and the start is random"))
    _without_missing_parameters(found.data, cfg)
    return found


def _words(text: str, file: str) -> Words:
    def blank(found: re.Match[str]) -> str:
        return found[0] if found[0][0] == '"' else re.sub(r"[^\n]", " ", found[0])

    return Words(_COMMENT.sub(blank, text), file, _WORD)


def _name(words: Words, what: str) -> tuple[str, int]:
    word = words.take()
    if not _NAME.fullmatch(word.text):
        raise words.error(f"found {shown(word.text)} where {what} is expected", word.at)
    return word.text, word.at


def _read_bnd(text: str, file: str) -> dict[str, Any]:
    words = _words(text, file)
    nodes: dict[str, Any] = {}
    reads: list[tuple[ex.Expression, int]] = []
    while words.now.text:
        words.take("Node", "node")
        name, at = _name(words, "the name of a node")
        if name in nodes:
            raise words.error(f"the node {name} is defined a second time", at)
        if len(nodes) == MAX_NODES:
            raise words.error("has too many nodes", at, allowed=f"at most {MAX_NODES:,}")
        words.take("{")
        node: dict[str, Any] = {}
        while not words.skip("}"):
            _read_attribute(words, node, reads)
        nodes[name] = node
    if not nodes:
        raise words.error("has no nodes", 0)
    for found, at in reads:
        for one in ex.names(found, ex.Node):
            if one not in nodes:
                place = _place_of(words.text, one, at)
                raise words.error(
                    f"{shown(one)} is no node of this network", place, allowed=sorted(nodes),
                    nearest=nearest_name(one, nodes),
                )  # fmt: skip
    return nodes


def _place_of(text: str, name: str, at: int) -> int:
    found = re.compile(rf"(?<![\w$@]){re.escape(name)}(?!\w)").search(text, at)
    return at if found is None else found.start()


def _read_attribute(words: Words, node: dict[str, Any], reads: list[tuple[ex.Expression, int]]) -> None:
    name, at = _name(words, "an attribute such as logic, or '}'")
    words.take("=")
    if words.now.text.startswith('"'):
        text = words.take().text[1:-1]
        if name == "description":
            node["note"] = text
        words.take(";")
        return
    text, start = words.until(";", "}")
    words.take(";")
    line, column = words.place(start)
    try:
        found = ex.parse(text, line=line, column=column)
    except InputError as error:
        raise error.located(file=words.file) from None
    reads.append((found, start))
    written = " ".join(text.split())
    key = _RENAMED.get(name)
    place = node if key is not None else node.setdefault("attributes", {})
    if (key or name) in place:
        raise words.error(f"{name} is given a second time", at)
    if key is None and len(place) == MAX_ATTRIBUTES:
        raise words.error("has too many attributes", at, allowed=f"at most {MAX_ATTRIBUTES}")
    place[key or name] = _renamed(written)


def _renamed(text: str) -> str:
    """MaBoSS calls the rates rate_up and rate_down, also where they are read."""
    return re.sub(r"@rate_(up|down)\b", r"@\1", text)


def _read_cfg(text: str, file: str, found: Imported) -> None:
    words, data = _words(text, file), found.data
    nodes = data["nodes"]
    parameters: dict[str, float] = data.setdefault("parameters", {})
    on: dict[str, float] = {}
    joint: dict[tuple[str, ...], dict[str, float]] = {}
    hidden: dict[str, bool] = {}
    while words.now.text:
        first = words.now
        if first.text.startswith("$"):
            words.take()
            words.take("=")
            if len(parameters) == MAX_PARAMETERS:
                raise words.error("has too many parameters", first.at, allowed=f"at most {MAX_PARAMETERS:,}")
            parameters[first.text[1:]] = _number(words, parameters, ";")
            words.take(";")
        elif first.text == "[":
            _read_joint(words, nodes, parameters, on, joint)
        else:
            _read_setting(words, found, parameters, on, hidden)
    data["initial"] = {"on": on, "joint": [{"nodes": key, "states": states} for key, states in joint.items()]}
    shown_nodes = [name for name in nodes if not hidden.get(name, False)]
    if len(shown_nodes) <= MAX_OUTPUTS:
        data["outputs"] = shown_nodes
    else:
        why = f"{len(shown_nodes)} are shown; combinations are counted of at most {MAX_OUTPUTS}: name them as outputs"
        found.remarks.append(("is_internal", why))


def _number(words: Words, parameters: Mapping[str, float], *ends: str) -> float:
    text, start = words.until(*ends)
    line, column = words.place(start)
    try:
        found = ex.value(
            ex.parse(text, line=line, column=column), {"TRUE": 1.0, "FALSE": 0.0, "true": 1.0, "false": 0.0}, parameters
        )
    except InputError as error:
        raise error.located(file=words.file) from None
    except KeyError as error:
        raise words.error(f"{error.args[0]!r} has no value here", start, allowed=sorted(parameters)) from None
    except ZeroDivisionError:
        raise words.error("divides by zero", start) from None
    if not math.isfinite(found):
        raise words.error("is no finite number", start)
    return found


def _known(words: Words, name: str, at: int, nodes: Mapping[str, Any]) -> None:
    if name not in nodes:
        raise words.error(
            f"{shown(name)} is no node of this network", at, allowed=sorted(nodes), nearest=nearest_name(name, nodes)
        )


def _read_joint(
    words: Words, nodes: Mapping[str, Any], parameters: Mapping[str, float], on: dict[str, float],
    joint: dict[tuple[str, ...], dict[str, float]],
) -> None:  # fmt: skip
    """``[A, B].istate = 0.3 [0, 1], 0.7 [1, 0];``."""
    words.take("[")
    names: list[str] = []
    while True:
        name, at = _name(words, "the name of a node")
        _known(words, name, at, nodes)
        names.append(name)
        if words.take(",", "]").text == "]":
            break
    words.take(".")
    words.take("istate")
    words.take("=")
    states: dict[str, float] = {}
    begin = words.now.at
    while True:
        weight = _number(words, parameters, "[")
        words.take("[")
        key = ""
        while True:
            word = words.take()
            if word.text not in ("0", "1"):
                raise words.error(f"found {shown(word.text)} where 0 or 1 is expected", word.at)
            key += word.text
            if words.take(",", "]").text == "]":
                break
        if len(key) != len(names):
            raise words.error(f"has {len(key)} states for {len(names)} nodes", word.at)
        if weight < 0.0:
            raise words.error(f"has the negative weight {weight:g}", word.at)
        states[key] = states.get(key, 0.0) + weight
        if words.take(",", ";").text == ";":
            break
    total = sum(states.values())
    if not total > 0.0:
        raise words.error("has no state with a weight above 0", begin)
    if len(names) == 1:
        on[names[0]] = states.get("1", 0.0) / total
    else:
        joint[tuple(names)] = states


def _read_setting(
    words: Words, found: Imported, parameters: Mapping[str, float], on: dict[str, float], hidden: dict[str, bool]
) -> None:
    name, at = _name(words, "a setting, a node or a $parameter")
    data = found.data
    if words.skip("."):
        _known(words, name, at, data["nodes"])
        attribute, place = _name(words, "an attribute of the node")
        words.take("=")
        value = _number(words, parameters, ";")
        words.take(";")
        if attribute == "istate":
            if value not in (0.0, 1.0, -1.0):
                raise words.error(f"{value:g} is no start of a node", place, allowed="0, 1, or -1 for random")
            on[name] = 0.5 if value < 0.0 else value
        elif attribute == "is_internal":
            hidden[name] = value != 0.0
        elif attribute not in ("refstate", "in_graph"):
            known = ["istate", "is_internal", "refstate", "in_graph"]
            near = nearest_name(attribute, known)
            raise words.error(f"{attribute!r} is no attribute of a node", place, allowed=known, nearest=near)
        return
    words.take("=")
    value = _number(words, parameters, ";")
    words.take(";")
    if name in _SETTINGS:
        data[_SETTINGS[name]] = int(value) if name == "sample_count" and value == int(value) else value
    elif name == "discrete_time":
        data["updating"] = "discrete" if value else "continuous"
    elif name in _IGNORED:
        found.remarks.append((name, "has no meaning here"))
    else:
        known = [*_SETTINGS, "discrete_time", *sorted(_IGNORED)]
        raise words.error(f"{name!r} is no setting", at, allowed=known, nearest=nearest_name(name, known))


def _without_missing_parameters(data: dict[str, Any], cfg: str | Path | None) -> None:
    """MaBoSS refuses a parameter without a value; without a .cfg at all, the usual rates are meant."""
    parameters = data.setdefault("parameters", {})
    for name, node in data["nodes"].items():
        for key in ("up", "down"):
            if key not in node:
                continue
            for one in ex.names(ex.parse(node[key]), ex.Parameter):
                if one not in parameters and cfg is None:
                    parameters[one] = 1.0
                elif one not in parameters:
                    raise InputError(
                        f"${one}, read by the node {name}, has no value", file=cfg,
                        allowed=sorted(parameters), nearest=nearest_name(one, parameters),
                    )  # fmt: skip


def write_maboss(spec: BooleanNetworkSpec) -> tuple[str, str]:
    """A network as the texts of a .bnd and a .cfg; mutations that fix a node become its rule.

    Raises:
        InputError: treatments, partial mutations, or an updating that MaBoSS does not have.
    """
    if spec.treatments or any(1.0 not in (one.gain, one.loss) for one in spec.mutations.values()):
        raise InputError("treatments and partial mutations cannot be written for MaBoSS", field="mutations")
    if spec.updating in ("asynchronous", "synchronous"):
        raise InputError(f"MaBoSS has no {spec.updating} updating", field="updating")
    bnd = "\n".join(_node_text(name, node, spec) for name, node in spec.nodes.items())
    lines = [f"${name} = {value!r};" for name, value in spec.parameters.items()]
    joint = {name for one in spec.initial.joint for name in one.nodes}
    for name in spec.nodes:
        if name in joint:
            continue
        chance = spec.initial.on.get(name, spec.initial.default)
        change = spec.mutations.get(name)
        if change is not None:
            chance = 1.0 if change.gain == 1.0 else 0.0
        lines.append(f"[{name}].istate = {1.0 - chance!r} [0], {chance!r} [1];")
    for one in spec.initial.joint:
        states = ", ".join(f"{weight!r} [{', '.join(key)}]" for key, weight in one.states.items())
        lines.append(f"[{', '.join(one.nodes)}].istate = {states};")
    lines += [f"{name}.is_internal = {int(bool(spec.outputs) and name not in spec.outputs)};" for name in spec.nodes]
    lines += [f"{theirs} = {getattr(spec, ours)!r};" for theirs, ours in _SETTINGS.items()]
    lines += [f"discrete_time = {int(spec.updating == 'discrete')};", "use_physrandgen = 0;", "thread_count = 1;"]
    return bnd, "\n".join(lines) + "\n"


def _node_text(name: str, node: NodeSpec, spec: BooleanNetworkSpec) -> str:
    change = spec.mutations.get(name)
    if change is not None or node.is_input:
        return f"Node {name} {{\n  rate_up = 0;\n  rate_down = 0;\n}}\n"
    lines = []
    for part in node.written():
        theirs = {ours: theirs for theirs, ours in _RENAMED.items()}.get(part, part)
        x = ex.rebuilt(node.expression(part), _their_attribute)
        lines.append(f"  {theirs} = {ex.text(x)};")
    return f"Node {name} {{\n" + "\n".join(lines) + "\n}\n"


def _their_attribute(x: ex.Expression) -> ex.Expression:
    return ex.Attribute(f"rate_{x.name}") if isinstance(x, ex.Attribute) and x.name in ("up", "down") else x
