"""`amq completion`: print the script by which a shell completes `amq` commands."""

from __future__ import annotations

import re
from contextlib import suppress

from amq import config
from amq.cli.open_mailbox import accept
from amq.errors import AmqError
from amq.layout import QueueLayout
from amq.names import KINDS, PRIORITIES, USER
from amq.store import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Action, ArgumentParser, Namespace
    from collections.abc import Callable
    from typing import Any

    from amq.cli.output import Output

USAGE = "bash|zsh|fish"
EXAMPLES = """\
  amq completion bash > ~/.amq.bash && echo '. ~/.amq.bash' >> ~/.bashrc
  amq completion zsh > ~/.amq.zsh && echo 'autoload -U compinit; compinit; eval "$(<~/.amq.zsh)"' >> ~/.zshrc
  mkdir -p ~/.config/fish/completions && amq completion fish > ~/.config/fish/completions/amq.fish"""
NOTES = """\
The script starts amq only for what changes: `amq completion handles` prints the handles of this queue, `ids` and
`threads` those of your latest mail."""

_SHELLS = ("bash", "zsh", "fish")
_LATEST = 100
"""The number of messages whose ids and threads are completed, the latest ones."""
_PLAIN = r"[A-Za-z0-9][\w./:@+-]*"
"""A word in which no shell expands anything: bash expands the words that it gets."""


def options(parser: ArgumentParser) -> None:
    """Add the command's argument."""
    parser.add_argument("what", choices=(*_SHELLS, *_ASKED), metavar="SHELL", help="bash, zsh or fish")


def run(args: Namespace, out: Output) -> int:
    """Print the script, or the words of the queue here; no words if there is no queue."""
    if args.what not in _ASKED:
        import shtab

        out.data(shtab.complete(_all_commands(args.what), args.what) + "\n")
        if args.what == "bash":
            out.data(_BASH_SPLITS)
        return 0
    environ = config.environment()
    root = config.find_root(args.root, environ, config.cwd_or_empty())
    if root:
        accept(args, root.value)
        words = _ASKED[args.what](root.value, args.me or environ.get("AM_ME") or USER)
        out.data("".join(f"{word}\n" for word in dict.fromkeys(words) if re.fullmatch(_PLAIN, word, re.ASCII)))
    return 0


def _handles(root: str, _: str) -> list[str]:
    return registry.mailboxes(QueueLayout(root))


def _ids(root: str, me: str) -> list[str]:
    """Return the ids of the latest messages of ME, also of those it sent."""
    from amq.store import maildir
    from amq.store.durable import Directory

    agent = QueueLayout(root).agent(me)
    found: set[str] = set()
    for path in (agent.inbox_new, agent.inbox_cur, agent.sent):
        with suppress(FileNotFoundError), Directory(path) as directory:
            found.update(maildir.message_ids(directory))
    return sorted(found)[-_LATEST:]


def _threads(root: str, me: str) -> list[str]:
    """Return the threads of the latest messages of ME."""
    from amq.store import maildir

    agent, found = QueueLayout(root).agent(me), []
    for identifier in _ids(root, me):
        with suppress(AmqError, OSError):
            found.append(maildir.find(agent, identifier)[0].header.conversation)
    return sorted(found)


_ASKED: dict[str, Callable[[str, str], list[str]]] = {"handles": _handles, "ids": _ids, "threads": _threads}
"""Questions of a script when TAB is pressed."""


# -- the script -------------------------------------------------------------------------------------------------------


