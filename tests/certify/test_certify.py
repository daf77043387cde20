"""`amq certify` with a fake CLI: it passes, and with each change that amq does not know fails the right scenario."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from amq.certify import session, worker
from amq.certify.certification import ONCE, Certification, Request, certify, save_screens
from amq.certify.plan import LOST, Plan, Trial
from amq.certify.worker import trials
from amq.quoting import shell_line
from amq.record import replace
from amq.runtime.private_state import PrivateState, private_state
from tests.certify import fake_cli

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("private_network")]
AMQ = (sys.executable, "-P", "-m", "amq")
NOT_NOTIFIED = "it was not notified of its mail within"
SOON = 0.1  # a factor for the time limits of a scenario that is to fail
BEFORE_A_REMINDER = 0.5  # a factor with which a lost line is not typed again in time


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a directory that is not below the usual temporary one."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="amq-") as path:
        yield Path(path)


def fake(place: Path, fault: str = "") -> str:
    """Return the path of a program `claude` with this FAULT."""
    program = place / "bin" / "claude"
    program.parent.mkdir()
    words = shell_line([sys.executable, fake_cli.__file__, fault])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    program.chmod(0o755)
    return str(program)


def private(place: Path) -> PrivateState:
    return private_state({"XDG_STATE_HOME": str(place)}, ())


def tried(place: Path, fault: str, *scenarios: str, patience: float = 0.0) -> Certification:
    """Return what came of SCENARIOS with a fake that has this FAULT."""
    patience = patience or (SOON if fault else 1.0)
    request = Request("claude", fake(place, fault), dict.fromkeys(scenarios, 1), patience=patience, retries=False)
    return certify(request, private(place), os.environ)


def reasons(done: Certification) -> dict[str, str]:
    return dict(done.verdict("0", 0).results)


def test_a_cli_that_does_all_as_it_should_is_certified(place: Path) -> None:
    looks: list[tuple[Sequence[str], int, int]] = []
    request = Request("claude", fake(place), ONCE, at_once=4)
    done = certify(request, private(place), os.environ, look=lambda *look: looks.append(look))
    verdict = done.verdict("1.2.3", 0)
    assert verdict.failed == {}, [trial.screen for trial in done.trials if trial.kind]
    assert list(verdict.results) == list(ONCE)
    assert (verdict.program, verdict.version, verdict.amq) == ("claude", fake_cli.VERSION, "1.2.3")
    assert (looks[0][1:], looks[-1][1:]) == ((0, len(ONCE)), (len(ONCE), len(ONCE)))
    assert {scenario for scenarios, _, _ in looks for scenario in scenarios} == set(ONCE)
    assert list(place.glob("amq/r/*")) == []
    screens = Path(save_screens(private(place), done))
    assert sorted(path.stem for path in screens.iterdir()) == sorted(ONCE)
    assert "esc to" not in (screens / "idle.txt").read_text()


@pytest.mark.parametrize(
    ("fault", "scenario", "reason"),
    [
        ("row", "ready", "does not show its input row within"),
        ("hangs", "ready", "its screen begins with 'nothing'"),
        ("login", "ready", "begins with 'Please log in"),
        ("exits", "ready", "the program ended with status 3"),
        ("dead key", "idle", "was not notified of its mail"),
        ("words", "dialog", "permission dialog' was not shown"),
        ("aborts", "streams", "its answer was aborted"),
        ("children", "exit", "it left processes behind: sh"),
    ],
)
def test_a_change_that_amq_does_not_know_fails_the_right_scenario(
    place: Path, fault: str, scenario: str, reason: str
) -> None:
    done = tried(place, fault, scenario)
    assert reason in reasons(done)[scenario], done.trials[0].screen
    assert list(place.glob("amq/r/*")) == []
    assert left(place) == []


@pytest.mark.parametrize(
    ("fault", "scenario"),
    [
        ("overlays", "dialog"),  # only the state that it publishes says so
        ("silent", "dialog"),  # only the missing row says so
        ("silent", "places"),  # only what is in the row says so
        ("dawdles", "idle"),  # it does not say that it works on the line, and reads its mail late
        ("lags", "draft"),  # only the user's keys say so
        ("deaf", "ready"),
        ("", "tool"),
    ],
)
def test_each_gate_holds_alone(place: Path, fault: str, scenario: str) -> None:
    done = tried(place, fault, scenario, patience=BEFORE_A_REMINDER)
    assert reasons(done) == {scenario: ""}, done.trials[0].screen


@pytest.mark.parametrize(
    ("fault", "waits_for"),
    [
        ("prefilled", "draft"),
        ("no-pastes", "unknown-screen"),
        ("unversioned", "not-certified"),
        ("cuts", "nothing"),  # amq's line is in the row, and no key is pressed
    ],
)
def test_each_gate_that_stays_closed_is_named(place: Path, fault: str, waits_for: str) -> None:
    done = tried(place, fault, "ready", patience=2 * SOON)
    assert reasons(done)["ready"] == f"it was not notified of its mail within 9 s; it waits for {waits_for}"


@pytest.mark.parametrize(
    ("retries", "kinds", "found"),
    [
        (True, [LOST, LOST, ""], [(LOST, "why 0"), ("", "")]),
        (True, [LOST, "", LOST, ""], [("", "why 0"), ("", "why 2")]),
        (True, [LOST, "doubled", ""], [("doubled", "why 0"), ("", "")]),
        (True, ["doubled", ""], [("doubled", ""), ("", "")]),
        (False, [LOST, ""], [(LOST, ""), ("", "")]),
    ],
)
def test_only_what_is_lost_has_a_second_attempt(
    monkeypatch: pytest.MonkeyPatch, retries: bool, kinds: list[str], found: list[tuple[str, str]]
) -> None:
    """In a soak it has none."""
    ends = enumerate(kinds)

    def ended(name: str, _: object) -> Trial:
        number, kind = next(ends)
        return Trial(name, kind, f"why {number}", "", 1.0)

    monkeypatch.setattr(worker, "open_session", lambda *_, **__: nullcontext())
    monkeypatch.setattr(worker, "_try", ended)
    tried = list(trials(Plan("claude", "claude", "/d", ("idle",), {"idle": 2}, retries=retries)))
    assert [(trial.kind, trial.retried) for trial in tried] == found
    assert sum(trial.seconds for trial in tried) == len(kinds)


@pytest.mark.parametrize(
    ("fault", "within_s", "answer"),
    [("dead at first", 5.0, "yes, at the second attempt: "), ("dead key", 1.0, "no, twice: ")],
)
def test_one_that_is_lost_is_tried_once_more(
    place: Path, monkeypatch: pytest.MonkeyPatch, fault: str, within_s: float, answer: str
) -> None:
    monkeypatch.setattr(session, "TOLD_WITHIN_S", within_s)
    plan = Plan("claude", fake(place, fault), str(place), ("idle",), {"idle": 1}, inherited=os.environ, retries=True)
    (trial,) = trials(replace(plan, private_network=False))
    assert trial.kind == ("" if answer.startswith("yes") else LOST)
    assert trial.retried.startswith(NOT_NOTIFIED)
    assert trial.answer.startswith(answer + NOT_NOTIFIED)
    assert sorted(path.name for path in place.glob("[0-9]")) == ["1", "2"]


def test_in_the_machines_own_network_all_is_ended_too(place: Path) -> None:
    request = Request("claude", fake(place, "children"), {"exit": 1}, private_network=False, patience=SOON)
    done = certify(request, private(place), os.environ)
    assert "it left processes behind: sh" in reasons(done)["exit"]
    assert left(place) == []


def test_where_the_cli_does_not_start_nothing_else_is_tried(place: Path) -> None:
    begun = time.monotonic()
    found = reasons(tried(place, "exits", "ready", "idle", "dialog", "exit"))
    assert list(found) == ["ready", "idle", "dialog", "exit"]
    assert all(found.values())
    assert found["idle"].startswith("not tried, because")
    assert time.monotonic() - begun < 60


def test_a_session_whose_process_fails_is_reported(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amq.certify.certification._WORKER", [sys.executable, "-c", "raise SystemExit('broken')"])
    found = reasons(tried(place, "", "idle", "draft"))
    assert found["draft"] == "its session failed: broken"
    assert found["idle"].startswith("not tried")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_one_that_is_ended_leaves_no_process(place: Path, number: signal.Signals) -> None:
    environment = os.environ | {"XDG_STATE_HOME": str(place), "PATH": f"{place}/bin:{os.environ['PATH']}"}
    fake(place, "hangs")
    with subprocess.Popen([*AMQ, "certify", "claude"], env=environment, stdout=subprocess.PIPE, text=True) as amq:
        assert amq.stdout
        assert fake_cli.VERSION in amq.stdout.readline()
        until(lambda: len(left(place)) > 1)
        amq.send_signal(number)
        assert amq.wait(30) == (130 if number == signal.SIGINT else -number)
    until(lambda: not left(place))
    assert number != signal.SIGINT or list(place.glob("amq/r/*")) == []


def test_none_of_the_users_files_is_touched(place: Path) -> None:
    if not (strace := shutil.which("strace")):
        pytest.skip("strace is not installed")
    home = place / "home"
    home.mkdir()
    request = f"Request('claude', {fake(place)!r}, {{'ready': 1}})"
    script = (
        "import os\nfrom tests.certify.test_certify import *\n"
        f"certify({request}, private(Path({str(place)!r})), os.environ)"
    )
    words = [strace, "-f", "-qq", "-e", "trace=%file", "-o", str(place / "trace"), sys.executable, "-c", script]
    subprocess.run(words, check=True, env=os.environ | {"HOME": str(home)}, cwd=Path(__file__).parents[2], timeout=200)
    trace = (place / "trace").read_text()
    assert "/h/.claude/settings.json" in trace
    assert [line for line in trace.splitlines() if f'"{home}' in line] == []


def left(place: Path) -> list[int]:
    """Return the processes whose command line names PLACE; those of a fake do."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if re.search(rf"{re.escape(str(place))}/".encode(), words):
            found.append(int(process.name))
    return found


def until(condition: Callable[[], object]) -> None:
    """Wait until CONDITION holds."""

    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
