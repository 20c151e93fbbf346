"""Validation cases: NAME.yaml states what is expected, NAME.py obtains it."""
