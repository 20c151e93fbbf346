"""Ready scenes: tissues along the course of a cancer, what is measured in them, and what can be switched off."""
