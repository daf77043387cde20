"""Render amq's manual page from the parsers of its commands, in the `man` macros that groff and mandoc know."""

from __future__ import annotations

from argparse import SUPPRESS

from amq import __version__
from amq.cli import main
from amq.cli.options import Formatter, Parser, add_common

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterable, Iterator

EXIT_STATUS = {
    "0": "done",
    "1": "failed",
    "2": "wrong usage",
    "3": "not found",
    "4": "timed out",
    "5": "uncertain: the error says how to repeat it safely, such as with `--new-id`",
    "70": "internal error",
    "130": "interrupted",
}
_SIGNS = str.maketrans({
    "\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", "…": "...",
})  # fmt: skip
"""The signs that roff would replace, such as a hyphen by one that no shell takes, or that the C locale lacks."""


def man_page() -> str:
    """Return the page, in ASCII."""
    title, *calls = main.EXAMPLES
    lines = [
        f'.TH AMQ 1 "" "amq {__version__}"',
        ".SH NAME",
        _text(title.strip().replace(": ", " - ", 1)),
        ".SH SYNOPSIS",
        r"\fBamq\fR \fICOMMAND\fR [\fIOPTION\fR]...",
        ".SH EXAMPLES",
        *_as_typed(calls),
    ]
    for heading, table in main.GROUPS.items():
        lines += [f".SH {heading.upper()}"]
        for command in table:
            lines += _command(command)
    lines += [".SH COMMON OPTIONS", "Every command takes these.", *_options(_common())]
    lines += [".SH EXIT STATUS", *(line for code, text in EXIT_STATUS.items() for line in _item(code, text))]
    return "".join(f"{line}\n" for line in lines)


def _command(command: str) -> Iterator[str]:
    """Yield the lines on one command: its call, its summary, its options, its notes and its examples."""
    module = main.command_module(command)
    parser = main.command_parser(command, module)
    common = {action.dest for action in _common()}
    yield rf".SS {_text(f'amq {command}')}"
    yield rf"\fBamq {_text(command)}\fR {_text(module.USAGE)}".rstrip()
    yield ".PP"
    yield _text(parser.description.partition("\n")[0] if parser.description else "")
    yield from _options(action for action in parser._actions if action.dest not in common)
    if parser.epilog:
        yield ".PP"
        yield from (_text(line) for line in parser.epilog.splitlines())
    yield ".PP"
    yield from _as_typed(module.EXAMPLES.rstrip().splitlines())


def _common() -> list[Action]:
    """Return the options that every command has."""
    parser = Parser("")
    add_common(parser)
    return parser._actions


def _options(actions: Iterable[Action]) -> Iterator[str]:
    """Yield the lines on the options and arguments ACTIONS."""
    formatter = Formatter("")
    for action in actions:
        if action.help != SUPPRESS:
            yield from _item(formatter._format_action_invocation(action), action.help or "")


def _item(term: str, text: str) -> Iterator[str]:
    """Yield the lines on one TERM, with TEXT indented below it."""
    yield ".TP"
    yield rf"\fB{_text(term)}\fR"
    yield _text(text)


def _as_typed(lines: Iterable[str]) -> Iterator[str]:
    """Yield LINES to be shown as they are, without filling."""
    yield ".nf"
    yield from map(_text, lines)
    yield ".fi"


def _text(line: str) -> str:
    """Return one line of text for roff, in ASCII. It takes a line that begins with a dot for an order."""
    escaped = "".join(sign if sign.isascii() else rf"\[u{ord(sign):04X}]" for sign in line.translate(_SIGNS))
    return rf"\&{escaped}" if escaped.startswith(".") else escaped
