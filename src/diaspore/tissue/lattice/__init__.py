"""Tissues on lattices: organ grids of points that hold a few cells each, joined by a circulation."""
