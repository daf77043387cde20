"""Correct a command line that was refused. It is loaded only then.

Each rule changes what is certainly wrong: an option that the command lacks, a word that no option takes, a handle that
does not exist. The result counts only if the command's own parser takes all of it. So the whole line is offered, or
nothing.
"""

from __future__ import annotations

import os

from amq import config
from amq.cli import other_words
from amq.cli.main import COMMANDS, before_dashes, command_module, command_parser, find_command, groups
from amq.errors import AmqError, NotFound, UsageError
from amq.layout import ROOT_NAME
from amq.names import KINDS, PRIORITIES, SUFFIX, USER, is_handle, nearest, undated
from amq.quoting import shell, shell_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from amq.cli.options import Parser

LONGEST_CHARS = 1000
"""The length of the longest line that is offered."""
_TYPO = 0.74
"""The likeness (difflib) above which a word is a typo of another: two letters of four may have changed places."""
_TEXTS = ("--body", "--subject", "--note")
"""The options whose value is a text, which may have lost its quotes."""
_TAKES_AGENTS = ("coop up", "init")
"""The commands whose `--agents` names agents that need not exist yet."""


def is_correctable(error: AmqError) -> bool:
    """Return whether ERROR may come from a mistyped line."""
    return isinstance(error, UsageError | NotFound)


def corrected(words: Sequence[str]) -> str:
    """Return the command line WORDS with its mistakes corrected, as typed in a shell; "" if that is not certain."""
    ours, program = before_dashes(words)
    before, command, after = find_command(ours)
    if command is None:
        return "amq --version" if words in (["-v"], ["-V"]) else ""
    line = Line(before, command, after, program)
    typed = line.text()
    if not _command(line):
        return ""
    parser = command_parser(line.command, command_module(line.command))
    _options(line, parser)
    _program(line, parser) if line.command == "run" else _words(line, parser)
    _values(line)
    found = line.text()
    is_one_line = len(found) <= LONGEST_CHARS and all(word.isprintable() for word in line.words())
    return found if found != typed and is_one_line and _is_accepted(line, parser) else ""


def command_like(word: str) -> str:
    """Return the command that WORD is a typo of; "" if it is of none."""
    return next(iter(nearest(word, COMMANDS, most=1, least=_TYPO)), "")


def instead(word: str) -> str:
    """Return the commands that do what WORD, which is not a command, may mean, one a line; "" if there are none."""
    found = other_words.DONE_BY.get(word.lower(), ())
    return "\n     ".join(f"amq {command}: {COMMANDS[command]}" for command in found)


def _is_accepted(line: Line, parser: Parser) -> bool:
    if (line.command == "run") != bool(line.program):
        return False
    try:
        parser.parse([word for part in line.parts for word in _as_words(part)])
    except UsageError:
        return False
    return True


class Line:
    """A command line in parts: the words before any option, then each option with the words that follow it."""

    def __init__(self, before: Sequence[str], command: str, after: Sequence[str], program: list[str] | None) -> None:
        self.command = command
        self.begins = not before  # the command is the first word
        self.program = program
        self.variables: dict[str, str] = {}
        self.parts: list[list[str]] = [[]]
        for word in (*after, *before):  # options before the command have no words left over
            if word.startswith(("-", "–", "—")) and word != "-":
                name, equals, value = word.partition("=")
                self.parts.append([name, value] if equals else [word])
            else:
                self.parts[-1].append(word)
        self._handles: list[str] | None = None
        self._groups: list[str] | None = None

    @property
    def bare(self) -> list[str]:
        """Return the words before any option."""
        return self.parts[0]

    def part(self, *names: str) -> list[str] | None:
        """Return the part of the first option of these NAMES that has a value; None if there is none."""
        return next((part for part in self.parts[1:] if part[0] in names and len(part) > 1), None)

    def words(self) -> list[str]:
        """Return the words of the whole line."""
        parts = [word for part in self.parts for word in _as_words(part)]
        return [*self.command.split(), *parts, *([] if self.program is None else ["--", *self.program])]

    def text(self) -> str:
        """Return the line as it is typed in a shell."""
        variables = [f"{name}={shell(value)}" for name, value in self.variables.items()]
        return " ".join([*variables, shell_line(["amq", *self.words()])])

    def is_known(self, word: str) -> bool:
        """Return whether WORD is a handle in the queue that the line means, in any case."""
        return word.lower() in self.handles()

    def is_recipient(self, word: str) -> bool:
        """Return whether WORD is a handle in the queue, with or without `@`, or a group."""
        return word == "@all" or self.is_known(word.removeprefix("@")) or word.lower() in self.groups()

    def handles(self) -> list[str]:
        """Return the handles in the queue; none where it cannot be read."""
        if self._handles is None:
            self._handles = _handles(_queue(self))
        return self._handles

    def groups(self) -> list[str]:
        """Return the groups in the queue, each with `@`; none where they cannot be read."""
        if self._groups is None:
            self._groups = _groups(_queue(self))
        return self._groups


