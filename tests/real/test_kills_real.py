"""A real agent is killed around the hand-over of its mail: on each rung, mail is filed only if a request holds it.

A rung is a way in which the text comes, as `amq run --explain` says. The requests that the mock model got are the only
proof. One kill always runs; with AMQ_SOAK=1 there are KILLS for each rung of each agent, and the table of proofs has
the count.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from amq.certify.mock_model import reads_given
from amq.certify.protocols import Say
from tests.proof_table import Proof
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, wait_until
from tests.real.test_delivery_real import (
    BODY,
    EMPTY_ROW,
    MARK,
    start,
    wait_for_file,
    works_until,
)
from tests.real.test_lifetime_real import agent_pid
from tests.real.user import Run, User, soak, submit
from tests.seeds import SOAK

KILLS = 30
"""Of each agent on each rung, in a soak; by the plugin twice as many."""
SOON = 0.3  # seconds after the offer in which half of the kills come
pytestmark = pytest.mark.timeout(1200)


@dataclass(frozen=True)
class Scene:
    """A running agent, and what the user does in its project."""

    rig: Rig
    agent: Agent
    user: User
    terminal: Terminal
    body: str

    def send(self, priority: str = "normal") -> str:
        """Send the mail; return its id."""
        words = ("--to", self.agent.program, "--priority", priority, "--subject", "A subject", "--body", self.body)
        return str(self.user.amq("send", *words)["id"])


def while_a_tool_runs(scene: Scene) -> str:
    return _while_it_works(scene, in_a_tool=True)


def while_it_streams(scene: Scene) -> str:
    return _while_it_works(scene, in_a_tool=False)


def _while_it_works(scene: Scene, *, in_a_tool: bool) -> str:
    go = scene.rig.project / "go"
    for path in (go, Path(f"{go}.begun")):
        path.unlink(missing_ok=True)
    scene.rig.model.script = works_until(go, in_a_tool=in_a_tool)
    submit(scene.terminal, "work")
    if in_a_tool:
        wait_for_file(f"{go}.begun", scene.terminal)
    else:
        scene.terminal.wait_for("It begins")
    sent = scene.send("urgent" if in_a_tool else "normal")
    scene.user.waits_for(scene.agent, "busy")
    go.touch()
    return sent


def while_it_idles(scene: Scene) -> str:
    return scene.send()


def where_no_hook_waits(scene: Scene) -> str:
    """Send the mail to an idle agent whose background hook has ended, if it has one."""
    if scene.agent.program == "claude":
        wait_until(lambda: waiting_hooks(scene), scene.terminal.screen)
        for pid in waiting_hooks(scene):
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not waiting_hooks(scene), scene.terminal.screen)
    return scene.send()


def where_the_plugin_is(scene: Scene) -> str:
    """Send the mail when the plugin has said hello."""
    wait_until(lambda: scene.user.amq("who")[0].get("mail_by") == "plugin", scene.terminal.screen)
    return scene.send()


def waiting_hooks(scene: Scene) -> list[int]:
    """Return the processes that wait in the background for the agent's mail. Another process may have the id of one."""
    files = Path(os.environ["XDG_STATE_HOME"]).glob(f"**/{scene.agent.program}-*/hook.waiter")
    return [pid for file in files if is_hook(pid := int(file.read_text() or 0), file.parent)]


def is_hook(pid: int, files: Path) -> bool:
    """Return whether the process PID is a hook of the run whose files are in FILES."""
    try:
        return str(files).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@dataclass(frozen=True)
class Rung:
    """A way of a mail's text to the model: what brings the mail onto it, and the first channel recorded for it.

    `record` is the pattern of the files that are there between the hand-over and the filing. `receipt`: mail is filed
    by one. A drain files what it has printed, which no request may hold when the agent dies.
    """

    name: str
    send: Callable[[Scene], str]
    way: str
    within: float = 1.2  # seconds from the sending, in which the other half of the kills come
    options: tuple[str, ...] = ()
    record: str = "*offer*"
    receipt: bool = True
    plugin: bool = False
    kills: int = KILLS


BETWEEN_TOOLS = Rung("hook between tools", while_a_tool_runs, "hook tool")
AT_THE_END = Rung("hook at the end of a turn", while_it_streams, "hook stop")
BACKGROUND = Rung("background hook", while_it_idles, "background hook")
TYPED = Rung("typed line, text by a hook", where_no_hook_waits, "pty")
DRAINED = Rung("typed line, drain", while_it_idles, "pty", 2.4, ("--no-hooks",), "*", receipt=False)
PLUGIN = Rung("plugin", where_the_plugin_is, "plugin", 0.6, plugin=True, kills=60)

RUNGS = {
    "claude": (PLUGIN, BETWEEN_TOOLS, AT_THE_END, BACKGROUND, TYPED, DRAINED),
    "codex": (BETWEEN_TOOLS, AT_THE_END, TYPED, DRAINED),
}
AGENTS = ("claude", "claude-before", "claude-old", "codex", "codex-before")


