"""`amq reset`: restore a terminal that a program left in a bad state."""

from __future__ import annotations

import os

from amq.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = ""
EXAMPLES = """\
  amq reset                       if Enter does nothing, press Ctrl-J, type this, press Ctrl-J
"""
NOTES = """\
It makes the terminal's settings sane and switches off every mode that programs leave on: mouse, bracketed paste,
keyboard protocols, alternate screen, hidden cursor, colours, line drawing. It does not clear the screen or scrollback.
`amq run` does this by itself; use it after a program that ran without amq, or after all of amq was killed at once."""


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(_args: Namespace, out: Output) -> int:
    """Restore the terminal, and print what was done."""
    if os.name == "nt":
        raise UsageError("amq reset works only on Linux and macOS")
    from amq.runtime.terminal_reset import reset_terminal

    name, changed = reset_terminal()
    if out.json:
        out.value({"terminal": name, "settings_changed": changed})
    else:
        settings = "were made sane" if changed else "were sane already"
        out.line(f"{name} is restored: its settings {settings}, and modes that programs leave on are off.")
    return 0