def _as_words(part: list[str]) -> list[str]:
    """Return the words of a part; a value that begins with `-` belongs to its option by `=`."""
    if len(part) > 1 and part[0].startswith("-") and part[1].startswith("-") and part[1] != "-":
        return [f"{part[0]}={part[1]}", *part[2:]]
    return part


def _own(part: list[str], parser: Parser) -> int:
    """Return the number of words of PART that belong to its option: itself, and its value if it takes one."""
    if not (part and part[0].startswith("-")):
        return 0
    action = parser.option(part[0])
    return 1 if action and action.nargs == 0 else 2


# -- the command ------------------------------------------------------------------------------------------------------


def _command(line: Line) -> bool:
    """Correct the command, and return whether it is one."""
    if line.command in COMMANDS:
        return True
    if line.command.startswith("@") and line.is_recipient(line.command):
        line.parts[0] = [line.command, *line.bare]
        line.command = "send"
    elif line.command in _programs():
        _start(line)
    elif line.command in groups() and line.bare:
        line.command = _named_command(f"{line.command} {line.bare.pop(0)}")
    else:
        if line.command == "broadcast":
            line.parts.append(["--to", "@all"])
        line.command = _named_command(line.command)
    return line.command in COMMANDS


def _named_command(word: str) -> str:
    """Return the command that WORD means: another case, `coop-up`, another program's word for it, or a typo."""
    plain = word.lower().replace("-", " ").replace("_", " ")
    return plain if plain in COMMANDS else other_words.COMMANDS.get(plain) or command_like(plain) or word


def _start(line: Line) -> None:
    """Make `claude --model x` the program of `run`; with other words it may as well be mail for an agent."""
    if line.begins and line.program is None and not line.bare and not line.part("--body", "--subject"):
        line.program = [line.command, *(word for part in line.parts for word in part)]
        line.command, line.parts = "run", [[]]


def _program(line: Line, parser: Parser) -> None:
    """Put `--` before the program of `run`, which is the first word that no option takes."""
    for at, part in enumerate(line.parts):
        own = _own(part, parser)
        if len(part) > own:
            rest = [word for each in line.parts[at + 1 :] for word in _as_words(each)]
            line.program = [*part[own:], *rest, *(line.program or ())]
            line.parts = [*line.parts[:at], part[:own]]
            return


# -- options ----------------------------------------------------------------------------------------------------------


def _options(line: Line, parser: Parser) -> None:
    """Correct the options that the command lacks, and make one of those that were given twice."""
    meant = {**other_words.FOR_ALL, **other_words.OPTIONS.get(line.command, {})}
    for part in line.parts[1:]:
        if line.command == "run" and any(
            len(each) > _own(each, parser) for each in line.parts[: line.parts.index(part)]
        ):
            return  # the rest belongs to the program
        if parser.option(part[0]) is None:
            part[:1] = meant.get(part[0]) or [_option_like(part[0], parser.options)]
    for name in ("--to", "--agents"):
        first, *others = [part for part in line.parts if part[:1] == [name] and len(part) > 1] or [[]]
        for part in others:
            first[1] = f"{first[1]},{part[1]}"
            first += part[2:]
            line.parts.remove(part)


def _option_like(word: str, options: list[str]) -> str:
    """Return the option that WORD is a typo of: `-body`, `—body`, `--Body`, `--include_body`, `--boddy`; else WORD."""
    name = word.lstrip("-–—").replace("_", "-").lower()
    plain = f"--{name}"
    if len(name) < 2 or plain in options:
        return plain if plain in options else word
    return next(iter(nearest(plain, [each for each in options if each.startswith("--")], most=1, least=0.85)), word)


