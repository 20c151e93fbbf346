"""Boolean networks: what a file says, other formats, ensembles of trajectories, attractors, mutants."""
