"""The way in: which command is meant, and what becomes of an error.

Only the chosen command's module is imported, and there is one parser, its own; so the common options can stand before
or after it, and a short command stays short.
"""

from __future__ import annotations

import gc
from argparse import SUPPRESS

from amq import config
from amq.cli.options import FLAGS, VALUED, Parser, add_common
from amq.cli.output import Output
from amq.errors import INTERRUPTED, AmqError, UsageError, remedy, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType

COMMANDS = {
    "init": "make the queue of a project, or add agents to it",
    "send": "deliver a message",
    "list": "look at the inbox",
    "read": "print one message",
    "drain": "take new mail: show it, and acknowledge what asks for it",
    "watch": "wait until there is new mail",
    "monitor": "wait until there is new mail, then drain it",
    "ack": "acknowledge a message by hand",
    "reply": "answer a message",
    "thread": "show one conversation over all mailboxes",
    "trace": "where a message is, and who has acknowledged or answered it",
    "who": "every agent: its unread mail, dead letters, and who notifies it",
    "why": "why an agent has not read its mail, and for how long",
    "trust": "trust a queue that another may have made",
    "presence set": "say what you are at",
    "presence list": "what each agent says it is at",
    "dlq list": "look at your dead letters",
    "dlq read": "show a dead letter and the message it keeps",
    "dlq retry": "deliver what dead letters keep, if it has become a message",
    "dlq purge": "remove dead letters for good",
    "cleanup": "remove temporary files that dead writers left",
    "env": "what was resolved, as shell exports",
    "schema": "the JSON Schema of what is printed with --json",
    "completion": "let your shell complete all this",
    "run": "host an agent's CLI and tell it of its mail",
    "wake": "tell an agent of its mail that runs in a terminal of its own (experimental)",
    "doctor": "check the set-up, and say what to do about what is wrong",
    "skill install": "tell an agent how to use amq",
    "skill uninstall": "take that away again",
    "coop up": "start the agents of a project side by side",
    "coop status": "how they stand",
    "coop down": "end those that coop up has started",
    "reset": "put a terminal back in order that a program has left in disorder",
    "hook": "what an agent's own hooks call",
    "hook install": "put such hooks into an agent's settings",
    "hook uninstall": "take them away again",
    "demo": "watch two small agents wake each other",
}
FAILS_NOBODY = "hook"
"""The command that agents call without a person: Claude Code takes 2, for wrong usage, for an order to go on."""
DEFECT = 70
GARBAGE = 50_000
"""New objects before cyclic garbage is looked for: we make many values and next to no cycles, and at Python's usual 700
the search costs a fifth of a large list."""


def main(words: Sequence[str]) -> int:
    """Do what WORDS say; the exit code."""
    gc.set_threshold(GARBAGE)
    ours = _before_dashes(words)[0]
    code = _attempt(words, Output(json="--json" in ours))
    return 0 if code and _may_be_a_hook(ours) else code


def _attempt(words: Sequence[str], out: Output) -> int:
    environ = config.environment()
    try:
        return _dispatch(words, out)
    except AmqError as error:
        out.error(error)
        return error.exit_code
    except OSError as error:
        from amq.store.unreadable import for_directory

        out.error(AmqError(why(error), hint=for_directory(error) or remedy(error)))
        return AmqError.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if to_do := remedy(error):  # the system has no thread or no open file left, which is no defect
            out.error(AmqError(why(error), hint=to_do))
            return AmqError.exit_code
        out.error(AmqError(f"a defect in amq: {type(error).__name__}: {error}", hint="AMQ_DEBUG=1 shows where"))
        if config.debugging(environ):
            out.traceback()
        return DEFECT


def _may_be_a_hook(words: list[str]) -> bool:
    """Whether an agent may be calling its hook: an option without its value, as in `--root hook`, takes that word."""
    before, command, _ = _find_command(words)
    return command == FAILS_NOBODY or (command not in COMMANDS and FAILS_NOBODY in before)


def _dispatch(words: Sequence[str], out: Output) -> int:
    ours, program = _before_dashes(words)
    before, command, after = _find_command(ours)
    if command is None:
        return _without_command(before, out)
    if command == "help":
        return _help(" ".join(after), out)
    if command not in COMMANDS:
        if command in groups():
            return _without_action(command, [*before, *after], out)
        raise _unknown(command)
    if program is not None and command != "run":
        raise UsageError(f"amq {command} takes nothing behind --", hint=f"amq {command} --help shows what it takes")
    module = command_module(command)
    parser = _parser(command, module)
    if {"-h", "--help"}.intersection((*before, *after)):
        out.data(parser.format_help())
        return 0
    args = parser.parse([*before, *after])
    args.program = program
    code: int = module.run(args, out)
    return code


