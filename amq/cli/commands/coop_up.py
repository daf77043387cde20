"""`amq coop up`: start a project's agents side by side."""

from __future__ import annotations

import time

from amq import __version__, config
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
    from amq.setup.projects import Project

USAGE = "[--agents claude,codex] [--continue] [--save] [--deny-leased] [--tmux | --print] [--no-ask]"
LIKELY_MISSING_OPTION = "--agents"
EXAMPLES = """\
  amq coop up                                        claude and codex, or the agents that you saved
  amq coop up --agents 'claude*3,codex'              claude, claude-2, claude-3 and codex
  amq coop up --agents "lead=claude,reviewer=codex -m o3" --save
  amq coop up --continue                             go on with their last sessions in this directory
  amq coop up --print                                print the commands, one per terminal"""
NOTES = """\
It creates a missing queue and missing mailboxes, then starts each agent that is not running. Inside tmux they get a
window of your session; otherwise a session named after the project, which opens (leave it with Ctrl-b d; the agents
keep running). Without tmux it prints the commands. The agents get your environment, not the tmux server's. The first
agent has the focus. The borders show each agent's state and unread mail, and the status line of a session of its own
shows yours.

NAME*N in --agents means N agents, NAME to NAME-N, at most 20. Quote it: a shell may expand the * (zsh: "no matches
found"). NAME*N=PROGRAM names the program that each of them runs.

With --save, --agents, --continue and --deny-leased are kept in ~/.config/amq/projects (XDG_CONFIG_HOME), in a file for
this queue alone. amq coop up repeats them, and amq coop status shows them; --no-continue and --no-deny-leased leave one
out. A CLI that has no session to continue may end at once: then repeat without --continue.

It asks once whether agents may use amq without asking you. Your answer is in ~/.config/amq/config.toml
(XDG_CONFIG_HOME), as allow_amq = true or false."""
DEFAULT_AGENTS = "claude,codex"
_MAY_THEY = """\
may agents run amq's mail commands without asking you, and may Codex take amq's hooks without asking you?
(in all projects; to change your answer later: {key} in {path}) [y/N]"""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--agents",
        metavar="LIST",
        help="handles, HANDLE=PROGRAM, or NAME*N for several (default: the saved ones, or claude,codex)",
    )
    session = parser.add_mutually_exclusive_group()
    what = "go on with each agent's last session in this directory"
    session.add_argument("--continue", dest="resumes", action="store_true", default=None, help=what)
    session.add_argument("--no-continue", dest="resumes", action="store_false", help="start new sessions")
    leased = parser.add_mutually_exclusive_group()
    what = "let the agents' hooks refuse edits of what another has a lease on; those that run already stay as they are"
    leased.add_argument("--deny-leased", dest="denies_leased", action="store_true", default=None, help=what)
    leased.add_argument("--no-deny-leased", dest="denies_leased", action="store_false", help="let them only say so")
    what = "keep --agents, --continue and --deny-leased for this project"
    parser.add_argument("--save", action="store_true", help=what)
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

    if args.agents is not None:
        parse_agent_specs(args.agents)  # before anything is looked for
    environ, cwd = config.environment(), config.working_directory()
    root, is_new = _root(args, out)
    project = _project(args, environ, root, out)
    specs = parse_agent_specs(project.agents)
    coop = Coop(root, environ, private_directory(root), trusted=args.trust_root)
    if project.denies_leased:
        coop.refuse_leased()
    if args.tmux and not coop.tmux.installed:
        raise AmqError("tmux is not installed", hint="install tmux, or print the commands: amq coop up --print")
    if args.save:
        out.note(f"saved for amq coop up in {_save(environ, root, project)}")
    installed = [spec for spec in specs if coop.is_installed(spec)]
    if is_new and not installed:
        _tell(coop, coop.without_programs(specs), out)
        return 1
    # a program that is not there may be a typing error, which must not leave a mailbox
    _make(root, [spec.handle for spec in installed], out, is_new=is_new)
    if project.resumes:
        specs = [_continuing(spec, out) for spec in specs]
    if args.print or not coop.tmux.installed:
        return _print(coop, specs, cwd, out)
    _settle_trust(args, coop, [spec.handle for spec in specs], out)
    if not args.no_ask and any(PurePath(spec.program[0]).name in agent_clis.WITH_HOOKS for spec in specs):
        _settle_consent(coop, environ, out)
    places = coop.up(specs, cwd, out.warn)
    _tell(coop, places, out)
    _announce_versions([spec for spec in specs if _is_started(spec.handle, places)], coop.root, environ, out)
    shown = next((place for place in places if place.where), None)
    if shown and not coop.tmux.inside and not out.json:
        _show(coop, places, shown, out)
    missing = [place.handle for place in places if place.state is State.MISSING]
    if missing and coop.tmux.inside:  # the window with the words about it is hidden by the new one
        coop.tmux.say(f"amq: not started: {', '.join(missing)}; amq coop status says why")
    return int(any(place.state is State.MISSING for place in places))


