"""The process of one session: it reads a plan from stdin, and writes each trial to stdout as it ends.

It runs in the private network. Whatever ends it, the network's holder ends what it has started.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

from amq.certify.plan import LOST, Plan, Trial, read_plan
from amq.certify.processes import adopt_orphans
from amq.certify.scenarios import SCENARIOS, begin
from amq.certify.session import Failed, Session, open_session
from amq.pty.errors import PtyError
from amq.record import replace

_COLD = "ready"
_AFRESH = (_COLD, "places", "exit")  # each trial of these needs a new session
_MOST_FAILURES = 3  # in a row, after which the rest of a session is given up


def main() -> int:
    """Try what the plan on stdin says, and write each trial as a line."""
    plan = read_plan(sys.stdin.readline())
    adopt_orphans()
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    threading.excepthook = lambda _: None  # a request of a CLI that has been ended
    signal.signal(signal.SIGTERM, _leave)
    for trial in trials(plan):
        sys.stdout.write(trial.wire() + "\n")
        sys.stdout.flush()
    return 0


def _leave(*_: object) -> None:
    raise SystemExit(1)


def _end_with_stdin() -> None:
    """End this process, and what it has started, when stdin is closed: no one reads the trials then."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def trials(plan: Plan) -> Iterator[Trial]:
    """Yield every trial of PLAN. After one that failed, the next has a new session, as has a second attempt."""
    todo = [(name, number) for name in plan.scenarios for number in range(plan.counts[name])]
    session_number, failures = 0, 0
    with ExitStack() as stack:
        session: Session | None = None
        lost: Trial | None = None
        while todo:
            name, number = todo[0]
            if session is None or (name in _AFRESH and number):
                stack.close()
                session_number += 1
                try:
                    session = stack.enter_context(open_session(plan, session_number, mail_first=name == _COLD))
                except (Failed, PtyError, OSError) as error:
                    yield Trial(name, "machine", str(error), "", 0.0)
                    return
            trial = _try(name, session)
            if trial.kind:
                session = None
            if plan.retries and trial.kind == LOST and lost is None:
                lost = trial
                continue
            del todo[0]
            yield replace(trial, seconds=trial.seconds + lost.seconds, retried=lost.reason) if lost else trial
            lost = None
            failures = failures + 1 if trial.kind else 0
            if failures >= _MOST_FAILURES:
                return


def _try(name: str, session: Session) -> Trial:
    begun = time.monotonic()
    kind, reason = "", ""
    try:
        begin(session)
        SCENARIOS[name](session)
    except Failed as failed:
        kind, reason = failed.kind, str(failed)
    return Trial(name, kind, reason, session.terminal.screen(), time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
