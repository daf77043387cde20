"""Programs that ask the user something, or take single keys: nothing is typed into them.

The real programs run under `amq run`: hosted by themselves, and as children of a shell for whose prompt a line was
allowed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

from amq.mail.mailbox import Mailbox
from amq.runtime.policy.injection import InjectionRules
from tests.pty.user import wait_until
from tests.runtime.run_session import Desk, Session
from tests.seeds import sample
from tests.terminal.terminal_session import require

ANY_BASH = shutil.which("bash") or "bash"  # on the desk's PATH there is another
BASH, PROMPT = (ANY_BASH, "--norc", "--noprofile", "-i"), "in$ "
AT_PROMPT = ("--prompt", PROMPT)
PYTHON = f"{sys.executable} -E -q"
AS_NOBODY = "setpriv --reuid 65534 --regid 65534 --clear-groups " if os.getuid() == 0 else ""

QUESTIONS = {
    "git checkout -p": ("git checkout -p", "Discard this hunk"),
    "git add -p": ("git add -p", "Stage this hunk"),
    "rm -i": ("rm -i work.txt", "remove regular file"),
    "sh read": ('sh -c \'printf "Sure? [y/N] "; read -r it; test "$it" = n || touch done\'', r"\[y/N\]"),
    "read -n1": (f"{ANY_BASH} -c 'read -n1 -p \"Any key \" it; touch done'", "Any key"),
    "read -e": (f"{ANY_BASH} -c 'read -e -p \"Name: \" it; touch done'", "Name: "),
    "select": (f"{ANY_BASH} -c 'select it in one two; do touch done; break; done'", "#\\?"),
    "input()": (f'{sys.executable} -c \'import readline; input("Sure? "); open("done", "w")\'', "Sure\\?"),
    "getpass()": (f'{sys.executable} -c \'import getpass; getpass.getpass(); open("done", "w")\'', "Password"),
    "npm init": ("npm init", "package name"),
    "sudo": (f"{AS_NOBODY}sudo -k touch done", "(?i)password"),
    "less": ("less work.txt", "1"),
    "vim": ("vim -u NONE -i NONE -n work.txt", "1"),
    "fzf": ("ls | fzf > done", "work"),
    "top": ("top", "Tasks"),
    "htop": ("htop", "F1"),
    "python": (PYTHON, ">>> "),
}
FIRST, *OTHERS = QUESTIONS


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository with changes that a letter could discard, where the programs run."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("GIT_PAGER", "cat")
    monkeypatch.setenv("PS1", PROMPT)
    monkeypatch.delenv("HISTFILE", raising=False)
    for name in ("XDG_CONFIG_HOME", "LESS"):
        monkeypatch.delenv(name, raising=False)
    lines = [str(number) for number in range(60)]
    Path("work.txt").write_text("\n".join(lines))
    for words in (["init", "-q"], ["add", "."], ["-c", "user.email=a@b", "-c", "user.name=x", "commit", "-qm", "a"]):
        subprocess.run(["git", *words], check=True)
    lines[4] = lines[49] = "an hour of work"
    Path("work.txt").write_text("\n".join(lines))
    return place


def state(place: Path) -> tuple[list[str], str]:
    """Return everything that a letter could have changed."""
    changed = subprocess.run(["git", "diff", "HEAD", "--stat"], cwd=place, capture_output=True, text=True, check=True)
    staged = subprocess.run(["git", "diff", "--cached"], cwd=place, capture_output=True, text=True, check=True)
    return sorted(os.listdir(place)), changed.stdout + staged.stdout


def shown(session: Session) -> bytes:
    """Return the output since the last call."""
    seen = b""
    while True:
        try:
            seen += session.read_nonblocking(1 << 16, timeout=0)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return seen


def nothing_happens(desk: Desk, session: Session, *reasons: str) -> None:
    """Wait until mail waits for one of REASONS, and check for as long as a line would take that none is typed."""
    wait_until(lambda: {*desk.recorded()[-1:]} & {*reasons}, desk.recorded)
    shown(session)
    silent_until = time.monotonic() + InjectionRules().typing_pause_s + 0.5
    wait_until(lambda: time.monotonic() > silent_until)
    assert desk.recorded()[-1] in reasons
    assert not any(word in shown(session) for word in (b"amq: ", b"drain", b"include-body"))
    assert session.isalive()


def starts(session: Session, command: str) -> None:
    """Start COMMAND in the hosted shell."""
    session.expect_exact(PROMPT)
    session.send(f"{command}\r")
    session.expect_exact("\r\n")


def needed(command: str) -> list[str]:
    names = ("git", "npm", "sudo", "less", "vim", "fzf", "top", "htop", "setpriv")
    return [name for name in names if name in command.split()]


def drain(desk: Desk) -> None:
    """Drain the agent's mail."""
    with Mailbox(desk.root, "tui").drain() as mail:
        assert list(mail)


