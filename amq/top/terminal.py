"""The user's terminal below Textual: it is as before when amq ends, also where that is killed."""

from __future__ import annotations

import asyncio
import signal

from textual.drivers.linux_driver import LinuxDriver

from amq.pty.guard import Guard
from amq.pty.line_discipline import attributes_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    DriverClass = type[LinuxDriver]

UNDO = (
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # the mouse
    b"\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?2048l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"
)
"""The bytes that end the modes that Textual sets: `tests/top/test_terminal.py` compares them with what it writes."""
ENDING = (signal.SIGTERM, signal.SIGHUP)


def guarded_driver(guard: Guard) -> DriverClass:
    """Return Textual's driver of a terminal, with GUARD armed as long as the terminal is in Textual's modes."""

    class GuardedDriver(LinuxDriver):
        def start_application_mode(self) -> None:
            guard.undo(UNDO)
            guard.arm(None)
            super().start_application_mode()  # type: ignore[no-untyped-call]
            if self.attrs_before is not None:
                guard.arm((self.attrs_before, attributes_of(self.fileno)))

        def stop_application_mode(self) -> None:
            super().stop_application_mode()
            guard.disarm()

    return GuardedDriver


def end_at_signals(end: Callable[[int], None]) -> None:
    """Call END with the exit code after a signal that asks this process to end. For the running event loop."""
    loop = asyncio.get_running_loop()
    for number in ENDING:
        loop.add_signal_handler(number, end, 128 + number)


def on_guarded_terminal(make: Callable[[DriverClass], App[int]]) -> int:
    """Run what MAKE makes of a driver, and return its exit code. Raises what has ended it.

    Textual reads the terminal at stdin, and writes to stderr's.
    """
    guard = Guard(0, 2)  # a fork: before there are threads
    try:
        app = make(guarded_driver(guard))
        code = app.run()
        if app._exception is not None:
            raise app._exception
        return app.return_code or 0 if code is None else code
    finally:
        guard.dismiss()
