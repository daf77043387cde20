"""`amq doctor`: each broken set-up has its own finding, and a fix that loses nothing is made."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amq import __version__
from amq.layout import QueueLayout, RootedPath
from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.record import replace
from amq.runtime import notifier_lock
from amq.runtime.agents import registry as agents_registry
from amq.runtime.agents.registry import NotVettedError
from amq.runtime.agents.version_cache import note_version
from amq.runtime.agents.versions import printed_version
from amq.runtime.drift_file import note_drift
from amq.runtime.private_state import private_state
from amq.runtime.session_info import SessionInfo, write_session
from amq.runtime.verdicts import Verdict, write_verdict
from amq.setup import checks_queue, doctor
from amq.setup.clis import CLIS
from amq.setup.doctor import Context, Found
from amq.setup.finding import Finding
from amq.store import registry
from tests.conftest import Result, Shell, private_directory, run_amq
from tests.runtime.test_git_index import Repository
from tests.setup.conftest import require

NOW = 1_700_000_000_000_000_000
Break = Callable[["World"], Context | None]


class World:
    """A set-up in which nothing is wrong: claude and codex, their CLIs, hooks, and a notifier for each."""

    def __init__(self, place: Path) -> None:
        self.place, self.bin, self.root = place, place / "bin", place / ".agent-mail"
        self.queue = QueueLayout(str(self.root))
        registry.make_queue(self.queue, tracked=False)
        registry.register(self.queue, ["claude", "codex"], NOW)
        self.bin.mkdir()
        self.program("amq", __version__)
        for name, cli in CLIS.items():
            if cli.oldest:
                self.program(name, f"{name} " + ".".join(map(str, cli.oldest)))
        self.program("tmux", "tmux 3.3a")
        for name in (".claude/settings.json", ".codex/hooks.json"):
            (place / name).parent.mkdir()
            (place / name).write_text('{"hooks": "amq hook …"}')
        self.claims = {
            name: notifier_lock.claim(Mailbox(str(self.root), name).state_dir, "run") for name in ("claude", "codex")
        }
        state = os.environ["XDG_STATE_HOME"]
        self.config = Path(state, "config", "amq", "config.toml")
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text("allow_amq = true\n")
        self.not_vetted = ""
        environ = {"PATH": str(self.bin), "HOME": str(place), "XDG_STATE_HOME": state}
        environ["XDG_CONFIG_HOME"] = f"{state}/config"
        machine = replace(doctor.this_machine(environ, str(place), __version__), mounts=lambda: "disk / ext4 rw 0 0\n")
        self.context = Context(machine, str(self.root))

    def program(self, name: str, says: str, status: int = 0) -> None:
        """Put a program on the PATH that prints a text and ends."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
        path.chmod(0o700)

    def machine(self, **changes: Any) -> Context:
        """Return this set-up on another machine."""
        return replace(self.context, machine=replace(self.context.machine, **changes))

    def environ(self, **changes: str) -> Context:
        """Return this set-up in another environment."""
        return self.machine(environ={**self.context.machine.environ, **changes})

    def agent(self, handle: str, *below: str) -> Path:
        """Return a path in a mailbox."""
        return self.root.joinpath("agents", handle, *below)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path)

    def vetting(*_: object) -> list[str]:
        if made.not_vetted:
            raise NotVettedError(made.not_vetted)
        return ["-c", "hooks.state={}"]

    monkeypatch.setattr(agents_registry, "vetting", vetting)
    yield made
    for claim in made.claims.values():
        claim.release()


def test_a_whole_set_up_has_no_findings(world: World) -> None:
    assert list(doctor.examine(world.context)) == []


def test_a_cli_may_be_a_script_without_an_interpreter(world: World) -> None:
    (world.bin / "claude").write_text("echo 1.2.3\n")
    assert printed_version([str(world.bin / "claude"), "--version"], {}, within_s=10) == "1.2.3"


def test_an_agent_in_capitals_is_the_one_that_there_is(world: World) -> None:
    assert list(doctor.examine(world.environ(AM_ME="Claude"))) == []


