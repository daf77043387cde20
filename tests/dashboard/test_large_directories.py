"""Directories that are so large that events name what has changed in them, and a list is the exception."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from amq.instants import SECOND_NS
from amq.layout import RootedPath
from amq.mail import newest
from amq.mail.mailbox import Mailbox
from amq.mail.newest import NewestMessages
from amq.store import directories, maildir
from amq.store.durable import Directory
from amq.store.maildir import Ends
from tests.conftest import Shell
from tests.samples import message_file


class Watched:
    """Looks at the newest three messages of a queue whose inbox of bob is a large one."""

    def __init__(self, amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inbox = Path(amq.agent("bob").inbox_new)
        self.listed: list[str] = []
        self.now_ns = 1_900_000_000 * SECOND_NS
        self.warned: list[str] = []
        mailbox = Mailbox(str(amq.root), "carol", clock=lambda: self.now_ns, warn=self.warned.append)
        self._newest = NewestMessages(mailbox.account)
        real = maildir.ends

        def ends(directory: Directory, first: int, last: int) -> Ends:
            self.listed.append(Path(directory.path).name)
            self.now_ns += SECOND_NS // 10 if directory.path == str(self.inbox) else 0
            return real(directory, first, last)

        monkeypatch.setattr(newest, "LARGE", 3)
        monkeypatch.setattr(maildir, "ends", ends)

    def put(self, number: int, subject: str = "") -> str:
        """Put a message into the inbox, later for a larger NUMBER, and return the name of its file."""
        identifier = f"2026-03-01T12-00-00.{number:03}Z_pid1_00000000"
        created = f"2026-03-01T12:00:00.{number:03}Z"
        name = f"{identifier}.md"
        temporary = self.inbox / ".amq-temporary"
        temporary.write_bytes(message_file(id=identifier, created=created, subject=subject or str(number)))
        temporary.rename(self.inbox / name)
        return name

    def look(self, *names: str, known: bool = True, seconds: float = 0.0) -> list[str]:
        """Return the subjects after a change of the files NAMES of the inbox; KNOWN: that is all."""
        self.now_ns += int(seconds * SECOND_NS)
        self.listed.clear()
        self.warned.clear()
        changed: Mapping[str, set[str] | None] = {str(self.inbox): set(names) if known else None}
        return [each.subject for each in self._newest.look(3, changed)]


@pytest.fixture
def watched(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Return a queue with messages 1 to 4, at which one look was taken."""
    made = Watched(amq, monkeypatch)
    for number in range(1, 5):
        made.put(number)
    assert made.look(known=False) == ["2", "3", "4"]
    return made


def test_a_name_that_has_come_is_looked_up(watched: Watched, opened: list[str]) -> None:
    name = watched.put(5)
    opened.clear()
    assert watched.look(name) == ["3", "4", "5"]
    assert (watched.listed, opened) == ([], [name.removesuffix(".md")])


def test_a_file_that_is_replaced_is_read_again(watched: Watched) -> None:
    assert watched.look(watched.put(4, "other")) == ["2", "3", "other"]
    assert watched.listed == []


def test_what_is_too_old_to_be_shown_is_not_opened(watched: Watched, opened: list[str]) -> None:
    name = watched.put(1)
    opened.clear()
    assert watched.look(name, ".amq-temporary") == ["2", "3", "4"]
    assert (watched.listed, opened) == ([], [])


