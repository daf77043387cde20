"""The entry point: find the command, run it, and handle errors.

Only the chosen command's module is imported, and only its own parser is built. So the common options can come before or
after the command, and a short command stays fast.
"""

from __future__ import annotations

from argparse import SUPPRESS

from amq import config
from amq.cli.options import FLAGS, VALUED, Parser, add_common
from amq.cli.output import Output
from amq.errors import INTERRUPTED, AmqError, NotFound, UsageError, remedy, why
from amq.names import GUESS, did_you_mean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType

EVERY_DAY = {
    "init": "create the project's queue, or add agents to it",
    "coop up": "start a project's agents side by side and notify each of its mail",
    "coop status": "show where each agent runs and how much mail it has",
    "coop down": "stop the agents that coop up started, and report what remains",
    "run": "host an agent's CLI and type a line into it when mail comes",
    "send": "deliver a message",
    "list": "list the inbox, oldest first, without moving anything",
    "read": "print one message and file it as read",
    "drain": "show new mail, acknowledge what asks for it, and file it as read",
    "reply": "answer a message in its thread",
    "thread": "show one conversation across all mailboxes, oldest first",
    "search": "find messages of all agents by their words, the newest first",
    "log": "show what all agents say to each other, in the order of time",
    "top": "watch agents and messages on one live screen, and answer there",
    "page": "show agents and messages in a browser, on this machine or a phone, and answer there",
    "export": "write all conversations into a page that opens offline, or as JSON lines",
    "who": "show every agent: what it does, unread mail, dead letters, and what notifies it",
    "demo": "watch two small agents wake each other; no model, no network",
}
WHEN_WRONG = {
    "why": "explain why an agent has not read its mail, and for how long",
    "doctor": "check the queue, the notifiers, the agents' CLIs and their settings",
    "certify": "try an installed agent's CLI offline, in every scenario that matters",
    "trace": "show where a message is, and who acknowledged or answered it",
    "trust": "trust a queue that someone else may have made",
    "dlq list": "list your dead letters: files in your inbox that were not messages",
    "dlq read": "show a dead letter and the file it keeps, and mark it as seen",
    "dlq retry": "deliver a dead letter whose file is a valid message by now",
    "dlq purge": "delete dead letters for good",
    "agent remove": "take an agent out of the queue, and keep its mail",
    "agent restore": "bring back an agent that was removed, with its mail",
    "cleanup": "remove temporary files that crashed writers left in any mailbox",
    "reset": "restore a terminal that a program left in a bad state",
}
PLUMBING = {
    "ack": "acknowledge a message by hand, without moving it",
    "watch": "wait for new mail without moving it",
    "monitor": "wait for new mail, then drain it",
    "group set": "name several agents, to write to all of them: --to @NAME",
    "group list": "show each group and its agents",
    "group remove": "forget the name of several agents",
    "wait": "wait until an agent is idle, asks you something, or has read its mail",
    "lease take": "reserve paths before you edit them, so that other agents leave them alone",
    "lease list": "show all leases",
    "lease check": "say whether another agent has a lease on a path",
    "lease free": "give your leases back",
    "lease guard": "check leases before each commit, by git's pre-commit hook",
    "bridge init": "make this host's keys for a bridge to other hosts, and with --hub the hub",
    "bridge join": "take another host's invitation: pin its keys, use its hub",
    "bridge export": "let agents of this host write to other hosts, and be written to",
    "bridge remove": "take a host or an exported agent out of the bridge",
    "bridge run": "carry mail between this host and the others",
    "bridge status": "show the hub, the other hosts, and mail on its way",
    "bridge hub": "run the hub: nats-server, as amq has configured it",
    "presence set": "set your status",
    "presence list": "show every agent's status",
    "wake": "notify an agent that runs in its own terminal (experimental)",
    "hook": "answer an agent's own hooks",
    "hook install": "add hooks to an agent's settings, so that it hears of mail without amq run",
    "hook uninstall": "remove the hooks that hook install added",
    "skill install": "install the skill that teaches an agent to use amq",
    "skill uninstall": "remove the skill that skill install added",
    "config show": "show each setting of your configuration file, and the default of those it does not hold",
    "env": "print the resolved queue and agent as shell exports",
    "schema": "print the JSON Schema of a command's --json output, or of a file in the queue",
    "completion": "print a script that completes amq's commands and options in your shell",
    "man": "print amq's manual page",
}
GROUPS = {"Every day": EVERY_DAY, "When something is wrong": WHEN_WRONG, "Plumbing": PLUMBING}
"""The headings of the help, each with its commands."""
COMMANDS = EVERY_DAY | WHEN_WRONG | PLUMBING
"""Every command, with its only summary."""
FAILS_NOBODY = "hook"
"""The command that agents call without a user. It never fails: Claude Code takes exit code 2 as an order to go on."""
DEFECT = 70
EXAMPLES = (
    "amq: mail between coding agents on one machine\n",
    "  amq demo                            watch two small agents wake each other",
    "  amq coop up                         run Claude Code and Codex side by side, each notified of its mail",
    "  amq run -- claude                   run one agent in this terminal",
    "  amq send --to claude --body '…'     write to it from any shell",
    "  amq drain --include-body            read new mail, as an agent does when notified",
)