def nowhere(world: World) -> Context:
    return replace(world.context, root=None, lost=Finding("no queue", "amq init"))


def strangers(world: World) -> Context:
    return world.machine(uid=12345)


def no_meta_directory(world: World) -> None:
    subprocess.run(["mv", world.root / "meta", world.place], check=True)


def writable_for_all(world: World) -> None:
    world.root.chmod(0o777)


def readable_for_all(world: World) -> None:
    world.agent("codex", "inbox", "new").chmod(0o755)


def broken_registry(world: World) -> None:
    Path(world.queue.registry).write_text("{")


def no_registry(world: World) -> None:
    Path(world.queue.registry).unlink()


def only_registered(world: World) -> None:
    subprocess.run(["mv", world.agent("codex"), world.place], check=True)


def only_a_mailbox(world: World) -> None:
    registry.register(world.queue, ["claude"], NOW, replace=True)


def half_a_mailbox(world: World) -> None:
    world.agent("codex", "dlq", "cur").rmdir()


def a_strange_name(world: World) -> None:
    world.agent("Old Claude").mkdir(0o700)


def on_nfs(world: World) -> Context:
    return world.machine(mounts=lambda: f"disk / ext4 rw 0 0\nhost:/x {world.place} nfs4 rw 0 0\n")


def read_only(world: World) -> Context:
    return filled(world, f_flag=os.ST_RDONLY)


def full(world: World) -> Context:
    return filled(world, f_bavail=1)


def out_of_inodes(world: World) -> Context:
    return filled(world, f_favail=3)


def filled(world: World, **changes: int) -> Context:
    """Return this set-up with CHANGES to the real figures of the disk."""
    real = os.statvfs(world.root)
    names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail", "f_flag")
    figures = {**{name: getattr(real, name) for name in (*names, "f_namemax")}, "f_files": 1000, **changes}
    return world.machine(statvfs=lambda _: os.statvfs_result(figures.values()))


def no_watches(world: World) -> Context:
    def watch(_: str) -> None:
        raise OSError(28, "no space left for watches")

    return world.machine(watch=watch)


def no_notifier(world: World) -> None:
    world.claims["codex"].release()
    del world.claims["codex"]
    Mailbox(str(world.root), "claude").send(["codex"], b"hello")


def unread_for_long(world: World) -> None:
    Mailbox(str(world.root), "claude", clock=lambda: NOW).send(["codex"], b"hello", Draft())


def dead_letters(world: World) -> None:
    world.agent("codex", "dlq", "new", "dlq_1_2_3.md").touch(0o600)


def me_is_unknown(world: World) -> Context:
    return world.environ(AM_ME="gemini")


def tracked(world: World) -> None:
    git = Repository(world.place)
    git("add", "-f", str(world.queue.registry))


def no_private_directory(world: World) -> Context:
    return world.environ(XDG_STATE_HOME=str(world.root))


def old_settings(world: World) -> None:
    settings = world.agent("codex", ".amq", "settings.json")
    settings.touch(0o600)
    settings.write_text('{"env": {"KEY": "sk-secret"}}')


def me_is_not_a_handle(world: World) -> Context:
    return world.environ(AM_ME="Claude Code")


def amq_is_missing(world: World) -> None:
    (world.bin / "amq").unlink()


def amq_is_another(world: World) -> None:
    world.program("amq", "amq version 0.9.8")


def a_cli_is_missing(world: World) -> None:
    (world.bin / "codex").unlink()


def a_cli_does_not_start(world: World) -> None:
    world.program("codex", "node: not found", status=127)


def a_cli_is_old(world: World) -> None:
    world.program("claude", "2.1.197 (Claude Code)")


def a_cli_is_untested(world: World) -> None:
    world.program("codex", "codex-cli 99.0.0")


def no_tmux(world: World) -> None:
    (world.bin / "tmux").unlink()


def no_hooks(world: World) -> None:
    world.claims.pop("codex").release()
    (world.place / ".codex" / "hooks.json").write_text("{}")
    (world.place / ".codex" / "config.toml").write_text('[projects."/home/ann/amq"]\ntrust_level = "trusted"\n')


