"""`amq lease`: agents reserve the paths that they edit."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from amq.errors import AmqError, Conflict
from amq.instants import SECOND_NS, format_instant
from amq.layout import QueueLayout
from amq.mail import leasing
from amq.mail.leasing import Place
from amq.mail.mailbox import Mailbox
from amq.runtime import notifier_lock, stat_polling
from amq.runtime.notifier_lock import Claim
from amq.runtime.policy.reasons import Activity
from amq.runtime.policy.schedule import Readiness
from amq.runtime.state_file import StatePublisher
from amq.store import durable, leases, registry
from amq.store.durable import Directory
from tests.cli.test_unreadable import Unreadable
from tests.conftest import Shell, private_directory
from tests.crash import processes
from tests.seeds import SOAK

GOOD = {"path": "a", "top": "/", "repository": "/", "taken": "2026-01-01T00:00:00Z", "for_s": 1}
BAD: tuple[dict[str, object], ...] = (
    {"path": ""}, {"path": 1}, {"for_s": 0}, {"for_s": 86_401}, {"for_s": "1"}, {"taken": "now"}, {"top": None},
    {"why": 1},
)  # fmt: skip
NOT_LEASES: tuple[object, ...] = (
    [],
    "x",
    {"schema": 2, "holder": "bob", "leases": []},
    {"schema": 1, "holder": "carol", "leases": []},
    {"schema": 1, "holder": "bob", "leases": [1]},
    *({"schema": 1, "holder": "bob", "leases": [GOOD | each]} for each in BAD),
)


def file_of(amq: Shell, holder: str) -> Path:
    return amq.root / "meta" / "leases" / f"{holder}.json"


def starts(amq: Shell, holder: str) -> Claim:
    """Return the lock of a process that notifies HOLDER: it runs until that is released."""
    return notifier_lock.claim(Mailbox(str(amq.root), holder).state_dir, "run")


class Bob:
    """An agent that runs, or not."""

    def __init__(self, amq: Shell) -> None:
        self._amq = amq
        self._claim: Claim | None = None

    def starts(self) -> None:
        self._claim = starts(self._amq, "bob")

    def ends(self) -> None:
        if self._claim:
            self._claim.release()
        self._claim = None


@pytest.fixture
def bob(amq: Shell) -> Iterator[Bob]:
    """Bob, who runs in the project."""
    (amq.project / "src").mkdir()
    bob = Bob(amq)
    bob.starts()
    yield bob
    bob.ends()


def takes(amq: Shell, *paths: str, me: str = "bob") -> None:
    amq.ok("lease", "take", *paths, me=me)


def rests(amq: Shell, holder: str, seconds: float) -> None:
    """Make HOLDER have done nothing for SECONDS, also below 0: the clock was set back."""
    then = time.time_ns() - int(seconds * SECOND_NS)
    wire = json.loads(file_of(amq, holder).read_text())
    for lease in wire["leases"]:
        lease["taken"] = format_instant(then)
    file_of(amq, holder).write_text(json.dumps(wire))
    for path in (amq.agent(holder).inbox_cur, amq.agent(holder).sent):
        os.utime(path, ns=(then, then))


def paths_of(amq: Shell, holder: str) -> list[str]:
    return [each["path"] for each in amq("lease", "list", "--json").value if each["holder"] == holder]


def subjects(amq: Shell, me: str) -> list[str]:
    return [each["subject"] for each in amq("list", "--json", me=me).value]


@pytest.mark.usefixtures("bob")
def test_a_lease_is_taken_shown_respected_and_given_back(amq: Shell) -> None:
    assert amq.ok("lease", "take", "src/a.py", "docs", "--why=the lexer", me="bob") == (
        "docs  bob  30m left  the lexer\nsrc/a.py  bob  30m left  the lexer\n"
    )
    refused = amq("lease", "take", "src/a.py")
    assert (refused.code, refused.out) == (1, "")
    assert "src/a.py: bob has a lease on it, 30m left, to the lexer" in refused.err
    assert "ask: amq send --to bob --kind question --subject 'May I edit src/a.py?' --body 'Please" in refused.err
    assert amq("lease", "check", "src/", "--json").code == 1
    assert amq.ok("lease", "check", "src/b.py") == ""
    assert amq.ok("lease", "check", "src/a.py", me="bob") == ""
    assert amq.ok("lease", "free", "src/a.py", me="bob") == "Freed src/a.py\n"
    assert amq.ok("lease", "check", "src/a.py") == ""
    assert amq.ok("lease", "free", "--all", me="bob") == "Freed docs\n"
    assert amq.ok("lease", "free", "--all", me="bob") == amq.ok("lease", "list") == ""
    assert not file_of(amq, "bob").exists()


@pytest.mark.usefixtures("bob")
def test_the_line_that_asks_works(amq: Shell) -> None:
    takes(amq, "src/it's.py")
    asks = amq("lease", "take", "src/it's.py").err.partition("ask: amq ")[2]
    said = subprocess.run(["sh", "-c", f"printf '%s\\n' {asks.strip()}"], capture_output=True, text=True, check=True)
    amq.ok(*said.stdout.splitlines())
    assert subjects(amq, "bob") == ["May I edit src/it's.py?"]


@pytest.mark.usefixtures("bob")
def test_all_of_the_paths_or_none(amq: Shell) -> None:
    takes(amq, "src/")
    assert amq("lease", "take", "docs", "src/deep/a.py", "tests").code == 1
    assert paths_of(amq, "alice") == []
    assert amq("lease", "take", *(f"f{n}" for n in range(101))).code == 2


@pytest.mark.usefixtures("bob")
def test_patterns_and_directories_clash_both_ways(amq: Shell) -> None:
    pairs = (("src/*.py", "src/a.py"), ("src", "src/a.py"), (".", "x"))
    for one, other in (*pairs, *(pair[::-1] for pair in pairs)):
        takes(amq, one)
        assert amq("lease", "take", other).code == 1, (one, other)
        amq.ok("lease", "free", "--all", me="bob")


@pytest.mark.usefixtures("bob")
def test_a_path_is_one_from_everywhere_and_by_every_name(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (amq.project / "link").symlink_to("src")
    takes(amq, "link/a.py")
    assert paths_of(amq, "bob") == ["src/a.py"]
    monkeypatch.chdir(amq.project / "src")
    for name in ("a.py", "../src/./a.py", str(amq.project / "src" / "a.py"), "../link/a.py", "../link/*.py"):
        assert amq("lease", "check", name).code == 1, name


@pytest.mark.usefixtures("bob")
def test_taken_again_a_lease_begins_anew(amq: Shell) -> None:
    takes(amq, "src", "docs")
    amq.ok("lease", "take", "src", "--for=2h", "--why=more", me="bob")
    found = {each["path"]: (each["for_s"], each.get("why")) for each in amq("lease", "list", "--json").value}
    assert found == {"src/": (7200, "more"), "docs": (1800, None)}


def test_a_lease_of_one_that_is_gone_only_warns(amq: Shell, bob: Bob) -> None:
    takes(amq, "src/")
    bob.ends()
    assert amq.ok("lease", "check", "src/a.py") == "src/  bob  gone\n"
    taken = amq("lease", "take", "src/a.py")
    assert taken.code == 0
    assert "you took over src/ from bob, which does not run" in taken.err
    assert "amq does not notify you" in taken.err
    assert subjects(amq, "bob") == ["Your lease on src/ has ended"]
    bob.starts()
    assert paths_of(amq, "bob") == []


@pytest.mark.usefixtures("bob")
def test_one_whose_time_is_over_only_warns_and_its_holder_gets_mail_once_it_is_taken(amq: Shell) -> None:
    takes(amq, "src/", "docs")
    rests(amq, "bob", 1801)
    assert amq.ok("lease", "check", "src/a.py") == "src/  bob  lapsed\n"
    assert subjects(amq, "bob") == []
    assert "was not seen at work" in amq("lease", "take", "src/a.py").err
    assert subjects(amq, "bob") == ["Your lease on src/ has ended"]
    assert paths_of(amq, "bob") == ["docs"]


@pytest.mark.usefixtures("bob")
def test_what_its_holder_does_begins_its_time_anew(amq: Shell) -> None:
    takes(amq, "src/")
    rests(amq, "bob", 1801)
    amq.send(to="carol", me="bob")
    assert amq("lease", "check", "src/").code == 1
    rests(amq, "bob", 1801)
    amq.send(to="bob", me="carol")
    assert amq("lease", "check", "src/").code == 0
    amq.ok("drain", me="bob")
    assert amq("lease", "check", "src/").code == 1


@pytest.mark.usefixtures("bob")
def test_so_does_its_work_as_its_notifier_publishes_it(amq: Shell) -> None:
    takes(amq, "src/")
    rests(amq, "bob", 1801)
    directory = str(private_directory(amq.root, "bob"))
    os.makedirs(directory, exist_ok=True)
    now = stat_polling.now()
    for doing, since, code in (
        (Activity.WORKING, now - 7200, 1), (Activity.IDLE, now - 60, 1), (Activity.IDLE, now - 1900, 0),
        (Activity.ASKS, now - 60, 1), (Activity.UNKNOWN, now, 0), (Activity.STARTING, now - 7200, 1),
    ):  # fmt: skip
        StatePublisher(directory, "run", clock=lambda since=since: since).publish(Readiness(activity=doing))  # type: ignore[misc]
        assert amq("lease", "check", "src/").code == code, (doing, since)


@pytest.mark.usefixtures("bob")
def test_who_shows_the_leases_that_count(amq: Shell) -> None:
    assert "leases" not in amq.ok("who")
    takes(amq, "src/", "docs", "a\nb")
    heading, *lines = amq.ok("who").splitlines()
    assert heading.endswith("  leases")
    assert [line.split("  ")[-1].strip() for line in lines] == ["-", "a^Jb docs +1", "-", "-"]
    assert [each.get("leases") for each in amq("who", "--json").value] == [None, ["a\nb", "docs", "src/"], None, None]
    rests(amq, "bob", 1801)
    assert "leases" not in amq.ok("who")
    file_of(amq, "bob").write_text("{")
    assert "cannot be read" in amq("who").err


def test_who_goes_on_where_leases_cannot_be_looked_at(amq: Shell) -> None:
    (amq.root / "meta" / "leases").symlink_to("/etc")
    shown = amq("who")
    assert (shown.code, "cannot tell the leases" in shown.err) == (0, True)


@pytest.mark.usefixtures("bob")
def test_a_clock_that_jumps_lets_no_lease_last_for_ever(amq: Shell) -> None:
    takes(amq, "src/")
    for seconds, code in ((-1700, 1), (-1900, 0), (-(10**9), 0), (1900, 0)):
        rests(amq, "bob", seconds)
        assert amq("lease", "check", "src/").code == code, seconds


def test_the_user_needs_no_process_that_notifies(amq: Shell) -> None:
    amq.ok("lease", "take", "a", me="user")
    assert amq("lease", "check", "a").code == 1
    assert amq.ok("lease", "free", "--all", "--me=user", me=None) == "Freed a\n"


@pytest.mark.usefixtures("bob")
def test_in_another_work_tree_it_only_warns(amq: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    takes(amq, "src/")
    git = amq.project / ".git" / "worktrees" / "linked"
    git.mkdir(parents=True)
    (git / "HEAD").touch()
    (git / "commondir").write_text("../..")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text(f"gitdir: {git}")
    monkeypatch.chdir(linked)
    assert amq.ok("lease", "check", "src/a.py") == f"src/  bob  30m left  in {amq.project}\n"
    taken = amq("lease", "take", "src/a.py")
    assert (taken.code, paths_of(amq, "bob")) == (0, ["src/"])
    assert f"bob has a lease on src/ in {amq.project}: expect a merge" in taken.err
    assert subjects(amq, "bob") == []
    other = tmp_path / "other"
    (other / ".git").mkdir(parents=True)
    (other / ".git" / "HEAD").touch()
    monkeypatch.chdir(other)
    assert amq.ok("--root", str(amq.root), "lease", "check", "src/a.py") == ""


def test_a_bad_call_is_refused(amq: Shell) -> None:
    long = "a" * 1025
    bad = ("take ../x", "take /etc/passwd", "take", "take a --for=0", "take a --for=25h", "take a --for=x", "free")
    more = ("free a --all", "check ../x", "check", f"take {long}", f"take a --why={long}")
    for words in (*map(str.split, bad + more), ["take", ""], ["take", "a", "--why=a\nb"]):
        assert amq("lease", *words).code == 2, words
    assert not (amq.root / "meta" / "leases").exists()


@pytest.mark.usefixtures("bob")
def test_what_one_does_not_have_cannot_be_freed(amq: Shell) -> None:
    assert amq("lease", "free", "src").code == 3
    assert not (amq.root / "meta" / "leases").exists()
    takes(amq, "src")
    assert "you have no lease on docs" in amq("lease", "free", "src", "docs", me="bob").err
    assert paths_of(amq, "bob") == ["src/"]
    (amq.project / "src").rmdir()
    amq.ok("lease", "free", "src", me="bob")


@pytest.mark.usefixtures("bob")
def test_a_name_with_a_line_end_stays_on_one_line(amq: Shell) -> None:
    takes(amq, "a\nb\x1b[0m")
    assert amq.ok("lease", "list") == "a^Jb^[[0m  bob  30m left\n"
    assert "\x1b" not in amq("lease", "take", "a\nb\x1b[0m").err
    assert amq("lease", "take", b"caf\xe9".decode(errors="surrogateescape"), me="bob").code == 0
    assert len(paths_of(amq, "bob")) == 2


@pytest.mark.usefixtures("bob")
def test_a_broken_file_is_reported_and_stops_only_its_holder(amq: Shell) -> None:
    takes(amq, "docs", me="user")
    file_of(amq, "bob").write_text("{")
    for words in ("list", "check src", "take src"):
        found = amq("lease", *words.split())
        assert found.code == 0
        assert "the leases of bob cannot be read" in found.err
    assert amq("lease", "check", "src", "--strict").code == 1
    assert amq("lease", "take", "x", me="bob").code == amq("lease", "free", "x", me="bob").code == 1
    assert file_of(amq, "bob").read_text() == "{"
    assert amq("lease", "free", "--all", me="bob").code == 0
    assert not file_of(amq, "bob").exists()


@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize("code", ["EACCES", "EIO", "EMFILE"])
def test_leases_that_cannot_be_read_now_are_not_none(amq: Shell, code: str) -> None:
    takes(amq, "src")
    takes(amq, "docs", me="user")
    with Unreadable(code, ("bob.json",)):
        for words in ("take src", "take other", "check src"):
            found = amq("lease", *words.split())
            assert (found.code, "the leases of bob cannot be read now" in found.err) == (1, True), words
            assert "try again" in found.err
        listed = amq("lease", "list")
        assert (listed.code, listed.out) == (0, "docs  user  30m left\n")
        assert amq("lease", "free", "docs", me="user").code == 0
    assert (paths_of(amq, "bob"), paths_of(amq, "alice")) == (["src/"], [])


@pytest.mark.usefixtures("bob")
def test_an_agent_whose_work_tree_is_gone_can_give_its_leases_back(
    amq: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    takes(amq, "src/")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.setenv("AM_ROOT", str(amq.root))
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert amq.ok("lease", "list") == f"src/  bob  30m left  in {amq.project}\n"
    assert "the working directory no longer exists" in amq("lease", "free", "src/", me="bob").err
    assert amq.ok("lease", "free", "--all", me="bob") == "Freed src/\n"


def test_all_that_is_not_a_file_of_leases_is_broken(amq: Shell) -> None:
    takes(amq, "docs", me="user")
    for value in NOT_LEASES:
        file_of(amq, "bob").write_text(json.dumps(value))
        told: list[str] = []
        found = leases.read_leases(QueueLayout(str(amq.root)), lambda holder, _, told=told: told.append(holder))  # type: ignore[misc]
        assert (list(found), told) == (["user"], ["bob"]), value


@pytest.mark.usefixtures("bob")
def test_what_is_not_a_file_hides_no_one_s_leases(amq: Shell) -> None:
    takes(amq, "docs", me="user")
    file = file_of(amq, "bob")
    for make in (
        lambda: os.mkfifo(file), file.mkdir, lambda: file.write_bytes(b" " * (4 << 20) + b"{}"),
        lambda: file.write_bytes(b"[" * 10**5), lambda: file.symlink_to("/dev/zero"),
    ):  # fmt: skip
        make()
        checked = amq("lease", "check", "docs", "src")
        assert (checked.code, "the leases of bob cannot be read" in checked.err) == (1, True)
        assert amq("lease", "take", "src").code == 0
        amq("lease", "free", "src")
        file.rmdir() if file.is_dir() else file.unlink()


def test_without_leases_there_is_nothing_to_say(amq: Shell) -> None:
    assert amq.ok("lease", "list") == amq.ok("lease", "check", "src") == amq.ok("lease", "free", "--all") == ""
    assert not (amq.root / "meta" / "leases").exists()


@pytest.mark.usefixtures("bob")
def test_a_file_that_goes_meanwhile_has_no_leases(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    takes(amq, "src")
    monkeypatch.setattr(durable, "entries", lambda *_: {"carol.json": 1, "bob.json": 1})
    assert amq.ok("lease", "list") == "src/  bob  30m left\n"


def test_a_holder_that_cannot_be_looked_at_counts(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    amq("lease", "take", "src", me="bob")

    def fails(_: object) -> None:
        raise OSError(errno.EIO, "failed")

    monkeypatch.setattr(leasing, "read_notifier", fails)
    assert amq("lease", "check", "src").code == 1


@pytest.mark.usefixtures("bob")
def test_other_files_are_left_alone(amq: Shell) -> None:
    takes(amq, "src")
    place = file_of(amq, "bob").parent
    for name in ("NOT-A-HANDLE.json", "notes.txt", ".amq-1-dead"):
        (place / name).touch()
    (place / "carol.json").symlink_to("/etc/passwd")
    warned = amq("lease", "list").err
    assert ("the leases of carol cannot be read" in warned, "HANDLE" in warned) == (True, False)
    takes_more = amq("lease", "take", "docs", me="bob")
    assert takes_more.code == 0
    assert sorted(os.listdir(place)) == [".lock", "NOT-A-HANDLE.json", "bob.json", "carol.json", "notes.txt"]


def test_a_holder_that_cannot_get_mail_is_a_warning(amq: Shell, bob: Bob) -> None:
    takes(amq, "src")
    bob.ends()
    amq.ok("agent", "remove", "bob")
    taken = amq("lease", "take", "src")
    assert (taken.code, paths_of(amq, "alice")) == (0, ["src/"])
    assert "bob gets no mail about the end" in taken.err


@pytest.mark.usefixtures("bob")
def test_ten_thousand_leases_are_looked_through_in_time(amq: Shell) -> None:
    account = Mailbox(str(amq.root), "alice").account
    where = Place(str(amq.project), str(amq.project))
    many = {
        f"a{who}": [
            leases.Lease(f"a{who}", f"src/{who}/{n}.py", where.top, where.top, time.time_ns(), 60.0)
            for n in range(1000)
        ]
        for who in range(10)
    }
    leases.change_leases(account.queue, lambda _: many, lambda *_: None)
    since = time.monotonic()
    found = leasing.in_the_way(account, where, ["src/**/7*.py", *(f"x{n}" for n in range(3))], lambda _: None)
    assert len(found) == 10 * 111
    assert time.monotonic() - since < 5
    assert amq("lease", "take", "y", me="bob").code == 0
    with pytest.raises(AmqError, match="at most 1000"):
        leases.change_leases(
            account.queue, lambda before: before | {"a0": [*before["a0"], before["a1"][0]]}, lambda *_: None
        )


def test_a_death_leaves_a_path_to_no_one_rather_than_to_two(
    amq: Shell, bob: Bob, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes(amq, "src", "docs")
    bob.ends()
    replace = durable.replace_file

    def dies(directory: Directory, name: str, *rest: str | bytes) -> None:
        if name == "alice.json":
            raise OSError(errno.EIO, "died")
        replace(directory, name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(durable, "replace_file", dies)
    assert amq("lease", "take", "src").code == 1
    assert (paths_of(amq, "alice"), paths_of(amq, "bob")) == ([], ["docs"])


# -- several processes ------------------------------------------------------------------------------------------------

FILES = [f"src/{name}.py" for name in "abcd"]
WANTED = [*([each] for each in FILES), ["src/"], ["src/*.py"], FILES[:2], FILES[2:]]
COVERED = {"src/": FILES, "src/*.py": FILES}


def _work(amq: Shell, marks: Path, me: str, takes: int, gate: tuple[int, int]) -> None:
    """Try until TAKES have succeeded; mark each file while it is leased: a file that has a mark is leased twice.

    GATE is a pipe, at whose end all processes begin.
    """
    claim, chance = starts(amq, me), random.Random(me)
    account = Mailbox(str(amq.root), me).account
    where = Place(str(amq.project), str(amq.project))
    with (marks / "tries").open("ab", buffering=0) as tries:
        os.close(gate[1])
        os.read(gate[0], 1)
        while takes:
            paths = chance.choice(WANTED)
            tries.write(b".")
            with suppress(Conflict):
                leasing.take(account, where, paths, 60, "", lambda _: None)
                takes -= 1
                files = [file for path in paths for file in COVERED.get(path, [path])]
                for file in files:
                    (marks / os.path.basename(file)).touch(exist_ok=False)
                for file in files:
                    (marks / os.path.basename(file)).unlink()
                leasing.free(account, where, None)
    claim.release()


def test_ten_processes_never_have_a_file_twice(amq: Shell, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    each, gate = 1000 if SOAK else 4, os.pipe()
    pids = [processes.start(partial(_work, amq, marks, f"a{number}", each, gate)) for number in _agents(amq, 10)]
    for end in gate:
        os.close(end)
    assert [processes.wait(pid) for pid in pids] == [0] * 10
    assert not SOAK or len((marks / "tries").read_bytes()) > 10 * each, "some were refused"
    assert os.listdir(marks) == ["tries"]


def _agents(amq: Shell, number: int) -> range:
    registry.register(QueueLayout(str(amq.root)), [f"a{each}" for each in range(number)], 0)
    return range(number)


def _take_and_stay(amq: Shell, ready: int) -> None:
    claim = starts(amq, "bob")
    takes(amq, "src")
    os.write(ready, b"x")
    signal.pause()
    claim.release()


def test_a_holder_that_is_killed_blocks_no_one(amq: Shell) -> None:
    ready, tell = os.pipe()
    pid = processes.start(partial(_take_and_stay, amq, tell))
    os.read(ready, 1)
    os.close(ready)
    os.close(tell)
    assert amq("lease", "take", "src").code == 1
    os.kill(pid, signal.SIGKILL)
    processes.wait(pid)
    assert amq("lease", "take", "src").code == 0
