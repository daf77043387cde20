"""Mistakes in a command line: the whole corrected line is offered, or nothing."""

from __future__ import annotations

import shlex

import pytest

from amq.cli import corrections
from amq.cli.main import COMMANDS
from tests.conftest import Shell

ID = "2026-11-22T19-45-10.674Z_pid7_0a1b2c3d"
CORRECTED = {
    # recipients and text
    "send --to bob carol --body x": "send --to bob,carol --body x",
    "send --to bob, carol --body x": "send --to bob,carol --body x",
    "send --to 'bob carol' --body x": "send --to bob,carol --body x",
    "send --to 'bob;carol' --body x": "send --to bob,carol --body x",
    "send --to bob --to carol --body x": "send --to bob,carol --body x",
    "send --to bob carol 'please look'": "send --to bob,carol --body 'please look'",
    "send --to all --body x": "send --to @all --body x",
    "send --to everyone --body x": "send --to @all --body x",
    "send --to @bob --body x": "send --to bob --body x",
    "send --to @Bob --body x": "send --to bob --body x",
    "send --to carl --body x": "send --to carol --body x",
    "send bob 'please look'": "send --to bob --body 'please look'",
    "send bob please look": "send --to bob --body 'please look'",
    "send --to bob please look": "send --to bob --body 'please look'",
    "send --to bob --body please look": "send --to bob --body 'please look'",
    "send --to bob --subject a word --body x": "send --to bob --subject 'a word' --body x",
    "@bob look": "send --to bob --body look",
    "@bob @carol look here": "send --to bob,carol --body 'look here'",
    "send @bob look": "send --to bob --body look",
    "broadcast hello": "send --to @all --body hello",
    # options
    "send --to bob --message x": "send --to bob --body x",
    "send --to bob -m x": "send --to bob --body x",
    "send --to bob --message=-x": "send --to bob --body=-x",
    "send --to bob -s Hi -m x": "send --to bob --subject Hi --body x",
    "send --from alice --to bob --body x": "send --me alice --to bob --body x",
    "send --to bob --body x --urgent": "send --to bob --body x --priority urgent",
    "send --to bob --body x --question": "send --to bob --body x --kind question",
    "send --to bob --body x --kind review-request": "send --to bob --body x --kind review_request",
    "send --to bob --body x --kind reviw_request": "send --to bob --body x --kind review_request",
    "send --to bob --body x --priority high": "send --to bob --body x --priority urgent",
    "send --to bob -body x": "send --to bob --body x",
    "send --to bob —body x": "send --to bob --body x",
    "send --to bob --boddy x": "send --to bob --body x",
    "send --to bob --Body x": "send --to bob --body x",
    "send --to bob --body-file -": "send --to bob --body -",
    "drain --all": "drain --limit 0",
    "drain -n 5": "drain --limit 5",
    "drain --body": "drain --include-body",
    "drain --include_body": "drain --include-body",
    "list --unread": "list --new",
    "list --me @alice": "list --me alice",
    # ids
    f"read {ID}": f"read --id {ID}",
    f"reply {ID} it is good": f"reply --id {ID} --body 'it is good'",
    f"trace --message-id {ID}": f"trace --id {ID}",
    "thread p2p/alice__bob": "thread --id p2p/alice__bob",
    # commands
    "run claude": "run -- claude",
    "run --as bob claude -p x --model y": "run --as bob -- claude -p x --model y",
    "run claude -- -p x": "run -- claude -p x",
    "claude": "run -- claude",
    "claude --model x": "run -- claude --model x",
    "coop up --agents claude codex": "coop up --agents claude,codex",
    "coop up --agents Claude,codex": "coop up --agents claude,codex",
    "coop up claude codex": "coop up --agents claude,codex",
    "coop start": "coop up",
    "coop-up": "coop up",
    "stop": "coop down",
    "init --agents dora erik": "init --agents dora,erik",
    "init dora erik": "init --agents dora,erik",
    "inbox": "list",
    "agents": "who",
    "drian --limit 5": "drain --limit 5",
    "List": "list",
    "dlq lst": "dlq list",
    "whoami": "env",
    "find parser": "search parser",
    "logs": "log",
    "why bobb": "why bob",
    "presence set busy": "presence set --status busy",
    "hook install --claude": "hook install claude",
    "skill install claude": "skill install --claude",
    "-V": "--version",
}
"""Mistyped lines, and what is offered for them. Alice types them, and has mail from bob."""
NOT_TRIED = ("coop", "hook", "read", "reply", "run", "skill", "trace")

DESCRIBED = {
    "history": ("log", "thread", "why"),
    "status": ("who", "why", "coop status"),
    "check": ("list", "drain"),
}
"""The commands that do what a word of another program says."""

