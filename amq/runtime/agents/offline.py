"""Facts about an agent's CLI by which it is run offline, against a mock model: to certify it, and in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

KEY = "dummy-key-for-the-mock-model-only"
ENTER, ESCAPE, CTRL_C, CTRL_D, CTRL_U, BACKSPACE = "\r", "\x1b", "\x03", "\x04", "\x15", "\x7f"
LEFT, DOWN, SHIFT_TAB = "\x1b[D", "\x1b[B", "\x1b[Z"


@dataclass(frozen=True)
class Place:
    """The place a CLI runs in: its home and its project, absolute paths, and the mock model's port on loopback."""

    home: str
    project: str
    port: int

    @property
    def url(self) -> str:
        """Return the address of the mock model."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Conduct:
    """The conduct of a CLI: what it asks the user.

    With `asks` it asks before it runs a command (Codex: one that leaves the sandbox). Unless `trusted`, it asks first
    whether it may work in the project (Codex: in a git repository only). Unless its key is known, it asks first whether
    to use that (Claude).
    """

    asks: bool = False
    trusted: bool = True
    key_known: bool = True


@dataclass(frozen=True)
class Home:
    """A home in which a CLI starts without a question or a sign-in: files to write, and variables to set."""

    files: Mapping[str, str]  # the text of each, by absolute path
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Step:
    """Keys to press, and an expression for the screen that shows their effect; ^ and $ are the ends of a row."""

    keys: str
    shows: str


@dataclass(frozen=True)
class WrongPlace:
    """A place in a CLI that looks like its input row, where a line would do something else."""

    name: str  # for the user
    opens: tuple[Step, ...]  # from the empty input row
    closes: tuple[str, ...]  # keys, one after the other


@dataclass(frozen=True)
class AskedHosts:
    """The hosts whose names a VERSION asked for while it was certified, where none of them could be reached.

    `scripts/asked_hosts.py` measures them. Others may follow once one has answered.
    """

    version: str
    names: tuple[str, ...]

    def sentence(self) -> str:
        """Return it as a sentence for the user."""
        names = f"only for {', '.join(self.names)}" if self.names else "for no host"
        return f"{self.version}, measured without a way out, asked {names}"


@dataclass(frozen=True)
class Offline:
    """Facts about one CLI. All but `home` and `keys` are expressions for the screen; ^ and $ are the ends of a row."""

    home: Callable[[Place, Conduct], Home]
    quits: tuple[str, ...]  # keys, each pressed when the one before has had an effect
    row: str  # what stands before the text in the input row
    dialog: str  # a question whether to run a command, which Enter allows; empty: it never asks
    places: tuple[WrongPlace, ...] = ()
    question: tuple[Step, ...] | None = None  # the way to where the model may ask the user; None: it never may
    named: tuple[str, ...] = ()  # arguments that give a session a name; empty: it has none
    line_break: str = ""  # the key that breaks a line in the input row; empty: none is known
    clears: str = CTRL_U  # the key that empties a line of the input row
    asked_hosts: AskedHosts | None = None  # None: not measured
