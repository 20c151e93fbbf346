"""Kinetic networks: rate equations of molecules, in SBML, Antimony or YAML, alone and in each cell."""
