"""The mod in the real Claude Code, with the host's end of it in the test: mail goes in, and its receipts come out.

The requests that the mock model got are the only proof that it has mail. One walk through the states always runs; with
AMQ_SOAK=1 each state is tried by itself, on older versions too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from amq.certify.protocols import Answer, Call, Calls, Fail, Say, Turn
from amq.runtime.agents.claude.mod_feed import Event, ModFeed, Presence, Tools, make_folder
from amq.runtime.agents.claude.mod_settings import LEFT_WITHIN_S, is_refusal
from tests.real.agents import Agent
from tests.real.rig import Rig
from tests.real.terminal import Terminal, open_terminal, stays, wait_until
from tests.real.user import AMQ, DIALOG, HALF_TYPED, INPUT_ROW, User, agents, soak, submit, type_half

pytestmark = pytest.mark.timeout(180)
everywhere = agents("claude", also=("claude-before",))
in_a_soak = agents(also=("claude", "claude-before"))
WORKS = "esc to interrupt"
OPENS = 1.0  # seconds in which a turn would have begun
LARGE = f"{'B' * 100_000} <x>&é \ud83d\ude00 its end"


class Session:
    """Claude Code in a terminal with the mod, whose events are heard as long as something is waited for."""

    def __init__(self, rig: Rig, terminal: Terminal, files: Path, feed: ModFeed) -> None:
        self.rig, self.terminal, self.files, self.feed = rig, terminal, files, feed
        self.events: list[Event] = []
        self._offers = 0

    def hear(self) -> None:
        self.events += self.feed.receive(time.monotonic())

    def names(self, offer: str = "") -> list[str]:
        """Return the names of the events so far, or of those about OFFER."""
        self.hear()
        return [event.name for event in self.events if not offer or event.offer == offer]

    def wait(self, condition: Callable[[], object], timeout: float = 60) -> None:
        def seen() -> str:
            return f"{self.events}\n{self.terminal.screen()}"

        def holds() -> object:
            self.hear()
            return condition()

        wait_until(holds, seen, timeout)

    def wait_for(self, name: str, offer: str = "", count: int = 1) -> None:
        self.wait(lambda: self.names(offer).count(name) >= count)

    def offer(self, *texts: str) -> str:
        """Give TEXTS to the mod; return the name of the offer."""
        self._offers += 1
        offer = f"O{self._offers}"
        assert self.feed.deliver(offer, texts, f"amq: mail for {offer}")
        return offer

    def gives(self, *texts: str) -> str:
        """Give TEXTS to the mod, and wait for the receipt; check that one request more holds them."""
        before = self.times(*texts)
        offer = self.offer(*texts)
        self.wait_for("answered", offer)
        assert self.times(*texts) == before + 1
        self.wait(lambda: self.names()[-1] == "completed")
        return offer

    def times(self, *texts: str) -> int:
        """Return how often the last request has the first of TEXTS."""
        escaped = json.dumps(texts[0])[1:-1]
        main = [request for request in self.rig.model.requests if request.get("tools")]
        return json.dumps(main[-1]["messages"]).count(escaped) if main else 0

    def has(self, text: str) -> bool:
        return bool(self.rig.model.times_of(text))

    def ping(self) -> Event:
        number = self.feed.ping(time.monotonic())
        self.wait(lambda: any(event.name == "pong" and event.n == number for event in self.events))
        return next(event for event in self.events if event.n == number)

    def presence(self) -> Presence:
        self.hear()
        return self.feed.health.presence(time.monotonic())

    def child(self) -> int:
        """Return the process that reads the pipe for the mod."""
        assert self.feed.health.hello
        return self.feed.health.hello.feed

    def clear(self) -> None:
        """Empty the input row, where Claude Code may have put an interrupted prompt."""
        self.terminal.press("\x15")
        self.terminal.wait_for(r"^❯\s*$")

    def type(self, line: str) -> None:
        submit(self.terminal, line)


@contextmanager
def session(
    rig: Rig,
    agent: Agent,
    *arguments: str,
    name: str = "run",
    tools: Tools | None = None,
    asks: bool = False,
    inside: tuple[str, ...] = (),
    loads: bool = True,
) -> Iterator[Session]:
    """Start AGENT with the mod for a block; unless it LOADS it, do not wait for it."""  # fmt: skip
    files = rig.directory / name
    files.mkdir(mode=0o700)
    folder = make_folder(str(files), tools)
    feed = ModFeed(str(files))
    command = rig.network.inside([*inside, agent.program, "--plugin-dir", folder, *arguments])
    terminal = open_terminal(rig.directory / f"{name}.tmux", command, rig.project, rig.home(agent, asks=asks))
    try:
        with terminal as shown:
            made = Session(rig, shown, files, feed)
            if loads:
                shown.wait_for(INPUT_ROW)
                made.wait_for("pong")
            yield made
    finally:
        feed.close()


class Model:
    """A model that works until it may go on, runs commands and asks, as the user says."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.done: Path | None = None

    def __call__(self, turn: Turn) -> Answer | Fail:
        if turn.text == "work":
            return Say("It begins", until=self.go.is_set)
        if turn.text == "fail":
            return Fail(400)
        if turn.text == "delegate" and not turn.results:
            return Calls(("true",), task="A part.")
        if turn.text == "tool" and not turn.results:
            return Call(f"touch {self.done}.begun; until [ -e {self.done} ]; do sleep 0.05; done")
        return Say("Read.")


