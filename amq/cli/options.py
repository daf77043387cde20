"""Parse a command line: common options, value types, and errors that suggest what was meant."""

from __future__ import annotations

import argparse
import os
from functools import cached_property

from amq.errors import UsageError
from amq.instants import parse_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

    from amq.output_budget import Budget

# amq's texts are English, and so are argparse's; looking for a translation imports `locale`, which costs an eighth of
# `python -c pass`.
argparse._ = str  # type: ignore[attr-defined]

VALUED = ("--root", "--me")
FLAGS = ("--json", "--strict", "--trust-root")
_MOST_DIGITS = 12


class Formatter(argparse.RawDescriptionHelpFormatter):
    """A help formatter of fixed width: asking for the terminal's imports shutil, for every option of every command."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=110)


class Once(argparse.Action):
    """An option with a value that may be given only once: of two values, one would be dropped silently."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Store the value; raises UsageError for a second one."""
        if getattr(namespace, self.dest, self.default) is not self.default:
            raise UsageError(f"{option} was given twice", hint=f"list its options: {parser.prog} --help")
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """The parser of one command. It raises UsageError instead of exiting, and never guesses an abbreviation.

    STRAY is the option that words without one are meant for; "" if there is none.
    """

    def __init__(self, command: str, stray: str = "", **rest: Any) -> None:
        super().__init__(
            prog=f"amq {command}",
            allow_abbrev=False,
            add_help=False,
            formatter_class=Formatter,
            **rest,
        )
        self.stray = stray
        self.register("action", None, Once)

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Return the values of WORDS; raises UsageError, also for a word that no option takes.

        That word is reported before a missing option, because it was probably meant as that option's value.
        """
        for action in self.needed:
            action.required = False
        args, extra = self.parse_known_args(words)
        missing = [action.option_strings[0] for action in self.needed if getattr(args, action.dest) is None]
        if extra:
            what = f"unknown option {extra[0]}" if extra[0].startswith("-") else f"unexpected argument {extra[0]!r}"
            raise UsageError(what, hint=f"list its options: {self.prog} --help")
        if missing:
            self.error(f"missing required options: {', '.join(missing)}")
        return args

    @cached_property
    def needed(self) -> list[argparse.Action]:
        """Return the options that the command cannot do without."""
        return [action for action in self._actions if action.required and action.option_strings]

    @property
    def takes_words(self) -> bool:
        """Return whether the command takes words that belong to no option."""
        return any(not action.option_strings for action in self._actions)

    def option(self, name: str) -> argparse.Action | None:
        """Return the option NAME; None if the command has none of that name."""
        return self._option_string_actions.get(name)

    @property
    def options(self) -> list[str]:
        """Return the names of all options."""
        return list(self._option_string_actions)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """Return an option's value, even for `--opt=--`, which argparse of Python 3.11 takes for the end of options."""
        if arg_strings == ["--"] and action.nargs is None:
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with argparse's MESSAGE, reworded."""
        hint = f"list its options: {self.prog} --help"
        if "expected one argument" in message:
            option = message.partition(":")[0].removeprefix("argument ").split("/")[0]
            message = f"{option} needs a value"
            hint = f"write a value that begins with - as {option}=-x"
        raise UsageError(message.removeprefix("argument "), hint=hint)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has."""
    group = parser.add_argument_group("common options")
    # these two with "store": the last value counts, so that an alias can be overridden
    group.add_argument(
        "--root", action="store", metavar="DIR", help="the queue (default AM_ROOT, else .agent-mail here or above)"
    )
    group.add_argument("--me", action="store", metavar="HANDLE", help="the mailbox to use (default AM_ME)")
    group.add_argument("--json", action="store_true", help="print data and errors as JSON")
    group.add_argument("--strict", action="store_true", help="treat unknown handles and a broken registry as errors")
    group.add_argument("--trust-root", action="store_true", help="use a queue that another user owns")
    group.add_argument("-h", "--help", action="store_true", help="show this help")


def add_no_cache(parser: argparse.ArgumentParser) -> None:
    """Add the option of a command that may look into a cache instead of many files."""
    parser.add_argument(
        "--no-cache", dest="cache", action="store_false", help="open every file, as if nothing had been listed before"
    )


def add_color(parser: argparse.ArgumentParser) -> None:
    """Add the option of a command that prints tables for a user."""
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        metavar="WHEN",
        help="auto (default), always (a table in colour, off a terminal too), never; NO_COLOR is respected",
    )


def add_waiting(parser: argparse.ArgumentParser, default: float | None = 60.0) -> None:
    """Add the options of a command that waits for mail."""
    parser.add_argument(
        "--timeout", type=duration, default=default, metavar="60s", help="time to wait (default 60s; 0: no limit)"
    )
    parser.add_argument("--poll", action="store_true", help="read the directory ten times a second, ignoring its times")


def add_budget(parser: argparse.ArgumentParser) -> None:
    """Add the option that limits how much of the bodies a command prints."""
    parser.add_argument(
        "--max-chars", type=budget, metavar="N", help="print at most N characters (9500b: bytes; 0: no limit)"
    )


def as_utf8(text: str) -> str:
    """Return TEXT, a word of the command line, as UTF-8 (the encoding of all mail), whatever the locale.

    A word that is not valid UTF-8 stays as the locale decoded it.
    """
    if text.isascii():
        return text
    try:
        return os.fsencode(text).decode()
    except UnicodeError:
        return text


def handles(text: str) -> list[str]:
    """Return the items of a comma-separated list; each is checked where it is used."""
    return [part.strip() for part in as_utf8(text).split(",") if part.strip()]


def duration(text: str) -> float:
    """Return a duration in seconds, for argparse."""
    try:
        return parse_duration(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 250ms, 60s, 5m or 36h") from None


def budget(text: str) -> Budget:
    """Return a limit on printed text, for argparse."""
    from amq.output_budget import parse_budget

    try:
        return parse_budget(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count(text: str) -> int:
    """Return a count from 0, for argparse. More digits than any directory needs are a typo, or too many for Python."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at most {_MOST_DIGITS} digits")
    return int(text)
