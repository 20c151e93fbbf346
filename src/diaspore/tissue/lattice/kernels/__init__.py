"""Compiled steps of a lattice."""
