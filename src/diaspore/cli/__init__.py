"""The ``diaspore`` command: one thin module per subcommand."""

from __future__ import annotations

import gc
import io
import sys


def main() -> None:
    """Entry point of the ``diaspore`` command."""
    # Imports make many objects that stay; searching them for garbage again and again costs a short run a tenth.
    gc.set_threshold(50_000, 20, 20)
    try:
        from diaspore.cli.application import app

        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a name or sign the terminal cannot show must not end a run
                stream.reconfigure(errors="backslashreplace")
        app(prog_name="diaspore")
    except KeyboardInterrupt:  # before the command began; it has its own message
        sys.exit("interrupted")