def main(words: Sequence[str]) -> int:
    """Run the command line WORDS and return its exit code."""
    ours = before_dashes(words)[0]
    code = _attempt(words, Output(json="--json" in ours))
    return 0 if code and _may_be_a_hook(ours) else code


def _attempt(words: Sequence[str], out: Output) -> int:
    try:
        return _dispatch(words, out)
    except AmqError as error:
        out.error(_with_correction(error, words))
        return error.exit_code
    except OSError as error:
        from amq.store.unreadable import for_directory

        out.error(AmqError(why(error), hint=for_directory(error) or remedy(error)))
        return AmqError.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if to_do := remedy(error):  # the system has no thread or open file left; not an internal error
            out.error(AmqError(why(error), hint=to_do))
            return AmqError.exit_code
        out.error(
            AmqError(f"internal error: {type(error).__name__}: {error}", hint="set AMQ_DEBUG=1 to see the traceback")
        )
        if config.debugging(config.variables()):
            out.traceback()
        return DEFECT


def _with_correction(error: AmqError, words: Sequence[str]) -> AmqError:
    """Return ERROR; its hint is the corrected line WORDS, if there is a certain one."""
    from contextlib import suppress

    with suppress(Exception):  # an error in a guess must not hide the one that is to be reported
        from amq.cli import corrections

        if corrections.is_correctable(error) and (line := corrections.corrected(words)):
            other = f"\n     else {error.hint}" if isinstance(error, NotFound) and error.hint else ""
            what, _, guess = error.message.partition(GUESS)
            if guess.strip(" ?") not in line:  # the line is surer than the nearest name
                error.message = what
            error.hint = f"did you mean: {line}{other}"
    return error


def _may_be_a_hook(words: list[str]) -> bool:
    """Return whether an agent may be calling its hook, even if `--root` without a value took that word."""
    before, command, _ = find_command(words)
    return command == FAILS_NOBODY or (command not in COMMANDS and FAILS_NOBODY in before)


def _dispatch(words: Sequence[str], out: Output) -> int:
    ours, program = before_dashes(words)
    before, command, after = find_command(ours)
    if command is None:
        return _without_command(before, out)
    if command == "help":
        return _help(" ".join(after), out)
    if command == "version" and not after:
        return _without_command(["--version"], out)
    if command not in COMMANDS:
        if command in groups():
            return _without_action(command, [*before, *after], out)
        raise _unknown(command)
    if program is not None and command != "run":
        raise UsageError(f"amq {command} takes no arguments after --", hint=f"list its options: amq {command} --help")
    module = command_module(command)
    parser = command_parser(command, module)
    if {"-h", "--help"}.intersection((*before, *after)):
        out.data(parser.format_help())
        return 0
    args = parser.parse([*before, *after])
    args.program = program
    if command in config.MAIL_COMMANDS and config.allowed_in():
        from amq.cli.confinement import check

        check(args, config.environment())
    code: int = module.run(args, out)
    return code


