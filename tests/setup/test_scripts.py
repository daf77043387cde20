"""`scripts/*.sh`: checked by shellcheck, and run in private homes with a private PATH."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pexpect
import pytest

from tests.setup.conftest import TUI, Project, require, wait_until

SCRIPTS = Path(__file__).parents[2] / "scripts"
NEEDED = ("basename", "cat", "dirname", "env", "ln", "mkdir", "readlink", "rm", "sed", "sh")
ENTRY = "[console_scripts]\namq = amq_of_a_test:main\n"
PACKAGE = """\
import sys
def main():
    print({"--version": %r, "man": ".TH AMQ 1"}.get(sys.argv[1], sys.argv[1:]))
"""


def wheel(directory: Path, version: str) -> Path:
    """Build a small wheel with amq's name: its command prints VERSION. A real one needs a network."""
    info = f"agent_message_queue-{version}.dist-info"
    files = {
        "amq_of_a_test.py": PACKAGE % version,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: agent-message-queue\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": ENTRY,
    }
    digests = {name: hashlib.sha256(text.encode()).digest() for name, text in files.items()}
    record = [
        f"{name},sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')}," for name, digest in digests.items()
    ]
    path = directory / f"agent_message_queue-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    return path


class Home:
    """A user's home, and a PATH with the few programs that the scripts need, a Python, and a test's additions."""

    def __init__(self, place: Path) -> None:
        self.place, self.bin = place, place / "programs"
        self.project = place / "my.project"
        self.bin.mkdir()
        self.project.mkdir(exist_ok=True)
        for name in NEEDED:
            (self.bin / name).symlink_to(
                next(path for path in (Path("/bin", name), Path("/usr/bin", name)) if path.exists())
            )
        (self.bin / "python3").symlink_to(sys.executable)
        self.environ = {
            "HOME": str(place), "PATH": str(self.bin), "PIP_NO_INDEX": "1", "SHELL": "/bin/zsh",
            "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"],
        }  # fmt: skip

    def program(self, name: str, script: str) -> None:
        """Put a program on the PATH."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)

    def run(self, script: str, *words: str | Path, code: int = 0, shell: str = "sh", **environ: str) -> str:
        """Run one of amq's scripts, which must exit with CODE; return all its output."""
        done = subprocess.run(
            [shutil.which(shell) or shell, SCRIPTS / script, *words],
            cwd=self.project, env=self.environ | environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=50, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout
        return done.stdout

    def amq_version(self) -> str:
        """Return the version that the installed amq prints."""
        return subprocess.run(
            [self.place / ".local/bin/amq", "--version"], capture_output=True, text=True
        ).stdout.strip()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize(
    "script", [*sorted(SCRIPTS.glob("*.sh")), SCRIPTS.parent / ".ci" / "run"], ids=lambda path: path.name
)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    require("shellcheck")
    done = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.parametrize("script", ["install.sh", "setup-coop.sh"])
def test_help_is_the_head_of_the_script(home: Home, script: str) -> None:
    text = home.run(script, "--help")
    assert f"scripts/{script}" in text
    assert "set -eu" not in text
    assert home.run(script, "--nonsense", code=2) == text


def test_a_virtual_environment_without_uv_and_pipx_and_again_to_upgrade(home: Home) -> None:
    said = home.run("install.sh", wheel(home.place, "1.0"))
    assert f"amq 1.0 is installed: {home.place}/.local/bin/amq" in said
    assert f'export PATH="{home.place}/.local/bin:$PATH"' in said
    assert "~/.zprofile" in said
    assert f"\n    fish_add_path {home.place}/.local/bin\n" in home.run(
        "install.sh", wheel(home.place, "1.0"), SHELL="/usr/bin/fish"
    )
    said = home.run("install.sh", wheel(home.place, "1.1"), PATH=f"{home.place}/.local/bin:{home.bin}")
    assert home.amq_version() == "1.1"
    assert "PATH" not in said
    assert (home.place / ".local/share/man/man1/amq.1").read_text() == ".TH AMQ 1\n"
    remove = said.rpartition("to remove: ")[2]
    subprocess.run(["sh", "-c", remove], check=True, env=home.environ)
    assert [path for path in (home.place / ".local").rglob("*") if not path.is_dir() or path.is_symlink()] == []


TOOL = """\
case "$*" in
    *bin* | *BIN*) echo "$HOME/.local/bin" ;;
    *)
        echo "NAME $*" >> "$HOME/calls"
        mkdir -p "$HOME/.local/bin" "$HOME/WHERE/agent-message-queue/bin"
        printf '#!/bin/sh\\necho 1.0\\n' > "$HOME/WHERE/agent-message-queue/bin/amq"
        /bin/chmod +x "$HOME/WHERE/agent-message-queue/bin/amq"
        ln -sf "$HOME/WHERE/agent-message-queue/bin/amq" "$HOME/.local/bin/amq" ;;
esac"""


def fake(home: Home, name: str, where: str) -> None:
    """Write a fake uv or pipx, which logs its arguments and has the effect of the real one."""
    home.program(name, TOOL.replace("NAME", name).replace("WHERE", where))


def calls(home: Home) -> list[str]:
    """Return the first two words of each call of the fakes."""
    return [" ".join(line.split()[:2]) for line in (home.place / "calls").read_text().splitlines()]


def test_uv_comes_first_then_pipx_and_an_upgrade_takes_what_it_was_installed_with(home: Home) -> None:
    file = wheel(home.place, "1.0")
    fake(home, "pipx", ".local/pipx/venvs")
    assert home.run("install.sh", file).endswith("to remove: pipx uninstall agent-message-queue\n")  # it prints no page
    fake(home, "uv", ".local/share/uv/tools")
    home.run("install.sh", file)
    (home.place / ".local/bin/amq").unlink()
    assert "to remove: uv tool uninstall" in home.run("install.sh", file)
    assert calls(home) == ["pipx install", "pipx install", "uv tool"]
    assert str(file) in (home.place / "calls").read_text()


def test_the_way_can_be_chosen_and_the_index_only_by_an_option(home: Home) -> None:
    for name in ("uv", "pipx"):
        fake(home, name, "x/tools")
    home.run("install.sh", "--with", "pipx", "https://example.org/amq.whl")
    home.run("install.sh", "--with=pipx", "--from-index")
    first, second = (home.place / "calls").read_text().splitlines()
    assert first.endswith(" agent-message-queue[top,page,bridge] @ https://example.org/amq.whl")
    assert second.endswith(" agent-message-queue[top,page,bridge]")


def test_without_a_source_it_is_the_checkout(home: Home) -> None:
    fake(home, "uv", "x/tools")
    home.run("install.sh")
    assert (home.place / "calls").read_text().endswith(f" {SCRIPTS.parent}[top,page,bridge]\n")


def test_a_strange_amq_is_left_alone(home: Home) -> None:
    strange = home.place / ".local/bin/amq"
    strange.parent.mkdir(parents=True)
    strange.write_text("theirs")
    assert "is not ours" in home.run("install.sh", wheel(home.place, "1.0"), code=1)
    assert strange.read_text() == "theirs"


def test_another_amq_that_comes_first_on_the_path_is_named(home: Home) -> None:
    fake(home, "uv", "x/tools")
    home.program("amq", "echo theirs")
    assert f"your shell finds another amq first: {home.bin}/amq" in home.run("install.sh")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--with", "conda"], "no such way"),
        (["nothing.whl"], "there is no nothing.whl"),
        (["--with", "uv", "empty.whl"], "uv could not install"),
    ],
)
def test_what_cannot_be_done_is_said(home: Home, words: list[str], what: str) -> None:
    (home.project / "empty.whl").touch()
    home.program("uv", "exit 2")
    assert what in home.run("install.sh", *words, code=1)
    assert not (home.place / ".local/bin/amq").exists()