def consent_is_not_settled(world: World) -> None:
    world.config.unlink()


def hooks_are_declined(world: World) -> None:
    world.config.write_text("allow_amq = false\n")


def hooks_are_not_vetted(world: World) -> None:
    world.not_vetted = "its answer is not known"


def the_queue_cannot_be_written(world: World) -> None:
    (world.place / ".codex" / "config.toml").write_text('sandbox_mode = "read-only"')


def consent_cannot_be_read(world: World) -> None:
    world.config.write_text("allow_amq = perhaps")


SET_UPS: dict[Break, tuple[str, str]] = {
    consent_cannot_be_read: ("consent", "config.toml cannot be read"),
    nowhere: ("queue", "no queue"),
    strangers: ("queue", "belongs to another user"),
    no_meta_directory: ("queue", "incomplete"),
    writable_for_all: ("permissions", "can write to 1 of"),
    only_registered: ("registry", "codex is registered but has no mailbox"),
    only_a_mailbox: ("registry", "codex has a mailbox but is not registered"),
    broken_registry: ("registry", "cannot be read"),
    no_registry: ("registry", "the registry is missing"),
    half_a_mailbox: ("mailboxes", "the mailbox of codex is incomplete"),
    read_only: ("filesystem", "read-only"),
    full: ("filesystem", "the disk is full"),
    out_of_inodes: ("filesystem", "3 more files"),
    no_watches: ("watching", "no space left for watches"),
    no_notifier: ("mail", "1 unread for codex, and nothing notifies it"),
    me_is_unknown: ("environment", "AM_ME is gemini"),
    me_is_not_a_handle: ("environment", "not a handle"),
    tracked: ("trust", "tracks it"),
    no_private_directory: ("private", "where agents can write"),
    old_settings: ("private", "may contain keys"),
    amq_is_missing: ("amq", "amq is not on the PATH"),
    amq_is_another: ("amq", "version 0.9.8"),
    a_cli_is_missing: ("agents", "codex is registered, but its CLI is not installed"),
    a_cli_does_not_start: ("agents", "does not start"),
}
WORTH_KNOWING: dict[Break, tuple[str, str]] = {
    readable_for_all: ("permissions", "can read 1 of"),
    a_strange_name: ("mailboxes", "Old Claude"),
    on_nfs: ("filesystem", "nfs4"),
    unread_for_long: ("mail", "has not read it"),
    dead_letters: ("mail", "1 dead letters"),
    a_cli_is_old: ("agents", "2.1.197 is older"),
    a_cli_is_untested: ("agents", "codex 99.0.0 is untested"),
    no_tmux: ("tmux", "tmux is not installed"),
    no_hooks: ("hooks", "codex's own hooks"),
    hooks_are_declined: ("delivery", "would ask you whether to trust them (allow_amq = false in "),
    hooks_are_not_vetted: ("delivery", "and amq cannot vouch for them: its answer is not known"),
    the_queue_cannot_be_written: ("delivery", "codex lacks write access to the queue: its sandbox is read-only"),
    consent_is_not_settled: ("consent", "without asking you; until then codex gets no hooks"),
}


def found(world: World, spoil: Break) -> tuple[Context, list[Found]]:
    context = spoil(world) or world.context
    return context, list(doctor.examine(context))


@pytest.mark.parametrize("spoil", [*SET_UPS, *WORTH_KNOWING])
def test_each_broken_set_up_has_its_own_finding(world: World, spoil: Break) -> None:
    check, text = {**SET_UPS, **WORTH_KNOWING}[spoil]
    _, (only, *others) = found(world, spoil)
    assert [other.check for other in others] == (["registry"] if spoil is no_meta_directory else [])
    assert (only.check, only.finding.wrong) == (check, spoil in SET_UPS)
    assert text in only.finding.text
    assert only.finding.remedy


def test_a_session_that_is_open_may_be_notified(world: World) -> None:
    _, (only,) = found(world, no_notifier)
    remedy = "amq run --as codex -- codex; if it runs: amq wake --me codex --session codex"
    assert only.finding.remedy.endswith(remedy)