def _before_dashes(words: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """The words before the first `--`, and those behind it; None if there is none."""
    if "--" not in words:
        return list(words), None
    at = words.index("--")
    return list(words[:at]), list(words[at + 1 :])


def _find_command(words: list[str]) -> tuple[list[str], str | None, list[str]]:
    """What stands before the command, the command (of two words, if it has an action), and what stands behind it.

    `hook` is a command of its own too, where what follows is no action of its.
    """
    before, command, after = _split_at_word(words)
    if command in groups():
        between, action, rest = _split_at_word(after)
        if action is not None and (command not in COMMANDS or f"{command} {action}" in COMMANDS):
            return [*before, *between], f"{command} {action}", rest
    return before, command, after


def _split_at_word(words: list[str]) -> tuple[list[str], str | None, list[str]]:
    """What stands before the first word that is no common option or its value, that word, and what stands behind it."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in VALUED else 1
    if at >= len(words):
        return words, None, []
    return words[:at], words[at], words[at + 1 :]


def groups() -> dict[str, list[str]]:
    """The first words of commands that have an action, such as `dlq`, each with its actions."""
    found: dict[str, list[str]] = {}
    for first, space, action in (command.partition(" ") for command in COMMANDS):
        if space:
            found.setdefault(first, []).append(action)
    return found


def _without_action(group: str, words: list[str], out: Output) -> int:
    if {"-h", "--help"}.intersection(words):
        out.data(_group_help(group))
        return 0
    actions = ", ".join(f"amq {group} {action}" for action in groups()[group])
    raise UsageError(f"amq {group} does nothing by itself", hint=f"one of: {actions}")


def _without_command(words: list[str], out: Output) -> int:
    if "--version" in words:
        from amq import __version__

        out.line(__version__)
        return 0
    if not words or {"-h", "--help"}.intersection(words):
        out.data(_overview())
        return 0 if words else UsageError.exit_code
    known = [word for word in words if word.partition("=")[0] in (*VALUED, *FLAGS)]
    wrong = next((word for word in words if word.startswith("-") and word not in known), None)
    raise UsageError(f"unknown option {wrong}" if wrong else "no command", hint="amq --help lists the commands")


def _help(command: str, out: Output) -> int:
    if not command:
        out.data(_overview())
    elif command in COMMANDS:
        out.data(_parser(command, command_module(command)).format_help())
    elif command in groups():
        out.data(_group_help(command))
    else:
        raise _unknown(command)
    return 0


def _unknown(command: str) -> UsageError:
    from amq.names import nearest

    like = nearest(command, COMMANDS, most=1)
    return UsageError(
        f"there is no command {command!r}{f'; did you mean {like[0]}?' if like else ''}",
        hint="amq --help lists the commands",
    )


def command_module(command: str) -> ModuleType:
    """The module of a command of the table."""
    # importlib's own import costs more than most commands' modules
    module: ModuleType = __import__(f"amq.cli.{command.replace(' ', '_')}", fromlist=["run"])
    return module


def _parser(command: str, module: ModuleType) -> Parser:
    """The parser of a command, whose help leads with examples."""
    summary = f"{module.SUMMARY[0].upper()}{module.SUMMARY[1:]}."
    parser = Parser(
        command,
        stray=getattr(module, "STRAY", ""),
        usage=SUPPRESS,
        description=f"{summary}\n\n{module.EXAMPLES.rstrip()}\n\nusage: amq {command} {module.USAGE}",
        epilog=getattr(module, "NOTES", None),
    )
    module.options(parser)
    add_common(parser)
    return parser


def _table(commands: Iterable[str]) -> list[str]:
    width = max(map(len, COMMANDS))
    return [f"  {command:<{width}}  {COMMANDS[command]}" for command in commands]


def _group_help(group: str) -> str:
    lines = _table(f"{group} {action}" for action in groups()[group])
    return "\n".join((*lines, f"\namq help {group} ACTION shows its examples and options.\n"))


def _overview() -> str:
    return "\n".join((
        "amq: mail between coding agents on one machine\n",
        "  amq demo                            watch two small agents wake each other",
        "  amq coop up                         Claude Code and Codex side by side, each told of its mail",
        "  amq run -- claude                   one agent, in this terminal",
        '  amq send --to claude --body "…"     write to it, from any shell',
        "  amq drain --include-body            what an agent does when it is told\n",
        "Commands:\n",
        *_table(COMMANDS),
        "\namq help COMMAND (or amq COMMAND --help) shows its examples and options.\n",
    ))  # fmt: skip
