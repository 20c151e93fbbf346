"""What cells do, one biological process a file."""