NOT_GUESSED = (
    *("send bob carol", "send --to bob carol look", "send dora hello", "send --to dora --body x", "send hello"),
    *("send --to bob hello --kind todo there", "send --to bob --body x --subject", "send --to bob -t x --body y"),
    *("send --to bob --body x y --body z", "list bob", "list --from bob carol", "drain bob", "reply it is good"),
    *(
        "who bob",
        "why bob carol",
        "claude look at this",
        "run",
        "run --",
        "frobnicate",
        "show",
        "tail -f",
        "@dora hello",
    ),
    *(
        "init --agents dora here",
        "init here",
        "read",
        "thread a b",
        "list --frobnicate",
        "send --to bob 'a\nb' --kind x",
    ),
    *("list --root nowhere", "drain --limit many", f"send --to bob {'x' * 1000}", "dlq frobnicate", "hook install"),
)
"""Lines of which more than one thing, or nothing, may be meant."""


def offered(err: str) -> str:
    """Return the line that an error offers; "" if it offers none."""
    found = [line for line in err.splitlines() if line.startswith("     did you mean: amq ")]
    return found[0].removeprefix("     did you mean: amq ") if found else ""


@pytest.fixture
def room(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    amq.send("--thread", "p2p/alice__bob", to="alice", me="bob")
    monkeypatch.setenv("AM_ME", "alice")
    return amq


@pytest.mark.parametrize("typed", CORRECTED)
def test_a_mistake_is_answered_with_the_whole_line(room: Shell, typed: str) -> None:
    refused = room(*shlex.split(typed), me=None, stdin=b"text")
    assert (refused.code in (2, 3), refused.out) == (True, "")
    assert offered(refused.err) == CORRECTED[typed]
    words = shlex.split(CORRECTED[typed])
    if words[0] not in NOT_TRIED:
        assert room(*words, me=None, stdin=b"text").code == 0


def test_there_are_enough_of_them() -> None:
    assert len(CORRECTED) + len(DESCRIBED) >= 45


@pytest.mark.parametrize("typed", DESCRIBED)
def test_a_command_of_another_name_is_answered_with_what_does_it(room: Shell, typed: str) -> None:
    refused = room(*typed.split(), me=None)
    assert (refused.code, refused.err.splitlines()) == (
        2,
        [
            f"amq: unknown command {typed.split()[0]!r}",
            *(f"     amq {command}: {COMMANDS[command]}" for command in DESCRIBED[typed]),
        ],
    )


@pytest.mark.parametrize("typed", NOT_GUESSED)
def test_nothing_is_offered_where_it_is_not_certain(room: Shell, typed: str) -> None:
    refused = room(*shlex.split(typed), me=None)
    assert refused.code in (2, 3)
    assert offered(refused.err) == ""


def test_an_error_of_another_kind_offers_nothing(room: Shell) -> None:
    for words in (
        ["send", "--to", "bob, carol", "--body", ""],
        ["read", "--id", ID],
        ["list", "--me", "Alice", "--limit", "x"],
    ):
        assert offered(room(*words, me=None).err) == ""


@pytest.mark.parametrize("command", ["list", "init --agents dora"])
def test_a_project_is_not_its_queue(room: Shell, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    first, *rest = command.split()
    line = f"{first} --root {room.root}".split() + rest
    refused = room(*line[:2], str(room.project), *rest, me=None)
    assert (refused.code in (2, 3), offered(refused.err)) == (True, " ".join(line))
    monkeypatch.setenv("AM_ROOT", str(room.project))
    assert f"did you mean: AM_ROOT={room.root} amq {command}\n" in room(*command.split(), me=None).err


def test_the_id_of_a_message_names_its_thread(room: Shell) -> None:
    (name,) = room.new("alice")
    shown = room("thread", "--id", name.removesuffix(".md"), me=None)
    assert shown == room("thread", "--id", "p2p/alice__bob", me=None)
    assert shown.code == 0


def test_an_agent_called_all_is_an_agent(room: Shell) -> None:
    assert room("init", "--agents", "all").code == 0
    room.ok("send", "--to", "all", "--body", "x")
    assert len(room.new("all")) == 1


def test_with_json_the_line_is_the_hint(room: Shell) -> None:
    assert room("drain", "--all", "--json").error["hint"] == "did you mean: amq drain --limit 0 --json --me alice"


def test_version(shell: Shell) -> None:
    assert shell.ok("version", me=None) == shell.ok("--version", me=None)


def test_a_session_that_is_kept_to_its_queue_learns_no_other_names(
    room: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMQ_ALLOWED_IN", str(room.project))
    mistyped = ("send", "--root", str(room.root), "--to", "@bob", "--body", "x")
    assert offered(room(*mistyped, me=None).err)
    monkeypatch.setenv("AM_ROOT", "/nonexistent")
    assert not offered(room(*mistyped, me=None).err)


def test_a_fault_of_the_corrector_hides_no_error(room: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(corrections, "corrected", broken)
    refused = room("drain", "--all", me=None)
    assert (refused.code, refused.err) == (2, "amq: unknown option --all\n     list its options: amq drain --help\n")