OLD = 'case "$*" in --version) echo Python 3.9.18 ;; *) exit 1 ;; esac'
NONE = "amq needs Python 3.11 or newer, and none was found: install one, or set PYTHON to its path"
WITHOUT_VENV = f"""\
case "$*" in
    *ensurepip*) exit 1 ;;
    *) exec {sys.executable} "$@" ;;
esac"""


@pytest.mark.parametrize(
    ("python", "what"),
    [
        ("", NONE),
        (OLD, NONE.replace("none", "only Python 3.9.18")),
        (WITHOUT_VENV, f"on Debian and Ubuntu: sudo apt install python3.{sys.version_info.minor}-venv"),
    ],
    ids=["none", "old", "without-venv"],
)
class TestWithoutPython:
    def test_the_installer_says_so(self, home: Home, python: str, what: str) -> None:
        self.give(home, python)
        assert home.run("install.sh", "--with", "venv", code=1).splitlines()[-1].endswith(what)

    def test_make_says_so_in_one_line_and_downloads_nothing(self, home: Home, python: str, what: str) -> None:
        self.give(home, python)
        require("make")
        words = [str(shutil.which("make")), "demo", f"VENV={home.place}/venv"]
        done = subprocess.run(
            words, cwd=SCRIPTS.parent, env=home.environ, capture_output=True, text=True, timeout=20, check=False
        )
        said, of_make = done.stderr.splitlines()
        assert said.endswith(what)
        assert of_make.startswith("make: ***")
        assert (done.returncode, done.stdout) == (2, "")

    def give(self, home: Home, python: str) -> None:
        (home.bin / "python3").unlink()
        if python:
            home.program("python3", python)