def told(desk: Desk) -> None:
    """Wait until a line was submitted; programs differ in how they draw it."""
    wait_until(lambda: desk.recorded()[-1:] == ["submitted"], desk.recorded)


@pytest.mark.parametrize("name", [FIRST, *sample(OTHERS, 5, of="questions")])
def test_a_program_that_amq_does_not_know_gets_nothing(desk: Desk, work: Path, name: str) -> None:
    command, asks = QUESTIONS[name]
    require(needed(command))
    session = desk.run("sh", "-c", command, options=("--notice", "osc777"))
    session.expect_exact("amq does not know")
    session.expect(asks)
    before = state(work)
    desk.send()
    session.expect_exact("\x1b]777;notify;amq;")
    nothing_happens(desk, session, "unknown-program")
    assert state(work) == before


@pytest.mark.parametrize("name", sample(QUESTIONS, 3, of="questions in a shell"))
def test_a_program_that_the_hosted_shell_runs_gets_nothing(desk: Desk, work: Path, name: str) -> None:
    command, asks = QUESTIONS[name]
    require(["bash", *needed(command)])
    session = desk.run(*BASH, options=AT_PROMPT)
    starts(session, command)
    session.expect(asks)
    before = state(work)
    desk.send()
    nothing_happens(desk, session, "unknown-screen")
    assert state(work) == before


@pytest.mark.parametrize(
    "command",
    sample(
        [
            pytest.param(f"sh -c 'printf \"{PROMPT}\"; read -r it; touch done'", id="read"),
            pytest.param(f"{ANY_BASH} -c 'read -e -p \"{PROMPT}\" it; touch done'", id="readline"),
            pytest.param(f"{ANY_BASH} -c 'read -n1 -p \"{PROMPT}\" it; touch done'", id="one key"),
            pytest.param(f'{sys.executable} -c \'input("{PROMPT}"); open("done", "w")\'', id="input()"),
            pytest.param(f"{ANY_BASH} --norc --noprofile -i", id="a shell in it"),
        ],
        1,
        of="children",
    ),
)
def test_a_child_that_prints_the_very_prompt_gets_nothing(desk: Desk, work: Path, command: str) -> None:
    """The shell is not in the foreground, which is seen. It gets the line afterwards."""
    session = desk.run(*BASH, options=AT_PROMPT)
    starts(session, command)
    session.expect_exact(PROMPT)
    desk.send()
    nothing_happens(desk, session, "unknown-screen")
    session.send("exit\r")
    told(desk)


@pytest.mark.parametrize(
    "command",
    sample(
        [
            pytest.param(f"read -r -p '{PROMPT}' it; touch done", id="a line"),
            pytest.param(f"read -n1 -p '{PROMPT}' it; touch done", id="one key"),
            pytest.param(f"read -s -p '{PROMPT}' it; touch done", id="a secret"),
            pytest.param(f"PS3='{PROMPT}'; select it in one two; do touch done; break; done", id="a menu"),
        ],
        2,
        of="questions of the shell",
    ),
)
def test_a_question_of_the_shells_own_in_the_words_of_its_prompt_is_known_by_its_mode(
    desk: Desk, work: Path, command: str
) -> None:
    """At its prompt bash takes pastes.

    With `read -e` it does so too: that cannot be distinguished from its prompt.
    """
    session = desk.run(*BASH, options=AT_PROMPT)
    session.expect_exact(PROMPT)
    desk.send()
    told(desk)
    drain(desk)
    session.expect_exact(PROMPT)
    session.send(f"{command}\r")
    session.expect_exact("\r\n")
    session.expect_exact(PROMPT)
    desk.send()
    nothing_happens(desk, session, "unknown-screen")
    assert not (work / "done").exists()


FISH = "function fish_prompt; echo -n '$ '; end; function fish_right_prompt; echo -n $amq_right; end; set fish_greeting"
AT_WORK = {
    "bash": (BASH, PROMPT),
    "dash": (("dash", "-i"), PROMPT),
    "zsh": (("zsh", "-f", "-i", "-o", "no_prompt_sp"), PROMPT),
    "fish": (("fish", "--no-config", "-C", FISH), "$ "),
    "python": (tuple(PYTHON.split()), ">>> "),
    "asks for lines": (("sh", "-c", f"while printf '{PROMPT}'; read -r it; do echo \"got $it\"; done"), PROMPT),
}


