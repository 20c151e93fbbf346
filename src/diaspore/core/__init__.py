"""The floor everything stands on: units, errors, citations, specs, run directories, random streams, messages."""
