"""Fitting parameters to published data: targets, priors, likelihoods, banks of simulated patients, sampling, artefacts.

A fit names its data, its free parameters and their priors, and ends in an artefact (``artefact.Artefact``) that holds
posterior draws. ``fits.fit_names()`` lists the fits that ship.
"""
