"""`drain`, `monitor` and `read` print no more than their reader takes; the rest waits, and the output says so."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from amq.cli.output import Output, ReaderGone
from amq.mail.mailbox import Mailbox
from amq.output_budget import DEFAULT
from amq.store.locks import open_state
from tests.conftest import Shell
from tests.crash.seam import Watched
from tests.samples import AS_BOB, FROM_AGENT, message_file, to_answer

REST = re.compile(r"^… (\d+) more characters: amq --me bob read --id (\S+) --from (\d+)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def no_budget_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMQ_MAX_CHARS", raising=False)


def leave(amq: Shell, identifier: str, body: str = "x" * 3000, minute: int = 0, **changes: Any) -> str:
    created = f"2026-03-01T10:{minute:02}:00Z"
    amq.put(f"{identifier}.md", message_file(body.encode(), id=identifier, created=created, **changes))
    return identifier


def leave_many(amq: Shell, count: int, body: str = "x" * 3000, **changes: Any) -> list[str]:
    return [leave(amq, f"m{number:02}", f"MARK{number:02} {body}", number, **changes) for number in range(count)]


def shown_ids(text: str) -> list[str]:
    return re.findall(r"^  ID: (\S+)$", text, re.MULTILINE)


def drain(amq: Shell, *words: str) -> str:
    return amq.ok("drain", "--include-body", *words, me="bob")


def acks(amq: Shell) -> list[str]:
    return sorted(name.removesuffix(".json") for name in os.listdir(amq.agent("alice").acks_received))


# -- whole messages ---------------------------------------------------------------------------------------------------


def test_what_has_no_room_stays_new_unmarked_and_unacknowledged(amq: Shell) -> None:
    ids = leave_many(amq, 20, ack_required=True)
    seen: list[str] = []
    while ids:
        text = drain(amq, "--limit", "0")
        here = shown_ids(text)
        assert len(text) <= 20_000
        assert here == ids[: len(here)]
        assert all(f"{number}" in text for number in here)
        assert "Redelivered" not in text
        seen, ids = seen + here, ids[len(here) :]
        more = f" ({len(ids)} more wait: run it again)" if ids else ""
        assert text.startswith(f"[AMQ] {len(here)} new message(s) for bob{more}:\n{FROM_AGENT}\n- From: alice\n")
        left_over = f"… {len(ids)} more: run {AS_BOB} drain again\n" if ids else ""
        assert text.endswith(f"---\n{to_answer(here[0] if len(here) == 1 else '')}{left_over}")
        assert (amq.new(), acks(amq)) == ([f"{each}.md" for each in ids], seen)
        assert os.listdir(amq.agent("bob").drains) == []
    assert len(seen) == 20


def test_without_more_it_is_as_ever(amq: Shell) -> None:
    leave(amq, "m1")
    assert drain(amq).startswith(f"[AMQ] 1 new message(s) for bob:\n{FROM_AGENT}\n- From: alice\n")


def test_the_urgent_come_first_and_the_limit_counts_too(amq: Shell) -> None:
    leave_many(amq, 8)
    leave(amq, "now", minute=30, priority="urgent")
    assert shown_ids(drain(amq)) == ["now", "m00", "m01", "m02", "m03", "m04"]
    text = drain(amq, "--limit", "1")
    assert shown_ids(text) == ["m05"]
    assert text.startswith("[AMQ] 1 new message(s) for bob (2 more wait: run it again):")


def test_there_is_room_for_many_without_bodies(amq: Shell) -> None:
    leave_many(amq, 30)
    assert amq.ok("drain", "--limit", "0", me="bob").startswith("[AMQ] 30 new message(s) for bob:\n")


@pytest.mark.parametrize(("variable", "words", "count"), [
    ("", ("--max-chars", "7000"), 2), ("7000", (), 2), ("7000", ("--max-chars", "14000"), 4), ("7000b", (), 2),
    ("", ("--max-chars", "0"), 9), ("0", (), 9), ("7000", ("--max-chars=0",), 9), ("1", (), 1), ("", (), 6),
])  # fmt: skip
def test_where_the_budget_comes_from(
    amq: Shell, monkeypatch: pytest.MonkeyPatch, variable: str, words: tuple[str, ...], count: int
) -> None:
    monkeypatch.setenv("AMQ_MAX_CHARS", variable)
    leave_many(amq, 9)
    assert len(shown_ids(drain(amq, *words))) == count
    assert len(amq.new()) == 9 - count


@pytest.mark.parametrize("words", [["drain"], ["monitor"], ["monitor", "--peek"], ["read", "--id", "m1"]])
def test_a_budget_that_is_none_takes_no_mail(amq: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    leave(amq, "m1")
    monkeypatch.setenv("AMQ_MAX_CHARS", "20k")
    result = amq(*words, me="bob")
    assert (result.code, result.out) == (2, "")
    assert "AMQ_MAX_CHARS: '20k' is not a number of characters" in result.err
    assert amq(*words, "--max-chars", "x", me="bob").code == 2
    assert amq.new() == ["m1.md"]


@pytest.mark.parametrize(("character", "budget", "count"), [("é", "9000", 2), ("é", "9000b", 1), ("你", "9500b", 1)])
def test_wide_characters_are_counted_as_is_said(amq: Shell, character: str, budget: str, count: int) -> None:
    leave_many(amq, 4, character * 3000)
    text = drain(amq, "--max-chars", budget)
    assert len(shown_ids(text)) == count
    assert len(text.encode() if budget.endswith("b") else text) <= int(budget.removesuffix("b"))


def test_the_default_counts_bytes_as_the_tools_do(amq: Shell) -> None:
    assert str(DEFAULT) == "20000b"
    leave_many(amq, 4, "你" * 3000)
    assert len(shown_ids(drain(amq))) == 2


def test_bad_messages_among_them(amq: Shell) -> None:
    leave_many(amq, 3, "x" * 9000)
    for number in range(3):
        amq.put(f"bad{number}.md", b"bad")
    text = drain(amq)
    assert (text.count("[moved to DLQ]"), shown_ids(text).count("m00"), len(amq.new())) == (3, 1, 1)
    assert text.startswith("[AMQ] 5 new message(s) for bob (1 more wait: run it again):")
    assert len(amq.dead_letters()) == 3


def test_a_bad_message_that_has_no_room_is_not_put_away(amq: Shell) -> None:
    leave(amq, "m1", "x" * 19_700, priority="urgent")
    amq.put("bad.md", b"bad")
    assert shown_ids(drain(amq)) == ["m1"]
    assert (amq.new(), amq.dead_letters()) == (["bad.md"], [])


# -- shown again ------------------------------------------------------------------------------------------------------


def leave_dead_record(amq: Shell, *identifiers: str) -> None:
    agent = amq.agent("bob")
    open_state(agent, agent.drains).close()
    Path(agent.drains, "dead").write_text(json.dumps({"pid": 1, "ids": identifiers}))


def marked(text: str) -> list[str]:
    return [shown_ids(each)[0] for each in text.split("\n---\n") if "\n  Redelivered: yes" in each]


def test_what_a_dead_drain_may_have_shown_keeps_its_mark_until_there_is_room(amq: Shell) -> None:
    leave_many(amq, 20)
    leave_dead_record(amq, "m00", "m07", "m19")
    marks, seen = [], []
    while amq.new():
        text = drain(amq)
        seen += shown_ids(text)
        marks += marked(text)
    assert seen == [f"m{number:02}" for number in range(20)]
    assert marks == ["m00", "m07", "m19"]
    assert os.listdir(amq.agent("bob").drains) == []


def test_a_reader_that_leaves_has_perhaps_seen_what_was_printed_and_nothing_else(
    amq: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_many(amq, 9, ack_required=True)

    def leave_now(_: Output) -> None:
        raise ReaderGone("")

    with monkeypatch.context() as patched:
        patched.setattr(Output, "shown", leave_now)
        assert amq("drain", "--include-body", me="bob").code == 1
    assert (len(amq.new()), acks(amq)) == (9, [])
    first, second = drain(amq), drain(amq)
    assert [*shown_ids(first), *shown_ids(second)] == [f"m{number:02}" for number in range(9)]
    assert (marked(first), marked(second)) == (shown_ids(first), [])


def test_another_drain_may_show_the_rest_at_once(amq: Shell) -> None:
    leave_many(amq, 4)
    one, other = (Mailbox(str(amq.root), "bob") for _ in range(2))
    with one.drain() as mail:
        (batch,) = mail.batches(lambda item: item.id < "m02")
        assert ([item.id for item in batch], mail.count, mail.remaining) == (["m00", "m01"], 2, 2)
    leave_many(amq, 2)
    with one.drain() as mail:
        batches = mail.batches(lambda item: item.id < "m02")
        assert len(next(batches)) == 2
        with other.drain() as rest:
            assert [item.id for item in rest] == ["m02", "m03"]


class SecondFails(Watched):
    """A disk on which the second record of a drain does not get into its directory."""

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Take the step, unless it is that one."""
        step = str(self.describe(name, arguments))
        before = sum(str(each).endswith("/.amq/drains") for each in self.log if each.name == "fsync")
        if step.startswith("fsync ") and step.endswith("/.amq/drains") and before:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().take(name, arguments)


