"""The ``diaspore`` command: one thin module per subcommand."""

from __future__ import annotations


def main() -> None:
    """Entry point of the ``diaspore`` command."""
    from diaspore.cli.application import app

    app(prog_name="diaspore")
