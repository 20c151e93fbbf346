"""Fitting to real data, and predictions for real patients from simulated ones."""
