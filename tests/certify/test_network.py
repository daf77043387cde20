"""The private network: what runs in it reaches loopback and nothing else, and ends with it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from amq.certify import network
from amq.certify.network import NoNetwork, loopback_network

IN_IT = """
import os, subprocess, sys
from amq.certify.network import loopback_network

with loopback_network(os.environ) as network:
    listener = network.listen()
    port = listener.getsockname()[1]
    script = "id -u; (echo >/dev/tcp/192.0.2.1/9) || echo no way out;"
    script += f"setsid sh -c 'echo $$ >{sys.argv[1]}; exec sleep 60 >&- 2>&-' & "
    script += f"echo hello >/dev/tcp/127.0.0.1/{port}"
    subprocess.run(network.inside(["bash", "-c", script]), check=True)
    print(listener.accept()[0].recv(9), flush=True)
    sys.stdin.read()
"""
REFUSED = """
from amq.certify import network_holder

def refuse(flags):
    raise PermissionError(1, "Not permitted")

network_holder._unshare = refuse
raise SystemExit(network_holder.main())
"""
pytestmark = pytest.mark.usefixtures("private_network")
AS_USER = ["setpriv", "--bounding-set=-sys_admin"]  # who may make no network namespace but in a user namespace


def begin(pid: Path, *before: str) -> subprocess.Popen[str]:
    """Return a process that has a private network, in which a process of its own session has written its id to PID."""
    os.mkfifo(pid)
    command = [*before, sys.executable, "-c", IN_IT, str(pid)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("before", [[], AS_USER], ids=["as it is", "in a user namespace"])
@pytest.mark.parametrize("killed", [False, True], ids=["left", "killed"])
def test_all_in_it_reaches_loopback_alone_and_ends_with_it(tmp_path: Path, before: list[str], killed: bool) -> None:
    if before and (os.geteuid() != 0 or not shutil.which("setpriv")):
        pytest.skip("another user's rights need root and setpriv")
    maker = begin(tmp_path / "pid", *before)
    child = int((tmp_path / "pid").read_text())
    assert maker.stdout
    assert [maker.stdout.readline() for _ in range(3)] == [f"{os.geteuid()}\n", "no way out\n", "b'hello\\n'\n"]
    ended = os.pidfd_open(child)
    if killed:
        maker.kill()
    with maker:
        assert maker.stdin
        maker.stdin.close()
        assert maker.wait(20) == (-signal.SIGKILL if killed else 0)
    assert select.select([ended], [], [], 5)[0], "it has outlived the network"
    os.close(ended)


def test_without_the_program_that_enters_it_there_is_none() -> None:
    with pytest.raises(NoNetwork, match="nsenter"), loopback_network({"PATH": "/nowhere"}):
        pass


def test_a_system_that_gives_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_HOLDER", [sys.executable, "-c", REFUSED])
    with pytest.raises(NoNetwork, match=r"does not let you .*: Not permitted"), loopback_network(os.environ):
        pass