FIXED = [
    no_meta_directory, writable_for_all, readable_for_all, no_registry, only_registered, only_a_mailbox, half_a_mailbox,
    old_settings,
]  # fmt: skip


@pytest.mark.parametrize("spoil", [*SET_UPS, *WORTH_KNOWING])
def test_what_loses_nothing_is_fixed(world: World, spoil: Break) -> None:
    context, before = found(world, spoil)
    assert list(doctor.fix(before)) == (before if spoil in FIXED else [])
    if spoil in FIXED:
        assert list(doctor.examine(context)) == []


def test_fixing_the_modes_keeps_links_and_mail(world: World) -> None:
    Mailbox(str(world.root), "claude").send(["codex"], b"hello")
    outside = world.place / "outside"
    outside.touch(0o666)
    world.agent("codex", "inbox", "link").symlink_to(outside)
    (message,) = world.agent("codex", "inbox", "new").iterdir()
    message.chmod(0o644)
    outside.chmod(0o666)
    list(doctor.fix(doctor.examine(world.context)))
    assert message.stat().st_mode & 0o777 == 0o600
    assert outside.stat().st_mode & 0o777 == 0o666
    assert b"hello" in message.read_bytes()


def test_an_agent_with_a_notifier_needs_no_hooks(world: World) -> None:
    no_hooks(world)
    world.claims["codex"] = notifier_lock.claim(RootedPath(str(world.agent("codex", ".amq"))), "run")
    assert list(doctor.examine(world.context)) == []


def test_consent_need_not_be_settled_where_no_agent_asks(world: World) -> None:
    consent_is_not_settled(world)
    registry.register(world.queue, ["gemini"], NOW, replace=True)
    assert "consent" not in {each.check for each in doctor.examine(world.context)}


def test_a_program_that_is_not_as_known_is_a_note(world: World, tmp_path: Path) -> None:
    files = tmp_path / "run"
    files.mkdir()
    private = str(private_directory(world.queue.root, "codex"))
    write_session(private, SessionInfo("none", is_allowed=False, types=True, files=str(files)))
    assert doctor.examine(world.context) == []
    note_drift(str(files), {"key": 2})
    (only,) = doctor.examine(world.context)
    assert only.finding.text == "codex: its program no longer looks as known: the submit key had no effect (2 times)"
    assert ("amq certify" in only.finding.remedy, only.finding.wrong) == (True, False)


def test_a_version_that_failed_is_a_note(world: World) -> None:
    private = private_state(os.environ, ())
    program = shutil.which("codex", path=world.context.machine.environ["PATH"])
    assert program
    note_version(private, program, "9.9.9")
    results = {"ready": "", "idle": "", "dialog": "it was answered", "draft": ""}
    verdict = Verdict("codex", "9.9.9", "", world.context.machine.version, "2026-11-30T10:00:00.000Z", results)
    write_verdict(private, verdict)
    texts = [each.finding.text for each in doctor.examine(world.context)]
    assert texts == ["codex lacks typed lines: amq certify has found a failure: dialog: it was answered"]


def test_a_certified_version_is_not_called_untested(world: World) -> None:
    a_cli_is_untested(world)
    verdict = Verdict("codex", "99.0.0", "", world.context.machine.version, "2026-11-30T10:00:00.000Z", {"ready": ""})
    write_verdict(private_state(os.environ, ()), verdict)
    assert "untested" not in str([each.finding for each in doctor.examine(world.context)])


