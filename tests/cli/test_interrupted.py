"""An interrupted `send` or `reply` is honest: nothing was delivered, or its id is printed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from amq.cli import message_options
from amq.errors import Uncertain
from amq.mail.mailbox import Mailbox
from amq.store import durable
from tests.conftest import Result
from tests.seeds import SOAK, TOLD, sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from tests.conftest import Shell
    from tests.proof_table import Proof

OURS = os.path.dirname(message_options.__file__).removesuffix("cli")
SEND = ("send", "--to", "bob,carol", "--thread", "t", "--body", "x")


@contextmanager
def _at_line(number: int, act: Callable[[], None]) -> Iterator[list[int]]:
    """Call ACT when amq is about to run line NUMBER of its own code, counted in order of execution.

    Yield the number of lines run.
    """
    lines = [0]

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        if event == "line":
            lines[0] += 1
            if lines[0] == number:
                act()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(before)


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def _untrue(result: Result, delivered: set[str]) -> bool:
    """Return whether a message was delivered without its id in the output."""
    return any(name.removesuffix(".md") not in result.out + result.err for name in delivered)


@pytest.mark.timeout(600 if SOAK else 60)
@pytest.mark.parametrize("kind", ["send", "reply"])
def test_at_whatever_line_it_is_hit(amq: Shell, kind: str, proof: Proof) -> None:
    asked = amq.send(body="?")
    words, me = (SEND, "alice") if kind == "send" else (("reply", "--id", asked, "--body", "x"), "bob")
    to = "bob" if kind == "send" else "alice"
    amq.ok(*words, me=me)  # one-time work is behind it
    with _at_line(0, _interrupt) as lines:
        amq.ok(*words, me=me)
    points = sample(range(1, lines[0] + 1), 120, of=f"lines of {kind}")
    untrue = []
    for number in points:
        before = set(amq.new(to))
        try:
            with _at_line(number, _interrupt):
                result = amq(*words, me=me)
        except KeyboardInterrupt:  # `entry` handles it, in its own process
            result = Result(130, *amq._capture())
        if _untrue(result, set(amq.new(to)) - before) or result.code not in (0, 5, 130):
            untrue.append((number, result))
    proof.add(points=len(points), known=lines[0], met=len(points), violations=len(untrue))
    assert untrue == [], TOLD


@pytest.fixture
def hit_behind_the_link(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Send these signals once a message has its public name."""
    numbers = [signal.SIGINT]
    link = durable.link

    def hit(*words: Any) -> bool:
        done = link(*words)
        if words[-1].endswith(".md"):
            for number in numbers:
                os.kill(os.getpid(), number)
        return done

    monkeypatch.setattr(durable, "link", hit)
    return numbers  # type: ignore[return-value]


def test_it_says_what_it_has_sent_and_then_ends(amq: Shell, hit_behind_the_link: list[int]) -> None:
    result = amq(*SEND)
    assert (result.code, result.out.startswith("Sent "), result.err) == (130, True, "")
    assert len(amq.new("carol")) == 1


def test_it_does_not_begin_to_wait(amq: Shell, hit_behind_the_link: list[int]) -> None:
    assert amq(*SEND, "--wait-for", "drained", "--wait-timeout", "0").code == 130


def test_a_signal_that_comes_again_at_once_is_the_same(amq: Shell, hit_behind_the_link: list[int]) -> None:
    hit_behind_the_link.append(signal.SIGINT)
    assert amq(*SEND).out.startswith("Sent ")


def test_a_signal_that_comes_again_later_has_its_way(
    amq: Shell, hit_behind_the_link: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_options, "SAME_SIGNAL_WITHIN_S", -1.0)
    hit_behind_the_link.append(signal.SIGINT)
    result = amq(*SEND)
    (sent,) = amq.new()
    assert (result.code, f"--new-id {sent.removesuffix('.md')}" in result.err) == (5, True)


def test_what_goes_wrong_is_said_though_a_signal_came(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        _interrupt()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable, "link", fail)
    result = amq(*SEND)
    assert (result.code, "nothing was delivered: No space left" in result.err) == (1, True)


def test_a_signal_that_is_ignored_stays_so(amq: Shell, hit_behind_the_link: list[int]) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert amq(*SEND).code == 0
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_python_it_is_uncertain(amq: Shell, hit_behind_the_link: list[int]) -> None:
    with pytest.raises(Uncertain, match="may have been delivered to bob: interrupted"):
        Mailbox(str(amq.root), "alice").send(["bob"], b"x")


_PROGRAM = """
import os
from amq.store import durable
link = durable.link
def hit(*words):
    done = link(*words)
    os.kill(os.getpid(), NUMBER)
    return done
durable.link = hit
from amq.entry import entry_point
entry_point()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_other_signals_that_end_it_wait_for_the_word_too(amq: Shell, number: int) -> None:
    program = _PROGRAM.replace("NUMBER", str(int(number)))
    words = [sys.executable, "-c", program, *SEND, "--root", str(amq.root), "--me", "alice"]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.startswith("Sent ")) == (-number, True)
