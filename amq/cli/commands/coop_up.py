"""`amq coop up`: start a project's agents side by side."""

from __future__ import annotations

import time

from amq import config
from amq.cli.commands.trust import settled, trust_of
from amq.cli.open_mailbox import check_queue, private_directory, say_if_above
from amq.cli.output import stdin_is_terminal
from amq.errors import AmqError
from amq.layout import QueueLayout
from amq.store import registry
from amq.store.maildir import has_entries
from amq.text import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from amq.cli.output import Output
    from amq.setup.agent_specs import AgentSpec
    from amq.setup.coop import AgentPlacement, Coop

USAGE = "[--agents claude,codex] [--tmux | --print] [--no-ask]"
LIKELY_MISSING_OPTION = "--agents"
EXAMPLES = """\
  amq coop up                                        claude and codex
  amq coop up --agents claude,claude-2,codex         two agents of one kind
  amq coop up --agents "lead=claude,reviewer=codex -m o3"
  amq coop up --print                                print the commands, one per terminal"""
NOTES = """\
It creates a missing queue and missing mailboxes, then starts each agent that is not running. Inside tmux they get a
window of your session; otherwise a session named after the project, which opens (leave it with Ctrl-b d; the agents
keep running). Without tmux it prints the commands. The agents get your environment, not the tmux server's.

It asks once whether agents may use amq without asking you. Your answer is in ~/.config/amq/config.toml
(XDG_CONFIG_HOME), as allow_amq = true or false."""
_MAY_THEY = """\
may agents run amq's mail commands without asking you, and may Codex take amq's hooks without asking you?
     (in all projects; to change your answer later: {key} in {path}) [y/N]"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--agents", default="claude,codex", metavar="LIST", help="handles or HANDLE=PROGRAM (default claude,codex)"
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--tmux", action="store_true", help="use tmux or fail")
    way.add_argument("--print", action="store_true", help="print the commands instead of starting agents")
    parser.add_argument("--no-ask", action="store_true", help="never ask anything; assume no")


def run(args: Namespace, out: Output) -> int:
    """Start the agents, or print the commands; return 1 if a program is not installed, else 0."""
    from pathlib import PurePath

    from amq.runtime.agents import registry as agent_clis
    from amq.setup.agent_specs import parse_agent_specs
    from amq.setup.coop import Coop, State

    specs = parse_agent_specs(args.agents)
    environ, cwd = config.environment(), config.working_directory()
    coop = Coop(_queue(args, [spec.handle for spec in specs], out), environ, trusted=args.trust_root)
    if args.tmux and not coop.tmux.installed:
        raise AmqError("tmux is not installed", hint="install tmux, or print the commands: amq coop up --print")
    if args.print or not coop.tmux.installed:
        return _print(coop, specs, cwd, out)
    _settle_trust(args, coop, [spec.handle for spec in specs], out)
    if not args.no_ask and any(PurePath(spec.program[0]).name in agent_clis.WITH_HOOKS for spec in specs):
        _settle_consent(coop, environ, out)
    places = coop.up(specs, cwd, private_directory(coop.root), out.warn)
    _tell(coop.root, places, out)
    shown = next((place for place in places if place.where), None)
    if shown and not coop.tmux.inside and stdin_is_terminal() and not out.json:
        coop.tmux.attach(shown.session)
        if coop.tmux.panes():
            out.note("the agents keep running: amq coop up shows them again, amq coop down stops them")
    return int(any(place.state is State.MISSING for place in places))


def _queue(args: Namespace, handles: list[str], out: Output) -> str:
    """Return the queue, with a mailbox for each of HANDLES; missing ones are made, a new queue with a note."""
    environ, cwd = config.environment(), config.working_directory()
    found = config.find_root(args.root, environ, cwd)
    root = (found or config.new_root(args.root, environ, cwd)).value
    if found is not None:
        say_if_above(found, out)
    check_queue(args, root, out, hosting=True)
    queue = QueueLayout(root)
    registry.make_queue(queue, tracked=False)
    registry.register(queue, handles, time.time_ns())
    if found is None:
        out.note(f"created a queue in {root}")
    return root


def _settle_trust(args: Namespace, coop: Coop, handles: list[str], out: Output) -> None:
    """Ask once for all panes, which do not ask; pass them a yes that could not be recorded."""
    queue, trust = QueueLayout(coop.root), trust_of(args, coop.root)
    if any(has_entries(queue.agent(handle).inbox_new) for handle in handles):
        settled(trust, out, may_ask=not args.no_ask)
    if trust.is_unrecorded:
        coop.trust()


def _settle_consent(coop: Coop, environ: dict[str, str], out: Output) -> None:
    """Ask once whether agents may use amq without asking; pass the panes a yes that could not be recorded."""
    from amq.runtime import question
    from amq.runtime.consent import KEY, recorded_answer
    from amq.runtime.user_config import config_path, why_not_kept
    from amq.setup.user_config import answering

    path = visible(config_path(environ))
    try:
        if recorded_answer(environ) is not None or why_not_kept(environ, config.where_agents_work()):
            return
    except AmqError as error:
        out.warn(f"agents may not use amq without asking: {error.message}; {error.hint}")
        return
    answer = question.ask(_MAY_THEY.format(key=KEY, path=path), out.note)
    if answer is None:
        return
    try:
        answering(environ, KEY, answer).write()
    except (AmqError, OSError) as error:
        out.warn(f"your answer holds for now, but is not kept in {path}: {visible(str(error))}")
        if answer:
            coop.allow()


def _print(coop: Coop, specs: list[AgentSpec], cwd: str, out: Output) -> int:
    """Print one line for each agent that does not run, to start it in a terminal; return 1 if a program is missing."""
    from amq.setup.clis import how_to_get
    from amq.setup.coop import State

    running = {place.handle for place in coop.status() if place.state in (State.RUNNING, State.ELSEWHERE)}
    missing = [spec for spec in specs if not coop.is_installed(spec)]
    for spec in missing:
        out.note(f"{spec.program[0]} is not installed; {how_to_get(spec.program[0])}")
    lines = [coop.line(spec, cwd) for spec in specs if spec not in missing and spec.handle not in running]
    if out.json:
        out.value({"root": coop.root, "commands": lines})
    elif lines:
        out.note("run each line in its own terminal:")
        out.data("".join(f"{line}\n" for line in lines))
    return int(bool(missing))


def _tell(root: str, places: list[AgentPlacement], out: Output) -> None:
    from amq.cli.commands.coop_status import item
    from amq.setup.clis import how_to_get
    from amq.setup.coop import State

    for place in places:
        if place.state is State.MISSING:
            out.note(f"{place.handle}: {place.program} is not installed; {how_to_get(place.program)}")
    if out.json:
        out.value({"root": root, "agents": [item(place) for place in places]})
        return
    words = {State.STARTED: "started in tmux", State.RUNNING: "already running in tmux"}
    for place in places:
        if place.state in words:
            out.line(f"{place.handle}: {words[place.state]} {place.where}")
        elif place.state is State.ELSEWHERE:
            out.line(f"{place.handle}: already running elsewhere (process {place.pid})")
