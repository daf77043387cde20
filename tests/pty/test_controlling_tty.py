from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from amq import procfs
from amq.pty import controlling_tty
from amq.pty.line_discipline import discipline
from tests.pty.user import wait_until
from tests.seeds import SOAK

SYSCTL = Path("/proc/sys/dev/tty/legacy_tiocsti")
PUSHES = "from amq.pty import controlling_tty\nprint(controlling_tty.can_inject())\n"
CAPABLE = f"CapEff:\t{1 << controlling_tty.CAP_SYS_ADMIN:016x}\n"


@contextlib.contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    try:
        yield master, slave
    finally:
        os.close(master)
        with contextlib.suppress(OSError):
            os.close(slave)


@pytest.mark.parametrize(
    ("setting", "status", "allowed"),
    [
        ("1\n", "CapEff:\t0\n", True),
        ("0\n", "CapEff:\t0000000000000000\n", False),
        ("0\n", CAPABLE, True),
        ("0\n", "Name:\tx\n", False),
        (None, "CapEff:\t0\n", True),  # a kernel before 6.2
    ],
)
def test_where_bytes_may_be_pushed(
    setting: str | None, status: str, allowed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("sys/dev/tty/legacy_tiocsti", setting), ("self/status", status)):
        if text is not None:
            (tmp_path / name).parent.mkdir(parents=True)
            (tmp_path / name).write_text(text)
    monkeypatch.setattr(procfs, "PROC", str(tmp_path))
    assert controlling_tty.can_inject() is allowed


@pytest.mark.skipif(not SOAK, reason="AMQ_SOAK=1 runs it: it sets a kernel parameter")
def test_where_the_kernel_forbids_it() -> None:
    """It is a setting of the whole machine, for an instant."""
    if not (SYSCTL.exists() and os.access(SYSCTL, os.W_OK) and shutil.which("setpriv")):
        pytest.skip("needs root, Linux 6.2 and setpriv")
    before = SYSCTL.read_text()
    incapable = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
    try:
        SYSCTL.write_text("0")
        asked = subprocess.run([*incapable, sys.executable, "-c", PUSHES], capture_output=True, text=True, check=True)
    finally:
        SYSCTL.write_text(before)
    assert asked.stdout == "False\n"


def test_how_the_kernel_passes_on_what_is_typed() -> None:
    with terminal() as (master, slave):
        found = discipline(slave)
        assert (found.canonical, found.echoing, found.waiting) == (True, True, False)
        tty.setraw(slave)
        os.write(master, b"x")
        wait_until(lambda: discipline(slave).waiting)
        found = discipline(slave)
        assert (found.canonical, found.echoing) == (False, False)


def test_a_terminal_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")  # it knows no terminals on macOS
    master, slave = os.openpty()
    assert not controlling_tty.is_gone(slave)
    os.close(master)
    assert controlling_tty.is_gone(slave)
    assert controlling_tty.foreground(slave) is None
    with pytest.raises(OSError):
        discipline(slave)
    os.close(slave)
