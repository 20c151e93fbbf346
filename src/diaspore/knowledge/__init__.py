"""What is known, with its source: tables of referenced facts, parameter sets, and the bibliography."""
