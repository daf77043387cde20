"""`amq completion`: print the script by which a shell completes `amq` commands."""

from __future__ import annotations

from amq import config
from amq.cli.open_mailbox import accept
from amq.layout import QueueLayout
from amq.names import KINDS, PRIORITIES
from amq.store import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Action, ArgumentParser, Namespace
    from typing import Any

    from amq.cli.output import Output

USAGE = "bash|zsh|fish"
EXAMPLES = """\
  amq completion bash > ~/.amq.bash && echo '. ~/.amq.bash' >> ~/.bashrc
  amq completion zsh > ~/.amq.zsh && echo 'autoload -U compinit; compinit; eval "$(<~/.amq.zsh)"' >> ~/.zshrc
  mkdir -p ~/.config/fish/completions && amq completion fish > ~/.config/fish/completions/amq.fish"""
NOTES = "The script starts amq only to complete a handle: `amq completion handles` prints the handles of this queue."

HANDLES = "handles"
_SHELLS = ("bash", "zsh", "fish")


def options(parser: ArgumentParser) -> None:
    """Add the command's argument."""
    parser.add_argument("what", choices=(*_SHELLS, HANDLES), metavar="SHELL", help="bash, zsh or fish")


def run(args: Namespace, out: Output) -> int:
    """Print the script, or the handles of the queue here; no handles if there is no queue."""
    if args.what == HANDLES:
        root = config.find_root(args.root, config.environment(), config.cwd_or_empty())
        if root:
            accept(args, root.value)
            out.data("".join(f"{handle}\n" for handle in registry.mailboxes(QueueLayout(root.value))))
        return 0
    import shtab

    out.data(shtab.complete(_all_commands(), args.what) + "\n")
    return 0


def _all_commands() -> ArgumentParser:
    """Return one parser for everything after `amq`; shtab only reads it, it parses nothing."""
    from argparse import ArgumentParser

    from amq.cli.main import COMMANDS, command_module, groups
    from amq.cli.options import add_common

    whole = ArgumentParser("amq", add_help=False)
    parsers = [whole]
    commands = whole.add_subparsers()
    actions = {
        group: commands.add_parser(group, help=", ".join(words), add_help=False).add_subparsers()
        for group, words in groups().items()
    }
    for command, summary in COMMANDS.items():
        first, space, action = command.partition(" ")
        place, word = (actions[first], action) if space else (commands, first)
        known = place.choices.get(word)  # `hook`, which has actions too
        parsers.append(known or place.add_parser(word, help=summary, add_help=False))
        command_module(command).options(parsers[-1])
    topics = list(commands.choices)
    commands.add_parser("help", help="show examples and options", add_help=False).add_argument(
        "command", choices=topics
    )
    values = _values()
    for parser in parsers:
        add_common(parser)
        for option in parser._actions:
            _mark(option, values)
    return whole


def _values() -> dict[str, Any]:
    """Return the completions, in shtab's terms, of option values that argparse itself does not check."""
    import shtab

    return {
        "--root": shtab.DIRECTORY,
        "--body-file": shtab.FILE,
        **dict.fromkeys(("--me", "--to", "--from", "--agents"), _handles()),
        "--kind": KINDS,
        "--priority": PRIORITIES,
    }


def _handles() -> dict[str, Any]:
    """Return a completion that lists the handles when TAB is pressed.

    Bash expands the words it gets, but a handle has nothing to expand.
    """
    import shtab

    ask = f"amq completion {HANDLES} 2>/dev/null"
    asking: dict[str, Any] = shtab.cmd(ask)
    # shtab's own code for zsh asks only once, when the script is read
    lazily = f'_amq_handles() {{ compadd "$@" -- $({ask}) }}'
    return asking | {"zsh": "_amq_handles", "preamble": asking["preamble"] | {"zsh": lazily}}


def _mark(option: Action, values: dict[str, Any]) -> None:
    """Set the possible values of an option, where they are known."""
    found = next((values[name] for name in option.option_strings if name in values), None)
    if isinstance(found, tuple):
        option.choices = found
    elif found is not None:
        option.complete = found  # type: ignore[attr-defined]  # shtab's way