MAKES_VENV = 'echo "$*" >> "$HOME/calls"; case "$*" in *"-m venv"*) mkdir -p "$HOME/venv/bin" ;; esac'


def test_a_newer_python_beside_an_old_one_is_found(home: Home) -> None:
    (home.bin / "python3").unlink()
    home.program("python3", OLD)
    home.program("python3.13", MAKES_VENV)
    words = ("install.sh", "--make-venv", home.place / "venv")
    assert f"making {home.place}/venv with {home.bin}/python3.13" in home.run(*words)
    assert (home.place / "calls").read_text().splitlines()[-1] == f"-I -m venv --clear {home.place}/venv"
    (home.place / "venv/bin/python").symlink_to(home.bin / "python3.13")
    assert home.run(*words) == ""


def test_a_virtual_environment_of_an_old_python_is_made_anew(home: Home) -> None:
    (home.bin / "python3").unlink()
    home.program("python3", MAKES_VENV)
    (home.place / "venv/bin").mkdir(parents=True)
    home.program("old", OLD)
    (home.place / "venv/bin/python").symlink_to(home.bin / "old")
    assert "making" in home.run("install.sh", "--make-venv", home.place / "venv")


def test_no_python_of_the_project_is_run(home: Home) -> None:
    """A user may run the script in a project that they have only cloned."""
    for module in ("venv", "ensurepip", "pip", "sys"):
        (home.project / f"{module}.py").write_text("open('was-run', 'w')")
    home.program("python3.14", f'[ "$3" = venv ] || exec {sys.executable} "$@"')
    (home.bin / "python3").unlink()
    home.run("install.sh", "--make-venv", home.place / "venv")
    assert not (home.project / "was-run").exists()


AMQ = f'exec {sys.executable} -P -m amq "$@"'


def test_set_up_makes_a_queue_and_prints_the_commands(home: Home) -> None:
    home.program("amq", AMQ)
    home.program("claude", "")
    said = home.run("setup-coop.sh", "--print", "--agents", "claude*2,reviewer=claude -c", code=0)
    lines = said.splitlines()
    assert f"Initialized AMQ root at {home.project}/.agent-mail" in lines
    assert lines[-3:] == [
        f"cd {home.project} && amq run --as claude -- claude",
        f"cd {home.project} && amq run --as claude-2 -- claude",
        f"cd {home.project} && amq run --as reviewer -- claude -c",
    ]
    assert "the agents' skill: amq skill install --claude --codex" in lines
    assert not (home.place / ".claude").exists()


