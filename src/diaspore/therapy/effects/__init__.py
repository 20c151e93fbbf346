"""What an amount of drug, or of radiation, does: one kind of effect per file."""
