"""The user's keys, where the hosted program's input is not a terminal."""

from __future__ import annotations

from pathlib import Path

from tests.terminal.terminal_session import AMQ, PROMPT, PtyDesk, desk

TURNS_TO_KEYS = 'all=$(cat); stty -icanon </dev/tty; echo "$all-ready"; key=$(head -c 1 </dev/tty); echo "<$all:$key>"'


def start(user: PtyDesk, job: str, after: str = "") -> None:
    user.run(f"echo piped | {AMQ} run --no-wake --as x -- sh -c '{job}' {after}")


def test_a_program_that_turns_to_its_terminal_gets_the_keys(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        before = user.says("stty -g")
        start(user, TURNS_TO_KEYS)
        user.sees("piped-ready\r")
        user.type("k")
        user.sees("<piped:k>")
        user.sees(PROMPT)
        assert user.says("stty -g") == before


def test_in_the_background_it_stops_until_it_has_them(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        start(user, TURNS_TO_KEYS, "&")
        user.finds_it_stopped()
        user.go_on()
        user.type("k")
        user.sees("<piped:k>")


def test_one_that_does_not_leaves_them_to_others(tmp_path: Path) -> None:
    """The keys are the next command's; and ^C is for the whole pipeline."""
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        start(user, "cat; printf rea; echo dy; until [ -e go ]; do sleep 0.01; done")
        user.sees("ready")
        user.type("echo to the sh''ell\r")
        (tmp_path / "project" / "go").touch()
        user.sees("to the shell")
        user.sees(PROMPT)
        user.run(f"sleep 1000 | {AMQ} run --no-wake --as x -- sh -c 'echo rea''dy; exec cat'")
        user.sees("ready")
        user.type("\x03")
        user.sees(PROMPT)
        assert user.job() == []


def test_it_goes_on_in_the_background(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as user:
        assert isinstance(user, PtyDesk)
        start(user, "cat; stty -a </dev/tty | grep -ow -- -*icanon; printf do; echo ne", "&")
        assert b"-icanon" not in user.sees("done"), "it has the settings of the shell's line editor"
        assert user.says("wait; echo through").endswith(b"through")


def test_at_a_terminal_it_is_nothing(tmp_path: Path) -> None:
    with desk("bash", tmp_path) as user:
        user.says(f"{AMQ} run --no-wake --as x -- true")
        what = 'for n in 0 1 2; do test -t $n && printf "$n "; done; cat'
        script = f"{AMQ} run --no-wake --as x -- sh -c '{what}'"
        assert user.says(f"{script} </dev/null") == b"1 2"
        assert b"1 2 cat: " in user.says(f"{script} <&-")
