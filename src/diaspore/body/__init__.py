"""The body engine: one course from the first cell of the primary to death, for one patient or a million."""
