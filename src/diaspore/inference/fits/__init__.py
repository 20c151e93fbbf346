"""One module per fit."""