# -- words that no option takes ---------------------------------------------------------------------------------------


def _words(line: Line, parser: Parser) -> None:
    """Give each word that no option takes to the option that it was meant for."""
    if parser.takes_words:
        _hooks_of(line)
        return
    for part in line.parts[1:]:
        if part[0] in ("--to", "--agents"):
            _join(part, line, parser)
        elif part[0] in _TEXTS and len(part) > 2:
            part[1:] = [" ".join(part[1:])]
    for action in parser.needed:
        _give_first(line, action.option_strings[0])
    if line.command.startswith("skill ") and line.bare and set(line.bare) <= set(_programs()):
        line.parts[:1] = [[], *([f"--{name}"] for name in line.bare)]
    _give_rest(line, parser)


def _join(part: list[str], line: Line, parser: Parser) -> None:
    """Take the words behind a list of handles into it, if they are handles too, but for a text of several words."""
    *words, last = part[1:]
    text = [last] if words and " " in last.strip() else []
    others = [word.strip(",") for word in ([*words, last] if not text else words)]
    may_be_new = line.command in _TAKES_AGENTS
    if len(others) > 1 and all(
        _may_be_agent(word, parser) if may_be_new else line.is_recipient(word) for word in others[1:]
    ):
        part[1:] = [",".join(others), *text]


def _give_first(line: Line, option: str) -> None:
    """Make the first bare words the value of OPTION, which the command needs, if they can be that."""
    if not line.bare or line.part(option):
        return
    count = 1
    if option == "--id" and line.command == "reply":
        if undated([line.bare[0].removesuffix(SUFFIX)]):
            return  # the first word of the text
    elif option != "--to":
        if len(line.bare) > 1:
            return
    else:
        if not all(map(line.is_recipient, line.bare[0].split(","))):
            return
        while line.bare[count:] and line.bare[count].startswith("@") and line.is_recipient(line.bare[count]):
            count += 1
    line.parts[:1] = [[], [option, ",".join(line.bare[:count]), *line.bare[count:]]]


def _give_rest(line: Line, parser: Parser) -> None:
    """Make words that are left, if they follow each other, the value of the option that takes such words."""
    spare = [part for part in line.parts if len(part) > _own(part, parser)]
    given = ("--body", "--body-file") if parser.stray == "--body" else (parser.stray,)
    if not parser.stray or len(spare) != 1:
        return
    (part,) = spare
    words = part[_own(part, parser) :]
    if part[0] == "--to" and line.is_recipient(words[0]):
        return  # another recipient, or the first word of the text
    if line.command in _TAKES_AGENTS:
        before = line.part("--agents")
        if part is line.bare and all(_may_be_agent(word, parser) for word in words):
            names = ",".join([*(word.strip(",") for word in words), *(before[1:2] if before else [])])
            if before:
                before[1] = names
            else:
                line.parts.append([parser.stray, names])
            line.bare.clear()
    elif not line.part(*given) and (len(words) == 1 or parser.stray != "--id"):  # an id is one word
        del part[_own(part, parser) :]
        line.parts.append([parser.stray, " ".join(words)])


def _may_be_agent(word: str, parser: Parser) -> bool:
    """Return whether WORD may name a new agent; `here` rather is the option of that name."""
    return is_handle(word.strip(",").partition("=")[0].lower()) and parser.option(f"--{word}") is None


def _hooks_of(line: Line) -> None:
    """Make `--claude` of `hook install --claude` the word that the command takes."""
    if line.command.startswith("hook ") and not line.bare:
        for part in [part for part in line.parts[1:] if len(part) == 1 and part[0].lstrip("-") in _programs()]:
            line.parts.remove(part)
            line.bare.append(part[0].lstrip("-"))


# -- values -----------------------------------------------------------------------------------------------------------


def _values(line: Line) -> None:
    """Correct values that cannot be meant: handles that do not exist, kinds, priorities, the queue."""
    for part in line.parts[1:]:
        change = _CHANGES.get(part[0])
        if change and len(part) > 1:
            part[1] = change(part[1], line)
    if line.command == "why" and line.bare:
        line.bare[0] = _agent(line.bare[0], line)
    if (file := line.part("--body-file")) and file[1] == "-" and not os.path.exists("-"):
        file[0] = "--body"
    root = config.environment().get("AM_ROOT")
    if root and not line.part("--root") and (found := _queue_in(root, line)) != root:
        line.variables["AM_ROOT"] = found


