"""Tables for a user at a terminal; the output for programs and agents stays as it is."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq.cli import terminal
from amq.cli.commands import list as list_command
from amq.cli.terminal import BOLD, RED, Cell, Terminal, cut, width
from amq.instants import age, parse_instant
from amq.mail.mailbox import Mailbox
from amq.names import USER
from amq.runtime import notifier_lock
from tests.cli.on_terminal import on_terminal
from tests.conftest import Shell
from tests.hostile.messages import corpus
from tests.hostile.showing import forbidden, wrong
from tests.samples import message_file
from tests.seeds import TOLD, sample

NOW = parse_instant("2026-03-01T10:30:00Z")
BAD = "dlq_1_0_aaaaaaaaaaaa"
HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07", "\u202egnp.exe", "a\nb\r\tc", "世界" * 60, "e" + "\u0301" * 300,
    "👨\u200d👩\u200d👧" * 30, "🇩🇪" * 40, "❤\ufe0f" * 50, "\u200b\u2066x", "\x9b31m", "\U0001fae8" * 40, "שלום" * 30,
)  # fmt: skip
WORDS = ("list", "thread --id plan/x", "thread --id plan/x --include-body", "trace --id bbbbbbbb", "who", "dlq list")
GOLDEN = {
    "list": "2026-03-01T10:29:00Z  urgent  alice  aaaaaaaa  Review\n2026-03-01T09:00:00Z  -  carol  bbbbbbbb  Why?\n",
    "thread --id plan/x": "2026-03-01T09:00:00Z  carol  Why?\n2026-03-01T10:29:00Z  alice  Review\n",
    "thread --id plan/x --include-body": (
        "2026-03-01T09:00:00Z  carol  Why?\nhello\n---\n2026-03-01T10:29:00Z  alice  Review\nhello\n---\n"
    ),
    "trace --id bbbbbbbb": "2026-03-01T09:00:00Z  carol  bbbbbbbb  Why?\nbob  cur\n",
    "who": (
        "agent  state  status  unread  oldest  waits for   dead letters  mail by  notified by\n"
        "alice  -      -       0       -       -           0             -        -\n"
        "bob    -      -       1       1m      no-channel  1             -        -\n"
        "carol  -      -       0       -       -           0             -        -\n"
        "user   -      -       0       -       -           0             -        -\n"
    ),
    "dlq list": f"[new] 2026-03-01T10:00:00Z  parse_error  {BAD}  no header\n",
}
"""The output for programs and agents of the commands that have another one for users."""


def sgr(style: str, text: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An instant, a time zone, and an environment that says nothing about colour."""
    monkeypatch.setattr(time, "time_ns", lambda: NOW)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def mail(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A new message, an older one that was read, and a dead letter for bob."""
    defaults = Mailbox.__init__.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "clock", lambda: NOW)
    amq.put("bbbbbbbb.md", message_file(b"hello\n", id="bbbbbbbb", sender="carol", thread="plan/x", subject="Why?",
                                        created="2026-03-01T09:00:00Z"))  # fmt: skip
    amq.ok("read", "--id", "bbbbbbbb", me="bob")
    amq.put("aaaaaaaa.md", message_file(b"hello\n", id="aaaaaaaa", thread="plan/x", subject="Review", priority="urgent",
                                        kind="review_request", created="2026-03-01T10:29:00Z"))  # fmt: skip
    Path(amq.agent("bob").dlq_new, f"{BAD}.md").write_text(
        '---\n{"failure_time": "2026-03-01T10:00:00Z", "failure_reason": "parse_error", "failure_detail": "no header"}'
        "\n---\nbad"
    )
    return amq


# -- who gets a table -------------------------------------------------------------------------------------------------


def oldest_first(text: str, words: str) -> str:
    """Return the golden text of `list`, whose two lines are given newest first to be read beside the others."""
    return "".join(reversed(text.splitlines(keepends=True))) if words == "list" else text


@pytest.mark.parametrize("words", WORDS)
def test_a_pipe_gets_the_plain_lines(mail: Shell, words: str) -> None:
    assert mail.ok(*words.split(), me="bob") == oldest_first(GOLDEN[words], words)


@pytest.mark.parametrize("words", WORDS)
def test_an_agent_at_a_terminal_gets_the_plain_lines(mail: Shell, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AM_ME", "bob")
    assert on_terminal(mail, *words.split(), me=None)[0] == oldest_first(GOLDEN[words], words)


@pytest.mark.parametrize("words", WORDS)
def test_json_is_equal_at_a_terminal(mail: Shell, words: str) -> None:
    assert on_terminal(mail, *words.split(), "--json")[0] == mail.ok(*words.split(), "--json", me="bob")


@pytest.mark.parametrize(("words", "name"), [("--color=auto", "NO_COLOR"), ("--color=never", ""), ("", "TERM")])
def test_a_table_without_colour(mail: Shell, monkeypatch: pytest.MonkeyPatch, words: str, name: str) -> None:
    if name:
        monkeypatch.setenv(name, "dumb")
    text, _ = on_terminal(mail, "list", *words.split())
    assert text == (
        "new  age    from   kind            priority  id        subject\n"
        "     1 h    carol                            bbbbbbbb  Why?\n"
        "*    1 min  alice  review_request  urgent    aaaaaaaa  Review\n"
    )


def test_colour_at_a_terminal_and_where_it_is_asked_for(mail: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = on_terminal(mail, "list")
    assert sgr(RED, "urgent") in text
    assert sgr(BOLD, "Review") in text
    assert sgr(BOLD, "Why?") not in text
    monkeypatch.setenv("NO_COLOR", "1")
    assert mail.ok("list", "--color", "always", me="bob") == text
    assert re.sub(r"\x1b\[\d+m", "", text) == on_terminal(mail, "list")[0]


def test_an_empty_box_is_a_note(amq: Shell) -> None:
    for words in (["list"], ["dlq", "list"], ["thread"]):
        text, result = on_terminal(amq, *words)
        assert text == ""
        assert re.fullmatch(r"amq: No (messages|dead letters)\.\n", result.err)


# -- the tables -------------------------------------------------------------------------------------------------------


def test_a_wide_list_has_local_times(mail: Shell) -> None:
    lines = on_terminal(mail, "list", "--color=never", columns=120)[0].splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["new", "age", "time"], ["1", "h", "10:00:00"], ["*", "1", "min"],
    ]  # fmt: skip


def test_a_conversation(mail: Shell) -> None:
    assert on_terminal(mail, "thread", "--id", "plan/x", "--color=never")[0] == (
        "new  time      from   kind            priority  id        subject\n"
        "     10:00:00  carol                            bbbbbbbb  Why?\n"
        "*    11:29:00  alice  review_request  urgent    aaaaaaaa  Review\n"
    )
    with_bodies = on_terminal(mail, "thread", "--id", "plan/x", "--include-body", "--color=never")[0]
    assert [line for line in with_bodies.splitlines() if "  " not in line] == ["hello", "---", "hello", "---"]


def test_conversations_are_listed_without_an_id(mail: Shell) -> None:
    mail.put("cccccccc.md", message_file(id="cccccccc", created="2026-03-01T08:00:00Z", subject="Old"))
    assert on_terminal(mail, "thread", "--color=never")[0] == (
        "new  age    messages  last id   agents             thread          last subject\n"
        "*    2 h    1         cccccccc  alice, bob         p2p/alice__bob  Old\n"
        "*    1 min  2         aaaaaaaa  alice, bob, carol  plan/x          Review\n"
    )
    assert on_terminal(mail, "thread", "--limit=1", "--color=never")[0].count("\n") == 2
    assert on_terminal(mail, "thread", "--include-body")[1].code == 2
    assert on_terminal(mail, "thread", "--json")[1].code == 2


@pytest.mark.parametrize("words", [[], ["--json"], ["--limit=3"]])
def test_a_program_must_name_a_thread(amq: Shell, words: list[str]) -> None:
    refused = amq("thread", *words)
    assert (refused.code, refused.out) == (2, "")
    assert "missing required options: --id" in refused.err


def test_a_message_and_its_recipients(mail: Shell) -> None:
    mail.ok("ack", "--id", "bbbbbbbb", me="bob")
    reply = mail.send("--refs=bbbbbbbb", to="carol", me="bob")
    local = re.compile(r"\d\d:\d\d:\d\d|Mar 1 \d\d:\d\d|20\d\d-\d\d-\d\d")
    text = on_terminal(mail, "trace", "--id", "bbbbbbbb", "--color=never")[0]
    assert re.sub(" +", " ", local.sub("T", text)) == (
        f"time age from id subject\nT 1 h carol bbbbbbbb Why?\n\n"
        f"to where acked replied reply\nbob cur T T {reply[-8:]}\n"
    )


def test_dead_letters(mail: Shell) -> None:
    assert on_terminal(mail, "dlq", "list", "--color=never")[0] == (
        "new  age     time      reason       id        detail\n"
        "*    30 min  11:00:00  parse_error  aaaaaaaa  no header\n"
    )


def test_agents_and_which_could_be_removed(mail: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    mail.ok("presence", "set", "--status=busy", me="alice")
    mail("init", "--agents", "alice,bob", "--force")
    for name in ("bob", "carol", USER):
        for path in (mail.agent(name).inbox_cur, mail.agent(name).sent):
            os.utime(path, ns=(NOW, NOW - 9 * 86_400 * 10**9))
    text = on_terminal(mail, "who", "--color=never")[0]
    assert text == (
        "agent  unread  oldest  waits for   dead  remark                  status\n"
        "alice                                                            busy\n"
        "bob    1       1 min   no-channel  1     idle 9 d\n"
        "carol                                    unregistered, idle 9 d\n"
        "user\n"
    )
    Path(mail.root, "meta", "config.json").unlink()
    assert "unregistered" not in on_terminal(mail, "who")[0]
    claim = notifier_lock.claim(Mailbox(str(mail.root), "bob").state_dir, "run")
    assert "idle 9 d" not in next(line for line in on_terminal(mail, "who")[0].splitlines() if "bob" in line)
    claim.release()


# -- cells, widths and times ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("columns", [80, 120])
def test_what_a_peer_wrote_stays_on_its_line(text: str, columns: int) -> None:
    table = Terminal(columns, False, NOW).table(("id", "subject"), [("1", text), (text, "x"), (Cell(text, BOLD), "y")])
    lines = table.splitlines()
    assert len(lines) == table.count("\n") == 4
    assert forbidden(table) == set()
    assert all(width(line) <= columns for line in lines)
    assert all(len(line) <= 4 * columns for line in lines)


@pytest.mark.parametrize("words", ["list", "thread --id=t", "thread", "trace --id=evil0000", "who", "dlq list"])
def test_hostile_mail_before_each_table(amq: Shell, words: str) -> None:
    for number, text in enumerate(HOSTILE):
        identifier = f"evil{number:04}"
        amq.put(f"{identifier}.md", message_file(id=identifier, thread="t" if number else text, subject=text))
    amq.put("bad\x1b[31m.md", b"nonsense")
    text, result = on_terminal(amq, *words.split(), "--color=never")
    assert result.code == 0
    assert forbidden(text) == set()
    assert all(width(line) <= 80 for line in text.splitlines())


def test_all_kinds_of_bad_messages_before_each_table(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (terminal, list_command):
        monkeypatch.setattr(module, "is_terminal", lambda _: True)
    for number, (_, data) in enumerate(sample(list(corpus()), 100, of="corpus")):
        amq.put(f"h{number:04}.md", data.replace(b'"ID"', f'"h{number:04}"'.encode()))
    columns = terminal._columns()
    for words in ("list", "thread", "thread --id p2p/alice__bob --include-body", "drain --limit 0", "dlq list", "who"):
        option = [] if words.startswith("drain") else ["--color=never"]
        result = amq(*words.split(), *option, me="bob")
        assert list(wrong(result, words)) == [], TOLD
        if option and "body" not in words:
            assert [line for line in result.out.splitlines() if width(line) > columns] == [], TOLD


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("abc", 3), ("é", 1), ("e\u0301", 1), ("世", 2), ("❤\ufe0f", 2), ("🇩🇪", 4), ("e" + "\u0301" * 5, 4),
        ("👨\u200d👩", 4),
    ],
)  # fmt: skip
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("世界世", 5, "世界…"), ("世界世", 4, "世…"), ("ae\u0301b", 2, "a…"),
        ("x<U+202E>y", 6, "x…"), ("👨\u200d👩\u200d👧" * 2, 4, "👨\u200d…"),
    ],
)  # fmt: skip
def test_cut(text: str, most: int, short: str) -> None:
    assert cut(text, most) == short
    assert width(short) <= most


def test_a_narrow_terminal_cuts_the_widest_columns() -> None:
    table = Terminal(40, False, NOW).table(("a", "b", "c"), [("x" * 60, "y" * 10, "z" * 60)])
    assert [len(line) for line in table.splitlines()][1] <= 40
    assert "y" * 10 in table
    narrowest = Terminal(5, False, NOW).table(("a", "b"), [("x" * 60, Cell("y" * 60))])
    assert narrowest == f"a         b\n{'x' * 7}…  {'y' * 7}…\n"


def test_one_long_cell_does_not_take_the_room_of_the_last_column() -> None:
    rows = [("x" * 60, "y" * 10, "z" * 60), ("a", "b", "z" * 24)]
    *_, last = Terminal(60, False, NOW).table(("a", "b", "c"), rows).splitlines()
    assert last == f"{'a':<18}  {'b':<10}  {'z' * 24}"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (7200, "2 h"), (1e6, "11 d")])
def test_ages(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_local_times() -> None:
    user = Terminal(80, False, NOW)
    shown = {
        "2026-03-01T10:29:00Z": "11:29:00",
        "2026-02-28T23:30:00Z": "00:30:00",
        "2026-02-28T10:00:00Z": "Feb 28 11:00",
        "2025-12-31T10:00:00Z": "2025-12-31",
        "0001-01-01T00:00:00Z": "0001-01-01",
        "9999-12-31T10:00:00Z": "9999-12-31",
        "nonsense": "nonsense",
    }
    assert {text: user.local_text(text) for text in shown} == shown
    assert user.age(NOW + 10**9) == "11:30:01"