def each_rung() -> Iterator[ParameterSet]:
    for agent in AGENTS:
        for rung in RUNGS[agent.partition("-")[0]]:
            if rung.plugin and agent == "claude-old":
                continue  # it has none
            marks = () if (agent, rung) == ("claude", BACKGROUND) else soak
            yield pytest.param(agent, rung, marks=marks, id=f"{agent}-{rung.name}")


def records(scene: Scene, rung: Rung) -> bool:
    """Return whether the queue has a record of mail that is shown, and not filed."""
    return any(path.stat().st_size for path in scene.rig.project.glob(f"**/drains/{rung.record}") if path.is_file())


def is_held(scene: Scene) -> bool:
    """Return whether a request holds the text of the mail."""
    return bool(scene.rig.model.times_of(scene.body))


def is_filed(scene: Scene) -> bool:
    """Return whether the agent has no unread mail. It starts no process, which would take the agent's time."""
    return not any(scene.rig.project.glob(f"**/agents/{scene.agent.program}/inbox/new/*.md"))


def killed(scene: Scene, rung: Rung, rng: random.Random, *, soon: bool) -> Iterator[str]:
    """Kill the agent around the hand-over on RUNG, SOON after it or at any time; yield what has become of the mail.

    What goes by the plugin is handed over with the request, which comes some time after the offer.
    """
    agent = agent_pid(scene.rig)  # which takes a moment
    sent = rung.send(scene)
    if soon:
        deadline = time.monotonic() + 60
        while not (is_held(scene) if rung.plugin else records(scene, rung)) and not is_filed(scene):
            assert time.monotonic() < deadline, f"no offer:\n{scene.terminal.screen()}"
            time.sleep(0.005)
    threading.Event().wait(rng.uniform(0.0, SOON if soon else rung.within))
    os.killpg(agent, signal.SIGKILL)
    # the line may begin anywhere, and go on in the next row
    ended = f"exitstatus{128 + signal.SIGKILL}"
    wait_until(lambda: ended in "".join(scene.terminal.screen().split()), scene.terminal.screen)
    history = scene.user.history(scene.agent)
    ways = [entry["way"] for entry in history if "way" in entry and sent in entry["ids"]]
    yield "on another rung" if ways and ways[0] != rung.way else "kills"
    if ways:
        yield "after its way was recorded"
    if records(scene, rung):
        yield "offered"
    held = is_held(scene)
    yield "after the request" if held else "before the request"
    if is_filed(scene):
        unheld = "FILED WITHOUT A REQUEST" if rung.receipt else "printed and filed, before the request"
        yield "filed by then" if held else unheld


def come_back(scene: Scene, rung: Rung, run: Run, *, held: bool) -> tuple[Terminal, list[str]]:
    """Start the agent again, and wait until the mail is filed; return the terminal, and what is wrong.

    HELD: a request of the killed agent held the mail.
    """
    rig, body = scene.rig, scene.body
    rig.model.script = reads_given
    count, filed = len(rig.model.requests), is_filed(scene)
    terminal = start(run, scene.agent, *rung.options, plugin=rung.plugin)
    if not filed:
        wait_until(lambda: is_filed(scene), terminal.screen, timeout=60)
        # a receipt may have come late: then the request that held it before the kill is all there is
        wait_until(lambda: held or rig.model.times_of(body, count), terminal.screen)
        wait_until(lambda: isinstance(rig.model.turns[-1][1], Say), terminal.screen)
    terminal.wait_for(EMPTY_ROW)
    later = [json.dumps(request) for request in rig.model.requests[count:] if request.get("tools")]
    times, marks = (later[-1].count(json.dumps(body)[1:-1]), later[-1].count(MARK)) if later else (0, 0)
    wrong = []
    if times > 1 or (held and times and not marks):
        wrong.append("DOUBLED UNMARKED")
    return terminal, wrong


@pytest.mark.parametrize(("agent", "rung"), list(each_rung()), indirect=["agent"])
def test_a_kill_around_the_hand_over_loses_nothing(
    rig: Rig, agent: Agent, user: User, run: Run, rung: Rung, proof: Proof
) -> None:
    """Half of the kills come soon after a hook has given the mail, near the request; the others at any time."""
    rig.model.script = reads_given
    terminal, counts = start(run, agent, *rung.options, plugin=rung.plugin), Counter[str]()
    kills = rung.kills if SOAK else 1
    for number in range(kills):
        rng = random.Random(f"{agent.name} {rung.name} {number}")
        scene = Scene(rig, agent, user, terminal, f"{BODY}{number:02}.")
        seen = list(killed(scene, rung, rng, soon=number % 2 == 0))
        terminal, wrong = come_back(scene, rung, run, held="after the request" in seen)
        counts.update([*seen, *wrong])
    said = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    bad = sum(count for what, count in counts.items() if what.isupper())
    note = f"{agent.program} {agent.version}, {rung.name}: {said}"
    proof.add(points=kills, met=counts["kills"], violations=bad, note=note)
    assert not bad, note
