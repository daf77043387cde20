"""Popular programs: their screen in `amq run` equals the one that they have without it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pty.user import wait_until
from tests.seeds import SEED, SOAK
from tests.terminal.terminal_session import AMQ, TmuxDesk, desk, require


@dataclass(frozen=True)
class Program:
    """A program to start, and keys to type, each when the screen shows the text before them."""

    command: str
    keys: tuple[tuple[str, str], ...]
    shows: str  # the last that appears


PROGRAMS = {
    "vim": Program(
        "vim -u NONE -i NONE -N -c 'syntax on' -c 'set ruler nu hlsearch' code.py",
        (("1,1", "/word12\r"), ("37,5", "\x04"), ("51,0", "oadded\x1b")),
        "52,5",
    ),
    "less": Program(
        "less -R -N colours", (("colours", "/word 70\r"), ("word 97", "\x06"), ("word 125", "k")), "word 98"
    ),
    # what they show changes all the time, but for their help
    "htop": Program("htop", (("F10Quit", "\x1b[B"), ("F10Quit", "h")), "F10 q: quit"),
    "top": Program("top", (("PID USER", "h"),), "<Esc> to continue"),
    "python3": Program("python3 -q", ((">>>", "1+\x01(\x051)*21\r"), ("42", "prin\t")), "print("),
    "bash": Program("PS1='in>' bash --norc --noprofile", (("in>", "echo a b\x17c\r"), ("\na c", "half")), "in>half"),
    "zsh": Program("PS1='in>' zsh -f", (("in>", "echo a b\x17c\r"), ("\na c", "half")), "in>half"),
    "fish": Program(
        "fish --no-config -C 'function fish_prompt; echo in\\>; end; set fish_greeting'",
        (("in>", "echo a b\r"), ("\na b", "half")),
        "in>half",
    ),
    "tmux": Program(
        "tmux -S ./inside -f /dev/null new-session 'printf left-side; exec cat' ';' set status off ';'"
        " set -s exit-unattached on ';'"
        " split-window -h 'printf right-side; exec cat'",
        (("right-side", "typed\r"),),
        "typed\n",
    ),
}


def use(user: TmuxDesk, program: Program, before: str) -> None:
    """Start PROGRAM behind the words BEFORE, and type its keys, until the last text has appeared."""
    user.type(f"exec {before} sh ./it\r")
    for shown, keys in program.keys:
        wait_until(lambda: shown in user.screen(), user.screen)  # noqa: B023
        user.type(keys)
    wait_until(lambda: program.shows in user.screen(), user.screen)


@pytest.mark.parametrize("seed", [SEED])
@pytest.mark.parametrize("name", sorted(PROGRAMS) if SOAK else random.Random(SEED).sample(sorted(PROGRAMS), 3))
def test_the_screen_is_the_same(name: str, seed: int, tmp_path: Path) -> None:
    require([name])
    program = PROGRAMS[name]
    with at_a_desk(tmp_path / "without", program) as user:
        use(user, program, "")
        wait_until(lambda: user.picture() == user.picture())
        expected = user.picture()
    with at_a_desk(tmp_path / "within", program) as user:
        use(user, program, f"{AMQ} run --no-wake --as x --")
        wait_until(lambda: user.picture() == expected, lambda: f"{user.picture()}\n--- without:\n{expected}")


@contextmanager
def at_a_desk(place: Path, program: Program) -> Iterator[TmuxDesk]:
    with desk("tmux", place) as user:
        assert isinstance(user, TmuxDesk)
        write_files(place / "project", program.command)
        yield user


def write_files(place: Path, command: str) -> None:
    """Write the files that the programs show, and a script that begins with a clear screen."""
    (place / "it").write_text(f"clear\n{command}\n")
    (place / "code.py").write_text("".join(f"def word{n}():  # {n}\n    return '{n}'\n\n" for n in range(40)))
    (place / "colours").write_text("".join(f"\x1b[{30 + n % 8}mword {n}\x1b[m 日本 é\n" for n in range(200)))
