"""Text that may reach a terminal: printable text, line ends and tabs.

Judged by the bytes, not by the code under test.
"""

from __future__ import annotations

import signal
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING

from amq.cli.main import COMMANDS
from tests.conftest import Shell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.conftest import Result

JOINERS = "\u200c\u200d"
SECRET = "the-secret-outside-of-the-root"
MOST_S = 20


ELSEWHERE = {
    "run", "wake",  # tests/hostile/test_running.py: they type
    "top",  # tests/top/test_hostile.py: it needs a terminal
    "page",  # tests/page: it serves a browser
    "coop up", "coop down", "demo", "reset", "schema", "completion", "man", "skill install", "skill uninstall",
    "hook install", "hook uninstall", "agent remove", "agent restore", "group set", "group list", "group remove",
    "certify", "wait", "config show",
    "bridge init", "bridge join", "bridge export", "bridge remove", "bridge hub",
    "bridge run", "bridge status",  # tests/bridge/test_wire.py: what another host says
    # they read nothing written by a peer
    "lease take", "lease list", "lease free", "lease check", "lease guard",  # tests/cli/test_lease.py: a peer's leases
}  # fmt: skip
"""The commands that are not tried before every message and every trick."""


def untried(calls: Iterable[str]) -> set[str]:
    """Return the commands that are in none of CALLS."""
    begun = [f"{words} " for words in calls]
    return {name for name in COMMANDS if not any(words.startswith(f"{name} ") for words in begun)}


def forbidden(text: str) -> set[str]:
    """Return the characters of TEXT that may act on a terminal, hide, or reorder the text around them."""
    return {
        character
        for character in set(text) - set("\n\t" + JOINERS)
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    }


def wrong(result: Result, what: object) -> Iterator[str]:
    """Yield the faults in the end of a call, or in its output."""
    if result.code not in range(6):
        yield f"{what}: ends with {result.code}: {result.err[-300:]}"
    if "Traceback" in result.err:
        yield f"{what}: shows a traceback"
    if found := forbidden(result.out + result.err):
        yield f"{what}: shows {found!r}"
    if SECRET in result.out + result.err:
        yield f"{what}: has read outside of the root"


def called(amq: Shell, words: str, *more: str, stdin: bytes = b"") -> Result:
    """Call WORDS and MORE as bob; the call must complete."""
    with _ends(words):
        return amq(*words.split(), *more, me="bob", stdin=stdin)


@contextmanager
def _ends(what: str) -> Iterator[None]:
    def hangs(*_: object) -> None:
        raise AssertionError(f"{what} hangs")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(MOST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