def _recipients(value: str, line: Line) -> str:
    """Return VALUE, a list of handles, as amq writes it; VALUE itself if all of them are right."""
    words = [word for word in map(str.strip, value.split(",")) if word]
    if line.command in _TAKES_AGENTS:
        apart = words if "=" in value else [each for word in words for each in word.split()]
        meant = [word if "=" in word or line.is_known(word) else word.lower() for word in apart]
    else:
        spaced = value.replace(";", " ").replace(",", " ").split()
        apart = spaced if all(map(line.is_recipient, spaced)) else words
        meant = [_recipient(word, line) for word in apart]
    return value if meant == words else ",".join(meant)


def _recipient(word: str, line: Line) -> str:
    if word.startswith("@") and ("*" in word or word.lower() in line.groups()):
        return word
    plain = word.lstrip("@").lower()
    if plain in other_words.EVERYONE and not line.is_known(plain):
        return "@all"
    if word.startswith("@") and not line.is_known(plain):
        like = nearest(word.lower(), line.groups(), most=2, least=_TYPO)
        return like[0] if len(like) == 1 else _agent(word, line)
    return _agent(word, line)


def _agent(word: str, line: Line) -> str:
    """Return the handle that WORD means; WORD itself if it is right, or if that is not certain."""
    plain = word.removeprefix("@").lower()
    if line.is_known(word):
        return word
    like = [plain] if line.is_known(plain) else nearest(plain, line.handles(), most=2, least=_TYPO)
    return like[0] if len(like) == 1 else word


def _kind(value: str, _: Line) -> str:
    return _named(value, KINDS, other_words.KINDS)


def _priority(value: str, _: Line) -> str:
    return _named(value, PRIORITIES, other_words.PRIORITIES)


def _named(value: str, names: Sequence[str], meant: dict[str, str]) -> str:
    """Return the one of NAMES that VALUE is another spelling of, or MEANT by it; else VALUE."""
    plain = value.lower().replace("-", "_")
    if plain in names:
        return plain
    return meant.get(plain) or next(iter(nearest(plain, names, most=1, least=_TYPO)), value)


def _queue_in(root: str, line: Line) -> str:
    """Return the queue of the project ROOT; ROOT itself if that is a queue, or has none and none is to be made."""
    inside = os.path.join(os.path.abspath(root), ROOT_NAME)
    if not os.path.isdir(root) or os.path.isdir(os.path.join(root, "agents")):
        return root
    return inside if os.path.isdir(inside) or (line.command == "init" and os.listdir(root)) else root


_CHANGES: dict[str, Callable[[str, Line], str]] = {
    "--to": _recipients,
    "--agents": _recipients,
    "--me": _agent,
    "--kind": _kind,
    "--priority": _priority,
    "--root": _queue_in,
}


# -- what is known ----------------------------------------------------------------------------------------------------


def _programs() -> tuple[str, ...]:
    """Return the programs of the agents that amq knows."""
    from amq.runtime.agents.registry import NAMES

    return NAMES


def _queue(line: Line) -> str:
    """Return the queue that LINE means; "" if there is none, or it may not be looked into."""
    from argparse import Namespace

    from amq.cli.open_mailbox import accept

    root = line.part("--root")
    option = root[1] if root and not config.allowed_in() else None  # a session that is kept to its queue sees no other
    try:
        found = config.find_root(option, config.environment(), config.cwd_or_empty())
        if found:
            accept(Namespace(trust_root=False), found.value)
    except (AmqError, OSError):
        return ""
    return found.value if found else ""


def _groups(root: str) -> list[str]:
    """Return the groups of the queue ROOT, each with `@`; none where they cannot be read, or ROOT is ""."""
    from amq.layout import QueueLayout
    from amq.store.groups import read_groups

    try:
        return [f"@{name}" for name in read_groups(QueueLayout(root))] if root else []
    except (AmqError, OSError):
        return []


def _handles(root: str) -> list[str]:
    """Return the handles of the queue ROOT; none where they cannot be read, or ROOT is ""."""
    from amq.layout import QueueLayout
    from amq.store import registry

    queue = QueueLayout(root)
    try:
        return sorted({USER, *registry.mailboxes(queue), *(registry.read_registry(queue) or ())}) if root else []
    except (AmqError, OSError):
        return []