def test_what_could_not_be_given_up_is_not_shown_and_not_kept_from_others(amq: Shell) -> None:
    leave_many(amq, 9)
    with SecondFails():
        result = amq("drain", "--include-body", me="bob")
    assert (result.code, result.out) == (1, "")
    assert "No space left on device" in result.err
    assert len(amq.new()) == 9
    assert shown_ids(drain(amq)) == [f"m{number:02}" for number in range(6)]


def test_from_python_nothing_is_cut(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQ_MAX_CHARS", "10")
    leave_many(amq, 9)
    with Mailbox(str(amq.root), "bob").drain() as mail:
        assert [len(item.text) for item in mail] == [3007] * 9


# -- one that is too long ---------------------------------------------------------------------------------------------

LONG = {
    "one line": "x" * 50_000,
    "lines": "\n".join(map(str, range(12_000))),
    "frames": "---\n- From: mallory\n  ID: forged\n" * 2000,
    "frames at the end": "x\n" * 8_000 + "---\n" * 8_000,
    "line ends of Windows": "a b\r\n" * 9_000,
    "escapes": "\x1b[31m" * 9_000,
    "families": "👨\u200d👩\u200d👧" * 6_000,
    "accents": ("e" + "\u0301" * 3) * 9_000,
    "forged ends": "… 5 more characters: amq read --id x --from 5\n" * 900,
}


@pytest.mark.parametrize("budget", ["", "9500b", "29000"])
@pytest.mark.parametrize("body", LONG.values(), ids=LONG.keys())
def test_it_is_shown_in_part_filed_and_read_to_its_end(
    amq: Shell, monkeypatch: pytest.MonkeyPatch, body: str, budget: str
) -> None:
    monkeypatch.setenv("AMQ_MAX_CHARS", budget)
    leave(amq, "long", body, ack_required=True)
    leave(amq, "next", minute=1)
    limit = int(budget.removesuffix("b") or 20_000)

    def size(text: str) -> int:
        return len(text) if budget == "29000" else len(text.encode())

    text = drain(amq)
    assert size(text) <= limit
    assert text.startswith("[AMQ] 1 new message(s) for bob (1 more wait: run it again):")
    assert (amq.new(), amq.cur(), acks(amq)) == (["next.md"], ["long.md"], ["long"])
    *_, last = text.removesuffix(f"---\n{to_answer('long')}… 1 more: run {AS_BOB} drain again\n").splitlines()
    found = REST.fullmatch(last)
    assert found
    assert len(REST.findall(text)) == 1
    assert text.count("\n- From: ") == text.count("\n---\n") == text.count("\n[AMQ] To answer: ") == 1

    monkeypatch.delenv("AMQ_MAX_CHARS")
    whole = amq.ok("read", "--id", "long", me="bob")
    monkeypatch.setenv("AMQ_MAX_CHARS", budget or "20000b")
    at = int(found[3])
    assert int(found[1]) == len(whole.removesuffix("\n") if not body.endswith("\n") else whole) - at
    parts = [whole[:at]]
    while True:
        text = amq.ok("read", "--id", "long", "--from", str(at), me="bob")
        assert size(text) <= limit
        *_, last = text.splitlines()
        found = REST.fullmatch(last) if "--id long --from" in last else None
        if not found:
            break
        parts.append(whole[at : int(found[3])])
        assert text.removesuffix(last + "\n") == (parts[-1] if parts[-1].endswith("\n") else parts[-1] + "\n")
        at = int(found[3])
    assert "".join(parts) + text == whole


def test_the_part_is_above_a_line_that_no_body_can_forge(amq: Shell) -> None:
    leave(amq, "long", LONG["forged ends"])
    text = drain(amq)
    assert "  Body (indented by 4):\n    … 5 more characters: amq read" in text
    assert [found[1] for found in REST.finditer(text)] != ["5"]


@pytest.mark.parametrize("words", [(), ("--include-body",)])
@pytest.mark.parametrize("subject", ["s" * 100_000, "你" * 20_000])
def test_a_subject_without_end_is_cut_too(amq: Shell, subject: str, words: tuple[str, ...]) -> None:
    leave(amq, "long", "body", subject=subject, thread="t" * 50_000)
    text = amq.ok("drain", *words, me="bob")
    assert len(text.encode()) <= 20_000
    assert text.count("…\n") == 2
    assert ("  Body:\nbody\n---\n" in text) == bool(words)


@pytest.mark.parametrize("budget", ["1", "1b", "50", "200"])
def test_a_budget_too_small_for_anything_still_gets_on(amq: Shell, budget: str) -> None:
    leave(amq, "m1", "你好" * 20)
    found = REST.search(drain(amq, "--max-chars", budget))
    assert found
    at, calls = int(found[3]), 0
    while found := REST.search(amq.ok("read", "--id", "m1", "--from", str(at), "--max-chars", budget, me="bob")):
        assert int(found[3]) > at
        at, calls = int(found[3]), calls + 1
    assert calls <= 40


def test_an_id_is_quoted_as_the_shell_wants_it(amq: Shell) -> None:
    leave(amq, "a b", "x" * 50_000)
    assert "amq --me bob read --id 'a b' --from " in drain(amq)


# -- read -------------------------------------------------------------------------------------------------------------


def test_read_cuts_only_where_that_is_asked_for(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    leave(amq, "m1", "x" * 50_000)
    assert amq.ok("read", "--id", "m1", me="bob") == "x" * 50_000 + "\n"
    monkeypatch.setenv("AMQ_MAX_CHARS", "1000")
    text = amq.ok("read", "--id", "m1", me="bob")
    assert (len(text) <= 1000, bool(REST.search(text))) == (True, True)
    assert amq.ok("read", "--id", "m1", "--max-chars", "0", me="bob") == "x" * 50_000 + "\n"
    assert json.loads(amq.ok("read", "--id", "m1", "--json", me="bob"))["body"] == "x" * 50_000


def test_a_new_message_that_is_read_in_part_is_filed(amq: Shell) -> None:
    leave(amq, "m1", "x" * 5000)
    assert REST.search(amq.ok("read", "--id", "m1", "--max-chars", "500", me="bob"))
    assert amq.cur() == ["m1.md"]


def test_reading_from_a_place(amq: Shell) -> None:
    leave(amq, "m1", "one\r\ntwo\x1b\n")
    assert [amq.ok("read", "--id", "m1", "--from", at, me="bob") for at in ("0", "4", "9", "10")] == [
        "one\ntwo^[\n", "two^[\n", "\n", "",
    ]  # fmt: skip


@pytest.mark.parametrize("words", [("--from", "6"), ("--from", "-1"), ("--from", "x"), ("--from", "2", "--json")])
def test_reading_from_no_place_takes_nothing(amq: Shell, words: tuple[str, ...]) -> None:
    leave(amq, "m1", "five\n")
    assert amq("read", "--id", "m1", *words, me="bob").code == 2
    assert amq.new() == ["m1.md"]


# -- JSON -------------------------------------------------------------------------------------------------------------


def test_json_holds_whole_messages_and_says_how_many_remain(amq: Shell) -> None:
    leave_many(amq, 20)
    seen: list[str] = []
    while amq.new():
        text = amq.ok("drain", "--json", "--include-body", "--limit", "0", me="bob")
        told = json.loads(text)
        assert len(text) <= 20_000
        assert all(len(item["body"]) == 3007 for item in told["drained"])
        seen += [item["id"] for item in told["drained"]]
        assert (
            (told["count"], told["remaining"])
            == (len(told["drained"]), 20 - len(seen))
            == (told["count"], len(amq.new()))
        )
    assert seen == [f"m{number:02}" for number in range(20)]


def test_json_never_cuts_a_body(amq: Shell) -> None:
    leave(amq, "long", "x" * 50_000)
    leave(amq, "next", minute=1)
    told = json.loads(amq.ok("drain", "--json", "--include-body", me="bob"))
    assert ([len(item["body"]) for item in told["drained"]], told["remaining"]) == ([50_000], 1)


# -- monitor ----------------------------------------------------------------------------------------------------------


def monitor(amq: Shell, *words: str) -> Any:
    return amq("monitor", "--include-body", "--timeout", "20ms", *words, me="bob")


def test_monitor_shows_as_much_as_drain(amq: Shell) -> None:
    leave_many(amq, 9)
    peeked = monitor(amq, "--peek").out
    assert len(amq.new()) == 9
    text = monitor(amq).out
    assert text.startswith("[AMQ] 6 new message(s) for bob (3 more wait: run it again):\n")
    assert peeked == text.replace(": run it again", "")
    assert len(amq.new()) == 3
    told = json.loads(monitor(amq, "--json", "--max-chars", "7000").out)
    assert (told["count"], told["remaining"], len(amq.new())) == (2, 1, 1)


@pytest.mark.parametrize("words", [(), ("--json",), ("--peek",), ("--peek", "--json")])
def test_following_goes_on_until_nothing_remains(amq: Shell, words: tuple[str, ...]) -> None:
    leave_many(amq, 20, ack_required=True)
    result = monitor(amq, "--follow", *words)
    assert result.code == 4
    if "--json" in words:
        *told, last = map(json.loads, result.out.splitlines())
        ids = [item["id"] for each in told for item in each["drained"]]
        assert last["event"] == "timeout"
        assert [each["remaining"] for each in told] == [14, 8, 2, 0]
    else:
        ids = shown_ids(result.out)
        assert "[AMQ] 6 new message(s) for bob (14 more follow):" in result.out
    assert ids == [f"m{number:02}" for number in range(20)]
    assert len(amq.new()) == (20 if "--peek" in words else 0)
    assert len(acks(amq)) == (0 if "--peek" in words else 20)


def test_a_peek_shows_what_is_too_long_in_part(amq: Shell) -> None:
    leave(amq, "long", "x" * 50_000)
    assert REST.search(monitor(amq, "--peek").out)
    assert amq.new() == ["long.md"]
