"""The user's choice of notices: what their file may hold, what it may not, and what `amq config show` says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amq.errors import UsageError
from amq.runtime.notice_settings import KINDS, NoticeSettings, chosen
from tests.conftest import Shell
from tests.runtime.test_consent import home, written

__all__ = ["home"]


def test_an_option_wins_over_the_file_and_the_file_over_the_default(home: Path) -> None:
    environ = written(home, '[notify]\nnotice = "desktop"\n')
    assert chosen(environ) == (NoticeSettings("desktop"), [])
    assert chosen(environ, "osc9") == (NoticeSettings("osc9"), [])
    assert chosen(written(home, ""), None) == (NoticeSettings("bell"), [])


def test_a_command_is_split_into_words_without_a_shell(home: Path) -> None:
    environ = written(home, """[notify]\ncommand = "say 'it works' $HOME; ls"\n""")
    words = ("say", "it works", "$HOME;", "ls")
    assert chosen(environ) == (NoticeSettings(command=words), [])
    assert chosen(environ, None, "tell") == (NoticeSettings(command=("tell",)), [])
    assert chosen(environ, "off", "") == (NoticeSettings("off"), [])


def test_a_command_that_cannot_be_split_is_a_usage_error(home: Path) -> None:
    with pytest.raises(UsageError, match="it cannot be split into words: no closing quotation"):
        chosen(written(home, ""), None, "say 'it")


@pytest.mark.parametrize("kind", KINDS)
def test_each_signal_may_be_in_the_file(home: Path, kind: str) -> None:
    assert chosen(written(home, f'notify.notice = "{kind}"\n')) == (NoticeSettings(kind), [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[notify]\nnotice = "beep"\n', "notify.notice is 'beep'; allowed: bell, osc9, osc777, osc99, desktop, off"),
        ("[notify]\nnotice = true\n", "notify.notice is True; allowed: bell"),
        ("[notify]\nnotice = [1]\n", "notify.notice is [1]; allowed: bell"),
        ("[notify]\ncommand = 1\n", "notify.command is 1; allowed: a program and its arguments in one text"),
        ('[notify]\ncommand = "a\\u0000b"\n', "notify.command is 'a\\x00b'; allowed: a program"),
        ("""[notify]\ncommand = "say 'it"\n""", "it cannot be split into words: no closing quotation"),
        ("notify = 1\n", "notify is not a table; write its keys below a line [notify]"),
        ("]", "cannot be read"),
    ],
)
def test_what_is_not_allowed_is_said_and_does_not_count(home: Path, text: str, said: str) -> None:
    settings, faults = chosen(written(home, text))
    assert settings == NoticeSettings()
    assert [str(home / "amq" / "config.toml") in fault and said in fault for fault in faults] == [True]


def test_a_file_that_agents_can_change_does_not_count(home: Path) -> None:
    environ = written(home, '[notify]\nnotice = "off"\n')
    os.chmod(home / "amq" / "config.toml", 0o666)
    settings, faults = chosen(environ)
    assert (settings, "does not count" in faults[0]) == (NoticeSettings(), True)


@pytest.fixture
def user(home: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    return shell


DEFAULT = """\
allow_amq = false  # default
notify.notice = "bell"  # default
notify.command = ""  # default
"""


def test_each_setting_is_shown_with_its_source(user: Shell, home: Path) -> None:
    assert user.ok("config", "show") == DEFAULT
    written(home, 'allow_amq = true\n[notify]\nnotice = "osc9"\n')
    assert user.ok("config", "show") == (
        'allow_amq = true  # file\nnotify.notice = "osc9"  # file\nnotify.command = ""  # default\n'
    )
    assert user("config", "show", "--json").value == {
        "file": str(home / "amq" / "config.toml"),
        "settings": [
            {"name": "allow_amq", "value": True, "source": "file"},
            {"name": "notify.notice", "value": "osc9", "source": "file"},
            {"name": "notify.command", "value": "", "source": "default"},
        ],
        "unknown": [],
        "faults": [],
    }


def test_unknown_and_wrong_settings_are_named(user: Shell, home: Path) -> None:
    written(home, 'allow_amq = 1\n"a\\u001b" = 1\n[notify]\nnotice = "beep"\nsound = 1\n[other]\n')
    shown = user("config", "show")
    assert (shown.code, shown.out) == (
        1,
        DEFAULT,
    )
    for said in ("no setting a^[", "no setting other", "no setting notify.sound", "'beep'; allowed: bell", "allow_amq"):
        assert said in shown.err, said
    value = user("config", "show", "--json").value
    assert (sorted(value["unknown"]), len(value["faults"])) == (["a\x1b", "notify.sound", "other"], 2)


def test_a_table_that_is_none_is_a_fault(user: Shell, home: Path) -> None:
    written(home, "notify = 1\n")
    shown = user("config", "show", "--json")
    assert (shown.code, shown.value["unknown"], len(shown.value["faults"])) == (1, [], 1)


def test_a_file_that_cannot_be_read_is_an_error(user: Shell, home: Path) -> None:
    written(home, "]")
    shown = user("config", "show")
    assert (shown.code, shown.out, "cannot be read" in shown.err) == (1, "", True)
