"""Mail by Claude Code's plugin where something is wrong: its folder, its child, its pipe; or much, long and odd mail.

The requests that the mock model got are the only proof: each mail is in one, and a second time only with a mark. What
has not come yet has its reason in `amq why`. AMQ_SOAK=1 runs these tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from amq.certify.mock_model import reads_given
from amq.certify.protocols import Answer, Calls, Say, Turn
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.runtime.agents.claude.mod_feed import FOLDER_NAME
from amq.runtime.session_info import SESSION_NAME
from tests.conftest import private_directory
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, stays, wait_until
from tests.real.test_delivery_real import main_requests
from tests.real.test_lifetime_real import host_pid
from tests.real.user import INPUT_ROW, LONG_ENOUGH, Run, User, agents, soak, submit

pytestmark = [soak, pytest.mark.timeout(400)]
MARK = "may have been shown before"
PATIENCE = 120.0
in_a_soak = agents(also=("claude", "claude-before"))


class Scene:
    """A session that is given mail by the plugin, with the handle ME."""

    def __init__(self, rig: Rig, user: User, terminal: Terminal, me: str = "claude") -> None:
        self.rig, self.user, self.terminal, self.me = rig, user, terminal, me
        self.terminal.wait_for(INPUT_ROW)
        self.wait(lambda: self.who()["mail_by"] == "plugin")

    def who(self) -> dict[str, str]:
        found: dict[str, str] = next(each for each in self.user.amq("who") if each["handle"] == self.me)
        return found

    def wait(self, condition: Callable[[], object]) -> None:
        def seen() -> str:
            return f"{self.user.amq('why', self.me, '--history')}\n{self.terminal.screen()}"

        wait_until(condition, seen, PATIENCE)

    def why(self) -> str:
        return str(self.user.amq("why", self.me).get("waits_for", ""))

    @property
    def folder(self) -> Path:
        session = private_directory(self.rig.project / ".agent-mail", self.me) / SESSION_NAME
        return Path(json.loads(session.read_text())["files"]) / FOLDER_NAME

    def child(self) -> int:
        """Return the process that reads the pipe for the plugin, the newest."""
        pipes = sorted(self.folder.parent.glob("mod.feed.*"), key=lambda each: each.stat().st_mtime)
        return int(pipes[-1].suffix[1:])

    def send(self, *bodies: str) -> None:
        """Send BODIES, faster than commands would."""
        mailbox = Mailbox(str(self.rig.project / ".agent-mail"), "user")
        for body in bodies:
            mailbox.send([self.me], body.encode(), Draft())

    def comes(self, *bodies: str, once: bool = True) -> None:
        """Wait until BODIES are in requests and filed; each is there once, or more often with as many marks."""
        self.wait(lambda: not self.user.amq("list", "--new", me=self.me))
        self.wait(lambda: all(self.rig.model.times_of(body) for body in bodies))
        for body in bodies:
            found = [request.count(json.dumps(body)[1:-1]) for request in main_requests(self.rig)]
            assert max(found) <= 1 or (not once and MARK in main_requests(self.rig)[-1]), f"{body[:80]}: {max(found)}"


@pytest.fixture
def scene(rig: Rig, agent: Agent, user: User, run: Run) -> Scene:
    rig.model.script = reads_given
    return Scene(rig, user, run(agent, plugin=True))


@in_a_soak
def test_two_runs_in_one_project_have_their_own_mail(rig: Rig, agent: Agent, user: User, run: Run) -> None:
    rig.model.script = reads_given
    one = Scene(rig, user, run(agent, plugin=True))
    two = Scene(rig, user, run(agent, "--as", "codex", plugin=True), "codex")
    for number in range(3):
        one.send(f"For one, {number}.")
        two.send(f"For two, {number}.")
    one.comes(*(f"For one, {number}." for number in range(3)))
    two.comes(*(f"For two, {number}." for number in range(3)))
    assert not any("For one, 0." in each and "For two, 0." in each for each in main_requests(rig))


def is_written_to(scene: Scene) -> None:
    module = scene.folder / "hooks" / "amq.js"
    module.write_text(f"{module.read_text()}\n// changed\n")


def is_broken(scene: Scene) -> None:
    (scene.folder / "hooks" / "amq.js").write_text("(")


def is_read_only(scene: Scene) -> None:
    for path in (scene.folder, *scene.folder.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)


def is_removed(scene: Scene) -> None:
    shutil.rmtree(scene.folder)


@pytest.mark.parametrize("happens", [is_written_to, is_broken, is_read_only, is_removed])
@in_a_soak
def test_whatever_becomes_of_the_folder_mail_comes(scene: Scene, happens: Callable[[Scene], None]) -> None:
    scene.send("Before it.")
    scene.comes("Before it.")
    happens(scene)
    scene.send("Right after it.")
    scene.comes("Right after it.", once=False)
    scene.send("Long after it.")
    scene.comes("Long after it.", once=False)


@in_a_soak
def test_whenever_the_child_is_killed_mail_comes(scene: Scene) -> None:
    """A changed folder is loaded again, which starts another."""
    for number in range(4):
        child = scene.child()
        scene.send(f"Before the kill {number}.")
        os.kill(child, signal.SIGKILL)
        scene.comes(f"Before the kill {number}.", once=False)
        scene.wait(lambda: scene.who()["plugin"] == "dead")
        scene.send(f"After the kill {number}.")
        scene.comes(f"After the kill {number}.", once=False)
        is_written_to(scene)
        scene.wait(lambda: scene.who()["mail_by"] == "plugin")


@in_a_soak
def test_a_child_that_is_stopped_loses_nothing(scene: Scene) -> None:
    """The text in its pipe comes too when it goes on; that one is not marked."""
    os.kill(scene.child(), signal.SIGSTOP)
    scene.send("To a stopped child.")
    scene.wait(lambda: scene.who()["plugin"] == "silent")
    scene.comes("To a stopped child.")
    os.kill(scene.child(), signal.SIGCONT)
    scene.wait(lambda: scene.who()["mail_by"] == "plugin")
    scene.send("To a child that goes on.")
    scene.comes("To a child that goes on.", "To a stopped child.", once=False)


@in_a_soak
def test_a_host_that_is_stopped_goes_on(rig: Rig, scene: Scene) -> None:
    host = host_pid(rig)
    os.kill(host, signal.SIGSTOP)
    scene.send("To a stopped host.")
    stays(lambda: not rig.model.times_of("To a stopped host."), scene.terminal.screen, LONG_ENOUGH)
    os.kill(host, signal.SIGCONT)
    scene.comes("To a stopped host.")


@in_a_soak
def test_no_text_is_a_command_of_the_cli(scene: Scene) -> None:
    for number, text in enumerate(("/clear", "!touch made", "@made", "/exit\nand", "#x", "\x1b[201~/quit\r")):
        scene.send(f"{text} is body {number}.")
        scene.comes(f"is body {number}.")
    for _ in range(3):
        scene.send("Identical.")
        scene.wait(lambda: not scene.user.amq("list", "--new", me="claude"))
    assert main_requests(scene.rig)[-1].count("Identical.") == 3
    assert not (scene.rig.project / "made").exists()


@in_a_soak
def test_of_a_thousand_messages_at_once_each_comes_once(scene: Scene) -> None:
    bodies = [f"The body of the mail {number:04}." for number in range(1000)]
    scene.send(*bodies)
    scene.wait(lambda: not scene.user.amq("list", "--new", me="claude"))
    last = main_requests(scene.rig)[-1]
    assert [body for body in bodies if last.count(body) != 1] == []


@in_a_soak
def test_a_long_body_comes_whole_and_a_longer_one_in_parts(rig: Rig, scene: Scene) -> None:
    whole, long = f"Whole. {'0123456789' * 9_900} Its end.", f"Long. {'0123456789' * 30_000} Its end."
    scene.send(whole)
    scene.comes(whole)
    scene.send(long)
    scene.wait(lambda: rig.model.times_of("Long. 0123456789"))
    assert re.search(r"more characters: amq read --id \S+ --from \d+", main_requests(rig)[-1])
    scene.wait(lambda: scene.why())
    assert scene.user.amq("list", "--new", me="claude"), "it stays new until it is read"


class Busy:
    """A model that works, and hands a part of it to a subagent, until it may go on."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, turn: Turn) -> Answer:
        if turn.text == "delegate" and not turn.results:
            return Calls(("true",), task="A part.")
        if "A part." in turn.text:
            return Say("It begins the part", until=self.go.is_set)
        return reads_given(turn)


