"""Kernels of the networks of the library against values that libroadrunner gave."""

from __future__ import annotations

from diaspore.core.simulate import shipped_models
from diaspore.core.spec import load_spec
from diaspore.networks.kinetic.expected import differences
from diaspore.networks.kinetic.spec import KineticNetworkSpec
from diaspore.validation.registry import Result

# Steps in the unit of each network; short where a signal is switched on at once.
STEPS = {
    "angiogenesis-hutchinson-2016": 0.02,
    "bone-komarova-2003": 0.02,
    "bone-lemaire-2004": 0.05,
    "cxcl12-coggins-2014": 0.2,
    "hif-nguyen-2013": 0.2,
    "lu-2013": 0.5,
    "met-shin-2018": 0.02,
    "mmp9-vempati-2007": 1.0,
    "nfkb-hoffmann-2002": 0.02,
    "notch-collier-1996": 0.02,
    "smad-schmierer-2008": 0.5,
    "tgfb-vilar-2006": 0.1,
    "tgfb-zi-2007": 0.01,
    "tian-2013": 0.1,
    "upa-plasmin-venkatraman-2011": 0.2,
    "wnt-lee-2003": 0.05,
}
PLAIN = ("bone-lemaire-2004", "lu-2013", "notch-collier-1996", "tian-2013", "tgfb-vilar-2006")


def run() -> Result:
    """The largest difference of both methods."""
    result = Result()
    found = {name: max(differences(spec, "rosenbrock", STEPS[name]).values()) for name, spec in _networks().items()}
    plain = {name: max(differences(_networks()[name], "rk4", STEPS[name]).values()) for name in PLAIN}
    for check, values in (("rosenbrock", found), ("rk4", plain)):
        worst = max(values, key=lambda name: values[name])
        result.add(check, values[worst], reason=f"largest in {worst}")
    result.add("networks", len(found))
    return result


def _networks() -> dict[str, KineticNetworkSpec]:
    found = {}
    for name, file in shipped_models().items():
        if name in STEPS:
            spec = load_spec(file)
            assert isinstance(spec, KineticNetworkSpec)
            found[name] = spec
    return found
