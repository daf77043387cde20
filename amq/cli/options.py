"""The words of a call: common options, value types, and errors that say what was meant."""

from __future__ import annotations

import argparse
import os

from amq.errors import UsageError
from amq.instants import parse_duration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

    from amq.budget import Budget

# Our words are English, and so are argparse's; looking for a translation imports `locale`, for an eighth of the time of
# `python -c pass`.
argparse._ = str  # type: ignore[attr-defined]

VALUED = ("--root", "--me")
FLAGS = ("--json", "--strict", "--trust-root")
_MOST_DIGITS = 12


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Of a fixed width: asking for the terminal's imports shutil, for every option of every command."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=110)


class Once(argparse.Action):
    """An option with a value, which may be given once: of two values one would be dropped without a word."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Keep the value; raises UsageError for a second one."""
        if getattr(namespace, self.dest, self.default) is not self.default:
            raise UsageError(f"{option} was given twice", hint=f"list its options: {parser.prog} --help")
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """A parser of one command. It raises UsageError instead of leaving, and never guesses an abbreviation.

    STRAY is the option that a word without one was probably meant for.
    """

    def __init__(self, command: str, stray: str = "", **rest: Any) -> None:
        super().__init__(
            prog=f"amq {command}",
            allow_abbrev=False,
            add_help=False,
            formatter_class=Formatter,
            **rest,
        )
        self._stray = stray
        self.register("action", None, Once)

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The values of WORDS; raises UsageError, also for a word that no option takes.

        Such a word goes before an option that is missing, for it is what that one was meant to have.
        """
        needed = [action for action in self._actions if action.required and action.option_strings]
        for action in needed:
            action.required = False
        args, extra = self.parse_known_args(words)
        missing = [action.option_strings[0] for action in needed if getattr(args, action.dest) is None]
        if extra:
            self._refuse(extra[0], missing[0] if missing else self._stray)
        if missing:
            self.error(f"missing required options: {', '.join(missing)}")
        return args

    def _refuse(self, word: str, meant: str) -> NoReturn:
        if word.startswith("-"):
            from amq.names import nearest

            like = nearest(word.partition("=")[0], self._option_string_actions, most=1)
            guess = f"; did you mean {like[0]}?" if like else ""
            raise UsageError(f"unknown option {word}{guess}", hint=f"list its options: {self.prog} --help")
        guess = f'did you mean {meant} "{word}"?' if meant else f"list its options: {self.prog} --help"
        raise UsageError(f"unexpected argument {word!r}", hint=guess)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        """What `--opt=--` gives too: argparse of Python 3.11 takes that value for the end of the options, and fails."""
        if arg_strings == ["--"] and action.nargs is None:
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with argparse's MESSAGE in our words."""
        hint = f"list its options: {self.prog} --help"
        if "expected one argument" in message:
            option = message.partition(":")[0].removeprefix("argument ").split("/")[0]
            message = f"{option} needs a value"
            hint = f"write a value that begins with - as {option}=-x"
        raise UsageError(message.removeprefix("argument "), hint=hint)


def add_common(parser: argparse.ArgumentParser) -> None:
    """The options that every command has."""
    group = parser.add_argument_group("common options")
    # these two with "store", the last one counts, so that an alias can be overruled
    group.add_argument(
        "--root", action="store", metavar="DIR", help="the queue (default AM_ROOT, else .agent-mail here or above)"
    )
    group.add_argument("--me", action="store", metavar="HANDLE", help="the mailbox to use (default AM_ME)")
    group.add_argument("--json", action="store_true", help="print data and errors as JSON")
    group.add_argument("--strict", action="store_true", help="treat unknown handles and a broken registry as errors")
    group.add_argument("--trust-root", action="store_true", help="use a queue that another user owns")
    group.add_argument("-h", "--help", action="store_true", help="show this help")


def add_waiting(parser: argparse.ArgumentParser, default: float | None = 60.0) -> None:
    """The options of a command that waits for mail."""
    parser.add_argument(
        "--timeout", type=duration, default=default, metavar="60s", help="time to wait (default 60s; 0: no limit)"
    )
    parser.add_argument("--poll", action="store_true", help="read the directory ten times a second, ignoring its times")


def add_budget(parser: argparse.ArgumentParser) -> None:
    """The option of a command that prints bodies, and no more of them than its reader takes."""
    parser.add_argument(
        "--max-chars", type=budget, metavar="N", help="print at most N characters (9500b: bytes; 0: no limit)"
    )


def as_utf8(text: str) -> str:
    """Return what TEXT, a word of the call, says if it is UTF-8, as all mail is, whatever the locale took it for.

    A word that is not is left as the locale has it.
    """
    if text.isascii():
        return text
    try:
        return os.fsencode(text).decode()
    except UnicodeError:
        return text


def handles(text: str) -> list[str]:
    """A comma-separated list; whether each is a handle is checked where it is used."""
    return [part.strip() for part in as_utf8(text).split(",") if part.strip()]


def duration(text: str) -> float:
    """Seconds; for argparse."""
    try:
        return parse_duration(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 250ms, 60s, 5m or 36h") from None


def budget(text: str) -> Budget:
    """How much is printed; for argparse."""
    from amq.budget import parse_budget

    try:
        return parse_budget(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count(text: str) -> int:
    """A number of things, from 0; for argparse. More than a directory can hold is a slip, and too much for Python."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at most {_MOST_DIGITS} digits")
    return int(text)
