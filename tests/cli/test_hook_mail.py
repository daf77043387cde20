"""`amq hook` gives mail to a program, and files it once the program has shown that its model got it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from amq.cli.commands import hook as command
from amq.mail import offering
from amq.mail.draining import Drain
from amq.mail.mailbox import Mailbox
from amq.runtime import stat_polling
from amq.runtime.hooks import announcements, handler
from amq.runtime.hooks.announcements import read_state
from amq.runtime.journal import WakeJournal
from amq.runtime.policy.hook_decision import MOST_LAPSES, HookState
from amq.runtime.policy.reasons import WaitReason
from amq.runtime.policy.receipts import PLUGIN
from tests.cli.waiting import in_the_gap
from tests.conftest import Shell, private_directory
from tests.offers import hosted
from tests.samples import claude_history, claude_prompt, message_file

LINE = "amq: 1 new message from alice, attached. If it is missing, run: amq drain --include-body"
TYPED = "amq: 1 new message from alice. Run: amq drain --include-body"
URGENT = ("--priority", "urgent")


class Program:
    """Bob's program: it calls hooks, and records its session."""

    def __init__(self, amq: Shell, history: Path, kind: str = "claude") -> None:
        self.amq = amq
        self.history = history
        self.kind = kind
        self.text = ""  # of the last hook that gave something

    def hook(self, name: str, turn: str = "t", **fields: Any) -> Any:
        """Call the hook of an event; return what it printed, None for nothing."""
        wire = {"session_id": "s", "transcript_path": str(self.history), "prompt_id": turn, **fields}
        words = ("--normal-after", "2m", *fields.pop("words", ()))
        out = self.amq.ok("hook", self.kind, name, *words, me="bob", stdin=json.dumps(wire).encode())
        said = json.loads(out) if out else None
        self.text = context(said) if said and said.keys() != {"systemMessage"} else self.text
        return said

    def arrives(self) -> None:
        """Let what was given be in the history."""
        with open(self.history, "ab") as file:
            file.write(claude_history(self.text))

    def offered(self) -> list[str]:
        """Return the ids on offer."""
        return [each for offer in offering.open_offers(self.amq.agent("bob")) for each in offer.ids]


def context(printed: Any) -> str:
    return str(printed.get("reason") or printed["hookSpecificOutput"]["additionalContext"])


@pytest.fixture
def program(amq: Shell, tmp_path: Path) -> Program:
    return Program(amq, tmp_path / "history.jsonl")


@pytest.fixture
def state(amq: Shell) -> str:
    return str(private_directory(amq.root, "bob"))


def test_the_mail_comes_with_amq_s_line_and_is_filed_with_its_receipt(program: Program, amq: Shell, state: str) -> None:
    identifier = amq.send("--ack", "--subject", "Parser", body="the body")
    said = program.hook("UserPromptSubmit", prompt=LINE)
    assert said["systemMessage"] == "amq: 1 message from alice given to the model: Parser"
    assert f"  ID: {identifier}\n" in program.text
    assert "  Body:\nthe body\n" in program.text
    assert (amq.new(), program.offered()) == ([f"{identifier}.md"], [identifier])
    (entry,) = WakeJournal(state).entries()
    assert (entry["ids"], entry["way"], entry["outcome"]) == ([identifier], "hook prompt", "handed")
    program.arrives()
    assert os.listdir(amq.agent("alice").acks_received) == []
    assert program.hook("Stop") is None
    assert (amq.new(), amq.cur()) == ([], [f"{identifier}.md"])
    assert len(os.listdir(amq.agent("alice").acks_received)) == 1
    assert program.offered() == []


@pytest.fixture
def given(amq: Shell) -> str:
    """Return the id of a mail that a plugin has given."""
    identifier = amq.send("--subject", "Parser")
    with offering.hold(Mailbox(str(amq.root), "bob").account, ()) as mail:
        for _ in mail.batches():
            mail.leave_offered(PLUGIN, "s", "", "", 0)
    return identifier


def test_the_user_is_shown_what_a_plugin_gave_with_amq_s_line(program: Program, amq: Shell, given: str) -> None:
    with hosted(Mailbox(str(amq.root), "bob")):
        said = program.hook("UserPromptSubmit", prompt=LINE)
        assert said == {"systemMessage": "amq: 1 message from alice given to the model: Parser"}
        for name, prompt in (("UserPromptSubmit", "hello"), ("PostToolUse", ""), ("Stop", "")):
            assert program.hook(name, prompt=prompt) is None
        assert (amq.new(), program.offered()) == ([f"{given}.md"], [given])


