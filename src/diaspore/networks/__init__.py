"""Molecules: Boolean networks in continuous time, and kinetic networks of differential equations.

`boolean` holds networks whose nodes are on or off and flip at random times (MaBoSS semantics); `kinetic` holds networks
of rate equations (SBML, Antimony); `kernels` what is compiled for both. Either runs alone (``diaspore run``,
``diaspore network``) or inside every cell of a tissue.
"""