def _all_commands(shell: str) -> ArgumentParser:
    """Return one parser for everything after `amq`, for SHELL; shtab only reads it, it parses nothing."""
    from argparse import ArgumentParser

    from amq.cli.main import COMMANDS, command_module, groups
    from amq.cli.options import add_common
    from amq.runtime.agents.registry import NAMES

    whole = ArgumentParser("amq", add_help=False)
    parsers = {"": whole}
    commands = whole.add_subparsers()
    actions = {
        group: commands.add_parser(group, help=", ".join(words), add_help=False).add_subparsers()
        for group, words in groups().items()
    }
    for command, summary in COMMANDS.items():
        first, space, action = command.partition(" ")
        place, word = (actions[first], action) if space else (commands, first)
        known = place.choices.get(word)  # `hook`, which has actions too
        parsers[command] = known or place.add_parser(word, help=summary, add_help=False)
        command_module(command).options(parsers[command])
    if shell == "zsh":  # there the dashes are an argument
        parsers["run"].add_argument("dashes", choices=["--"])
    parsers["run"].add_argument("program", choices=NAMES)
    topics = list(commands.choices)
    commands.add_parser("help", help="show examples and options", add_help=False).add_argument(
        "command", choices=topics
    )
    for command, parser in parsers.items():
        add_common(parser)
        values = _values(command)
        for option in parser._actions:
            _mark(option, values)
    return whole


def _values(command: str) -> dict[str, Any]:
    """Return the completions, in shtab's terms, of values of COMMAND that argparse itself does not check."""
    import shtab

    identifier = {"thread": "threads"}.get(command, "" if command.startswith("dlq ") else "ids")
    return {
        "--root": shtab.DIRECTORY,
        "--body": _AT_FILE,
        "--context": _AT_FILE,
        "--body-file": shtab.FILE,
        **dict.fromkeys(("--me", "--from", "HANDLE"), _asking("handles")),
        **dict.fromkeys(("--to", "--agents"), _asking("handles", many=True)),
        **({"--id": _asking(identifier)} if identifier else {}),
        "--refs": _asking("ids", many=True),
        "--thread": _asking("threads"),
        "--kind": KINDS,
        "--priority": PRIORITIES,
        **({"--from": None} if command == "read" else {}),  # a number
    }


def _asking(what: str, *, many: bool = False) -> dict[str, Any]:
    """Return a completion that asks for WHAT when TAB is pressed; MANY: also for each word behind a comma."""
    ask = f"amq completion {what} 2>/dev/null"
    name = f"_amq_{what}{'_list' if many else ''}"
    bash = f"""{name}() {{ local before="${{1%"${{1##*,}}"}}"; compgen -P "$before" -W "$({ask})" -- "${{1##*,}}"; }}"""
    zsh = f"""{name}() {{ {"compset -P '*,'; " if many else ""}compadd "$@" -- $({ask}) }}"""
    fish = f"(__fish_complete_list , '{ask}')" if many else f"({ask})"
    return {"bash": name, "zsh": name, "fish": fish, "preamble": {"bash": bash, "zsh": zsh}}


_AT_FILE: dict[str, Any] = {
    "bash": "_amq_at_file",
    "zsh": "_amq_at_file",
    "fish": "(commandline -ct | string match -q '@*'; and "
    "__fish_complete_path (commandline -ct | string sub -s 2) | string replace -r '^' @)",
    "preamble": {
        "bash": '_amq_at_file() { case "$1" in @*) compgen -P @ -f -- "${1#@}" ;; esac; }',
        "zsh": "_amq_at_file() { compset -P @ && _files }",
    },
}
"""The completion of a text, or of a file behind `@`."""
_BASH_SPLITS = """
# bash completes host names behind @, and splits the line there, though not the word that is replaced
_amq() {
  local before=$((COMP_CWORD - 1)) line
  if [[ ${COMP_WORDS[before]} == @ && ${COMP_WORDS[before - 1]} == --@(body|context) ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=()
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -P @ -f -- "${COMP_WORDS[COMP_CWORD]}")
  else
    _shtab_amq
  fi
}
complete -o bashdefault -F _amq amq
"""


def _mark(option: Action, values: dict[str, Any]) -> None:
    """Set the possible values of an option or an argument, where they are known."""
    names = option.option_strings or [str(option.metavar)]
    found = next((values[name] for name in names if name in values), None)
    if isinstance(found, tuple):
        option.choices = found
    elif found is not None:
        option.complete = found  # type: ignore[attr-defined]  # shtab's way
