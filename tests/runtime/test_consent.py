"""The user's consent, in their configuration file, and how one line of that file is changed."""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.cli.commands import coop_up
from amq.cli.output import Output
from amq.errors import AmqError
from amq.runtime import question
from amq.runtime.consent import KEY, is_amq_allowed, recorded_answer
from amq.runtime.private_state import PrivateState
from amq.runtime.user_config import config_path, with_answer
from amq.setup.agent_specs import AgentSpec
from amq.setup.coop import Coop
from amq.setup.user_config import answering
from tests.conftest import Shell

PLACE = "/var/tmp"  # the usual temporary directory is no place for the user's word


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=PLACE, prefix="amq-") as directory:
        yield Path(directory)


def written(home: Path, text: str | bytes) -> dict[str, str]:
    """Write TEXT into the configuration file; return the environment that names it."""
    environ = {"XDG_CONFIG_HOME": str(home)}
    path = Path(config_path(environ))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return environ


@pytest.mark.parametrize("text", ["", "allow_amq = true\n", "allow_amq = false\n", "]"])
def test_an_option_is_the_last_word(home: Path, text: str) -> None:
    environ = written(home, text)
    assert is_amq_allowed(environ, True)
    assert not is_amq_allowed(environ, False)
    assert is_amq_allowed(environ, True).why == "--allow-amq"


@pytest.mark.parametrize(("text", "yes"), [("allow_amq = true", True), ("allow_amq = false", False), ("", False)])
def test_the_file_is_the_next(home: Path, text: str, yes: bool) -> None:
    found = is_amq_allowed(written(home, text), None)
    assert (bool(found), found.is_fault) == (yes, False)
    assert str(home) in found.why


@pytest.mark.parametrize("environ", [{}, {"HOME": "relative"}, {"HOME": "/var/tmp/amq-no-home"}])
def test_without_a_file_the_answer_is_no(environ: dict[str, str]) -> None:
    found = is_amq_allowed(environ, None)
    assert (bool(found), found.is_fault) == (False, False)
    assert "--allow-amq" in found.why


@pytest.mark.parametrize(
    "text",
    [
        *("allow_amq = true\n]", "allow_amq = true\nallow_amq = true", 'allow_amq = "true"', "allow_amq = 1"),
        *(b"allow_amq = true\n# \xff", "\ufeffallow_amq = true", "allow_amq = true\nx = " + "[" * 99_999),
    ],
)
def test_what_cannot_be_read_is_a_no_that_names_the_file(home: Path, text: str | bytes) -> None:
    environ = written(home, text)
    found = is_amq_allowed(environ, None)
    assert (bool(found), found.is_fault) == (False, True)
    assert config_path(environ) in found.why


def test_a_fifo_is_not_waited_for(home: Path) -> None:
    environ = written(home, "")
    os.unlink(config_path(environ))
    os.mkfifo(config_path(environ))
    assert is_amq_allowed(environ, None).is_fault


def test_a_file_that_others_can_write_is_a_no(home: Path) -> None:
    environ = written(home, "allow_amq = true")
    os.chmod(config_path(environ), 0o664)
    assert "other users can write" in is_amq_allowed(environ, None).why
    os.chmod(config_path(environ), 0o644)
    os.chmod(home / "amq", 0o777)
    assert "can be changed by other users" in is_amq_allowed(environ, None).why


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_a_no(home: Path) -> None:
    environ = written(home, "allow_amq = true")
    os.chown(config_path(environ), 12345, -1)
    assert "another user" in is_amq_allowed(environ, None).why


