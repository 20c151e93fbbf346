"""SBML as a kinetic network, and back: core of levels 2 and 3, with functions, rules, events and time."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from diaspore.core.errors import DiasporeError, InputError
from diaspore.networks.formats.text import Imported
from diaspore.networks.formats.xmlsafe import check_xml, read_bytes
from diaspore.networks.kinetic.formula import RESERVED, Tree, apply, name, negative, number, write

AVOGADRO = 6.02214179e23  # as SBML defines it


def libsbml() -> Any:
    """The library, or the error that says how to get it."""
    try:
        import libsbml as found
    except ImportError:
        raise DiasporeError("SBML needs python-libsbml: pip install 'diaspore[networks]'") from None
    return found


def read_sbml(path: str | Path) -> Imported:
    """The network in an SBML file.

    Raises:
        InputError: no SBML, or something that is not supported; the message says which.
    """
    return parse_sbml(read_bytes(path), file=str(path))


def parse_sbml(raw: bytes, file: str | None = None) -> Imported:
    """Like `read_sbml`, from the content of a file."""
    root, attributes = check_xml(raw, file)
    if root != "sbml":
        raise InputError(f"the root element is <{root}>", file=file, line=1, allowed="<sbml>")
    if any("/qual/" in value for value in attributes.values()):
        raise InputError("is a logical model (SBML-qual), not one of rates", file=file, line=1)
    sbml = libsbml()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", file=file) from None
    document = sbml.readSBMLFromString(text)
    remarks = []
    for k in range(document.getNumErrors()):
        error = document.getError(k)
        if error.getErrorId() in (sbml.UnrecognizedElement, sbml.NotSchemaConformant):
            # Tools leave drawings and notes in wrong places; what is not understood is left out, as always.
            remarks.append((f"line {error.getLine()}", "holds something that SBML does not allow there: left out"))
        elif error.getSeverity() >= sbml.LIBSBML_SEV_ERROR:
            message = " ".join(error.getMessage().split())[:400]
            raise InputError(f"column {error.getColumn()}: {message}", file=file, line=error.getLine() or None)
    model = document.getModel()
    if model is None:
        raise InputError("holds no model", file=file)
    try:
        found = _Reader(sbml, model).read()
    except InputError as error:
        raise error.located(file=file) from None
    found.remarks[:0] = list(dict.fromkeys(remarks))[:20]
    return found


class _Reader:
    """Reads one model; names that have a meaning in formulas get an underscore at the end."""

    def __init__(self, sbml: Any, model: Any) -> None:
        self.sbml = sbml
        self.model = model
        self.remarks: list[tuple[str, str]] = []
        self.taken: set[str] = set()
        self.local: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        self.reactions_named: set[str] = set()

    def read(self) -> Imported:
        model = self.model
        self._refuse()
        for group in (
            model.getListOfCompartments(), model.getListOfSpecies(), model.getListOfParameters(),
            model.getListOfFunctionDefinitions(),
        ):  # fmt: skip
            for item in group:
                self.renamed[item.getId()] = self._free(item.getId())
        self.reaction_ids = {reaction.getId() for reaction in model.getListOfReactions()}
        assigned = {rule.getVariable(): rule for rule in model.getListOfRules() if rule.isAssignment()}
        moved = {rule.getVariable(): rule for rule in model.getListOfRules() if rule.isRate()}
        starts = {item.getSymbol(): item for item in model.getListOfInitialAssignments()}
        data: dict[str, Any] = {
            "schema_version": 1, "kind": "kinetic_network",
            "name": (model.getName() or model.getId() or "network")[:200],
            "time_unit": self._time_unit(), "compartments": self._compartments(assigned, moved, starts),
            "species": self._species(assigned, moved, starts), "parameters": self._parameters(assigned, moved, starts),
            "functions": self._functions(),
        }  # fmt: skip
        for one in moved:
            if one not in assigned and model.getParameter(one) is not None:
                data["species"][self.renamed[one]] = self._moving_parameter(model.getParameter(one), starts)
        data["rates"] = {self.renamed[one]: self.text(rule, f"rate of {one}") for one, rule in moved.items()}
        data["rules"] = {self.renamed[one]: self.text(rule, f"rule of {one}") for one, rule in assigned.items()}
        data["reactions"] = self._reactions(data)
        data["events"] = self._events()
        for one in sorted(self.reactions_named):
            data["rules"][self.renamed[one]] = data["reactions"][self.renamed[one]]["rate"]
            data["reactions"][f"{self.renamed[one]}_"] = data["reactions"].pop(self.renamed[one])
            data["reactions"][f"{self.renamed[one]}_"]["rate"] = self.renamed[one]
        unit = "" if data["time_unit"] == "dimensionless" else f" {data['time_unit']}"
        data |= {"duration": f"100{unit}" if unit else 100, "save_every": f"1{unit}" if unit else 1}
        for group in ("compartments", "species", "parameters", "reactions"):
            data[group] = {
                one: {key: value for key, value in entry.items() if value != ""} for one, entry in data[group].items()
            }
        return Imported({key: value for key, value in data.items() if value != {}}, self.remarks)

    def _refuse(self) -> None:
        model = self.model
        if any(rule.isAlgebraic() for rule in model.getListOfRules()):
            raise InputError("algebraic rules are not supported")
        if model.getNumConstraints():
            self.remarks.append(("constraints", "left out"))
        factors = [model, *model.getListOfSpecies()]
        if any(item.isSetConversionFactor() for item in factors):
            raise InputError("conversion factors are not supported")

    def _free(self, wanted: str) -> str:
        found = wanted
        while found in RESERVED or found in self.taken:
            found += "_"
        self.taken.add(found)
        if found != wanted:
            self.remarks.append((wanted, f"is called {found} here"))
        return found

    def _time_unit(self) -> str:
        model = self.model
        unit = (model.getTimeUnits() if model.isSetTimeUnits() else "") or "time"
        if unit in ("second", "dimensionless"):
            return str(unit)
        found = model.getUnitDefinition(unit)
        if found is None:
            if model.getLevel() >= 3:
                self.remarks.append(("unit of time", "not given: the network is without one"))
                return "dimensionless"
            self.remarks.append(("unit of time", "not given: the second, as SBML has it"))
            return "second"
        if found.getNumUnits() == 1:
            one = found.getUnit(0)
            seconds = one.getMultiplier() * 10.0 ** one.getScale()
            kinds = {1.0: "second", 60.0: "minute", 3600.0: "hour", 86400.0: "day"}
            if one.isSecond() and one.getExponent() == 1 and round(seconds, 9) in kinds:
                return kinds[round(seconds, 9)]
        self.remarks.append(("unit of time", "none of second, minute, hour, day: the network is without one"))
        return "dimensionless"

    def _unit(self, unit: str) -> str:
        """A unit for people."""
        found = self.model.getUnitDefinition(unit) if unit else None
        if found is None:
            return "" if unit == "dimensionless" else unit
        parts = [_unit_text(self.sbml, found.getUnit(k)) for k in range(found.getNumUnits())]
        return " ".join(part for part in parts if part)

    def _compartments(self, assigned: Any, moved: Any, starts: Any) -> dict[str, Any]:
        found = {}
        for item in self.model.getListOfCompartments():
            one = item.getId()
            if one in assigned or one in moved or one in starts:
                raise InputError(f"the compartment {one} has no constant size; that is not supported")
            size = item.getSize() if item.isSetSize() else 1.0
            if not item.isSetSize() or not size > 0.0:
                self.remarks.append((f"compartment {one}", "has no size: 1 is taken"))
                size = 1.0
            found[self.renamed[one]] = {"size": size, "unit": self._unit(item.getUnits()), "label": item.getName()}
        return found

    def _start(self, one: str, starts: Any, value: float) -> Any:
        if one in starts:
            return self.text(starts[one], f"initial assignment of {one}")
        if not math.isfinite(value):
            self.remarks.append((one, "has no value at the start: 0 is taken"))
            return 0.0
        return value

    def _species(self, assigned: Any, moved: Any, starts: Any) -> dict[str, Any]:
        found = {}
        for item in self.model.getListOfSpecies():
            one = item.getId()
            if one in assigned:
                continue
            room = self.model.getCompartment(item.getCompartment())
            size = room.getSize() if room is not None and room.isSetSize() and room.getSize() > 0.0 else 1.0
            amount = item.getHasOnlySubstanceUnits() or (room is not None and room.getSpatialDimensions() == 0)
            value = math.nan
            if item.isSetInitialConcentration():
                value = item.getInitialConcentration() * (size if amount else 1.0)
            elif item.isSetInitialAmount():
                value = item.getInitialAmount() / (1.0 if amount else size)
            entry = {
                "initial": self._start(one, starts, value), "unit": self._unit(item.getSubstanceUnits()),
                "label": item.getName(),
            }  # fmt: skip
            if not amount:
                entry["compartment"] = self.renamed[item.getCompartment()]
            if item.getBoundaryCondition() or item.getConstant():
                entry["held"] = True
            found[self.renamed[one]] = entry
        return found

    def _parameters(self, assigned: Any, moved: Any, starts: Any) -> dict[str, Any]:
        found = {}
        for item in self.model.getListOfParameters():
            one = item.getId()
            if one not in assigned and one not in moved:
                value = item.getValue() if item.isSetValue() else math.nan
                found[self.renamed[one]] = {
                    "value": self._start(one, starts, value), "unit": self._unit(item.getUnits()),
                    "label": item.getName(),
                }  # fmt: skip
        return found

    def _moving_parameter(self, item: Any, starts: Any) -> dict[str, Any]:
        value = item.getValue() if item.isSetValue() else math.nan
        start = self._start(item.getId(), starts, value)
        return {"initial": start, "unit": self._unit(item.getUnits()), "label": item.getName()}

    def _functions(self) -> dict[str, Any]:
        found = {}
        for item in self.model.getListOfFunctionDefinitions():
            arguments = [item.getArgument(k).getName() for k in range(item.getNumArguments())]
            clean = {one: one + "_" if one in RESERVED else one for one in arguments}
            self.local = clean
            body = self.tree(item.getBody(), f"function {item.getId()}")
            self.local = {}
            found[self.renamed[item.getId()]] = {"arguments": list(clean.values()), "formula": write(body)}
        return found

    def _reactions(self, data: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for item in self.model.getListOfReactions():
            one = item.getId()
            law = item.getKineticLaw()
            if law is None or law.getMath() is None:
                self.remarks.append((f"reaction {one}", "has no rate: left out"))
                continue
            self.renamed.setdefault(one, self._free(one))
            self.local = {}
            for k in range(law.getNumParameters()):
                parameter = law.getParameter(k)
                full = self._free(f"{one}_{parameter.getId()}")
                self.local[parameter.getId()] = full
                data["parameters"][full] = {
                    "value": parameter.getValue(), "unit": self._unit(parameter.getUnits()),
                    "label": parameter.getName(),
                }  # fmt: skip
            entry: dict[str, Any] = {}
            for side, references in (
                ("reactants", item.getListOfReactants()),
                ("products", item.getListOfProducts()),
            ):
                sums: dict[str, float] = {}
                for reference in references:
                    species, count = self._count(reference, one)
                    if species in data["species"] and count > 0.0:
                        sums[species] = sums.get(species, 0.0) + count
                if sums:
                    entry[side] = sums
            entry |= {"rate": self.text(law, f"reaction {one}"), "label": item.getName()}
            self.local = {}
            found[self.renamed[one]] = entry
        return found

    def _count(self, reference: Any, reaction: str) -> tuple[str, float]:
        where = f"reaction {reaction}"
        if reference.isSetStoichiometryMath():
            tree = self.tree(reference.getStoichiometryMath().getMath(), where)
            if tree.op != "number":
                raise InputError(f"{where}: stoichiometries that vary are not supported")
            count = tree.value
        else:
            count = reference.getStoichiometry() / (reference.getDenominator() or 1)
        if self.model.getLevel() >= 3:
            if reference.isSetId() and any(
                rule.getVariable() == reference.getId() for rule in self.model.getListOfRules()
            ):
                raise InputError(f"{where}: stoichiometries that vary are not supported")
            if not reference.isSetStoichiometry():
                count = 1.0
        if not (math.isfinite(count) and count >= 0.0):
            raise InputError(f"{where}: the stoichiometry {count} is not supported")
        return self.renamed[reference.getSpecies()], count

    def _events(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for k, item in enumerate(self.model.getListOfEvents()):
            one = item.getId() or f"event_{k + 1}"
            trigger = item.getTrigger()
            if trigger is None or trigger.getMath() is None:
                raise InputError(f"event {one}: has no condition")
            if item.isSetPriority():
                raise InputError(f"event {one}: priorities are not supported")
            if self.model.getLevel() >= 3 and trigger.isSetPersistent() and not trigger.getPersistent():
                raise InputError(f"event {one}: a condition that must last is not supported")
            sets = {}
            for assignment in item.getListOfEventAssignments():
                target = assignment.getVariable()
                if self.model.getCompartment(target) is not None:
                    raise InputError(f"event {one}: sizes of compartments cannot change")
                sets[self.renamed[target]] = self.text(assignment, f"event {one}")
            if not sets:
                continue
            entry: dict[str, Any] = {"when": self.text(trigger, f"event {one}"), "set": sets}
            if item.isSetDelay():
                entry["delay"] = self.text(item.getDelay(), f"event {one}")
            if self.model.getLevel() >= 3 and trigger.isSetInitialValue() and not trigger.getInitialValue():
                entry["initially"] = False
            if not item.getUseValuesFromTriggerTime():
                entry["values_at_trigger"] = False
            found[self._free(one)] = entry
        return found

    def text(self, item: Any, where: str) -> str:
        """The formula of an element."""
        if item.getMath() is None:
            raise InputError(f"{where}: has no formula")
        return write(self.tree(item.getMath(), where))

    def tree(self, node: Any, where: str) -> Tree:
        try:
            return self._tree(node, where)
        except InputError as error:
            if error.problem.startswith(where):
                raise
            raise InputError(f"{where}: {error.problem}", allowed=error.allowed) from None

    def _tree(self, node: Any, where: str) -> Tree:
        sbml, kind = self.sbml, node.getType()
        if node.isNumber():
            value = float(node.getInteger()) if node.isInteger() else float(node.getReal())
            if not math.isfinite(value):
                raise InputError("a number is not finite")
            return number(value)
        constants = {
            sbml.AST_CONSTANT_E: math.e,
            sbml.AST_CONSTANT_PI: math.pi,
            sbml.AST_NAME_AVOGADRO: AVOGADRO,
        }
        if kind in constants:
            return number(constants[kind])
        if kind == sbml.AST_NAME_TIME:
            return name("time")
        if kind in (sbml.AST_CONSTANT_TRUE, sbml.AST_CONSTANT_FALSE):
            return Tree("true" if kind == sbml.AST_CONSTANT_TRUE else "false")
        if kind == sbml.AST_NAME:
            return self._name(str(node.getName()))
        args = [self._tree(node.getChild(k), where) for k in range(node.getNumChildren())]
        if kind == sbml.AST_FUNCTION:
            called = str(node.getName())
            if self.model.getFunctionDefinition(called) is None:
                raise InputError(f"there is no function {called!r}")
            return apply("call", *args, called=self.renamed[called])
        make = _operations(sbml).get(kind)
        if make is None:
            what = node.getName() or node.getOperatorName() or node.getCharacter() or f"operation {kind}"
            raise InputError(f"{what!r} is not supported in formulas")
        return make(args)

    def _name(self, found: str) -> Tree:
        if found in self.local:
            return name(self.local[found])
        if found not in self.renamed and found in self.reaction_ids:
            self.renamed[found] = self._free(found)
        if found in self.reaction_ids:
            self.reactions_named.add(found)
        if found not in self.renamed:
            raise InputError(f"the name {found!r} is not known")
        return name(self.renamed[found])


def _chain(op: str, empty: float | str) -> Callable[[list[Tree]], Tree]:
    def make(args: list[Tree]) -> Tree:
        if not args:
            return Tree(empty) if isinstance(empty, str) else number(empty)
        found = args[0]
        for arg in args[1:]:
            found = apply(op, found, arg)
        return found

    return make


def _compare(op: str) -> Callable[[list[Tree]], Tree]:
    def make(args: list[Tree]) -> Tree:
        pairs = [apply(op, a, b) for a, b in pairwise(args)]
        return _chain("and", "true")(pairs)

    return make


def _minus(args: list[Tree]) -> Tree:
    # A difference is written as the sum with the negative; see `formula`.
    return negative(args[0]) if len(args) == 1 else apply("+", args[0], apply("-", args[1]))


def _root(args: list[Tree]) -> Tree:
    if len(args) == 1 or args[0] == number(2.0):
        return apply("sqrt", args[-1])
    return apply("^", args[1], apply("/", number(1.0), args[0]))


def _log(args: list[Tree]) -> Tree:
    if len(args) == 1 or args[0] == number(10.0):
        return apply("log10", args[-1])
    return apply("/", apply("log", args[1]), apply("log", args[0]))


def _piecewise(args: list[Tree]) -> Tree:
    if len(args) % 2 == 0:
        raise InputError("piecewise without a value otherwise is not supported")
    return args[0] if len(args) == 1 else apply("piecewise", *args)


def _xor(args: list[Tree]) -> Tree:
    found = args[0]
    for arg in args[1:]:
        found = apply("or", apply("and", found, apply("not", arg)), apply("and", apply("not", found), arg))
    return found


def _function(op: str) -> Callable[[list[Tree]], Tree]:
    def make(args: list[Tree]) -> Tree:
        return args[0] if op in ("min", "max") and len(args) == 1 else apply(op, *args)

    return make


_made: dict[int, Callable[[list[Tree]], Tree]] = {}


def _operations(sbml: Any) -> dict[int, Callable[[list[Tree]], Tree]]:
    if _made:
        return _made
    _made.update(
        {
            sbml.AST_PLUS: _chain("+", 0.0), sbml.AST_TIMES: _chain("*", 1.0), sbml.AST_MINUS: _minus,
            sbml.AST_DIVIDE: lambda a: apply("/", *a), sbml.AST_POWER: lambda a: apply("^", *a),
            sbml.AST_FUNCTION_POWER: lambda a: apply("^", *a), sbml.AST_FUNCTION_ROOT: _root,
            sbml.AST_FUNCTION_LOG: _log, sbml.AST_FUNCTION_PIECEWISE: _piecewise,
            sbml.AST_LOGICAL_AND: _chain("and", "true"), sbml.AST_LOGICAL_OR: _chain("or", "false"),
            sbml.AST_LOGICAL_NOT: lambda a: apply("not", *a), sbml.AST_LOGICAL_XOR: _xor,
            sbml.AST_RELATIONAL_LT: _compare("<"), sbml.AST_RELATIONAL_LEQ: _compare("<="),
            sbml.AST_RELATIONAL_GT: _compare(">"), sbml.AST_RELATIONAL_GEQ: _compare(">="),
            sbml.AST_RELATIONAL_EQ: _compare("=="), sbml.AST_RELATIONAL_NEQ: _compare("!="),
        }
    )  # fmt: skip
    functions = {
        "EXP": "exp", "LN": "log", "ABS": "abs", "FLOOR": "floor", "CEILING": "ceil", "SIN": "sin", "COS": "cos",
        "TAN": "tan", "ARCSIN": "asin", "ARCCOS": "acos", "ARCTAN": "atan", "SINH": "sinh", "COSH": "cosh",
        "TANH": "tanh",
    }  # fmt: skip
    functions |= {"MIN": "min", "MAX": "max"}
    for theirs, ours in functions.items():
        _made[getattr(sbml, f"AST_FUNCTION_{theirs}")] = _function(ours)
    return _made


_PREFIX = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k"}
_SHORT = {"mole": "mol", "litre": "L", "liter": "L", "second": "s", "metre": "m", "gram": "g", "item": ""}


def _unit_text(sbml: Any, unit: Any) -> str:
    kind = sbml.UnitKind_toString(unit.getKind())
    if kind == "dimensionless":
        return ""
    scale, multiplier = unit.getScale(), unit.getMultiplier()
    text = _SHORT.get(kind, kind)
    known = {60.0: "min", 3600.0: "h", 86400.0: "day"}
    if kind == "second" and scale == 0 and multiplier in known:
        text, multiplier = known[multiplier], 1.0
    if scale not in _PREFIX:
        multiplier, scale = multiplier * 10.0**scale, 0
    if not text:
        text = "molecules"
    text = f"{_PREFIX[scale]}{text}" if multiplier == 1.0 else f"({multiplier:g} {_PREFIX[scale]}{text})"
    exponent = unit.getExponentAsDouble()
    return text if exponent == 1 else f"{text}^{exponent:g}"


def read_antimony(path: str | Path) -> Imported:
    """The network in an Antimony file, by way of SBML.

    Raises:
        InputError: what the antimony library says is wrong, or something that is not supported.
    """
    raw = read_bytes(path, 2_000_000)
    try:
        import antimony
    except ImportError:
        raise DiasporeError("Antimony needs the package antimony: pip install 'diaspore[networks]'") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", file=path) from None
    if "\0" in text:
        raise InputError("holds a zero byte", file=path)
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        problem = " ".join(str(antimony.getLastError()).split())
        raise InputError(f"is not read as Antimony: {problem[:400]}", file=path)
    found = antimony.getSBMLString(antimony.getMainModuleName())
    try:
        return parse_sbml(found.encode())
    except InputError as error:
        raise InputError(error.problem, file=path, allowed=error.allowed) from None
