"""Fitting of parameter sets to cohorts, and what follows from a fit."""