@pytest.fixture
def model(rig: Rig) -> Model:
    model = Model()
    model.done = rig.directory / "done"
    rig.model.script = model
    return model


# -- always -----------------------------------------------------------------------------------------------------------


@everywhere
def test_mail_goes_in_beside_a_draft_and_while_it_works_and_each_has_its_receipt(
    rig: Rig, agent: Agent, model: Model
) -> None:
    with session(rig, agent) as claude:
        assert claude.events[0].version == agent.version
        type_half(claude.terminal)
        claude.gives("/clear is a text like any other", "and so is this")
        claude.gives("Identical.")
        claude.gives("Identical.")
        claude.gives(LARGE)
        pong = claude.ping()
        assert (pong.draft, pong.cursor, pong.busy) == ("half", 4, False)
        assert claude.terminal.shows(HALF_TYPED)
        claude.clear()
        claude.type("work")
        claude.terminal.wait_for("It begins")
        offer = claude.offer("While it works.")
        claude.wait_for("appended", offer)
        assert claude.ping().busy
        assert not claude.has("While it works.")
        model.go.set()
        claude.wait_for("answered", offer)
        assert claude.names(offer) == ["appended", "started", "answered"]
        claude.wait(lambda: claude.names()[-1] == "completed")
        claude.type("/clear")
        claude.wait_for("ended")
        claude.gives("After the end of a conversation.")
        assert claude.presence() is Presence.THERE
        assert "error" not in claude.names()


