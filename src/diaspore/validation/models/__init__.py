"""Small reference models that validation cases compare the engines with."""