def before_dashes(words: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Return the words before the first `--`, and those after it; None if there is none."""
    if "--" not in words:
        return list(words), None
    at = words.index("--")
    return list(words[:at]), list(words[at + 1 :])


def find_command(words: list[str]) -> tuple[list[str], str | None, list[str]]:
    """Return the words before the command, the command (two words if it has an action), and the words after it.

    `hook` is also a command by itself if the next word is not one of its actions.
    """
    before, command, after = _split_at_word(words)
    if command in groups():
        between, action, rest = _split_at_word(after)
        if action is not None and (command not in COMMANDS or f"{command} {action}" in COMMANDS):
            return [*before, *between], f"{command} {action}", rest
    return before, command, after


def _split_at_word(words: list[str]) -> tuple[list[str], str | None, list[str]]:
    """Return the words before the first that is not a common option or its value, that word, and the words after it."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in VALUED else 1
    if at >= len(words):
        return words, None, []
    return words[:at], words[at], words[at + 1 :]


def groups() -> dict[str, list[str]]:
    """Return the first words of commands that have actions, such as `dlq`, each with its actions."""
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
    raise UsageError(f"amq {group} needs an action", hint=f"use one of: {actions}")


def _without_command(words: list[str], out: Output) -> int:
    if "--version" in words:
        from amq import __version__

        out.line(__version__)
        return 0
    if not words or {"-h", "--help"}.intersection(words):
        out.data(_everything() if words else _overview())
        return 0 if words else UsageError.exit_code
    known = [word for word in words if word.partition("=")[0] in (*VALUED, *FLAGS)]
    wrong = next((word for word in words if word.startswith("-") and word not in known), None)
    raise UsageError(f"unknown option {wrong}" if wrong else "no command", hint="list the commands: amq --help")


def _help(command: str, out: Output) -> int:
    if not command:
        out.data(_everything())
    elif command in COMMANDS:
        out.data(command_parser(command, command_module(command)).format_help())
    elif command in groups():
        out.data(_group_help(command))
    else:
        raise _unknown(command)
    return 0


def _unknown(command: str) -> UsageError:
    from amq.cli import corrections

    like = corrections.command_like(command)
    return UsageError(
        f"unknown command {command!r}{did_you_mean(*filter(None, [like]))}",
        hint=corrections.instead(command) or "list the commands: amq --help",
    )


def command_module(command: str) -> ModuleType:
    """Return the module of a command in the table."""
    # importlib's own import costs more than most commands' modules
    module: ModuleType = __import__(f"amq.cli.commands.{command.replace(' ', '_')}", fromlist=["run"])
    return module


def command_parser(command: str, module: ModuleType) -> Parser:
    """Return the parser of a command, whose help begins with examples."""
    summary = f"{COMMANDS[command][0].upper()}{COMMANDS[command][1:]}."
    parser = Parser(
        command,
        stray=getattr(module, "LIKELY_MISSING_OPTION", ""),
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
    """Return the examples and the everyday commands: what a user needs first."""
    return "\n".join((*EXAMPLES, "\nEvery day:\n", *_table(EVERY_DAY), "\namq help lists all commands.\n"))


def _everything() -> str:
    """Return the examples and all commands, most often needed first."""
    groups = (line for heading, table in GROUPS.items() for line in (f"\n{heading}:\n", *_table(table)))
    return "\n".join((
        *EXAMPLES, *groups, "\namq help COMMAND (or amq COMMAND --help) shows its examples and options.\n",
    ))  # fmt: skip
