"""Treatments: drugs, how much of them is where (pharmacokinetics), and what that does."""
