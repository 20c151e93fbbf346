"""Fitting of parameter sets to published cohorts."""
