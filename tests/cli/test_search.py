"""`amq search` at the shell: its lines, its table, and what it refuses."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from amq.cli.filter_options import instant
from amq.instants import SECOND_NS, format_instant
from amq.layout import RootedPath
from amq.mail.searched_files import Place, listed
from tests.conftest import Shell, private_directory
from tests.samples import message_file


def test_a_word_of_the_body_is_shown_with_what_is_around_it(amq: Shell) -> None:
    amq.send("--new-id=m1", "--subject=Parser", body="x " * 100 + "the\tneedle is\nhere " + "y " * 400)
    lines = amq.ok("search", "NEEDLE").splitlines()
    assert lines[0].endswith("  alice  m1  Parser")
    assert lines[1].startswith("    …x x")
    assert "the needle is here y y" in lines[1]
    assert lines[1].endswith("…")
    assert len(lines[1]) <= 164


def test_a_word_of_the_subject_needs_no_excerpt(amq: Shell) -> None:
    amq.send("--subject=Parser", body="nothing")
    assert amq.ok("search", "parser").count("\n") == 1


def test_nothing_found_is_said(amq: Shell) -> None:
    found = amq("search", "nothing")
    assert (found.code, found.out, found.err) == (0, "", "amq: No messages found.\n")
    assert amq.ok("search", "nothing", "--json") == "[]\n"


def test_the_newest_are_shown_and_the_rest_is_named(amq: Shell) -> None:
    for number in range(3):
        amq.send(f"--new-id=m{number}", body="word")
    found = amq("search", "word", "--limit", "2", "--json")
    assert [each["id"] for each in found.value] == ["m2", "m1"]
    assert found.err == "amq: the newest 2; --limit 0 shows all\n"
    assert len(amq("search", "word", "--limit", "0", "--json").value) == 3


def test_words_are_marked_in_the_table(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amq.cli.terminal._columns", lambda: 80)
    amq.send("--subject=One parser", body=f"The parser\x1b[31m, {'pars ' * 40}")
    amq.send("--subject=Two", body="a pársing")
    out = amq.ok("search", "pars*", "--color=always")
    lines = out.splitlines()
    assert "\x1b[1mpársing\x1b[0m" in lines[2]
    assert "\x1b[1mOne parser\x1b[0m" in lines[3]
    assert "The \x1b[1mparser\x1b[0m^[[31m" in lines[4]
    plain = out.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")
    assert "\x1b" not in plain
    assert max(map(len, plain.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("search", "no word"),
        ("search !", "no word"),
        ("search x --since yesterday", "yesterday"),
        ("search x --since 2026-02-30", "2026-02-30"),
        ("search x --since 99999999999", "99999999999"),
        ("search x --from=", "--from is empty"),
        ("search x --thread=", "--thread is empty"),
        ("search x --in inbox", "inbox"),
    ],
)
def test_refused(amq: Shell, words: str, said: str) -> None:
    refused = amq(*words.split())
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err


def test_times() -> None:
    now = time.time_ns()
    assert abs(now - instant("2h") - 7200 * SECOND_NS) < 10 * SECOND_NS
    assert abs(now - instant("3d") - 3 * 86400 * SECOND_NS) < 10 * SECOND_NS
    assert instant("2026-03-01T10:00:00Z") == 1_772_359_200 * SECOND_NS
    assert time.localtime(instant("2026-03-01") // SECOND_NS)[:6] == (2026, 3, 1, 0, 0, 0)


def test_since_and_until(amq: Shell) -> None:
    for day in (1, 2, 3):
        created = format_instant((1_772_359_200 + day * 86400) * SECOND_NS)
        amq.put(f"m{day}.md", message_file(b"word\n", id=f"m{day}", created=created))
    found = amq("search", "word", "--json", "--since", "2026-03-03T00:00:00Z", "--until", "2026-03-04T00:00:00Z").value
    assert [each["id"] for each in found] == ["m2"]


def test_an_index_is_kept_unless_it_is_not_wanted(amq: Shell) -> None:
    amq.send(body="word")
    place = private_directory(amq.root, "alice").parent / ".caches"
    amq.ok("search", "word", "--no-cache")
    assert not place.exists()
    amq.ok("search", "word")
    assert sorted(os.listdir(place)) == ["search.sqlite3", "search.sqlite3.lock"]


def test_a_file_that_cannot_be_read_is_named(amq: Shell) -> None:
    amq.send(body="word")
    Path(amq.agent("bob").inbox_new, "bad.md").write_text("word")
    found = amq("search", "word")
    assert found.out.count("\n") == 2
    assert found.err.count("\n") == 1
    assert "bad is not a message" in found.err


def test_a_queue_that_goes_meanwhile(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    amq.send(body="word")

    def gone(handle: str, path: RootedPath) -> Place:
        place = listed(handle, path)
        if amq.root.exists():
            amq.root.rename(amq.root.with_name("elsewhere"))
        return place

    monkeypatch.setattr("amq.mail.searching.listed", gone)
    found = amq("search", "word")
    assert (found.code, found.out) == (0, "")
