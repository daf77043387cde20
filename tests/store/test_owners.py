"""Ownership of files made in another user's queue: they are that user's before they are visible, or are not made."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from amq.errors import UnsafePath
from amq.layout import RootedPath
from amq.mail import offering
from amq.mail.mailbox import Mailbox
from amq.record import replace
from amq.runtime import notifier_lock
from amq.store import durable, locks
from amq.store.durable import Directory, Syscalls
from tests.conftest import Shell
from tests.crash.seam import Watched, WithoutLinks
from tests.crash.tools import missing
from tests.samples import message_file
from tests.store.users import GROUP, OTHER, USER, give, not_theirs

if TYPE_CHECKING:
    pass


class Looking(Watched):
    """A seam that checks after each step that no file with a public name is root's."""

    def __init__(self, top: Path, real: Syscalls | None = None) -> None:
        super().__init__(real)
        self.early: set[str] = set()
        self._top = top

    def take(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Take the step, then check."""
        result = super().take(name, arguments)
        self.early.update(
            f"{path} at {name}"
            for path in not_theirs(self._top)
            if os.path.basename(os.path.dirname(path)) != "tmp"
            and not os.path.basename(path).startswith((".amq-", ".presence."))
        )
        return result


def _bad(amq: Shell) -> None:
    amq.put("bad.md", b"no message", handle="alice")
    give(amq.project)


def _letter(amq: Shell) -> None:
    amq.put("bad.md", b"no message", handle="alice")
    amq.ok("drain", me="alice")
    give(amq.project)


def _asks(amq: Shell) -> None:
    amq.put("asks.md", message_file(b"x", id="asks", **{"from": "bob", "to": ["alice"], "ack_required": True}), "alice")
    give(amq.project)


def _fifo(amq: Shell) -> None:
    os.mkfifo(Path(amq.agent("alice").inbox_new, "pipe.md"))
    give(amq.project)


def _without_mailboxes(amq: Shell) -> None:
    for handle in ("bob", "carol"):
        shutil.rmtree(amq.root / "agents" / handle)


def _nothing(_: Shell) -> None:
    pass


CALLS: dict[str, tuple[str, Callable[[Shell], None]]] = {
    "send": ("send --to bob --body=x", _nothing),
    "send to many": ("send --to bob,carol --thread t --body=x", _nothing),
    "send to an agent without a mailbox": ("send --to bob,carol --thread t --body=x", _without_mailboxes),
    "send and create": ("send --to dan --create --body=x", _nothing),
    "reply": ("reply --id asks --body=x", _asks),
    "drain with acknowledgements": ("drain --include-body", _asks),
    "drain a bad message": ("drain", _bad),
    "drain what can only be moved": ("drain", _fifo),
    "ack": ("ack --id asks", _asks),
    "presence": ("presence set --status busy --note x", _nothing),
    "retry": ("dlq retry --all", _letter),
    "read a dead letter": ("dlq list", _letter),
    "one more agent": ("init --agents dan", _nothing),
    "exactly these agents": ("init --agents alice,erin --force", _nothing),
    "cleanup": ("cleanup --tmp-older-than 0 --yes", _nothing),
    "monitor": ("monitor --timeout 1s", _asks),
    "doctor": ("doctor --fix", _without_mailboxes),
    "who": ("who", _nothing),
}


@pytest.mark.parametrize("without_links", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_all_that_root_makes_is_theirs_before_it_is_seen(theirs: Shell, name: str, without_links: bool) -> None:
    words, prepare = CALLS[name]
    prepare(theirs)
    with Looking(theirs.root, WithoutLinks() if without_links else None) as looking:
        result = theirs(*words.split())
    assert result.code in (0, 1), result.err
    assert looking.log
    assert looking.early == set()
    assert not_theirs(theirs.root) == []
    modes = [stat.S_IMODE(path.lstat().st_mode) for path in theirs.root.rglob("*") if path.is_dir()]
    assert set(modes) == {0o700}


def test_a_new_queue_in_their_project_is_theirs(shell: Shell) -> None:
    if os.geteuid() != 0:
        missing("root")
    give(shell.project)
    with Looking(shell.project) as looking:
        shell.ok("init", "--agents", "alice,bob")
    assert looking.early == set()
    assert not_theirs(shell.root) == []


@pytest.mark.parametrize("words", ["hook install claude --yes", "skill install --claude"])
@pytest.mark.parametrize("there", ["", ".claude"])
def test_what_root_installs_in_their_home_is_theirs(
    theirs: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str, there: str
) -> None:
    home = tmp_path / "theirs"
    (home / there).mkdir(parents=True)
    give(home)
    monkeypatch.setenv("HOME", str(home))
    assert theirs(*words.split()).code == 0
    assert len([*home.rglob("*")]) > 1
    assert not_theirs(home) == []


def test_the_file_that_names_the_notifier_is_theirs(theirs: Shell) -> None:
    with Looking(theirs.root) as looking:
        claim = notifier_lock.claim(Mailbox(str(theirs.root), "alice").state_dir, "run")
    assert looking.early == set()
    assert not_theirs(theirs.root) == []
    claim.release()


def test_the_record_of_an_offer_is_theirs(theirs: Shell) -> None:
    """Their own drains open it, whether a receipt has come or not."""
    theirs.send(to="alice", me="bob")
    account = Mailbox(str(theirs.root), "alice").account
    with Looking(theirs.root) as looking:
        with offering.hold(account, ()) as mail:
            for _ in mail.batches():
                offer = mail.leave_offered("prompt", "s", "t", "/history", 0)
        taken = replace(offer, state=offering.TAKEN)
        offering.change(account, offer, taken)
        offering.lapse(account, taken)
    assert looking.early == set()
    assert not_theirs(theirs.root) == []
    assert "Redelivered" in theirs.ok("drain", me="alice")


def test_a_lock_that_another_was_faster_to_make(theirs: Shell) -> None:
    """Root finds it when it publishes its own."""
    state = Mailbox(str(theirs.root), "alice").state_dir
    with Directory(state) as directory:
        (theirs.root / "agents/alice/.amq/lock").write_bytes(b"")
        durable.close(locks._make_lock_for_owner(directory, "lock"))
    assert sorted(os.listdir(state)) == ["lock"]


def test_what_root_has_left_behind_makes_its_new_files_no_less_theirs(theirs: Shell) -> None:
    """The directories are root's, from before: the new file's owner is that of the queue, not of them."""
    for name in ("tmp", "new"):
        os.chown(theirs.root / "agents/bob/inbox" / name, 0, 0)
    identifier = theirs.send()
    assert (theirs.root / f"agents/bob/inbox/new/{identifier}.md").stat().st_uid == USER


def test_root_tightens_only_what_is_theirs(theirs: Shell, tmp_path: Path) -> None:
    """A file of root's may have a second name in their queue."""
    (tmp_path / "roots").touch(0o644)
    inside = theirs.root / "agents/bob/inbox/new/x.md"
    os.link(tmp_path / "roots", inside)
    (theirs.root / "agents/bob/presence.json").touch(0o644)
    os.chown(theirs.root / "agents/bob/presence.json", USER, GROUP)
    theirs("doctor", "--fix")
    assert stat.S_IMODE((tmp_path / "roots").stat().st_mode) == 0o644
    assert stat.S_IMODE((theirs.root / "agents/bob/presence.json").stat().st_mode) == 0o600


def test_nothing_is_left_where_it_cannot_be_given(theirs: Shell) -> None:
    """A container may lack the right to give a file away."""

    class Incapable(Syscalls):
        def chown(self, *_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

    before = sorted(map(str, theirs.root.rglob("*")))
    with Watched(Incapable()):
        for words in ("send --to bob --body=x", "init --agents dan", "presence set --status=x", "drain"):
            assert theirs(*words.split()).code == 1
    assert sorted(map(str, theirs.root.rglob("*"))) == before
    assert not_theirs(theirs.root) == []


# -- a user who is not root --------------------------------------------------------------------------------------------


@pytest.fixture
def shared() -> Iterator[Path]:
    """A project that all users can access."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        missing("root and setpriv")
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        yield Path(place)


def _by(user: int, place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call `amq` as USER in PLACE."""
    setpriv = ("setpriv", f"--reuid={user}", f"--regid={GROUP}", "--clear-groups")
    packages = os.pathsep.join((str(Path(__file__).parents[2]), *filter(None, sys.path)))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "PYTHONPATH": packages,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [*setpriv, os.path.realpath(sys.executable), "-m", "amq", *words],
        cwd=place, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def _open_to_the_group(top: Path) -> None:
    for path in (top, *top.rglob("*")):
        path.chmod(0o770 if path.is_dir() else 0o640)


def test_a_user_uses_its_queue_after_root_did(shared: Path, theirs: Shell) -> None:
    """The whole way, as processes: mail sent by root is read, and a lock or record made by root is used again."""
    root = shared / "project" / ".agent-mail"
    shutil.copytree(theirs.project, shared / "project")
    give(shared / "project")
    place = shared / "project"
    assert _by(0, place, "--me", "alice", "send", "--to", "bob", "--body", "from root").returncode == 0
    assert "from root" in _by(USER, place, "--me", "bob", "drain", "--include-body").stdout
    for words in ("drain", "presence set --status x", "list", "send --to bob --body y", "init --agents alice,bob,dan"):
        assert _by(0, place, "--me", "alice", *words.split()).returncode == 0
    for words in ("drain", "presence set --status y", "send --to dan --body z", "init --agents erin", "who"):
        done = _by(USER, place, "--me", "alice", *words.split())
        assert (done.returncode, done.stderr.replace("amq: using", "")) == (0, done.stderr.replace("amq: using", ""))
    assert not_theirs(root) == []


def test_another_user_writes_nothing_that_its_reader_could_not_read(shared: Path, theirs: Shell) -> None:
    place = shared / "project"
    shutil.copytree(theirs.project, place)
    give(place)
    place.chmod(0o777)
    _open_to_the_group(place / ".agent-mail")
    assert _refused_process(_by(OTHER, place, "--me", "alice", "list"))
    before = sorted(map(str, place.rglob("*")))
    for words in (
        "send --to bob --body x",
        "drain",
        "presence set --status x",
        "init --agents dan",
        "init --agents bob",
    ):
        done = _by(OTHER, place, "--trust-root", "--me", "alice", *words.split())
        if words == "init --agents bob":  # which finds all there
            continue
        assert done.returncode == 1, words
        assert "this user cannot write" in done.stderr or "Permission denied" in done.stderr, words
    assert sorted(map(str, place.rglob("*"))) == before
    assert _by(OTHER, place, "--trust-root", "--me", "alice", "list").returncode == 0


def _refused_process(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode == 1 and "belongs to another user" in done.stderr


def test_a_filesystem_that_makes_everything_the_owners_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some filesystems know no owners, and show all files as the mount's."""
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    owner = (tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    fd = os.open(tmp_path, os.O_RDONLY)
    durable.give(owner, fd)
    with pytest.raises(UnsafePath, match="this user cannot write"):
        durable.give((OTHER + 1, 0), fd)
    os.close(fd)


def test_files_of_two_owners_are_not_one(tmp_path: Path) -> None:
    """A link would give the second owner the first one's file."""
    with Directory(RootedPath(str(tmp_path))) as ours, Directory(RootedPath(str(tmp_path))) as anothers:
        anothers.owner = (OTHER, OTHER)
        durable.close(durable.write_new(ours, "x", b""))
        assert not durable.link(ours, "x", anothers, "y")
        if os.geteuid() == 0:
            durable.publish_new(ours, "temporary", anothers, "z", b"")
            assert (tmp_path / "z").stat().st_uid == OTHER
