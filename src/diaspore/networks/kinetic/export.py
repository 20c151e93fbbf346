"""A kinetic network as SBML level 3, for other programs, libroadrunner among them."""

from __future__ import annotations

from typing import Any

from diaspore.core.errors import DiasporeError
from diaspore.networks.kinetic.formula import Tree, apply, parse, write
from diaspore.networks.kinetic.sbml import libsbml
from diaspore.networks.kinetic.spec import KineticNetworkSpec

_ROOM = "compartment_"


def to_sbml(spec: KineticNetworkSpec) -> str:
    """The network as a text of SBML level 3 version 2; duration, method and changes from outside stay out.

    Raises:
        DiasporeError: python-libsbml is not installed, or refuses what it is given.
    """
    sbml = libsbml()
    document = sbml.SBMLDocument(3, 2)
    model = document.createModel()
    model.setId("network")
    model.setName(spec.name)
    taken = {*spec.names(), *spec.functions}
    room = _free(_ROOM, taken)
    _compartment(model, room, 1.0)
    for name, compartment in spec.compartments.items():
        _compartment(model, name, compartment.size)
    changed = {one for event in spec.events.values() for one in event.set}
    moved = {*spec.rates, *changed}
    writer = _Writer(sbml, model)
    for name, item in spec.species.items():
        species = model.createSpecies()
        species.setId(name)
        species.setName(item.label)
        species.setCompartment(item.compartment or room)
        species.setHasOnlySubstanceUnits(item.compartment is None)
        species.setBoundaryCondition(item.held or name in spec.rates)
        species.setConstant(False)
        if isinstance(item.initial, str):
            writer.start(name, item.initial)
        elif item.compartment is None:
            species.setInitialAmount(item.initial)
        else:
            species.setInitialConcentration(item.initial)
    for name, parameter in spec.parameters.items():
        found = _parameter(model, name, constant=name not in moved)
        if isinstance(parameter.value, str):
            writer.start(name, parameter.value)
        else:
            found.setValue(parameter.value)
    for name in spec.rules:
        _parameter(model, name, constant=False)
    # All names are known now, so that none is taken for a word of the language of formulas.
    for name, function in spec.functions.items():
        definition = model.createFunctionDefinition()
        definition.setId(name)
        arguments = ", ".join([*function.arguments, _infix(function.formula)])
        writer.put(definition, f"lambda({arguments})", raw=True)
    writer.starts()
    for name, text in spec.rules.items():
        rule = model.createAssignmentRule()
        rule.setVariable(name)
        writer.put(rule, text)
    for name, text in spec.rates.items():
        rate = model.createRateRule()
        rate.setVariable(name)
        writer.put(rate, text)
    for name, reaction in spec.reactions.items():
        made = model.createReaction()
        made.setId(_free(name, taken))
        made.setReversible(False)
        for side, create in ((reaction.reactants, made.createReactant), (reaction.products, made.createProduct)):
            for one, count in side.items():
                reference = create()
                reference.setSpecies(one)
                reference.setStoichiometry(count)
                reference.setConstant(True)
        writer.put(made.createKineticLaw(), reaction.rate)
    for name, happening in spec.events.items():
        event = model.createEvent()
        event.setId(_free(name, taken))
        event.setUseValuesFromTriggerTime(happening.values_at_trigger)
        trigger = event.createTrigger()
        trigger.setInitialValue(happening.initially)
        trigger.setPersistent(True)
        writer.put(trigger, happening.when)
        if isinstance(happening.delay, str) or happening.delay > 0.0:
            writer.put(event.createDelay(), str(happening.delay))
        for one, value in happening.set.items():
            assignment = event.createEventAssignment()
            assignment.setVariable(one)
            writer.put(assignment, value if isinstance(value, str) else repr(value))
    return str(sbml.writeSBMLToString(document))


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _compartment(model: Any, name: str, size: float) -> None:
    found = model.createCompartment()
    found.setId(name)
    found.setSize(size)
    found.setConstant(True)
    found.setSpatialDimensions(3)


def _parameter(model: Any, name: str, *, constant: bool) -> Any:
    found = model.createParameter()
    found.setId(name)
    found.setConstant(constant)
    return found


class _Writer:
    def __init__(self, sbml: Any, model: Any) -> None:
        self.sbml, self.model = sbml, model
        self.settings = sbml.L3ParserSettings()
        self.settings.setModel(model)
        self.settings.setComparisonCaseSensitivity(True)
        self.ahead: list[tuple[str, str]] = []

    def start(self, name: str, text: str) -> None:
        self.ahead.append((name, text))

    def starts(self) -> None:
        for name, text in self.ahead:
            found = self.model.createInitialAssignment()
            found.setSymbol(name)
            self.put(found, text)

    def put(self, element: Any, text: str, *, raw: bool = False) -> None:
        math = self.sbml.parseL3FormulaWithSettings(text if raw else _infix(text), self.settings)
        if math is None or element.setMath(math) != self.sbml.LIBSBML_OPERATION_SUCCESS:
            raise DiasporeError(f"libsbml does not take the formula {text!r}: {self.sbml.getLastParseL3Error()}")


def _infix(text: str) -> str:
    """A formula in the infix of SBML."""
    for condition in (False, True):
        try:
            return write(_theirs(parse(text, condition=condition).tree))
        except ValueError:
            if condition:
                raise
    raise AssertionError


def _theirs(tree: Tree) -> Tree:
    """What SBML writes in another way: and, or, not as functions, ln, and min and max by comparison."""
    args = tuple(_theirs(arg) for arg in tree.args)
    if tree.op in ("and", "or", "not"):
        # As functions, because libsbml's infix has no such words; `call` keeps them as they are.
        return Tree("call", args, name=tree.op)
    if tree.op == "log":
        return Tree("call", args, name="ln")
    if tree.op in ("min", "max"):
        found = args[0]
        for arg in args[1:]:
            first = apply("<=" if tree.op == "min" else ">=", found, arg)
            found = apply("piecewise", found, first, arg)
        return found
    return Tree(tree.op, args, tree.value, tree.name)
