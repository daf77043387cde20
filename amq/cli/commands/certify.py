"""`amq certify`: try an installed agent's CLI offline, and keep the verdict."""

from __future__ import annotations

import os
import time

from amq import __version__, config
from amq.cli.open_mailbox import private_directory
from amq.cli.progress import Progress
from amq.errors import AmqError, NotFound, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import Any

    from amq.certify.certification import Certification
    from amq.certify.plan import Trial
    from amq.cli.output import Output
    from amq.runtime.private_state import PrivateState
    from amq.runtime.verdicts import Verdict

USAGE = "[CLI…] [--network] [--screens DIR]"
EXAMPLES = """\
  amq certify                   try every CLI that is installed and that amq knows
  amq certify claude            try Claude Code
  amq certify codex --screens out    and keep the last screen of each scenario in out/"""
NOTES = """\
The CLI runs under amq run in a hidden terminal, with a home and a project of its own, a dummy key, and a model that is
a part of amq. It costs nothing, and reads and writes none of your files. It runs in a network with nothing in it but
this test. Where the system does not let you make one, amq certify refuses; with --network the CLI runs in this
machine's network. It is set to use the test's model alone, but nothing then keeps it from another host; amq says for
which hosts the newest version that was measured asked, where it could reach none.

Each scenario ends with yes or no. The CLI starts. It is notified of mail, once, while it is idle, answers, or runs a
tool. Permission dialogs, questions to you and half-typed lines are left alone, and so is each place that only looks
like the input row. It is notified in a session with a name, and in a small terminal. The text of the mail reaches the
model. The CLI leaves the terminal as it was. What a CLI lacks is not tried. Where the CLI does not hear of its mail in
time, the scenario is tried once more in a new session, and amq says so: a busy machine may have drawn half a screen.

The verdict holds for this version of the CLI and of amq. amq keeps it in your private directory, with the screens.

The exit code is 0 if every scenario of every CLI ended with yes, else 1."""


def options(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("clis", nargs="*", metavar="CLI", help="the CLIs to try (default: all that are installed)")
    parser.add_argument("--network", action="store_true", help="run it in this machine's own network, with a way out")
    parser.add_argument("--screens", metavar="DIR", help="keep the last screen of each scenario there")


def run(args: Namespace, out: Output) -> int:
    """Certify each CLI and print its results; return 0 if all of them are certified, else 1."""
    if os.name == "nt":
        raise UsageError("amq certify works only on Linux, macOS or WSL")
    private = private_directory()
    verdicts: list[Verdict] = []
    values: list[dict[str, Any]] = []
    for name, program in _programs(args.clis):
        done = _certify(name, program, private, args, out)
        verdict = done.verdict(__version__, time.time_ns())
        verdicts.append(verdict)
        values.append(_finish(done, verdict, private, args, out))
    if out.json:
        out.value(values)
    return int(any(verdict.failed or not verdict.results for verdict in verdicts))


def _programs(names: list[str]) -> list[tuple[str, str]]:
    """Return the CLIs NAMES, or all that are installed, each with the path of its program."""
    from amq.runtime.agents.registry import NAMES
    from amq.runtime.programs import find_program

    if unknown := [name for name in names if name not in NAMES]:
        raise UsageError(f"amq knows no CLI {unknown[0]!r}", hint=f"it knows: {', '.join(NAMES)}")
    found = [(name, find_program(name, config.environment())) for name in names or NAMES]
    missing = [name for name, program in found if not program]
    if missing and (names or len(missing) == len(found)):
        raise NotFound(f"not installed: {', '.join(missing)}", hint="install it, or put its directory on your PATH")
    return [(name, program) for name, program in found if program]


def _certify(name: str, program: str, private: PrivateState, args: Namespace, out: Output) -> Certification:
    from amq.certify.certification import ONCE, Request, certify
    from amq.certify.network import NoNetwork

    def look(scenarios: Sequence[str], ended: int, trials: int) -> None:
        progress.show(f"{name}: {', '.join(scenarios)}; {ended} of {trials} done")

    def tell(version: str, trial: Trial | None) -> None:
        if out.json:
            return
        if trial is None:
            out.line(f"{name} {version or '(version unknown)'}: {program}")
        else:
            out.line(f"  {trial.scenario:12} {trial.answer}  ({trial.seconds:.1f} s)")

    if args.network:
        out.note(f"{name} runs in this machine's network and may reach any host; it is set to use 127.0.0.1 alone")
        out.note(_asked_hosts(name))
    request = Request(name, program, ONCE, private_network=not args.network, at_once=min(4, os.cpu_count() or 1))
    try:
        with Progress(out) as progress:
            return certify(request, private, config.environment(), tell, look)
    except NoNetwork as error:
        hint = "to try it in this machine's own network, where it may reach any host: amq certify --network"
        raise NoNetwork(f"{name} was not tried: {error.message}", hint=hint) from error


def _asked_hosts(name: str) -> str:
    """Return a sentence about the hosts that the CLI NAME may reach."""
    from amq.runtime.agents.registry import offline

    measured = offline(name).asked_hosts
    return f"{name} {measured.sentence()}" if measured else f"the hosts that {name} asks for have not been measured"


def _finish(
    done: Certification, verdict: Verdict, private: PrivateState, args: Namespace, out: Output
) -> dict[str, Any]:
    """Keep the VERDICT, and print it; return it as JSON."""
    from amq.certify.certification import save_screens
    from amq.runtime.verdicts import write_verdict

    try:
        screens = save_screens(private, done, args.screens or "")
        if verdict.version:
            write_verdict(private, verdict)
    except (OSError, AmqError) as error:
        raise AmqError(f"the verdict could not be kept: {error}") from error
    failed = verdict.failed
    if not out.json:
        if failed:
            name, reason = next(iter(failed.items()))
            more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
            out.line(f"{verdict.program} {verdict.version}: not certified: {name}: {reason}{more}")
        else:
            out.line(
                f"{verdict.program} {verdict.version}: certified, {len(verdict.results)} of {len(verdict.results)}"
            )
        out.line(f"screens: {screens}")
    trials = {trial.scenario: trial for trial in done.trials}
    return {
        "program": verdict.program,
        "version": verdict.version,
        "terminal": verdict.terminal,
        "certified": not failed,
        "screens": screens,
        "results": [
            {
                "scenario": name,
                "passed": not reason,
                "reason": reason,
                "retried": trials[name].retried,
                "seconds": round(trials[name].seconds, 3),
            }
            for name, reason in verdict.results.items()
        ],
    }