def test_an_old_message_does_not_take_the_place_of_one_that_was_missed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the newest one goes between the list and its opening."""
    ends, newest_one = maildir.ends, watched.inbox / watched.put(4)

    def going(directory: Directory, first: int, last: int) -> Ends:
        found = ends(directory, first, last)
        newest_one.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(maildir, "ends", going)
    assert watched.look(known=False) == ["2", "3"]
    assert watched.look(watched.put(0)) == ["2", "3"]
    assert watched.look(seconds=5) == ["1", "2", "3"]


def test_all_of_a_directory_is_shown(watched: Watched) -> None:
    """Also where it has fewer messages than are asked for, and an old one comes."""
    changed = {str(watched.inbox): set[str]()}
    watched._newest.look(9, changed)
    name = watched.put(0)
    watched.listed.clear()
    assert [each.subject for each in watched._newest.look(9, {str(watched.inbox): {name}})] == list("01234")
    assert watched.listed == []


def test_older_messages_move_up(watched: Watched) -> None:
    name = watched.put(3)
    (watched.inbox / name).unlink()
    assert watched.look(name) == ["1", "2", "4"]
    assert watched.listed == ["new"]


def test_one_comes_as_another_goes(watched: Watched) -> None:
    gone, come = watched.put(2), watched.put(5)
    (watched.inbox / gone).unlink()
    assert watched.look(gone, come) == ["3", "4", "5"]
    assert watched.listed == []


def test_without_names_it_is_listed(watched: Watched) -> None:
    watched.put(5)
    assert watched.look(known=False) == ["3", "4", "5"]
    assert watched.listed == ["new"]


def test_an_event_that_was_lost_is_made_up_for(watched: Watched) -> None:
    """After fifty times as long as a list takes, and not at each look before."""
    watched.put(5)
    assert watched.look(seconds=1) == ["2", "3", "4"]
    assert watched.look(seconds=3.8) == ["2", "3", "4"]
    assert watched.look(seconds=0.2) == ["3", "4", "5"]
    assert watched.look(seconds=10) == ["3", "4", "5"]
    assert watched.listed == []


def test_names_that_were_looked_up_are_checked_by_a_list(watched: Watched) -> None:
    name = watched.put(5)
    watched.put(6)
    assert watched.look(name) == ["3", "4", "5"]
    assert watched.look(seconds=5) == ["4", "5", "6"]


def test_another_directory_in_its_place_is_listed(watched: Watched) -> None:
    watched.inbox.rename(watched.inbox.with_name("old"))
    watched.inbox.mkdir()
    name = watched.put(6)
    watched.put(5)
    assert watched.look(name) == ["5", "6"]


def test_an_id_without_a_time_is_not_looked_up(watched: Watched) -> None:
    (watched.inbox / "0.md").write_bytes(message_file(id="0", created="2026-03-02T10:00:00Z", subject="0"))
    assert watched.look("0.md") == ["3", "4", "0"]
    for number in (5, 6):
        assert watched.look(watched.put(number))[-1] == "0"


def test_what_is_not_a_message_is_named_at_each_look(watched: Watched) -> None:
    bad = watched.put(5)
    (watched.inbox / bad).write_bytes(b"nonsense")
    for number in (6, 7):
        assert watched.look(bad, watched.put(number))[-1] == str(number)
        assert any("is not a message" in each for each in watched.warned)
    (watched.inbox / bad).unlink()
    assert watched.look(bad) == ["4", "6", "7"]
    assert watched.warned == []


def test_more_messages_are_asked_for(watched: Watched) -> None:
    changed = {str(watched.inbox): set[str]()}
    assert len(watched._newest.look(4, changed)) == 4


def test_a_small_directory_is_listed(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "LARGE", 100)
    watched.put(5)
    watched.look(known=False)
    watched.put(6)
    assert watched.look() == ["4", "5", "6"]


def test_a_change_within_one_tick_is_seen(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory's times may stay as they were, if it changes again at once."""
    watched.put(5)
    times, now = directories.times(RootedPath(str(watched.inbox))), watched.now_ns
    watched.now_ns = times[2] + 1
    monkeypatch.setattr(directories, "times", lambda _: times)
    watched.look(known=False)
    watched.put(6)
    watched.now_ns = now
    assert watched.look(known=False) == ["4", "5", "6"]
    assert watched.look(known=False) == ["4", "5", "6"]
    assert watched.listed == []


def test_a_link_in_its_place_is_not_followed(watched: Watched, amq: Shell) -> None:
    name = watched.put(5)
    watched.inbox.rename(amq.root / "kept")
    watched.inbox.symlink_to(amq.root / "kept")
    assert watched.look(name) == []
    assert any("link" in each for each in watched.warned)


def test_the_places_are_those_of_the_look(watched: Watched) -> None:
    assert RootedPath(str(watched.inbox)) in watched._newest.places
