"""SBML-qual: logical models in SBML level 3; only nodes with two levels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from diaspore.core.errors import DiasporeError, InputError, shown
from diaspore.networks import expressions as ex
from diaspore.networks.boolean.spec import MAX_NODES, BooleanNetworkSpec
from diaspore.networks.formats.text import Imported
from diaspore.networks.formats.xmlsafe import check_xml, read_bytes
from diaspore.networks.kinetic.sbml import libsbml

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_sbml_qual(path: str | Path) -> Imported:
    """A network from an SBML-qual file; a species that no transition changes is an input.

    Raises:
        InputError: not SBML-qual, more than two levels, or formulas that are not logic.
    """
    raw = read_bytes(path)
    check_xml(raw, path)
    sbml = libsbml()
    document = sbml.readSBMLFromString(raw.decode("utf-8", errors="replace"))
    for k in range(document.getNumErrors()):
        error = document.getError(k)
        # What is missing only by the letter of the standard (many public files lack an attribute) is no obstacle.
        if error.getSeverity() >= sbml.LIBSBML_SEV_FATAL or error.getCategory() == sbml.LIBSBML_CAT_XML:
            problem = " ".join(error.getMessage().split()) or "is not valid SBML"
            raise InputError(problem, file=path, line=error.getLine() or None, column=error.getColumn() or None)
    model = document.getModel()
    qual = None if model is None else model.getPlugin("qual")
    if qual is None or qual.getNumQualitativeSpecies() == 0:
        raise InputError("has no qualitative species", file=path, allowed="SBML level 3 with the package qual")
    if qual.getNumQualitativeSpecies() > MAX_NODES:
        raise InputError("has too many species", file=path, allowed=f"at most {MAX_NODES:,}")
    names = _names(qual, path)
    found = Imported({"schema_version": 1, "kind": "boolean_network"})
    found.data["name"] = " ".join((model.getName() or Path(path).stem).split())[:200] or Path(path).stem
    nodes: dict[str, Any] = {name: {} for name in names.values()}
    on: dict[str, float] = {}
    for k in range(qual.getNumQualitativeSpecies()):
        one = qual.getQualitativeSpecies(k)
        if one.isSetMaxLevel() and one.getMaxLevel() > 1:
            raise InputError(
                f"the species {names[one.getId()]} has {one.getMaxLevel() + 1} levels", file=path,
                line=one.getLine() or None, allowed="two levels; split it into several nodes first",
            )  # fmt: skip
        if one.isSetInitialLevel():
            on[names[one.getId()]] = float(one.getInitialLevel())
    for k in range(qual.getNumTransitions()):
        _read_transition(sbml, qual.getTransition(k), names, nodes, path)
    found.data |= {"nodes": nodes, "initial": {"on": on}}
    return found


def _names(qual: Any, path: str | Path) -> dict[str, str]:
    """Id -> the name that people know, where the names are names and differ, else the id."""
    species = [qual.getQualitativeSpecies(k) for k in range(qual.getNumQualitativeSpecies())]
    ids = [one.getId() for one in species]
    if len(set(ids)) < len(ids):
        raise InputError("has two species with one id", file=path)
    labels = [one.getName() for one in species]
    usable = all(_NAME.fullmatch(label) and len(label) <= 100 for label in labels) and len(set(labels)) == len(labels)
    return dict(zip(ids, labels if usable else ids, strict=True))


def _read_transition(sbml: Any, one: Any, names: dict[str, str], nodes: dict[str, Any], path: str | Path) -> None:
    line = one.getLine() or None
    default = one.getDefaultTerm()
    if default is None and one.getNumFunctionTerms() == 0:
        return  # says only who is concerned: an input
    # The id of an input may stand in formulas for its threshold.
    known: dict[str, ex.Expression] = {key: ex.Node(name) for key, name in names.items()}
    for k in range(one.getNumInputs()):
        source = one.getInput(k)
        if source.getId() and source.isSetThresholdLevel():
            known.setdefault(source.getId(), ex.Number(float(source.getThresholdLevel())))
    rule: ex.Expression = ex.Number(0.0 if default is None else float(default.getResultLevel()))
    for k in reversed(range(one.getNumFunctionTerms())):
        term = one.getFunctionTerm(k)
        if term.getMath() is None:
            raise InputError(f"the transition {one.getId()} has a term without a formula", file=path, line=line)
        condition = _expression(sbml, term.getMath(), known, path, term.getLine() or line, 0)
        level = term.getResultLevel()
        rule = _chosen(condition, level, rule)
    if ex.depth(rule) > ex.MAX_DEPTH:
        raise InputError(f"the terms of {one.getId()} are nested too deeply", file=path, line=line)
    for k in range(one.getNumOutputs()):
        target = one.getOutput(k).getQualitativeSpecies()
        if target not in names:
            raise InputError(f"{shown(target)} is no species of this model", file=path, line=line)
        if nodes[names[target]]:
            raise InputError(f"two transitions change {names[target]}", file=path, line=line)
        same = rule == ex.Node(names[target])
        nodes[names[target]] = {} if same else {"logic": ex.text(rule)}


def _chosen(condition: ex.Expression, level: int, otherwise: ex.Expression) -> ex.Expression:
    """``condition ? level : otherwise`` without a choice where there is a shorter word for it."""
    if level and otherwise == ex.FALSE:
        return condition
    if not level and otherwise == ex.TRUE:
        return ex.Unary("!", condition)
    if level:
        return ex.Chain("|", (condition, otherwise))
    return ex.Chain("&", (ex.Unary("!", condition), otherwise))


def _expression(
    sbml: Any, node: Any, known: dict[str, ex.Expression], path: str | Path, line: int | None, depth: int
) -> ex.Expression:
    if depth > ex.MAX_DEPTH:
        raise InputError("a formula is nested too deeply", file=path, line=line, allowed=f"at most {ex.MAX_DEPTH}")
    items = [_expression(sbml, node.getChild(k), known, path, line, depth + 1) for k in range(node.getNumChildren())]
    kind = node.getType()
    chains = {
        sbml.AST_LOGICAL_AND: "&",
        sbml.AST_LOGICAL_OR: "|",
        sbml.AST_LOGICAL_XOR: "^",
        sbml.AST_PLUS: "+",
        sbml.AST_TIMES: "*",
    }
    pairs = {
        sbml.AST_RELATIONAL_EQ: "==", sbml.AST_RELATIONAL_NEQ: "!=", sbml.AST_RELATIONAL_LT: "<",
        sbml.AST_RELATIONAL_LEQ: "<=", sbml.AST_RELATIONAL_GT: ">", sbml.AST_RELATIONAL_GEQ: ">=",
    }  # fmt: skip
    if kind == sbml.AST_NAME:
        if node.getName() not in known:
            raise InputError(f"{shown(node.getName())} is no species of this model", file=path, line=line)
        return known[node.getName()]
    if kind in (sbml.AST_INTEGER, sbml.AST_REAL, sbml.AST_REAL_E, sbml.AST_RATIONAL):
        return ex.Number(float(node.getValue()))
    if kind in (sbml.AST_CONSTANT_TRUE, sbml.AST_CONSTANT_FALSE):
        return ex.TRUE if kind == sbml.AST_CONSTANT_TRUE else ex.FALSE
    if kind == sbml.AST_LOGICAL_NOT and len(items) == 1:
        return ex.Unary("!", items[0])
    if kind in chains and items:
        return items[0] if len(items) == 1 else ex.Chain(chains[kind], tuple(items))
    if kind in pairs and len(items) == 2:
        return _compared(pairs[kind], *items)
    raise InputError(f"{shown(sbml.formulaToL3String(node))} is no logic", file=path, line=line)


def _compared(op: str, a: ex.Expression, b: ex.Expression) -> ex.Expression:
    """The usual ``node >= 1`` and ``node == 0`` as the node and its negation."""
    if isinstance(a, ex.Node) and isinstance(b, ex.Number):
        test = ex.COMPARE[op]
        off, on = test(0.0, b.value), test(1.0, b.value)
        if off == on:
            return ex.TRUE if on else ex.FALSE
        return a if on else ex.Unary("!", a)
    return ex.Pair(op, a, b)


def write_sbml_qual(spec: BooleanNetworkSpec) -> str:
    """The rules of a network as SBML-qual; rates and mutations have no place there.

    Raises:
        InputError: a node has rates and no rule.
    """
    sbml = libsbml()
    document = sbml.SBMLDocument(sbml.SBMLNamespaces(3, 1, "qual", 1))
    document.setPackageRequired("qual", True)
    model = document.createModel()
    model.setId("network")
    model.setName(spec.name)
    place = model.createCompartment()
    place.setId("cell")
    place.setConstant(True)
    qual = model.getPlugin("qual")
    for name, node in spec.nodes.items():
        one = qual.createQualitativeSpecies()
        one.setId(name)
        one.setName(node.label or name)
        one.setCompartment("cell")
        one.setConstant(node.is_input)
        one.setMaxLevel(1)
        chance = spec.initial.on.get(name, spec.initial.default)
        if chance in (0.0, 1.0):
            one.setInitialLevel(int(chance))
    for name, node in spec.nodes.items():
        if node.is_input:
            continue
        if node.logic is None:
            raise InputError("has rates and no rule, which SBML-qual cannot hold", field=f"nodes.{name}")
        _write_transition(sbml, qual, name, node.rule())
    text = sbml.writeSBMLToString(document)
    if not text:
        raise DiasporeError("libSBML could not write the network")
    return str(text)


def _write_transition(sbml: Any, qual: Any, name: str, rule: ex.Expression) -> None:
    one = qual.createTransition()
    one.setId(f"tr_{name}")
    for regulator in ex.names(rule, ex.Node):
        source = one.createInput()
        source.setId(f"tr_{name}_in_{regulator}")
        source.setQualitativeSpecies(regulator)
        source.setTransitionEffect(sbml.INPUT_TRANSITION_EFFECT_NONE)
    target = one.createOutput()
    target.setQualitativeSpecies(name)
    target.setTransitionEffect(sbml.OUTPUT_TRANSITION_EFFECT_ASSIGNMENT_LEVEL)
    one.createDefaultTerm().setResultLevel(0)
    term = one.createFunctionTerm()
    term.setResultLevel(1)
    math = sbml.parseL3Formula(_formula(rule))
    if math is None:
        raise InputError(f"SBML-qual cannot hold the rule {ex.text(rule)}", field=f"nodes.{name}")
    term.setMath(math)


def _formula(x: ex.Expression) -> str:
    """As libSBML reads formulas; a node is compared with its level."""
    match x:
        case ex.Number():
            return "true" if x.value else "false"
        case ex.Node():
            return f"({x.name} == 1)"
        case ex.Unary(op="!"):
            return f"(!{_formula(x.x)})"
        case ex.Chain(op="&") | ex.Chain(op="|"):
            return "(" + (" && " if x.op == "&" else " || ").join(map(_formula, x.items)) + ")"
        case ex.Chain(op="^"):
            return "xor(" + ", ".join(map(_formula, x.items)) + ")"
        case ex.Choice():
            c, a, b = map(_formula, (x.condition, x.a, x.b))
            return f"(({c} && {a}) || ((!{c}) && {b}))"
        case ex.Pair(op="==" | "!=") if ex.is_binary(x.a) and ex.is_binary(x.b):
            differ = f"xor({_formula(x.a)}, {_formula(x.b)})"
            return differ if x.op == "!=" else f"(!{differ})"
    raise InputError(f"SBML-qual cannot hold {ex.text(x)}")