@pytest.mark.parametrize("name", sample(AT_WORK, 2, of="prompts"))
def test_a_program_at_its_prompt_is_notified_and_a_draft_is_left_alone(desk: Desk, work: Path, name: str) -> None:
    program, prompt = AT_WORK[name]
    require(program[:1])
    session = desk.run(*program, options=("--prompt", prompt))
    session.expect_exact(prompt)
    desk.send()
    told(desk)
    drain(desk)
    session.send("half")
    session.expect_exact("half")
    desk.send()
    nothing_happens(desk, session, "draft")
    session.send("\x7f" * 4)
    told(desk)


@pytest.mark.parametrize(
    "keys",
    sample(
        [
            pytest.param("if True:\r", id="a block"),
            pytest.param("if True:\r\x1b[A", id="back in a block"),
            pytest.param("\x12", id="a search"),
            pytest.param("input('Sure? ')\r", id="a question"),
            pytest.param("help()\r", id="help"),
        ],
        1,
        of="places in python",
    ),
)
def test_elsewhere_in_python_nothing_is_typed(desk: Desk, work: Path, keys: str) -> None:
    session = desk.run(*PYTHON.split(), options=("--prompt", ">>> "))
    session.expect_exact(">>> ")
    session.send(keys)
    session.expect(r"\.\.\. |search|Sure|help> ")
    desk.send()
    nothing_happens(desk, session, "unknown-screen", "draft")


@pytest.mark.parametrize(
    ("name", "variable"), sample([("zsh", "RPROMPT"), ("fish", "amq_right")], 1, of="right prompts")
)
def test_a_right_prompt_is_not_a_draft(desk: Desk, work: Path, name: str, variable: str) -> None:
    """Any other text behind the cursor is one."""
    program, prompt = AT_WORK[name]
    require(program[:1])
    session = desk.run(*program, options=("--prompt", prompt), **{variable: "12:00"})
    session.expect_exact("12:00")
    desk.send()
    told(desk)
    drain(desk)
    session.send("half")
    session.expect_exact("half")
    session.send("\x01")
    desk.send()
    nothing_happens(desk, session, "draft")


@pytest.mark.parametrize(
    "keys",
    sample(
        [
            pytest.param(["\x12"], id="a search"),
            pytest.param(["echo 'half\r"], id="an open quote"),
            pytest.param(["half \\\r"], id="a line that goes on"),
            pytest.param(["half", "\x01"], id="the cursor at the beginning of a draft"),
            pytest.param(["cat <<end\r"], id="a here-document"),
            pytest.param(["\x1b[200~\nhalf\x1b[201~", "\x1b[A\x01"], id="a draft of two lines"),
        ],
        1,
        of="places in a shell",
    ),
)
def test_elsewhere_in_a_shell_nothing_is_typed(desk: Desk, work: Path, keys: list[str]) -> None:
    session = desk.run(*BASH, options=AT_PROMPT)
    session.expect_exact(PROMPT)
    for each in keys:
        session.send(each)
        time.sleep(0.1)  # as a user presses them
    desk.send()
    nothing_happens(desk, session, "unknown-screen", "draft")


@pytest.mark.parametrize(
    "keys",
    sample(
        [
            pytest.param(["\x1b[D"], id="left"),
            pytest.param(["\x1b[H"], id="home"),
            pytest.param(["\x1b[A", "\x1b[B"], id="up and down"),
            pytest.param(["\x1b[200~abc\x1b[201~", "\x7f\x7f\x7f"], id="a paste, erased"),
            pytest.param(["abc", "\x17"], id="a word, killed"),
            pytest.param(["\x0c"], id="a cleared screen"),
            pytest.param(["你好", "\x7f\x7f"], id="wide characters, erased"),
            pytest.param(["😀", "\x7f"], id="an emoji, erased"),
            pytest.param(["ก็e\u0301", "\x7f\x7f"], id="accents, erased"),
            pytest.param(["\x1bOP"], id="a function key"),
            pytest.param(["\x1b"], id="escape"),
            pytest.param(["\x16"], id="a quoting key"),
            pytest.param(["less work.txt\r", "j", "q"], id="a visit to less"),
        ],
        2,
        of="keys",
    ),
)
def test_a_key_without_effect_blocks_nothing(desk: Desk, work: Path, keys: list[str]) -> None:
    session = desk.run(*BASH, options=AT_PROMPT, LC_ALL="C.UTF-8", LANG="C.UTF-8")
    session.expect_exact(PROMPT)
    for each in keys:
        session.send(each)
        time.sleep(0.1)  # as a user presses them
    desk.send()
    told(desk)