def test_set_up_merges_and_installs_the_skill_if_asked(home: Home) -> None:
    home.program("amq", AMQ)
    home.program("claude", "")
    home.run("setup-coop.sh", "--print", "--agents=claude")
    before = home.environ | {"AM_ME": "user"}
    said = home.run("setup-coop.sh", "--print", "--agents=gemini=claude", "--skill")
    assert f"{home.place}/.claude/skills/amq-cli: SKILL.md" in said
    who = subprocess.run(
        [home.bin / "amq", "who"], cwd=home.project, env=before, capture_output=True, text=True, check=True
    )
    assert [line.split()[0] for line in who.stdout.splitlines()] == ["agent", "claude", "gemini", "user"]


def test_set_up_installs_amq_where_there_is_none_or_another(home: Home) -> None:
    home.program("claude", "")
    home.program("amq", "exit 2")
    program = f"printf '#!/bin/sh\\n%s\\n' '{AMQ}' > \"$HOME/.local/bin/amq\"; /bin/chmod +x \"$HOME/.local/bin/amq\""
    fake(home, "uv", "x/tools")
    home.program(
        "uv",
        (home.bin / "uv").read_text()
        + f'\n[ ! -d "$HOME/.local/bin" ] || {{ rm -f "$HOME/.local/bin/amq"; {program}; }}',
    )
    said = home.run("setup-coop.sh", "--print", "--agents=claude", "--amq", wheel(home.place, "1.0"))
    assert "is installed" in said
    assert (home.project / ".agent-mail").is_dir()
    assert "installing" not in home.run("setup-coop.sh", "--print", "--agents=claude")


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_set_up_starts_the_agents_and_a_second_time_only_what_is_missing(coop: Project, home: Home, shell: str) -> None:
    require(shell)
    home.program("amq", AMQ)
    (home.bin / "tmux").symlink_to("/usr/bin/tmux")
    agents = ",".join(f"{name}={sys.executable} {TUI} {coop.log(name)}" for name in ("alice", "bob"))
    words = ("setup-coop.sh", "--agents", agents)
    coop.environ["PATH"] += os.pathsep + str(home.bin)
    said = home.run(*words, shell=shell, TMUX_TMPDIR=coop.environ["TMUX_TMPDIR"])
    assert "alice: started in tmux" in said
    wait_until(lambda: coop.started("alice") and coop.started("bob"))
    said = home.run(*words, shell=shell, TMUX_TMPDIR=coop.environ["TMUX_TMPDIR"])
    assert said.count("already running in tmux") == 2


NOTES_CALLS = """\
case "$*" in
    help*) exit ;;
    *--dry-run) echo "$CHANGE" ;;
    *) echo "$*" >> "$HOME/calls" ;;
esac"""


@pytest.mark.parametrize(
    ("answers", "done"), [("yn", ["skill install --claude --codex"]), ("ny", ["hook install codex"])]
)
def test_set_up_asks_a_user_before_it_touches_an_agents_settings(home: Home, answers: str, done: list[str]) -> None:
    home.program("amq", NOTES_CALLS)
    home.program("codex", "")
    words = [str(SCRIPTS / "setup-coop.sh"), "--agents", "codex"]
    user = pexpect.spawn("/bin/sh", words, cwd=str(home.project), env=home.environ, encoding="utf-8", timeout=30)
    for answer in answers:
        user.expect_exact("[y/N] ")
        user.sendline(answer)
    user.expect(pexpect.EOF)
    user.close()
    assert user.exitstatus == 0
    assert (home.place / "calls").read_text().splitlines() == ["init --agents codex", *done, "coop up --agents codex"]


def test_set_up_shows_a_change_before_it_is_made(home: Home) -> None:
    home.program("amq", AMQ)
    home.program("codex", "")
    words = [str(SCRIPTS / "setup-coop.sh"), "--print", "--agents", "codex", "--no-skill"]
    user = pexpect.spawn("/bin/sh", words, cwd=str(home.project), env=home.environ, encoding="utf-8", timeout=30)
    settings = home.place / ".codex/hooks.json"
    for shown in ("Will you also start codex by itself", f"+++ {settings}"):
        user.expect_exact(shown)
        user.expect_exact("[y/N]")
        assert not settings.exists()
        user.sendline("y")
    user.expect_exact(f"{settings}: changed")
    user.expect(pexpect.EOF)
    user.close()
    assert user.exitstatus == 0
    assert "amq hook codex Stop" in settings.read_text()


