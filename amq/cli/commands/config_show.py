"""`amq config show`: each setting of the user's configuration file."""

from __future__ import annotations

from amq import config, quoting
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output

USAGE = ""
EXAMPLES = """\
  amq config show
  amq config show --json            each value, its source, and what amq does not know in the file"""
NOTES = """\
The file is ~/.config/amq/config.toml (XDG_CONFIG_HOME). amq does not need it.

  allow_amq = true         agents may run amq's mail commands without asking you
  [notify]
  notice = "desktop"       bell, osc9, osc777, osc99, desktop or off: how amq run notifies you; amq wake always notifies
                           you on the desktop, unless it is off
  command = "ping-me"      a program, by name or absolute path, and arguments, that both run for each notice

Options of a command win over the file. Lines are printed as the file may hold them. A value that is not allowed does
not count, and the command ends with 1."""


def options(parser: ArgumentParser) -> None:
    """Add no options."""


def run(_args: Namespace, out: Output) -> int:
    """Print the settings; return 1 if something in the file is not allowed."""
    from amq.setup.configuration import overview

    found = overview(config.environment())
    if out.json:
        out.value(found)
    else:
        for each in found["settings"]:
            out.line(f"{each['name']} = {_toml(each['value'])}  # {each['source']}")
        for name in found["unknown"]:
            out.warn(f"{found['file']}: amq knows no setting {visible(name)}")
        for fault in found["faults"]:
            out.warn(visible(fault))
    return 1 if found["faults"] else 0


def _toml(value: bool | str) -> str:
    return quoting.toml(value) if isinstance(value, str) else str(value).lower()
