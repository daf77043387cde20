"""`amq presence`: agents' statuses."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Shell


def stored(amq: Shell, handle: str = "alice") -> Any:
    return json.loads(Path(amq.agent(handle).presence).read_text())


def put(amq: Shell, data: bytes, handle: str = "bob") -> None:
    Path(amq.agent(handle).presence).write_bytes(data)


def presence(**changes: Any) -> bytes:
    whole = {"schema": 1, "handle": "bob", "status": "busy", "last_seen": "2026-01-02T03:04:05Z", "note": "x"}
    return json.dumps(whole | changes).encode()


def test_what_is_set_is_stored_with_every_key(amq: Shell) -> None:
    text = amq.ok("presence", "set", "--status", "busy", "--note", "the parser")
    there = stored(amq)
    assert list(there) == ["schema", "handle", "status", "last_seen", "note"]
    assert text == f"alice  busy  {there['last_seen']}  the parser\n"
    assert os.stat(amq.agent("alice").presence).st_mode & 0o777 == 0o600


def test_json_is_what_was_stored(amq: Shell) -> None:
    assert amq("presence", "set", "--status", "busy", "--json").value == stored(amq)


def test_a_note_goes_with_the_next_status_and_unknown_keys_stay(amq: Shell) -> None:
    put(amq, presence(mood=1e400, pid=2**70).replace(b"Infinity", b"1e400"))
    amq.ok("presence", "set", "--status", "idle", me="bob")
    there = Path(amq.agent("bob").presence).read_text()
    assert '"note"' not in there
    assert '"mood": 1e400' in there
    assert f'"pid": {2**70}' in there


def test_a_damaged_file_of_our_own_is_replaced(amq: Shell) -> None:
    put(amq, b"{", handle="alice")
    amq.ok("presence", "set", "--status", "busy")
    assert stored(amq)["status"] == "busy"


def test_nothing_is_left_beside_the_file(amq: Shell) -> None:
    amq.ok("presence", "set", "--status", "busy")
    assert sorted(os.listdir(amq.agent("alice").home)) == [".amq", "acks", "dlq", "inbox", "outbox", "presence.json"]


@pytest.mark.parametrize(
    "words",
    [[], ["--status", ""], ["--status", "a\nb"], ["--status", "a", "--note", "\x1b[2J"], ["--status", "\udcff"]],
)
def test_what_is_not_a_line_of_text_is_refused(amq: Shell, words: list[str]) -> None:
    assert amq("presence", "set", *words).code == 2


def test_a_stray_word_gets_its_option_named(amq: Shell) -> None:
    assert (
        "did you mean: amq presence set --status busy --me alice --note parsing"
        in amq("presence", "set", "--status", "busy", "parsing").err
    )


def test_list_shows_agents_with_a_status(amq: Shell) -> None:
    put(amq, presence())
    assert amq.ok("presence", "list") == "bob  busy  2026-01-02T03:04:05Z  x\n"
    assert amq("presence", "list", "--json").value == [json.loads(presence())]


def test_an_empty_list_is_silent_and_no_null(amq: Shell) -> None:
    assert amq.ok("presence", "list") == ""
    assert amq.ok("presence", "list", "--json") == "[]\n"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b"7", b"\xff", b"[" * 50_000,
        presence(handle="alice"), presence(status=3), presence(last_seen="soon"), presence(note=["x"]),
        presence(status=None),
    ],
)  # fmt: skip
def test_a_hostile_file_is_warned_of_and_left_out(amq: Shell, data: bytes) -> None:
    put(amq, data)
    result = amq("presence", "list", "--json")
    assert (result.code, result.out) == (0, "[]\n")
    assert "is not the presence file of bob" in result.err


def test_a_link_is_not_followed(amq: Shell, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(presence())
    Path(amq.agent("bob").presence).symlink_to(tmp_path / "elsewhere")
    assert amq("presence", "list", "--json").out == "[]\n"


def test_what_another_wrote_does_not_act_on_the_terminal(amq: Shell) -> None:
    put(amq, presence(status="\x1b[2J", note="a\nbob  idle"))
    assert amq.ok("presence", "list") == "bob  ^[[2J  2026-01-02T03:04:05Z  a^Jbob  idle\n"