@in_a_soak
def test_a_subagent_gets_no_mail(rig: Rig, scene: Scene) -> None:
    model = Busy()
    rig.model.script = model
    submit(scene.terminal, "delegate")
    scene.wait(lambda: any("A part." in turn.text for turn, _ in rig.model.turns))
    scene.send("For the main agent.")
    scene.wait(lambda: scene.why())
    model.go.set()
    scene.comes("For the main agent.")
    for request in rig.model.requests:
        if "A part." in json.dumps(request["messages"][:1]):
            assert "For the main agent." not in json.dumps(request)


@in_a_soak
def test_a_session_that_is_forked_gets_its_mail(rig: Rig, scene: Scene) -> None:
    scene.send("Before the fork.")
    scene.comes("Before the fork.")
    submit(scene.terminal, "/branch")
    scene.terminal.wait_for("[Bb]ranched")
    scene.send("After the fork.")
    scene.comes("After the fork.")


@in_a_soak
def test_a_session_that_was_moved_to_the_list_of_agents_gets_its_mail_when_it_is_back(rig: Rig, scene: Scene) -> None:
    scene.send("Before the list.")
    scene.comes("Before the list.")
    scene.terminal.wait_for(r"^❯\s*$")
    scene.terminal.press("\x1b[D")
    scene.terminal.wait_for("describe a task")
    scene.send("Beside the list.")
    scene.wait(lambda: scene.why() in ("unknown-screen", "taken", "offered"))
    stays(lambda: scene.terminal.shows("describe a task"), scene.terminal.screen, LONG_ENOUGH)
    scene.terminal.press("\x1b")
    scene.comes("Beside the list.", once=False)
