"""Fitting to published data, and predictions for real patients from simulated ones.

A fit names its data, its free parameters and their priors, and ends in an artefact (``artefact.Artefact``) that holds
posterior draws. ``fits.fit_names()`` lists the fits that ship.
"""
