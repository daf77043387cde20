"""Values in other programs' languages, as the programs themselves read them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amq import quoting
from amq.runtime.channels.gnu_screen import ScreenWindow
from tests.awkward import PIECES, words
from tests.pty.user import wait_until

SHELLS = {
    "sh": ["-c"],
    "bash": ["-c"],
    "dash": ["-c"],
    "zsh": ["-fc"],
    "ksh": ["-c"],
    "fish": ["--no-config", "-c"],
    "busybox": ["sh", "-c"],
}


def run(*command: str) -> bytes:
    return subprocess.run(
        command, capture_output=True, check=True, env={"PATH": os.environ["PATH"], "HOME": "/"}
    ).stdout


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=40)
@given(given_words=st.lists(words, max_size=6))
def test_a_shell_reads_each_word_as_it_is(shell: str, given_words: list[str]) -> None:
    if not shutil.which(shell):
        pytest.skip(f"not installed: {shell}")
    line = quoting.shell_line(["printf", "%s\\0", "", *given_words])
    assert run(shell, *SHELLS[shell], line).split(b"\0") == [b"", *map(os.fsencode, given_words), b""]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "word", ["a\\'b", "a\\\\b", "end\\", "C:\\x y", "-n\x07", "\\0101\x07", "\n", "a\x07\n\n", "=", "=ls", "=\n"]
)
def test_a_shell_reads_a_special_sign_as_it_is(shell: str, word: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"not installed: {shell}")
    assert run(shell, *SHELLS[shell], quoting.shell_line(["printf", "%s\\0", word])) == os.fsencode(word) + b"\0"


@given(words)
def test_a_word_for_a_shell_can_be_printed(word: str) -> None:
    assert quoting.shell(word).replace("\n", "").isprintable()


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.lists(st.sampled_from(PIECES)).map("".join))
def test_toml_holds_any_text_and_refuses_what_is_none(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        with pytest.raises(ValueError, match="surrogates"):
            quoting.toml(text)
        return
    assert tomllib.loads(f"key=[{{command={quoting.toml(text)}}}]") == {"key": [{"command": text}]}


@given(st.lists(words.filter(lambda word: ":" not in word)))
def test_a_path_in_toml_leaves_out_what_toml_cannot_hold(places: list[str]) -> None:
    held = tomllib.loads(f"path={quoting.toml_search_path(':'.join(places))}")["path"]
    assert held == ":".join(place for place in places if not _has_bytes(place))


def _has_bytes(word: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in word)


@given(words)
def test_no_directory_becomes_another_one_on_the_path(word: str) -> None:
    directory = f"/{word}"
    try:
        path = quoting.search_path(directory, "/usr/bin:/bin")
    except ValueError:
        assert ":" in directory
    else:
        assert path.split(":") == [directory, "/usr/bin", "/bin"]


@pytest.mark.parametrize("directory", ["", "bin", "./bin", "/co:lon", ":", "/end:"])
def test_only_an_absolute_directory_is_put_on_the_path(directory: str) -> None:
    with pytest.raises(ValueError, match="PATH cannot contain"):
        quoting.search_path(directory, "/bin")


def test_a_path_that_was_empty_does_not_end_in_the_working_directory() -> None:
    assert quoting.search_path("/own", "") == "/own"


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("amq: 1 new message", "amq: 1 new message"),
        ("a <b>&amp; \\n c", "a &lt;b&gt;&amp;amp; \\\\n c"),
    ],
)
def test_a_body_of_a_notice_is_neither_markup_nor_has_escapes(text: str, body: str) -> None:
    assert quoting.notice_body(text) == body


@pytest.mark.parametrize("word", ["/p/${HOME}/q", "$$", "a$", "%h", "plain"])
def test_a_service_gets_each_word_as_it_is(word: str) -> None:
    variable = r"\$(\$|\{\w+\})"
    assert re.sub(variable, lambda found: "$" if found[1] == "$" else "/home", quoting.systemd(word)) == word


@given(st.lists(st.lists(words.filter(bool), min_size=1, max_size=4), min_size=1, max_size=4))
def test_only_our_separator_ends_a_command_of_tmux(commands: list[list[str]]) -> None:
    assert _as_tmux_reads(quoting.tmux(*commands)) == commands


def _as_tmux_reads(arguments: list[str]) -> list[list[str]]:
    """Split words as cmd_parse_from_arguments of tmux 3.3 does."""
    commands: list[list[str]] = [[]]
    for word in arguments:
        last = word.endswith(";") and not word.endswith("\\;")
        plain = word[:-1] if last else f"{word[:-2]};" if word.endswith("\\;") else word
        commands[-1] += [plain] if plain else []
        commands += [[]] if last else []
    return commands


@given(words)
def test_a_hook_in_json_reads_each_word_as_it_is(word: str) -> None:
    held = json.loads(json.dumps({"command": quoting.shell(word)}).encode())["command"]
    assert held == quoting.shell(word)
    held.encode()


@settings(max_examples=20)
@given(st.binary(min_size=1, max_size=120).map(lambda data: data.translate(None, b"\0\n") or b"x"))
def test_a_program_in_gnu_screen_reads_each_byte_as_it_is(screen: ScreenSession, data: bytes) -> None:
    assert screen.typed(data) == data


class ScreenSession:
    """A session of GNU screen without a terminal, whose program logs its input."""

    def __init__(self, place: Path) -> None:
        self._log = place / "log"
        (place / "sockets").mkdir(mode=0o700)
        self.environment = {**os.environ, "SCREENDIR": str(place / "sockets"), "TERM": "xterm"}
        text = "import os,sys,tty\ntty.setraw(0)\nf=open(sys.argv[1],'ab',0)\nwhile True: f.write(os.read(0,65536))"
        self._screen("-dm", "-S", "amqtest", sys.executable, "-c", text, str(self._log))
        wait_until(self._log.exists)
        (name,) = (path.name for path in (place / "sockets").iterdir())
        self._window = ScreenWindow(self.environment | {"STY": name, "WINDOW": "0"})

    def typed(self, data: bytes) -> bytes:
        """Return the program's input of DATA. While the last one's `exec` still runs, screen takes no other."""
        before = self._log.stat().st_size
        while not self._reads(data, before + len(data)):
            assert self._log.stat().st_size == before
        return self._log.read_bytes()[before:]

    def _reads(self, data: bytes, size: int) -> bool:
        """Return whether DATA, which makes the log as long as SIZE, arrives within half a second."""
        self._window.push(data)
        again_at = time.monotonic() + 0.5
        wait_until(lambda: self._log.stat().st_size >= size or time.monotonic() > again_at)
        return self._log.stat().st_size >= size

    def close(self) -> None:
        self._screen("-S", "amqtest", "-X", "quit")

    def _screen(self, *words: str) -> None:
        subprocess.run(["screen", *words], env=self.environment, check=False, capture_output=True)


@pytest.fixture(scope="module")
def screen() -> Iterator[ScreenSession]:
    if not shutil.which("screen"):
        pytest.skip("not installed: screen")
    with tempfile.TemporaryDirectory(prefix="amq-") as place:  # short: a socket's path has an upper limit
        session = ScreenSession(Path(place))
        yield session
        session.close()
