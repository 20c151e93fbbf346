"""Parts of tissues: processes with state of their own, one a file."""
