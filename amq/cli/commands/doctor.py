"""`amq doctor`: check the setup, and say how to fix what does not work."""

from __future__ import annotations

from amq import __version__, config
from amq.cli.open_mailbox import accept
from amq.errors import NotFound, Unsafe
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output
    from amq.setup.doctor import Context, Found

USAGE = "[--fix]"
EXAMPLES = """\
  amq doctor
  amq doctor --fix        apply the remedies that lose no data"""
NOTES = """\
The exit code is 1 if something is wrong. Notes do not affect the exit code."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--fix", action="store_true", help="apply the remedies that lose no data")


def run(args: Namespace, out: Output) -> int:
    """Print the findings; return 1 if something is wrong, else 0."""
    from amq.setup import doctor

    context = _context(args)
    found = list(doctor.examine(context))
    fixed: list[Found] = []
    if args.fix:
        fixed = list(doctor.fix(found))
        found = list(doctor.examine(context))
    if out.json:
        out.value(_json(context, found, fixed))
    else:
        out.data(_text(context, found, fixed))
    doctor.remember(found)
    return int(any(each.finding.wrong for each in found))


def _context(args: Namespace) -> Context:
    from amq.setup.doctor import Context, this_machine
    from amq.setup.finding import Finding

    machine = this_machine(config.environment(), config.cwd_or_empty(), __version__)
    found = config.find_root(args.root, machine.environ, machine.cwd)
    try:
        root = (found or config.existing_root(args.root, machine.environ, machine.cwd)).value
        accept(args, root)
        return Context(machine, root)
    except (NotFound, Unsafe) as error:
        return Context(machine, None, Finding(error.message, error.hint))


def _text(context: Context, found: list[Found], fixed: list[Found]) -> str:
    from amq.setup.doctor import checks

    loud = {name for each in found for name in (each.check, *each.stopped)}
    quiet = [name for name in checks(context) if name not in loud]
    lines = [f"queue: {visible(context.root or 'none')}", *([f"good: {', '.join(quiet)}"] if quiet else [])]
    lines += [f"fixed: {each.check}: {visible(each.finding.text)}" for each in fixed]
    for each in sorted(found, key=lambda each: not each.finding.wrong):
        sign = "WRONG" if each.finding.wrong else "note"
        names = ", ".join((each.check, *each.stopped))
        lines += [f"{sign}: {names}: {visible(each.finding.text)}", f"    {visible(each.finding.remedy)}"]
    return "".join(f"{line}\n" for line in lines)


def _json(context: Context, found: list[Found], fixed: list[Found]) -> dict[str, Any]:
    return {
        "root": context.root or "",
        "findings": [
            {
                "check": each.check,
                "wrong": each.finding.wrong,
                "text": each.finding.text,
                "remedy": each.finding.remedy,
                "fixable": each.finding.fix is not None,
            }
            | ({"stopped": list(each.stopped)} if each.stopped else {})
            for each in found
        ],
        "mended": [{"check": each.check, "text": each.finding.text} for each in fixed],
    }
