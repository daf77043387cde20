"""The line that says how far a long command is."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from amq.certify.certification import Certification, Request
from amq.cli.output import STDERR, STDOUT, Output
from amq.cli.progress import DRAWN_EVERY_S, SHOWN_AFTER_S, Progress
from tests.cli.on_terminal import terminal_as
from tests.conftest import Shell

ERASED = "\r\x1b[K"
LATE = SHOWN_AFTER_S + 1


@pytest.fixture(autouse=True)
def terminal_of_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the environment of a user at a terminal."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("AM_ME", raising=False)


def at(times_s: Iterable[float]) -> Callable[[], float]:
    """Return a clock that shows 0 and then TIMES_S."""
    return iter([0.0, *times_s]).__next__


def shown(*times_s: float, text: str = "trying", columns: int = 80) -> str:
    """Return what a terminal gets of a command that shows TEXT and a number at TIMES_S."""
    with terminal_as(STDERR, columns) as written, Progress(Output(), at(times_s)) as progress:
        for number, _ in enumerate(times_s, 1):
            progress.show(f"{text} {number}")
    return written.text


def test_a_long_command_says_how_far_it_is_and_leaves_nothing() -> None:
    assert shown(LATE, LATE + 9) == f"{ERASED}trying 1 (3 s){ERASED}trying 2 (12 s){ERASED}"


def test_a_short_command_shows_nothing() -> None:
    assert shown(0.0, SHOWN_AFTER_S - 0.1) == ""


def test_it_is_not_drawn_for_each_message() -> None:
    assert shown(LATE, LATE + DRAWN_EVERY_S / 2, LATE + DRAWN_EVERY_S).count("trying") == 2


def test_the_line_fits_the_terminal_and_does_not_act_on_it() -> None:
    assert shown(LATE, text="\x1b[2J" + "世界" * 20, columns=20) == f"{ERASED}^[[2J{'世界' * 3}…{ERASED}"


def test_other_output_takes_its_place() -> None:
    out = Output()
    with terminal_as(STDERR) as written, Progress(out, at([LATE, LATE + 1])) as progress:
        progress.show("one")
        out.note("found")
        progress.show("two")
        with terminal_as(STDOUT) as lines:
            out.line("a line")
    assert written.text == f"{ERASED}one (3 s){ERASED}amq: found\n{ERASED}two (4 s){ERASED}"
    assert lines.text == "a line\n"


def test_it_is_erased_before_the_error_that_ends_a_command() -> None:
    with terminal_as(STDERR) as written, pytest.raises(ZeroDivisionError), Progress(Output(), at([LATE])) as progress:
        progress.show("one")
        raise ZeroDivisionError
    assert written.text == f"{ERASED}one (3 s){ERASED}"


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("TERM", ""), ("AM_ME", "bob")])
def test_a_terminal_that_cannot_erase_and_an_agent_get_no_line(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert shown(LATE) == ""


def test_nothing_is_written_to_a_pipe(capfd: pytest.CaptureFixture[str]) -> None:
    with Progress(Output(), at([LATE])) as progress:
        progress.show("one")
    assert capfd.readouterr() == ("", "")


def test_the_first_search_says_how_many_files_it_has_read(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        amq.send(f"--new-id=m{number}", body="word")
    for name in ("SHOWN_AFTER_S", "DRAWN_EVERY_S"):
        monkeypatch.setattr(f"amq.cli.progress.{name}", 0.0)
    with terminal_as(STDERR) as first:
        amq("search", "word", me=None)
    with terminal_as(STDERR) as second:
        amq("search", "word", me=None)
    drawn = [f"reading new mail: {number} of 6 files (0 s)" for number in range(6)]  # bob's and alice's own
    assert first.text.split(ERASED) == ["", *drawn, ""]
    assert second.text == ""


def test_a_certification_says_what_it_tries(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def certify(request: Request, _: object, __: object, ___: object, look: Callable[..., None]) -> Certification:
        look(["idle", "body"], 3, 14)
        return Certification(request, "1.0", [])

    monkeypatch.setattr("amq.certify.certification.certify", certify)
    monkeypatch.setattr("amq.cli.commands.certify._programs", lambda _: [("claude", "/bin/claude")])
    monkeypatch.setattr("amq.cli.progress.SHOWN_AFTER_S", 0.0)
    with terminal_as(STDERR) as written:
        result = amq("certify", me=None)
    assert written.text == f"{ERASED}claude: idle, body; 3 of 14 done (0 s){ERASED}"
    assert "done" not in result.out
