"""`amq reset`: put a terminal back in order."""

from __future__ import annotations

import os

from amq.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

SUMMARY = "put a terminal back in order that a program has left in disorder"
USAGE = ""
EXAMPLES = """\
  amq reset                       Enter does nothing? press Ctrl-J, type it, and press Ctrl-J again
"""
NOTES = """\
The settings become sane, and every mode that programs leave behind is switched off: mouse, bracketed paste, keyboard
protocols, alternate screen, hidden cursor, colours, line drawing. Neither screen nor scrollback is cleared. `amq run`
does this by itself; this is for a program that ran without it, or if all of amq was killed at once."""


def options(parser: ArgumentParser) -> None:
    """It has none of its own."""


def run(_args: Namespace, out: Output) -> int:
    """Say what was done, on the terminal that can now show it."""
    if os.name == "nt":
        raise UsageError("amq reset is for the terminals of Linux and macOS")
    from amq.runtime.resetting import reset_terminal

    name, changed = reset_terminal()
    if out.json:
        out.value({"terminal": name, "settings_changed": changed})
    else:
        settings = "made sane" if changed else "were sane"
        out.line(f"{name} is in order: its settings {settings}, all modes that programs leave on are off.")
    return 0