@agents("claude", also=("claude-before",))
def test_claude_code_accepts_the_folder(rig: Rig, agent: Agent) -> None:
    rig.directory.joinpath("run").mkdir()
    folder = make_folder(str(rig.directory / "run"), None)
    command = rig.network.inside([agent.program, "plugin", "validate", folder])
    done = subprocess.run(command, env=rig.home(agent), cwd=rig.project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "Validation passed" in done.stdout
    assert "❯ modules: hooks/amq.js" in done.stdout


# -- states -----------------------------------------------------------------------------------------------------------


@soak
@in_a_soak
def test_a_tool_s_result_takes_the_mail_along_and_no_turn_follows(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent) as claude:
        claude.type("tool")
        claude.wait(lambda: Path(f"{model.done}.begun").exists())
        offer = claude.offer("Beside a tool.")
        claude.wait_for("appended", offer)
        assert model.done
        model.done.touch()
        claude.wait_for("completed")
        assert claude.names(offer) == ["appended", "answered"]
        assert claude.times("Beside a tool.") == 1
        stays(lambda: claude.names().count("turn") == 1, claude.terminal.screen, OPENS)


@soak
@in_a_soak
def test_a_dialog_is_not_answered_and_the_mail_follows_its_answer(rig: Rig, agent: Agent) -> None:
    rig.model.script = lambda turn: Call("touch asked") if turn.text == "ask" and not turn.results else Say("Read.")
    with session(rig, agent, asks=True) as claude:
        claude.type("ask")
        claude.terminal.wait_for(DIALOG)
        offer = claude.offer("Beside a dialog.")
        claude.wait_for("appended", offer)
        stays(lambda: claude.terminal.shows(DIALOG), claude.terminal.screen, OPENS)
        assert claude.ping().busy
        assert not claude.has("Beside a dialog.")
        claude.terminal.press("\r")
        claude.wait_for("answered", offer)
        assert (rig.project / "asked").exists()
        assert claude.times("Beside a dialog.") == 1


@soak
@in_a_soak
def test_after_esc_the_mail_goes_with_the_user_s_next_prompt(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent) as claude:
        claude.type("work")
        claude.terminal.wait_for("It begins")
        first = claude.offer("Before ESC.")
        claude.wait_for("appended", first)
        claude.terminal.press("\x1b")
        claude.wait_for("held", first)
        second = claude.offer("After ESC.")
        claude.wait_for("held", second)
        assert claude.names().count("stopped") == 1
        assert not claude.has("Before ESC.")
        claude.clear()
        model.go.set()
        claude.type("hello")
        for offer in (first, second):
            claude.wait_for("answered", offer)
            assert claude.names(offer) == ["appended", "held", "answered"]
        assert claude.times("Before ESC.") == claude.times("After ESC.") == 1


@soak
@in_a_soak
def test_a_failed_request_is_not_a_receipt(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent) as claude:
        rig.model.script = lambda _: Fail(400)
        offer = claude.offer("Failed.")
        claude.wait_for("completed")
        assert claude.has("Failed.")
        assert "answered" not in claude.names(offer)
        rig.model.script = model
        claude.type("hello")
        claude.wait_for("answered", offer)
        assert claude.times("Failed.") == 1


@soak
@in_a_soak
def test_a_subagent_gets_no_mail_and_gives_no_receipt(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent) as claude:
        claude.type("delegate")
        claude.wait_for("completed")
        claude.gives("For the main agent.")
        turns = claude.names()
        assert turns.count("turn") == turns.count("completed")
        for request in rig.model.requests:
            if "A part." in json.dumps(request["messages"][:1]):
                assert "For the main agent." not in json.dumps(request)


@soak
@in_a_soak
def test_mail_that_the_session_forgets_is_reported_and_comes_up_nowhere(rig: Rig, agent: Agent, model: Model) -> None:
    model.go.set()
    with session(rig, agent) as claude:
        rig.model.script = lambda _: Say("It begins", until=lambda: False)
        claude.type("work")
        claude.terminal.wait_for("It begins")
        claude.terminal.press("\x1b")
        claude.wait_for("stopped")
        offer = claude.offer("Forgotten.")
        claude.wait_for("held", offer)
        rig.model.script = model
        claude.clear()
        claude.type("/clear")
        claude.wait_for("ended")
        claude.type("hello")
        claude.wait(lambda: claude.names()[-1] == "completed")
        assert not claude.has("Forgotten.")
        assert "answered" not in claude.names(offer)


@soak
@in_a_soak
def test_mail_that_waits_outlives_compaction(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent) as claude:
        claude.gives("First.")
        claude.type("work")
        claude.terminal.wait_for("It begins")
        claude.terminal.press("\x1b")
        claude.wait_for("stopped")
        offer = claude.offer("Waits.")
        claude.wait_for("held", offer)
        model.go.set()
        claude.clear()
        claude.type("/compact")
        claude.terminal.wait_for("Compacted")
        claude.type("hello")
        claude.wait_for("answered", offer)
        assert claude.times("Waits.") == 1


@soak
@in_a_soak
def test_vim_s_modes_keep_their_draft(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent, "--settings", json.dumps({"editorMode": "vim"})) as claude:
        type_half(claude.terminal)
        claude.gives("In insert mode.")
        claude.terminal.press("\x1b")
        claude.gives("In normal mode.")
        assert claude.terminal.shows(HALF_TYPED)
        assert claude.ping().draft == "half"


@soak
@in_a_soak
def test_mail_that_waits_comes_up_again_in_a_continued_session(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent) as claude:
        claude.gives("First.")
        claude.type("work")
        claude.terminal.wait_for("It begins")
        claude.terminal.press("\x1b")
        claude.wait_for("stopped")
        claude.wait_for("held", claude.offer("Waits."))
        claude.wait(lambda: any("Waits." in path.read_text() for path in rig.directory.rglob("projects/**/*.jsonl")))
        assert claude.feed.health.hello
        os.kill(claude.feed.health.hello.process, signal.SIGKILL)
        claude.terminal.wait_for("exit status")
    model.go.set()
    with session(rig, agent, "--continue", name="again") as claude:
        claude.gives("Second.")
        assert claude.times("Waits.") == 1


# -- ends and mistakes ------------------------------------------------------------------------------------------------


@soak
@in_a_soak
def test_a_killed_child_is_reported_and_receipts_still_come(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent) as claude:
        claude.type("work")
        claude.terminal.wait_for("It begins")
        offer = claude.offer("Before it is killed.")
        claude.wait_for("appended", offer)
        os.kill(claude.child(), signal.SIGKILL)
        claude.wait_for("deaf")
        assert claude.presence() is Presence.DEAD
        assert not claude.feed.deliver("O9", ["After it is killed."], "amq: 1")
        model.go.set()
        claude.wait_for("answered", offer)


@soak
@in_a_soak
def test_a_folder_that_is_written_to_is_loaded_again_and_one_that_is_removed_is_noticed(
    rig: Rig, agent: Agent, model: Model
) -> None:
    with session(rig, agent) as claude:
        (claude.files / "mod" / "hooks" / "another").write_text("x")
        claude.gives("Beside another file.")
        module = claude.files / "mod" / "hooks" / "amq.js"
        module.write_text(f"{module.read_text()}\n// changed\n")
        claude.wait_for("hello", count=2)
        claude.gives("After a change.")
        shutil.rmtree(claude.files / "mod")
        claude.wait(lambda: claude.feed.ping(time.monotonic()) == 0)
        assert claude.presence() is Presence.DEAD


@soak
@in_a_soak
def test_sessions_that_claude_code_starts_by_itself_get_nothing(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent) as claude:
        claude.gives("First.")
        claude.terminal.press("\x1b[D")
        claude.terminal.wait_for("moved to the background")
        claude.wait(lambda: len(list(claude.files.glob("mod.feed.*"))) > 1)
        offer = claude.offer("For no other session.")
        claude.wait_for("refused", offer)
        stays(lambda: not claude.has("For no other session."), claude.terminal.screen, OPENS)
        assert claude.names().count("hello") == 1


@soak
@in_a_soak
def test_the_host_s_end_is_the_end_of_all_reports(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent) as claude:
        child = claude.child()
        claude.feed._let_go()
        wait_until(lambda: not Path(f"/proc/{child}").exists(), claude.terminal.screen)
        shutil.rmtree(claude.files)
        claude.type("hello")
        claude.terminal.wait_for("Read\\.")
        claude.terminal.wait_for("✻ \\w+ for")
        claude.terminal.quit(agent.quit)
        assert not claude.files.exists()


@soak
@in_a_soak
def test_two_runs_in_one_project_have_their_own_mail(rig: Rig, agent: Agent, model: Model) -> None:
    with ExitStack() as stack:
        one = stack.enter_context(session(rig, agent, name="one"))
        two = stack.enter_context(session(rig, agent, name="two"))
        one.gives("For one.")
        two.gives("For two.")
        assert two.times("For one.") == 0
        one.gives("For one again.")
        assert one.times("For two.") == 0


@soak
@agents(also=("claude-old",))
def test_a_version_without_mods_says_no_hello(rig: Rig, agent: Agent, model: Model) -> None:
    with session(rig, agent, loads=False) as claude:
        claude.terminal.wait_for(INPUT_ROW)
        claude.feed.health.row_seen(time.monotonic())
        claude.wait(lambda: claude.presence() is Presence.SILENT)
        claude.type("hello")
        claude.terminal.wait_for("Read\\.")
        assert claude.names() == []


@soak
@in_a_soak
def test_an_organization_that_forbids_plugins_is_known_by_the_message(rig: Rig, agent: Agent, model: Model) -> None:
    etc = rig.directory / "etc"
    shutil.copytree("/etc", etc, symlinks=True, ignore=lambda *_: ["claude-code", "shadow", "gshadow"])
    (etc / "claude-code").mkdir()
    (etc / "claude-code" / "managed-settings.json").write_text('{"disableSideloadFlags": true}')
    inside = ("unshare", "--mount", "sh", "-c", f'mount --bind {etc} /etc && exec "$@"', "sh")
    with session(rig, agent, inside=inside, loads=False) as claude:
        claude.terminal.wait_for("exit status 1")
        assert is_refusal(claude.terminal.screen())
        assert claude.names() == []
    assert LEFT_WITHIN_S > 0


# -- tools ------------------------------------------------------------------------------------------------------------


@soak
@in_a_soak
@pytest.mark.parametrize("mode", ["default", "plan"])
def test_the_tools_need_no_shell_and_no_dialog(
    rig: Rig, agent: Agent, user: User, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "a `b` $(c) \"d\" 'e'\n-- \n"
    sent = {"to": "codex", "subject": "--s $x", "body": body, "kind": "question"}
    asked = user.amq("send", "--to", "claude", "--body", "What?")["id"]
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "send": ("send", sent),
        "reply": ("reply", {"id": asked, "body": body}),
        "bad": ("reply", {"id": "x", "body": "y"}),
    }

    def tool(answer: Any) -> tuple[str, dict[str, Any]]:
        name, words = calls[answer.command]
        return f"mcp__amq-mail__{name}", words

    monkeypatch.setattr("amq.certify.protocols._claude_tool", tool)
    results = dict[str, str]()

    def script(turn: Turn) -> Answer:
        if turn.text in calls and not turn.results:
            return Call(turn.text)
        results[turn.text] = "".join(turn.results)
        return Say("Done.")

    rig.model.script = script
    tools = Tools(str(AMQ), {"AM_ROOT": str(rig.project / ".agent-mail"), "AM_ME": "claude"})
    with session(rig, agent, "--permission-mode", mode, tools=tools, asks=True) as claude:
        for count, name in enumerate(calls, start=1):
            claude.type(name)
            claude.wait_for("completed", count=count)
    (for_codex,) = user.amq("list", me="codex")
    assert user.amq("read", "--id", for_codex["id"], me="codex")["body"] == body
    assert for_codex["subject"] == "--s $x"
    (for_user,) = user.amq("list")
    assert user.amq("read", "--id", for_user["id"])["body"] == body
    assert results["send"].startswith("Sent ")
    assert "amq: " in results["bad"]


@soak
@in_a_soak
def test_the_user_s_own_plugins_are_still_there(rig: Rig, agent: Agent, model: Model) -> None:
    own = rig.directory / "own"
    for path, text in {
        ".claude-plugin/plugin.json": '{"name": "own", "version": "1.0.0", "description": "x"}',
        "skills/mine/SKILL.md": "---\nname: mine\ndescription: A skill of the user's.\n---\n",
    }.items():
        (own / path).parent.mkdir(parents=True)
        (own / path).write_text(text)
    with session(rig, agent, "--plugin-dir", str(own)) as claude:
        claude.gives("Beside another plugin.")
        claude.type("hello")  # the turn of a plugin has no list of skills
        claude.wait_for("completed", count=2)
        assert claude.has("A skill of the user's.")
        assert not any("amq-mail" in tool["name"] for tool in rig.model.requests[-1]["tools"])
