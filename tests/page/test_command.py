"""`amq page` as a process: its address, its end, and where its tokens are not."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ptyprocess import PtyProcess

from amq.cli import extra_packages
from amq.cli.commands import page as command
from amq.page import server
from amq.runtime import caller

if TYPE_CHECKING:
    from tests.conftest import Shell

AMQ = [sys.executable, "-m", "amq"]
WITHIN_S = 20


class Page:
    """`amq page` in a terminal."""

    def __init__(self, amq: Shell, *options: str) -> None:
        self._process = PtyProcess.spawn([*AMQ, "page", "--me", "user", *options], cwd=str(amq.project))
        text = b""
        while b"Ctrl-C" not in text:
            text += self._process.read()
        self.text = text.decode()
        self.address, self.tokens = re.findall(r"(http://127\.0\.0\.1:\d+/)#(\S+)", self.text)[-1]
        self.port = int(re.findall(r":(\d+)/", self.address)[0])

    @property
    def pid(self) -> int:
        """Its process."""
        return int(self._process.pid)

    def status(self, path: str = "/api/messages") -> int:
        """Return the status of a request with the token for reading."""
        return _status(self.port, self.tokens.partition(".")[0], path)

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit code."""
        self._process.sendintr()
        return int(self._process.wait())

    def hang_up(self) -> None:
        """Close the terminal, and wait until it has ended."""
        self._process.fileobj.close()
        self._process.wait()


def _status(port: int, token: str, path: str = "/api/messages") -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    status = connection.getresponse().status
    connection.close()
    return status


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_address_and_end(amq: Shell) -> None:
    page = Page(amq, "--write")
    reading, writing = page.tokens.split(".")
    assert f"ssh -N -L {page.port}:127.0.0.1:{page.port}" in page.text
    assert "tailscale serve" in page.text
    assert (page.status(), _status(page.port, writing)) == (200, 401)
    for place in ("environ", "cmdline"):  # what other processes can see, and what its own children get
        seen = Path(f"/proc/{page.pid}/{place}")
        assert not seen.exists() or not any(each.encode() in seen.read_bytes() for each in (reading, writing))
    if shutil.which("ss"):
        listening = subprocess.run(["ss", "-ltnH", f"sport = :{page.port}"], capture_output=True, text=True, check=True)
        assert listening.stdout.split()[3] == f"127.0.0.1:{page.port}"
    again = amq("page", "--port", str(page.port), me="user")
    assert (again.code, "Address already in use" in again.err) == (1, True)
    assert page.interrupt() == 130
    assert _is_free(page.port)


def test_ends_with_its_terminal(amq: Shell) -> None:
    page = Page(amq)
    page.hang_up()
    assert _is_free(page.port)


def test_ends_with_its_shell(amq: Shell) -> None:
    script = f"trap '' HUP; {' '.join(AMQ)} page & read line"
    shell = subprocess.Popen(
        ["sh", "-c", script], cwd=amq.project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert shell.stdin and shell.stdout
    first = shell.stdout.readline().decode()
    port = int(re.findall(r":(\d+)/", first)[0])
    shell.send_signal(signal.SIGKILL)
    shell.wait()
    assert shell.stdout.read().count(b"http") >= 1  # to its end: the last process that had it has gone
    shell.stdin.close()
    shell.stdout.close()
    assert _is_free(port)


@pytest.fixture
def not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page that is not refused end at once."""
    monkeypatch.setattr(server, "serve", lambda *_: None)


@pytest.mark.usefixtures("not_served")
def test_agents_do_not_write_as_the_user(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = amq("page", "--write", me="bob")
    assert (refused.code, "--write is the user's" in refused.err) == (2, True)
    monkeypatch.setattr(caller, "has_controlling_terminal", lambda: False)
    assert amq("page", "--write", me=None).code == 2


@pytest.mark.usefixtures("not_served")
@pytest.mark.parametrize("name", ["", "*", "http://a", "a:80", "a/b", "a b", "[::2", "-x"])
def test_bad_host(amq: Shell, name: str) -> None:
    refused = amq("page", f"--allow-host={name}", me="user")
    assert (refused.code, "--allow-host" in refused.err) == (2, True)


@pytest.mark.parametrize("port", ["-1", "65536", "x", "1.5"])
def test_bad_port(amq: Shell, port: str) -> None:
    assert amq("page", f"--port={port}", me="user").code == 2


def test_missing_extra(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith(("amq.page", "uvicorn", "starlette"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    refused = amq("page", me="user")
    assert refused.code == 1
    assert "amq page needs more packages: uvicorn is not installed" in refused.err
    assert "pip install 'starlette<2,>=1.0' 'uvicorn<1,>=0.40'" in refused.err


def test_how_to_get_an_extra() -> None:
    assert extra_packages.line("page", "/h/pipx/venvs/agent-message-queue").startswith(
        "pipx inject agent-message-queue "
    )
    assert extra_packages.line("page", "/h/uv/tools/agent-message-queue").startswith(
        "uv pip install --python /h/uv/tools/agent-message-queue/bin/python "
    )
    assert extra_packages.line("top", "/venv").startswith("/venv/bin/python -m pip install ")


def test_port_zero_is_any() -> None:
    assert command.port("0") == 0