def _is_started(handle: str, places: list[AgentPlacement]) -> bool:
    from amq.setup.coop import State

    return any(place.handle == handle and place.state is State.STARTED for place in places)


def _announce_versions(specs: list[AgentSpec], root: str, environ: dict[str, str], out: Output) -> None:
    """Note, once for each version, that one of SPECS, which run, was neither tested nor certified."""
    from amq.runtime.certified import first_warnings

    for warning in first_warnings([spec.program[0] for spec in specs], environ, private_directory(root), __version__):
        out.note(warning)


def _root(args: Namespace, out: Output) -> tuple[str, bool]:
    """Return the queue's path, and whether it is still to be made."""
    environ, cwd = config.environment(), config.working_directory()
    found = config.find_root(args.root, environ, cwd)
    if found is None:
        return config.new_root(args.root, environ, cwd).value, True
    say_if_above(found, out)
    check_queue(args, found.value, out, hosting=True)
    return found.value, False


def _project(args: Namespace, environ: dict[str, str], root: str, out: Output) -> Project:
    """Return the agents to start: those of --agents, else the saved ones, which are named, else the usual ones."""
    from amq.setup.projects import Project, project_path, read_project

    if args.agents is not None:
        kept = Project(args.agents)
    elif saved := read_project(environ, root, config.where_agents_write(root)):
        out.note(f"starting {saved.agents}, as saved in {project_path(environ, root)}")
        kept = saved
    else:
        kept = Project(DEFAULT_AGENTS)
    return Project(
        kept.agents,
        kept.resumes if args.resumes is None else args.resumes,
        kept.denies_leased if args.denies_leased is None else args.denies_leased,
    )


def _save(environ: dict[str, str], root: str, project: Project) -> str:
    from amq.setup.projects import save_project

    return save_project(environ, root, project, config.where_agents_write(root))


def _make(root: str, handles: list[str], out: Output, *, is_new: bool) -> None:
    """Make what is missing of the queue ROOT and of the mailboxes HANDLES; a new queue is noted."""
    queue = QueueLayout(root)
    registry.make_queue(queue, tracked=False)
    if handles:
        registry.register(queue, handles, time.time_ns())
    if is_new:
        out.note(f"created a queue in {root}")


def _continuing(spec: AgentSpec, out: Output) -> AgentSpec:
    """Return SPEC so that it goes on with its last session, if amq knows how."""
    from amq.setup.coop import continuing

    found = continuing(spec)
    if found is None:
        out.note(f"{spec.handle} starts a new session: amq does not know how `{spec.program[0]}` continues one")
    return found or spec


def _show(coop: Coop, places: list[AgentPlacement], shown: AgentPlacement, out: Output) -> None:
    """Show the session in this terminal, then say what the screen of tmux hid; elsewhere, print how to see it."""
    from amq.setup.coop import State

    if coop.tmux.is_nested or not stdin_is_terminal():
        out.note(f"to see the agents, run in a terminal: {coop.how_to_attach(shown.handle)}")
        return
    coop.tmux.attach(shown.session)
    _tell_missing(places, out)
    wanted = {place.handle for place in places}
    for place in coop.status():
        if place.state is State.ENDED and place.handle in wanted:
            status = "" if place.status is None else f" with status {place.status}"
            out.note(f"{place.handle} has ended{status}; its pane shows why: {coop.how_to_attach(place.handle)}")
    if coop.tmux.panes():
        out.note("the agents keep running: amq coop up shows them again, amq coop down stops them")


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
    answer = question.ask(_MAY_THEY.format(key=KEY, path=path), lambda text: [*map(out.note, text.splitlines())])
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
        out.note(f"{_why_printed(coop)}run each line in its own terminal:")
        out.data("".join(f"{line}\n" for line in lines))
    return int(bool(missing))


def _why_printed(coop: Coop) -> str:
    return "" if coop.tmux.installed else "tmux is not installed, so the agents do not open side by side; "


def _tell(coop: Coop, places: list[AgentPlacement], out: Output) -> None:
    from amq.cli.commands.coop_status import item
    from amq.setup.coop import State

    _tell_missing(places, out)
    if out.json:
        out.value({"root": coop.root, "agents": [item(place) for place in places]})
        return
    words = {State.STARTED: "started in tmux", State.RUNNING: "already running in tmux"}
    for place in places:
        if place.state in words:
            out.line(f"{place.handle}: {words[place.state]} {place.where}")
        elif place.state is State.ELSEWHERE:
            out.line(f"{place.handle}: already running elsewhere (process {place.pid})")


def _tell_missing(places: list[AgentPlacement], out: Output) -> None:
    from amq.setup.clis import how_to_get
    from amq.setup.coop import State

    for place in places:
        if place.state is State.MISSING:
            out.note(f"{place.handle}: {place.program} is not installed; {how_to_get(place.program)}")
