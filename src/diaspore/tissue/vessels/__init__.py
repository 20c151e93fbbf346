"""Blood and lymph vessels of a tissue: where they are, what flows in them, what they bring, how they grow and go."""