def test_a_file_where_agents_work_is_a_no(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository could bring one along."""
    (home / "project").mkdir()
    environ = written(home / "project", "allow_amq = true")
    assert is_amq_allowed(environ, None)
    monkeypatch.chdir(home / "project")
    assert is_amq_allowed(environ, None).is_fault


def test_a_link_into_the_place_where_agents_work_is_a_no(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = written(home, "allow_amq = true")
    (home / "project").mkdir()
    os.rename(config_path(environ), home / "project" / "config.toml")
    os.symlink(home / "project" / "config.toml", config_path(environ))
    assert is_amq_allowed(environ, None)
    monkeypatch.chdir(home / "project")
    assert is_amq_allowed(environ, None).is_fault


@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "allow_amq = {}\n"),
        ("# mine\n\n[notify]\nx = 1", "allow_amq = {}\n# mine\n\n[notify]\nx = 1"),
        ("[notify]\r\nx = 1\r\n", "allow_amq = {}\r\n[notify]\r\nx = 1\r\n"),
        ("x = 1\nallow_amq  =  true # why\n[t]\n", "x = 1\nallow_amq  =  {} # why\n[t]\n"),
        ('"allow_amq" = false', '"allow_amq" = {}'),
        ("[t]\nallow_amq = true\n", "allow_amq = {}\n[t]\nallow_amq = true\n"),
        (
            'x = """\nallow_amq = true\n"""\nallow_amq = true\n[t]\nallow_amq = true',
            'x = """\nallow_amq = true\n"""\nallow_amq = {}\n[t]\nallow_amq = true',
        ),
    ],
)
def test_only_the_answer_is_changed(before: str, after: str, answer: bool) -> None:
    assert with_answer(before, KEY, answer) == after.format(str(answer).lower())


@pytest.mark.parametrize("text", ["]", "allow_amq = 1\n", "allow_amq.x = true"])
def test_a_file_that_cannot_be_edited_is_left_alone(home: Path, text: str) -> None:
    environ = written(home, text)
    with pytest.raises(AmqError, match="left it unchanged") as raised:
        answering(environ, KEY, True)
    assert "allow_amq = true" in raised.value.hint
    assert Path(config_path(environ)).read_text() == text


@given(st.text(st.sampled_from("ab=\"'\n\r[]#{}., ") | st.characters(codec="utf-8"), max_size=40), st.booleans())
def test_whatever_is_in_the_file_stays(text: str, answer: bool) -> None:
    try:
        before = tomllib.loads(text)
    except ValueError:
        return
    if KEY not in before:
        after = with_answer(text, KEY, answer)
        assert after.endswith(text)
        assert tomllib.loads(after) == {**before, KEY: answer}
        assert with_answer(after, KEY, not answer).endswith(text)


def test_an_answer_is_kept(home: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(home / "new")}
    answering(environ, KEY, True).write()
    assert recorded_answer(environ) is True
    answering(environ, KEY, False).write()
    assert Path(config_path(environ)).read_bytes() == b"allow_amq = false\n"


def test_a_link_stays_one(home: Path) -> None:
    environ = written(home, "# mine\n")
    os.rename(config_path(environ), home / "dotfile")
    os.symlink(home / "dotfile", config_path(environ))
    answering(environ, KEY, True).write()
    assert os.path.islink(config_path(environ))
    assert (home / "dotfile").read_text() == "allow_amq = true\n# mine\n"


class Settled:
    """The questions and warnings of one `coop up`, and whether the agents in its panes may use amq unasked."""

    def __init__(self, environ: dict[str, str], answer: bool | None, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environ, self.asked, self.warned = environ, list[str](), list[str]()
        out = Output(json=False)
        monkeypatch.setattr(out, "warn", self.warned.append)

        def ask(text: str, _: Callable[[str], None]) -> bool | None:
            self.asked.append(text)
            return answer

        monkeypatch.setattr(question, "ask", ask)
        coop = Coop("/q", {"PATH": "/bin", **environ}, PrivateState(""))
        coop_up._settle_consent(coop, environ, out)
        self.panes_are_allowed = "--allow-amq" in coop._command(AgentSpec("claude", ("claude",)))


@pytest.mark.parametrize("answer", [True, False])
def test_coop_up_asks_once(home: Path, monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    environ = {"XDG_CONFIG_HOME": str(home)}
    settled = Settled(environ, answer, monkeypatch)
    (text,) = settled.asked
    for part in ("mail commands without asking", "Codex take amq's hooks", f"allow_amq in {home}", "[y/N]"):
        assert part in text
    assert recorded_answer(environ) is answer
    assert not settled.panes_are_allowed, "they read the file"
    assert not Settled(environ, not answer, monkeypatch).asked
    assert recorded_answer(environ) is answer


def test_a_question_that_is_not_answered_is_asked_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"XDG_CONFIG_HOME": str(home)}
    for _ in "ab":
        assert Settled(environ, None, monkeypatch).asked
    assert recorded_answer(environ) is None


def test_nothing_is_asked_where_the_file_has_to_be_fixed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settled = Settled(written(home, "]"), True, monkeypatch)
    assert (settled.asked, settled.panes_are_allowed) == ([], False)
    assert config_path(settled.environ) in settled.warned[0]


@pytest.mark.parametrize("environ", [{}, {"XDG_CONFIG_HOME": "/tmp"}, {"XDG_CONFIG_HOME": "/proc/self/environ"}])
def test_nothing_is_asked_where_no_answer_would_count(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    settled = Settled(environ, True, monkeypatch)
    assert (settled.asked, settled.panes_are_allowed) == ([], False)


@pytest.mark.parametrize("answer", [True, False])
def test_the_panes_get_a_yes_that_cannot_be_kept(home: Path, monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    (home / "amq").symlink_to("/proc/self")
    settled = Settled({"XDG_CONFIG_HOME": str(home)}, answer, monkeypatch)
    assert settled.panes_are_allowed is answer
    assert "not kept" in settled.warned[0]


@pytest.mark.parametrize(
    ("words", "asks"),
    [([], True), (["--no-ask"], False), (["--agents", "gemini"], False), (["--print"], False)],
)
def test_it_is_asked_for_agents_that_ask_by_themselves(
    amq: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str], asks: bool
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(coop_up, "_settle_consent", lambda *found: asked.append(found))
    monkeypatch.setattr(Coop, "up", lambda *_: [])
    amq("coop", "up", *words, me=None)
    assert bool(asked) is asks