def test_a_stopped_notifier_is_found(world: World) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")
    world.claims.pop("codex").release()
    state = str(world.agent("codex", ".amq"))
    holder = (
        "from amq.layout import RootedPath; from amq.runtime import notifier_lock as lock; "
        f"c = lock.claim(RootedPath({state!r}), 'run'); print(); input()"
    )
    with subprocess.Popen([sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        (only,) = doctor.examine(world.context)
        assert only.finding.text == f"amq run of codex (process {process.pid}) is stopped"
        process.send_signal(signal.SIGCONT)
        process.communicate()


def test_a_check_that_fails_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Iterator[Finding]:
        raise RuntimeError("oops")

    monkeypatch.setitem(checks_queue.CHECKS, "registry", fails)
    no_tmux(world)
    first, second = doctor.examine(world.context)
    assert (first.check, first.finding.text) == ("registry", "the check failed: internal error")
    assert second.check == "tmux"
    with pytest.raises(RuntimeError):
        doctor.examine(world.environ(AMQ_DEBUG="1"))


def as_its_owner(world: World) -> list[dict[str, Any]]:
    """Return the findings of a user to whom modes apply, even if the tests are root."""
    words = [sys.executable, "-m", "amq", "doctor", "--json"]
    if os.geteuid() == 0:
        require("setpriv")
        words = [shutil.which("setpriv") or "", "--bounding-set=-dac_override,-dac_read_search", *words]
    environ = {**world.context.machine.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = subprocess.run(words, cwd=world.place, env=environ, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["findings"]
    assert "Error" not in done.stdout + done.stderr, "an exception of Python's"
    assert isinstance(found, list)
    return [finding for finding in found if not is_of_the_fake(finding)]


def is_of_the_fake(finding: dict[str, Any]) -> bool:
    """Return whether this is that the Codex of a world, a script, cannot say which hooks it trusts."""
    return finding["check"] == "delivery" and "codex gets no hooks" in str(finding["text"])


@pytest.mark.parametrize("path", ["agents", "agents/codex", "meta/config.json"])
def test_what_cannot_be_read_is_one_finding(world: World, path: str) -> None:
    Mailbox(str(world.root), "claude").send(["codex"], b"hello")
    (world.root / path).chmod(0)
    (only,) = as_its_owner(world)
    (world.root / path).chmod(0o700)
    assert only["text"].endswith(f"Permission denied ({world.root / path})")
    assert "registry" in (only["check"], *only.get("stopped", ())) or path.startswith("agents/")


def test_a_mailbox_that_cannot_be_written_to_is_found(world: World) -> None:
    world.agent("codex", "inbox", "new").chmod(0o500)
    (only,) = as_its_owner(world)
    world.agent("codex", "inbox", "new").chmod(0o700)
    assert only["check"] == "mailboxes"
    assert "you cannot write to the mailbox of codex" in only["text"]


def test_a_queue_that_cannot_be_written_to_is_one_finding(world: World) -> None:
    subprocess.run(["chmod", "-R", "a-w", world.root], check=True)
    (only,) = as_its_owner(world)
    subprocess.run(["chmod", "-R", "u+w", world.root], check=True)
    assert (only["check"], only["text"]) == ("queue", "you cannot write to it")


def test_an_agent_that_cannot_be_started_is_one_finding(world: World) -> None:
    no_notifier(world)
    a_cli_is_missing(world)
    (only,) = doctor.examine(world.context)
    assert only.check == "agents"


def test_an_agent_that_nothing_notifies_is_one_finding(world: World) -> None:
    no_notifier(world)
    (world.place / ".codex" / "hooks.json").write_text("{}")
    (only,) = doctor.examine(world.context)
    assert only.check == "mail"


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("workspace-write", "the queue is outside of codex's sandbox"),
        ("danger-full-access", ""),
    ],
)
def test_a_queue_outside_of_a_sandbox_is_found(world: World, mode: str, says: str) -> None:
    world.claims.pop("codex").release()
    (world.place / ".codex" / "config.toml").write_text(f'sandbox_mode = "{mode}"\n')
    (world.place / "elsewhere").mkdir()
    found = doctor.examine(world.machine(cwd=str(world.place / "elsewhere")))
    assert [says in each.finding.text for each in found if each.check == "sandbox"] == ([True] if says else [])


def test_a_real_directory_can_be_watched(world: World) -> None:
    doctor.this_machine({}, "/", "").watch(str(world.root))
    with pytest.raises(OSError, match="No such file"):
        doctor.this_machine({}, "/", "").watch(str(world.root / "nothing"))


@pytest.mark.parametrize(
    ("path", "kind"), [("/a", "ext4"), ("/home/x", "nfs"), ("/home", "nfs"), ("/home2", "ext4"), ("/my disk/q", "9p")]
)
def test_the_longest_mount_counts(path: str, kind: str) -> None:
    mounts = "d / ext4 rw\nh:/ /home nfs rw\nd /my\\040disk 9p rw\nbroken\n"
    assert checks_queue._kind("/a", "") == ""
    assert checks_queue._kind(path, mounts) == kind


def test_a_remedy_for_a_path_is_what_a_shell_takes(tmp_path: Path) -> None:
    """A user or an agent pastes it unchanged."""
    root = tmp_path / "it's; touch $(here)"
    root.mkdir(0o700)
    root.chmod(0o577)
    machine = replace(doctor.this_machine({}, "/", ""), uid=root.stat().st_uid)
    (loose,) = checks_queue.permissions(str(root), machine)
    subprocess.run(["sh", "-c", loose.remedy], check=True, cwd=tmp_path)
    assert stat.S_IMODE(root.stat().st_mode) == 0o500
    remedies = [found.remedy for found in checks_queue.queue(str(root), replace(machine, uid=machine.uid + 1))]
    assert remedies[0].endswith(f" -R $(id -un) {shlex.quote(str(root))}")
    assert list(tmp_path.iterdir()) == [root]


def test_a_program_without_a_version_in_time_has_none(world: World) -> None:
    world.program("slow", "'; exec /bin/sleep 600; echo '")
    assert printed_version([str(world.bin / "slow"), "--version"], {}, within_s=0.2) == ""


class TestCommand:
    """`amq doctor` at the shell."""

    @pytest.fixture
    def amq(self, amq: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
        """A PATH with nothing but the wanted CLIs: none."""
        (tmp_path / "bin").mkdir()
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        return amq

    def test_what_is_wrong_comes_first_each_with_its_remedy(self, amq: Shell) -> None:
        result = amq("doctor", me=None)
        lines = result.out.splitlines()
        assert (result.code, lines[0]) == (1, f"queue: {amq.root}")
        assert lines[1].startswith("good: queue, permissions")
        assert lines[2] == "WRONG: amq: amq is not on the PATH"
        assert lines[3].startswith("    run scripts/install.sh")
        assert lines[-2].startswith("note: tmux")

    def test_nothing_wrong_is_success(self, world: World) -> None:
        program = f'#!/bin/sh\nexec {sys.executable} -P -m amq "$@"\n'
        (world.bin / "amq").write_text(program)
        done = run_amq(
            "doctor",
            "--json",
            cwd=world.place,
            PATH=str(world.bin),
            HOME=str(world.place),
            XDG_STATE_HOME=os.environ["XDG_STATE_HOME"],
            XDG_CONFIG_HOME=world.context.machine.environ["XDG_CONFIG_HOME"],
        )
        said = json.loads(done.stdout)
        assert (said["root"], said["mended"]) == (str(world.root), [])
        assert [finding for finding in said["findings"] if not is_of_the_fake(finding)] == []
        assert done.returncode == 0

    def test_fix_says_what_it_fixed(self, amq: Shell) -> None:
        amq.root.chmod(0o777)
        result = amq("doctor", "--fix", me=None)
        assert any(line.startswith("fixed: permissions: other users can write") for line in result.out.splitlines())
        assert amq.root.stat().st_mode & 0o777 == 0o700

    def test_json_names_check_and_remedy(self, amq: Shell) -> None:
        finding = amq("doctor", "--json", me=None).value["findings"][0]
        assert set(finding) == {"check", "wrong", "text", "remedy", "fixable"}

    def test_without_a_queue_it_says_where_it_looked(self, shell: Shell) -> None:
        result: Result = shell("doctor", me=None)
        assert result.code == 1
        lines = result.out.splitlines()
        assert lines[0] == "queue: none"
        assert "permissions" not in lines[1]
        assert lines[2].startswith("WRONG: queue: no queue .agent-mail in")
