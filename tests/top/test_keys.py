"""The keys of `amq top`, at a screen of 80 x 24 unless a test is about another one."""

from __future__ import annotations

import json
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

from amq.dashboard.actions import Actions, Result
from amq.dashboard.panes import Panes
from amq.layout import RootedPath
from amq.mail.mailbox import Mailbox
from amq.names import USER
from amq.runtime import notifier_lock
from amq.runtime.journal import WakeJournal
from amq.runtime.policy.reasons import Activity, Outcome, WaitReason
from amq.runtime.policy.schedule import Readiness
from amq.runtime.state_file import StatePublisher
from amq.runtime.wake_request import WakeRequests
from amq.top.app import Top
from amq.top.screens import Writing
from tests.conftest import Shell, private_directory
from tests.dashboard.test_panes import environ, pid_of, tmux
from tests.top.screen import shown

__all__ = ["environ", "tmux"]
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_the_first_screen(amq: Shell) -> None:
    amq.send("--subject", "Review", "--kind", "question", to="bob,carol")
    amq.ok("drain", me="bob")
    async with shown(amq) as screen:
        assert screen.rows("#agents") == [
            "alice | - |  |  |  | ",
            "bob | - |  |  |  | ",
            "carol | - | 1 | 0 s | no-channel | ",
            "user | (you) |  |  |  | ",
        ]
        (message,) = screen.rows()
        assert message[8:] == " | alice → bob,carol | 1/2 unread | question: Review"
        assert screen.text("#title") == f"amq top  3 agents  {amq.root}"
        assert screen.text("#why") == "alice: no unread mail"


async def test_the_reason_is_that_of_the_agent_under_the_cursor(amq: Shell) -> None:
    amq.send(to="bob")
    async with shown(amq) as screen:
        await screen.press("shift+tab", "down")
        assert screen.text("#why") == "bob: no-channel: nothing notifies it: start it with amq run"


async def test_an_agent_that_asks_is_named_above(amq: Shell) -> None:
    claim = notifier_lock.claim(Mailbox(str(amq.root), "bob").state_dir, "run")
    asks = Readiness(activity=Activity.ASKS, question="Bash(git push)")
    StatePublisher(str(private_directory(amq.root, "bob")), "run").publish(asks)
    async with shown(amq) as screen:
        assert "bob needs you" in screen.text("#title")
        assert screen.rows("#agents")[1] == "bob | asks you: Bash(git push) |  |  |  | "
    claim.release()


async def test_enter_reads_and_files_what_is_the_user_s(amq: Shell) -> None:
    mine = amq.send("--subject", "for you", to=USER, body="first line\n\tindented\n")
    amq.send("--subject", "not for you", body="the other")
    async with shown(amq) as screen:
        await screen.press("enter")
        assert (screen.text("#heading").splitlines()[:3], screen.text("#text")) == (
            ["From    alice", "To      bob (unread)", "Subject not for you"],
            "the other\n",
        )
        await screen.press("p")
        assert screen.text("#text") == "first line\n        indented\n"
        await screen.until(lambda: amq.cur(USER) == [f"{mine}.md"])
        await screen.press("p")
        assert screen.text(".said") == "there are no more messages here"
        await screen.press("n")
        assert screen.text("#text") == "the other\n"
        await screen.press("escape")
        assert len(amq.new()) == 1


@pytest.mark.parametrize(("words", "place"), [((), "drained"), (("--ack",), "acknowledged")])
async def test_what_was_read_is_not_unread_any_more(amq: Shell, words: tuple[str, ...], place: str) -> None:
    amq.send(*words, to=USER)
    async with shown(amq) as screen:
        await screen.press("enter")
        await screen.until(lambda: screen.text(".said"))
        assert screen.text("#heading").splitlines()[1] == f"To      user ({place})"
        assert screen.text(".said").startswith("read")


