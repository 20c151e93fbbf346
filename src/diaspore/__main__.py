"""``python -m diaspore`` is the ``diaspore`` command."""

from diaspore.cli import main

if __name__ == "__main__":
    main()
