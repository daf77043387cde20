"""Measure mail between two bridges with a real hub, all on this machine: its way, a backlog, a large body, and rest.

The hub syncs each message before it confirms it, except beside the backlog. Without nats-server there is nothing to
measure.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from measure import Bench, Figure, figure, until, watches
from wakes import STYLE, hosted, noted, write_agent

from amq.message import MAX_FILE_BYTES
from tests.bridge import hosts, rig
from tests.bridge.hosts import Host, Hosts

BODY = b"x" * 999 + b"\n"
LARGE = b"y" * (MAX_FILE_BYTES - 1001) + b"\n"
BACKLOG_QUICK, BACKLOG = 20, 1000
REST_S_QUICK, REST_S = 2.0, 20.0
PAUSE_S = 0.05  # between two messages, so that each finds both bridges at rest


def bridge(bench: Bench) -> Iterator[Figure]:
    """Measure between an agent of host a and one of host b."""
    if rig.NATS_SERVER is None:
        bench.leave_out("a bridge: nats-server is not installed")
        return
    is_quick = bench.sizes.runs < 10
    place = Path(os.environ["XDG_STATE_HOME"])  # a private directory: bridges keep their keys there
    with hosts.make(place / "bridge", "a", "b") as found:
        bench.say("two bridges start")
        found.start()
        a, b = found["a"], found["b"]
        ways = [_way(bench, a, b, BODY, run) for run in range(bench.sizes.wakes)]
        yield figure("bridge-new", ways)
        yield figure("bridge-p99", ways)
        if bench.wanted & {"bridge-line", "bridge-line-p99"}:
            lines = _lines(bench, a, b)
            yield figure("bridge-line", lines)
            yield figure("bridge-line-p99", lines)
        yield figure("bridge-large", [_way(bench, a, b, LARGE, run) for run in range(bench.sizes.few)])
        yield from _backlogs(bench, found, BACKLOG_QUICK if is_quick else BACKLOG)
        b.drain("codex")
        until(lambda: not _new(a, "codex-b"), 300)
        rest_s = REST_S_QUICK if is_quick else REST_S
        bench.say(f"two bridges at rest, {rest_s:g} s")
        time.sleep(rest_s)  # connected again after the hub of the last backlog, and settled
        before, begun = _processor_s(b), time.monotonic()
        time.sleep(rest_s)
        yield figure("bridge-idle", [100 * (_processor_s(b) - before) / (time.monotonic() - begun)])
        yield figure("bridge-memory", [_megabytes(b)])


def _new(host: Host, handle: str) -> list[str]:
    return os.listdir(host.queue.agent(handle).inbox_new)


def _way(bench: Bench, a: Host, b: Host, body: bytes, run: int) -> float:
    """Return the milliseconds from the end of a send on A until the message is in the inbox on B."""
    bench.say(f"a message of {len(body):,} bytes to another host, {run + 1}")
    time.sleep(PAUSE_S)
    sent = a.send("claude", "codex-b", body)
    begun = time.perf_counter()
    path = f"{b.queue.agent('codex').inbox_new}/{sent}.md"
    until(lambda: os.path.exists(path))
    return 1000 * (time.perf_counter() - begun)


def _lines(bench: Bench, a: Host, b: Host) -> list[float]:
    """Return the milliseconds from the end of each send on A until an idle agent on B reads the line's first byte."""
    with tempfile.TemporaryDirectory(dir=bench.place) as name:
        program, log = write_agent(Path(name), STYLE)
        with hosted(Path(name), program, AM_ROOT=b.root) as session:
            until(lambda: noted(log, "started") and watches(session.pid))
            time.sleep(bench.sizes.settle)
            return [_line(bench, a, b, log, run) for run in range(bench.sizes.wakes)]


def _line(bench: Bench, a: Host, b: Host, log: Path, run: int) -> float:
    bench.say(f"a message to an idle agent on another host, {run + 1}")
    before = len(noted(log, "read"))
    a.send("codex", f"{STYLE}-b", BODY)
    sent = time.monotonic()
    until(lambda: len(noted(log, "read")) > before and not _new(b, STYLE))
    time.sleep(random.uniform(0.5, 1.0))  # idle again, at an arbitrary time
    return 1000 * (noted(log, "read")[before] - sent)


def _backlogs(bench: Bench, found: Hosts, count: int) -> Iterator[Figure]:
    """Measure a backlog of COUNT; beside it is the same with a hub that does not sync each message."""
    a, b = found["a"], found["b"]
    synced = _backlog(bench, a, b, count)
    assert found.hub
    found.hub.stop()
    found.hub = rig.start_hub(a.bridge.directory, is_synced=False)
    _way(bench, a, b, BODY, 0)  # both have found it
    yield figure("bridge-backlog", [synced], {"unsynced": [_backlog(bench, a, b, count)]})


def _backlog(bench: Bench, a: Host, b: Host, count: int) -> float:
    """Return how many messages a second come through when B's bridge starts again and COUNT wait."""
    bench.say(f"a backlog of {count}")
    b.drain("codex")
    b.kill()
    for _ in range(count):
        a.send("claude", "codex-b", BODY)
    b.start()
    until(lambda: bool(_new(b, "codex")), 60)
    begun, before = time.perf_counter(), len(_new(b, "codex"))
    until(lambda: len(_new(b, "codex")) >= count, 600)
    return (count - before) / (time.perf_counter() - begun)


def _processor_s(host: Host) -> float:
    assert host.running
    fields = Path(f"/proc/{host.running.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(host: Host) -> float:
    assert host.running
    status = Path(f"/proc/{host.running.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