async def test_the_next_message_keeps_its_heading(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the user has gone on before the last one was filed."""
    amq.send("--subject", "other")
    mine = amq.send("--subject", "mine", to=USER)
    go_on, mark_read = threading.Event(), Actions.mark_read

    def slowly(self: Actions, identifier: str) -> Result:
        go_on.wait(30)
        return mark_read(self, identifier)

    monkeypatch.setattr(Actions, "mark_read", slowly)
    async with shown(amq) as screen:
        await screen.pilot.press("enter")
        await screen.until(lambda: screen.text("#text"))
        await screen.pilot.press("p")
        await screen.until(lambda: "other" in screen.text("#heading"))
        go_on.set()
        await screen.until(lambda: amq.cur(USER) == [f"{mine}.md"])
        await screen.settle()
        assert (screen.text("#heading").splitlines()[1:3], screen.text(".said")) == (
            ["To      bob (unread)", "Subject other"],
            "",
        )


async def test_a_text_that_cannot_be_read_is_not_filed(amq: Shell) -> None:
    identifier = amq.send(to=USER)
    async with shown(amq) as screen:
        for place in (amq.agent("alice").sent, amq.agent(USER).inbox_new):
            path = Path(place, f"{identifier}.md")
            path.unlink()
            path.symlink_to("/etc/passwd")
        await screen.press("enter")
        assert screen.text("#text").startswith("The text cannot be read: ")
        assert amq.new(USER) == [f"{identifier}.md"]


async def test_write(amq: Shell) -> None:
    async with shown(amq) as screen:
        await screen.press("shift+tab", "down", "w")
        assert screen.app.screen.query_one("#to", Input).value == "bob"
        await screen.type("a\nb")
        await screen.press("ctrl+s")
        assert screen.text("#said") == "sent to bob"
        (name,) = amq.new()
        header, _, body = (
            Path(amq.agent("bob").inbox_new, name).read_text().removeprefix("---json\n").partition("\n---\n")
        )
        assert (json.loads(header)["from"], body) == (USER, "a\nb\n")


async def test_what_cannot_be_sent_stays_in_the_form(amq: Shell) -> None:
    async with shown(amq) as screen:
        await screen.press("w", "ctrl+s")
        assert screen.text(".said") == "there is no text yet"
        await screen.type("stranger")
        await screen.press("tab", "tab")
        await screen.type("text")
        await screen.press("ctrl+s")
        assert screen.text(".said").startswith("stranger has no mailbox in")
        await screen.press("escape")
        assert screen.text("#said") == "the draft is kept: w opens it again"
        await screen.press("w")
        assert (screen.app.screen.query_one("#to", Input).value, screen.app.screen.query_one(TextArea).text) == (
            "stranger", "text",
        )  # fmt: skip


async def test_reply(amq: Shell) -> None:
    """To the sender, in the thread and with the references of a message between others."""
    first = amq.send("--subject", "Review", "--thread", "x")
    async with shown(amq) as screen:
        await screen.press("r")
        await screen.type("yes")
        await screen.press("ctrl+s")
        (name,) = amq.new("alice")
        header = amq.stored(name.removesuffix(".md"), "alice")
        assert (header["from"], header["thread"], header["refs"], header["subject"]) == (
            USER,
            "x",
            [first],
            "Re: Review",
        )


async def test_a_reply_is_sent_once(amq: Shell) -> None:
    amq.send()
    async with shown(amq) as screen:
        await screen.press("r")
        await screen.type("yes")
        form = screen.app.screen
        assert isinstance(form, Writing)
        for _ in range(2):  # with no time between
            form.action_send()
        await screen.settle()
        assert len(amq.new("alice")) == 1


async def test_who_may_not_write_can_read(amq: Shell) -> None:
    amq.send(to=USER, body="text")
    async with shown(amq, why_not="this shell acts as bob") as screen:
        await screen.press("w")
        assert screen.text("#said") == "you cannot write here: this shell acts as bob"
        await screen.press("W")
        assert screen.text("#said") == "you cannot wake agents here: this shell acts as bob"
        await screen.press("enter")
        assert screen.text("#text") == "text\n"
        assert len(amq.new(USER)) == 1


async def test_search_finds_the_newest_first(amq: Shell) -> None:
    for number in range(3):
        amq.send("--subject", str(number), body="the parser")
    amq.send(body="something else")
    async with shown(amq) as screen:
        await screen.press("slash")
        await screen.type("parser\n")
        assert [row[-1] for row in screen.rows("#found")] == ["2", "1", "0"]
        await screen.press("enter")
        assert screen.text("#heading").splitlines()[2] == "Subject 2"
        await screen.press("escape", "escape", "slash")
        await screen.type('"\n')
        assert screen.text(".said") == "there is no word to search for"


async def test_thread_and_pair(amq: Shell) -> None:
    amq.send("--subject", "a to b", "--thread", "x")
    amq.send("--subject", "b to a", to="alice", me="bob")
    amq.send("--subject", "a to c", "--thread", "x", to="carol")
    async with shown(amq) as screen:
        await screen.press("t")
        assert [row.split(" | ")[3] for row in screen.rows("#found")] == ["a to b", "a to c"]
        amq.send("--subject", "more", "--thread", "x")
        await screen.look()
        assert [row.split(" | ")[3] for row in screen.rows("#found")] == ["a to b", "a to c", "more"]
        await screen.press("escape", "home", "p")
        assert [row.split(" | ")[3] for row in screen.rows("#found")] == ["a to b", "b to a", "more"]


async def test_why(amq: Shell) -> None:
    journal = WakeJournal(str(private_directory(amq.root, "bob")))
    ids = [amq.send()]
    journal.attempt(ids, "terminal", Outcome.SUBMITTED, "")
    journal.waits(ids, WaitReason.BUSY)
    async with shown(amq) as screen:
        await screen.press("shift+tab", "down", "y")
        text = screen.text("#text")
        assert text.startswith("bob: no-channel: nothing notifies it: start it with amq run\nState: not known\n")
        newest, oldest = text.splitlines()[-2:]
        assert (newest[26:], oldest[26:]) == ("1 unread  waits for busy", "1 unread  submitted (terminal)")


async def test_wake(amq: Shell) -> None:
    amq.send()
    state = Mailbox(str(amq.root), "bob").state_dir
    requests = WakeRequests(str(private_directory(amq.root, "bob")))
    async with shown(amq) as screen:
        await screen.press("shift+tab", "down", "W")
        assert screen.text("#said") == "nothing notifies bob; start it: amq run --as bob -- PROGRAM"
        claim = notifier_lock.claim(state, "run")
        await screen.press("W")
        assert screen.text("#said") == "asked to notify bob again"
        assert requests.another()
        claim.release()


async def test_go_to_a_tmux_pane(
    amq: Shell, environ: dict[str, str], tmux: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is selected in its session, which is shown here until the user leaves it; none of it by other keys."""
    shown_sessions: list[str] = []
    monkeypatch.setattr(Panes, "attach", lambda _, pane: shown_sessions.append(pane.name))
    monkeypatch.setattr(Top, "suspend", lambda _: nullcontext())
    async with shown(amq, panes=Panes(environ)) as screen:
        await screen.press("shift+tab", "down", "g")
        assert screen.text("#said") == "amq run does not host it, so amq does not know its terminal"
        claim = _claim_of(Mailbox(str(amq.root), "bob").state_dir, pid_of(tmux, 1))  # type: ignore[arg-type]
        await screen.look()
        await screen.press("g")
        assert (screen.text("#said"), shown_sessions) == ("shown: my work", ["my work"])
        assert tmux("display-message", "-p", "-t", "my work", "#{window_index}") == "1"  # type: ignore[operator]
        claim.release()


def _claim_of(state: RootedPath, pid: int) -> notifier_lock.Claim:
    """Notify an agent by this process, in the name of PID."""
    claim = notifier_lock.claim(state, "run")
    path = Path(state, "notifier.lock")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": pid}))
    return claim


async def test_help_lists_what_cannot_be_read(amq: Shell) -> None:
    amq.put("bad.md", b"nonsense")
    amq.put("worse.md", b"nonsense")
    async with shown(amq) as screen:
        assert screen.text("#said").endswith("(and 1 more: ? lists them)")
        await screen.press("question_mark")
        assert screen.text("#text").count("is not a message") == 2
        assert max(map(len, screen.text("#text").partition("needs you")[0].splitlines())) < 80


@pytest.mark.parametrize("keys", [("q",), ("ctrl+c",), ("w", "ctrl+c"), ("enter", "ctrl+c")])
async def test_quit(amq: Shell, keys: tuple[str, ...]) -> None:
    amq.send()
    async with shown(amq) as screen:
        for key in keys:
            await screen.pilot.press(key)
        await screen.until(lambda: screen.app.return_value == 0)


async def test_a_click_chooses(amq: Shell) -> None:
    for subject in ("one", "two"):
        amq.send("--subject", subject)
    async with shown(amq) as screen:
        log = screen.app.query_one("#log")
        await screen.until(lambda: log.region.y > 5)  # below the agents, which had no rows at first
        await screen.pilot.click("#log", offset=(30, 2))
        await screen.until(lambda: screen.cursor().endswith("one"))
        await screen.pilot.click("#log", offset=(30, 2))
        await screen.until(lambda: "Subject one" in screen.text("#heading"))