def test_set_up_asks_only_for_what_is_missing(home: Home) -> None:
    home.program("amq", NOTES_CALLS)
    home.program("codex", "")
    home.environ["CHANGE"] = f"{home.place}/.codex/hooks.json: nothing to do"
    for place in (".claude", ".agents"):
        skill = home.place / place / "skills" / "amq-cli" / "SKILL.md"
        skill.parent.mkdir(parents=True)
        skill.touch()
    words = [str(SCRIPTS / "setup-coop.sh"), "--agents", "codex"]
    said = str(pexpect.run(shlex.join(["/bin/sh", *words]), cwd=str(home.project), env=home.environ, timeout=30))
    assert "[y/N]" not in said
    assert "hooks:" not in said
    assert (home.place / "calls").read_text().splitlines() == ["init --agents codex", "coop up --agents codex"]


def test_set_up_does_what_its_options_say_without_asking(home: Home) -> None:
    home.program("amq", NOTES_CALLS)
    home.program("codex", "")
    said = home.run("setup-coop.sh", "--agents", "codex", "--hooks", "--no-skill")
    assert "the agents' skill: amq skill install" in said
    assert "hook install codex --yes" in (home.place / "calls").read_text()


class TestShimsForAgents:
    """The scripts that the hooks of an agent may call: thin, and never a failure."""

    @pytest.fixture
    def bob(self, home: Home) -> Home:
        """A project with a queue, in which bob has mail from alice."""
        home.program("amq", AMQ)
        home.environ |= {"AM_ME": "bob", "PATH": f"{home.bin}:/usr/bin:/bin"}
        for words in ("init --here --agents alice,bob", "--me alice send --to bob --subject Hi --body x"):
            subprocess.run([home.bin / "amq", *words.split()], cwd=home.project, env=home.environ, check=True)
        return home

    def test_the_stop_hook_goes_on_with_a_turn_once(self, bob: Home) -> None:
        text = "amq: 1 new message from alice. Run: amq drain --include-body"
        said = json.loads(bob.run("amq-stop-hook.sh"))
        assert said == {"hookSpecificOutput": {"hookEventName": "Stop", "additionalContext": text}}
        assert json.loads(bob.run("amq-stop-hook.sh")) == {"decision": "approve"}

    def test_the_session_start_hook_says_who_is_who_and_sets_the_environment(self, bob: Home) -> None:
        file = bob.place / "env.sh"
        said = json.loads(bob.run("claude-session-start.sh", CLAUDE_ENV_FILE=str(file)))
        assert "You are `bob`" in said["hookSpecificOutput"]["additionalContext"]
        assert "Others: alice" in said["hookSpecificOutput"]["additionalContext"]
        assert file.read_text() == f"export AM_ROOT={bob.project}/.agent-mail\nexport AM_ME=bob\n"

    def test_the_notify_script_notifies_the_user(self, bob: Home) -> None:
        bob.program("notify-send", "")
        event = '{"type": "agent-turn-complete"}'
        assert bob.run("codex-amq-notify.py", event, shell=sys.executable) == "alice: Hi\n"
        assert (bob.project / ".agent-mail" / "meta" / "amq-bulletin.json").exists()

    @pytest.mark.parametrize(
        ("script", "said"),
        [
            ("amq-stop-hook.sh", '{"decision": "approve"}\n'),
            ("claude-session-start.sh", ""),
            ("codex-amq-notify.py", ""),
        ],
    )
    @pytest.mark.parametrize("amq", [None, "exit 70", "kill -9 $$"])
    def test_without_a_working_amq_no_agent_fails(self, home: Home, script: str, said: str, amq: str | None) -> None:
        if amq:
            home.program("amq", amq)
        shell = sys.executable if script.endswith(".py") else "sh"
        assert home.run(script, shell=shell) == said