def test_what_a_killed_host_s_plugin_had_comes_again(program: Program, amq: Shell, given: str) -> None:
    """The session goes on without that host: by `claude --continue`, with hooks that were installed."""
    program.hook("SessionStart", source="resume")
    assert program.offered() == []
    program.hook("Stop")
    assert ("Redelivered" in program.text, program.offered()) == (True, [given])


def test_mail_that_the_host_files_while_a_hook_waits_for_the_lock_is_not_announced(
    program: Program, amq: Shell, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, locked = Mailbox(str(amq.root), "bob").account, announcements.locked

    def filed_first(directory: str) -> AbstractContextManager[None]:
        for offer in offering.open_offers(account.agent):
            offering.settle(account, offer)
        return locked(directory)

    monkeypatch.setattr(announcements, "locked", filed_first)
    with hosted(Mailbox(str(amq.root), "bob")):
        assert program.hook("Stop") is None
    assert f"{given}.md" not in amq.new()


def test_a_prompt_that_was_taken_back_brings_its_mail_again(program: Program, amq: Shell) -> None:
    """By Escape before the answer: the history keeps its text, and the conversation goes on without it."""
    identifier = amq.send(*URGENT)
    program.hook("UserPromptSubmit", prompt=LINE)
    program.arrives()
    program.hook("UserPromptSubmit", turn="u")
    with open(program.history, "ab") as file:
        file.write(claude_prompt("another", ""))
    assert program.hook("Stop", turn="u") is not None
    assert ("Redelivered" in program.text, program.offered()) == (True, [identifier])


def test_without_the_text_in_the_history_nothing_is_filed(program: Program, amq: Shell) -> None:
    """The program may have discarded what the hook printed, and ends its turn anyway."""
    identifier = amq.send()
    program.hook("UserPromptSubmit", prompt=LINE)
    assert program.hook("Stop") is None, "it is on its way"
    assert amq.new() == [f"{identifier}.md"]
    again = program.hook("UserPromptSubmit", "u", prompt=LINE)
    assert "  Redelivered: yes, it may have been shown before\n" in context(again)


def test_a_prompt_of_the_user_s_brings_only_what_is_due(program: Program, amq: Shell) -> None:
    amq.send()
    assert program.hook("UserPromptSubmit", prompt="go on") is None
    amq.send(*URGENT)
    assert "2 new message(s) for bob" in context(program.hook("UserPromptSubmit", prompt="go on"))
    assert len(program.offered()) == 2


@pytest.mark.parametrize(("words", "given"), [((), True), (("--priority", "low"), True)])
def test_amq_s_line_brings_all_mail(program: Program, amq: Shell, words: tuple[str, ...], given: bool) -> None:
    amq.send(*words)
    assert program.hook("PostToolUse") is None
    assert program.hook("UserPromptSubmit", prompt=TYPED) is None
    assert (program.hook("UserPromptSubmit", prompt=LINE) is not None) is given


def test_between_tools_a_batch_comes_before_the_receipt(program: Program, amq: Shell) -> None:
    name = f"{amq.send(*URGENT)}.md"
    assert program.hook("PostToolUse")["hookSpecificOutput"]["hookEventName"] == "PostToolUse"
    program.arrives()
    for event in ("PostToolUse", "PostToolUseFailure", "PostToolBatch"):
        assert (program.hook(event), amq.new()) == (None, [name])
    assert (program.hook("PostToolUse"), amq.cur()) == (None, [name])


def test_the_end_of_the_turn_is_a_receipt_too(program: Program, amq: Shell) -> None:
    amq.send(*URGENT)
    program.hook("PostToolUse")
    program.arrives()
    assert (program.hook("Stop"), amq.new()) == (None, [])


def test_the_end_of_a_turn_brings_mail_and_the_next_end_is_its_receipt(program: Program, amq: Shell) -> None:
    amq.send(body="the body")
    assert program.hook("Stop")["hookSpecificOutput"]["hookEventName"] == "Stop"
    assert "the body" in program.text
    program.arrives()
    assert (program.hook("Stop", stop_hook_active=True), amq.new()) == (None, [])


def test_codex_gets_it_as_the_reason_to_go_on(amq: Shell, tmp_path: Path) -> None:
    codex = Program(amq, tmp_path / "rollout.jsonl", "codex")
    amq.send(body="the body")
    said = codex.hook("Stop", "", turn_id="t")
    assert (said["decision"], "the body" in said["reason"], "given to the model" in said["systemMessage"]) == (
        "block", True, True
    )  # fmt: skip
    assert len(codex.offered()) == 1


@pytest.mark.parametrize(("wanted", "most"), [("45000b", 7500), ("0", 7500), ("1500b", 1500)])
def test_codex_gets_no_longer_reason_than_it_passes_on(amq: Shell, tmp_path: Path, wanted: str, most: int) -> None:
    """Its limit for what is added to the model's context may be raised, that of a reason may not."""
    codex = Program(amq, tmp_path / "rollout.jsonl", "codex")
    for _ in range(30):
        amq.send(body="x" * 1000)
    codex.hook("Stop", "", turn_id="t", words=("--max-chars", wanted))
    assert most / 2 < len(codex.text.encode()) <= most
    codex.hook("UserPromptSubmit", "", turn_id="u", prompt=LINE, words=("--max-chars", "45000b"))
    assert 10_000 < len(codex.text.encode()) <= 45_000


@pytest.mark.parametrize("missing", ["session_id", "prompt_id", "transcript_path"])
def test_where_no_receipt_can_come_the_mail_is_announced(program: Program, amq: Shell, missing: str) -> None:
    amq.send(*URGENT)
    assert context(program.hook("PostToolUse", **{missing: ""})) == TYPED
    assert program.hook("UserPromptSubmit", prompt=LINE, **{missing: ""}) is None, "the line has announced it"
    assert program.offered() == []


def test_other_sessions_and_sub_agents_give_no_receipt(program: Program, amq: Shell) -> None:
    name = f"{amq.send()}.md"
    program.hook("UserPromptSubmit", prompt=LINE)
    program.arrives()
    program.hook("Stop", session_id="another")
    program.hook("Stop", agent_id="a1")
    assert amq.new() == [name]
    program.hook("Stop")
    assert amq.new() == []


def test_a_session_that_begins_gives_the_mail_back(program: Program, amq: Shell, state: str) -> None:
    amq.send()
    program.hook("UserPromptSubmit", prompt=LINE)
    program.arrives()
    program.hook("SessionStart")
    assert (program.offered(), read_state(state).lapses) == ([], 0)
    assert "Redelivered" in amq.ok("drain", me="bob")


def test_mail_on_its_way_does_not_count_as_left_over(program: Program, amq: Shell) -> None:
    amq.send(*URGENT, body="one")
    program.hook("PostToolUse")
    amq.send(*URGENT, body="two")
    program.hook("PostToolUse")
    assert "[AMQ] 1 new message(s) for bob:\n" in program.text
    assert ("one" in program.text, "two" in program.text) == (False, True)


def test_a_drain_says_that_the_mail_is_also_on_its_way(program: Program, amq: Shell) -> None:
    amq.send("--ack")
    program.hook("UserPromptSubmit", prompt=LINE)
    assert "  Also: on its way to your context\n" in amq.ok("drain", me="bob")
    program.arrives()
    assert program.hook("Stop") is None
    assert program.offered() == []


@pytest.mark.parametrize("event", ["UserPromptSubmit", "PostToolUse", "Stop"])
def test_mail_that_is_too_long_is_given_in_part_and_stays_unread(program: Program, amq: Shell, event: str) -> None:
    identifier = amq.send(*URGENT, "--subject", "Long", body="x" * 20_000)
    said = program.hook(event, prompt=LINE)
    assert said["systemMessage"] == "amq: 1 message from alice given in part to the model: Long"
    assert f"more characters: amq read --id {identifier} --from " in program.text
    program.arrives()
    assert program.hook("Stop") is None, "it would be the same part again"
    assert (amq.new(), program.offered()) == ([f"{identifier}.md"], [])
    assert "Redelivered" not in amq.ok("drain", me="bob")


def test_a_reminder_marks_the_part_that_was_given_before(program: Program, amq: Shell) -> None:
    amq.send(body="x" * 20_000)
    program.hook("UserPromptSubmit", prompt=LINE)
    assert "Redelivered" not in program.text
    program.hook("UserPromptSubmit", turn="later", prompt=LINE)
    assert "  Redelivered: yes, it may have been shown before\n" in program.text


def test_mail_that_is_too_long_keeps_no_other_from_its_place(program: Program, amq: Shell) -> None:
    amq.send(*URGENT, body="x" * 20_000)
    program.hook("PostToolUse")
    short = amq.send(*URGENT, body="short")
    program.hook("PostToolUse")
    assert "short" in program.text
    assert "[AMQ] 1 new message(s) for bob (1 more wait):\n" in program.text
    assert program.offered() == [short]


@pytest.mark.parametrize("letters", ["x" * 300, "ü" * 300, "😀" * 300])
def test_of_a_thousand_messages_as_many_as_fit_are_given(program: Program, amq: Shell, letters: str) -> None:
    for number in range(1000):
        amq.put(f"m{number:03}.md", message_file(letters.encode(), id=f"m{number:03}"))
    program.hook("UserPromptSubmit", prompt=LINE)
    given = program.offered()
    assert 3 < len(given) < 30
    assert 5000 < len(program.text.encode()) <= 9500
    assert f"{len(given)} new message(s) for bob ({1000 - len(given)} more wait" in program.text
    assert f"… {1000 - len(given)} more: run amq drain\n" in program.text
    program.arrives()
    program.hook("Stop")
    assert len(amq.cur()) == len(given)


def test_the_budget_can_be_smaller(program: Program, amq: Shell) -> None:
    for _ in range(9):
        amq.send(body="x" * 200)
    program.hook("UserPromptSubmit", prompt=LINE, words=("--max-chars", "1500"))
    assert 500 < len(program.text) <= 1500
    assert 1 <= len(program.offered()) < 9


def test_a_bad_message_is_shown_beside_good_ones_and_left_to_a_drain(program: Program, amq: Shell) -> None:
    amq.put("bad.md", b"nonsense")
    amq.send(*URGENT)
    program.hook("UserPromptSubmit", prompt=LINE)
    assert "- ID: bad" not in program.text
    assert "… 1 more: run amq drain\n" in program.text
    program.arrives()
    program.hook("Stop")
    assert (amq.new(), amq.dead_letters()) == (["bad.md"], [])


def test_a_bad_message_alone_is_only_announced(program: Program, amq: Shell) -> None:
    amq.put("bad.md", b"nonsense")
    assert program.hook("UserPromptSubmit", prompt=LINE) is None, "the line has done so"
    assert context(program.hook("Stop")) == "amq: 1 new message. Run: amq drain --include-body"
    assert program.offered() == []


def test_hooks_whose_text_does_not_arrive_give_up_and_announce(program: Program, amq: Shell, state: str) -> None:
    amq.send(*URGENT)
    for number in range(MOST_LAPSES):
        assert program.hook("UserPromptSubmit", f"t{number}", prompt=LINE) is not None
    assert program.hook("UserPromptSubmit", "u", prompt=LINE) is None
    assert read_state(state).lapses == MOST_LAPSES
    amq.send(*URGENT)
    assert context(program.hook("PostToolUse")) == "amq: 2 new messages from alice. Run: amq drain --include-body"
    program.hook("SessionStart")
    assert "Redelivered" in context(program.hook("PostToolUse"))


def test_a_state_of_the_hooks_that_is_damaged_is_forgotten(program: Program, amq: Shell, state: str) -> None:
    amq.send(*URGENT)
    program.hook("PostToolUse")
    file = Path(state, announcements.STATE_NAME)
    wire = json.loads(file.read_text())
    file.write_text(json.dumps({**wire, "announced": [*wire["announced"], 1]}))
    assert read_state(state) == HookState()
    program.hook("UserPromptSubmit", turn="u", prompt=LINE)
    assert "Redelivered" in program.text


class Clock:
    """A clock that shows one time after the other, and then the last one."""

    def __init__(self, *times: float) -> None:
        self._times = list(times)

    def monotonic(self) -> float:
        return self._times.pop(0) if len(self._times) > 1 else self._times[0]


LATE = handler.ENDED_WITHIN_S + 1


@pytest.mark.parametrize(
    ("times", "is_printed", "is_marked"),
    [((0.0, LATE), False, False), ((0.0, 0.0, LATE), False, True), ((0.0, 0.0, 0.0, LATE), True, True)],
)
def test_a_hook_that_takes_too_long_offers_nothing(
    program: Program,
    amq: Shell,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    times: tuple[float, ...],
    is_printed: bool,
    is_marked: bool,
) -> None:
    amq.send(*URGENT)
    with monkeypatch.context() as patched:
        patched.setattr(command, "time", Clock(*times))
        assert (program.hook("PostToolUse") is not None) is is_printed
    assert (program.offered(), read_state(state).count) == ([], 0)
    assert "TimeoutError" in Path(state, "run.log").read_text()
    assert ("Redelivered" in amq.ok("drain", me="bob")) is is_marked


def test_what_leaves_while_a_hook_waits_for_its_turn_is_not_announced(
    program: Program, amq: Shell, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    amq.send()
    locked = announcements.locked

    def waits(directory: str) -> AbstractContextManager[None]:
        monkeypatch.setattr(announcements, "locked", locked)
        amq.ok("drain", me="bob")
        return locked(directory)

    monkeypatch.setattr(announcements, "locked", waits)
    assert program.hook("Stop") is None
    assert (read_state(state).count, list(WakeJournal(state).entries())) == (0, [])


@pytest.mark.parametrize("broken", ["offer", "state"])
def test_a_hook_that_cannot_record_what_it_gave_holds_up_a_turn_once(
    program: Program, amq: Shell, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """On a full disk it would hold up each end, for ever."""
    amq.send()
    write = announcements.write_state

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "the disk is full")

    def full_later(directory: str, state: HookState) -> None:
        write(directory, state)
        monkeypatch.setattr(announcements, "write_state", full)

    if broken == "offer":
        monkeypatch.setattr(Drain, "leave_offered", full)
    else:
        monkeypatch.setattr(announcements, "write_state", full_later)
    assert program.hook("Stop") is not None
    monkeypatch.setattr(announcements, "write_state", write)
    assert program.hook("Stop") is None


def test_the_end_of_a_turn_is_not_held_up_where_that_cannot_be_recorded(
    program: Program, amq: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    amq.send()
    program.hook("SessionStart")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "the disk is full")

    monkeypatch.setattr(announcements, "write_state", full)
    assert program.hook("Stop") is None


def test_what_the_program_does_not_read_is_not_offered(program: Program, amq: Shell, state: str) -> None:
    amq.send(*URGENT)
    wire = {"session_id": "s", "transcript_path": str(program.history), "prompt_id": "t"}
    words = [sys.executable, "-m", "amq", "--root", str(amq.root), "--me", "bob", "hook", "claude", "tool"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdin
        process.stdout.close()
        process.stdin.write(json.dumps(wire).encode())
        process.stdin.close()
    assert process.returncode == 0
    assert (program.offered(), read_state(state).count, len(amq.new())) == ([], 0, 1)


# -- the words --------------------------------------------------------------------------------------------------------


@pytest.fixture
def steps(program: Program, amq: Shell) -> list[tuple[str, Callable[[], object]]]:
    """Return the states of a message, each with what leads to it."""

    def take() -> None:
        program.arrives()
        program.hook("StopFailure")

    return [("offered", lambda: program.hook("UserPromptSubmit", prompt=LINE)), ("taken", take)]


def test_its_state_is_said(amq: Shell, steps: list[tuple[str, Callable[[], object]]]) -> None:
    identifier = amq.send()
    assert "state" not in json.loads(amq.ok("trace", "--id", identifier, "--json"))["recipients"][0]
    for state, happens in steps:
        happens()
        assert f"bob  new  {state}" in amq.ok("trace", "--id", identifier)
        assert json.loads(amq.ok("trace", "--id", identifier, "--json"))["recipients"][0]["state"] == state
        assert json.loads(amq.ok("why", "bob", "--json"))["waits_for"] == state
        (bob,) = (each for each in json.loads(amq.ok("who", "--json")) if each["handle"] == "bob")
        assert bob["waits_for"] == state
    amq.ok("drain", me="bob")
    assert "state" not in json.loads(amq.ok("trace", "--id", identifier, "--json"))["recipients"][0]


def test_why_says_that_the_program_with_the_mail_has_ended(
    amq: Shell, steps: list[tuple[str, Callable[[], object]]], state: str
) -> None:
    amq.send()
    for _, happens in steps:
        happens()
    assert "has ended" not in amq.ok("why", "bob")
    WakeJournal(state).waits((), WaitReason.STOPPED)
    assert "its program has ended, and the next one is given the mail again" in amq.ok("why", "bob")


def test_other_mail_is_why_if_not_all_is_on_its_way(amq: Shell, steps: list[tuple[str, Callable[[], object]]]) -> None:
    amq.send()
    steps[0][1]()
    amq.send()
    assert json.loads(amq.ok("why", "bob", "--json"))["waits_for"] == "no-channel"


def test_who_waits_for_it_reads_how_far_it_is(
    amq: Shell, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, Callable[[], object]]]
) -> None:
    in_the_gap(monkeypatch, steps[0][1])
    monkeypatch.setattr(stat_polling.Watch, "wait", lambda *_: None)
    words = ("--to", "bob,carol", "--thread", "t", "--body", "x", "--wait-for", "drained", "--wait-timeout", "20ms")
    done = amq("send", *words)
    assert done.code == 4
    assert "but not drained by bob (offered), carol in" in done.err
