"""GNU readline at its own terminal, with a report of its line after every key.

Run as a program, it edits with readline itself and prints a report behind whatever readline drew: an OSC that terminals
do not know, `ESC ] 7777 ; bytes read ; line in hex BEL`. Imported, it is the other end: `LineEditor`.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import fcntl
import os
import re
import select
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LIBRARY = ctypes.util.find_library("readline")
PROMPT = "prompt$ "
_INPUT_PENDING = 0x20000  # RL_STATE_INPUTPENDING in readline.h
PATIENCE = 20.0  # seconds until a test gives up

_REPORT = re.compile(rb"\x1b\]7777;([0-9]+);([0-9a-f]*)\x07")


@dataclass
class LineEditor:
    """The test's end of the terminal. `line` is readline's line after the keys sent so far."""

    master: int
    hears: Callable[[bytes], None]  # what readline draws
    line: bytes = b""
    sent: int = 0
    _rest: bytes = b""

    def send(self, keys: bytes) -> None:
        """Send KEYS; return when readline has served them and all that it drew has been heard."""
        self.sent += len(keys)
        os.write(self.master, keys)
        self.wait()

    def wait(self) -> None:
        """Wait until readline has read everything sent, and all that it drew has been heard."""
        read = -1
        while read < self.sent:
            if not select.select([self.master], [], [], PATIENCE)[0]:
                raise TimeoutError(f"readline says nothing more after {read} of {self.sent} bytes")
            self._rest += os.read(self.master, 1 << 16)
            while match := _REPORT.search(self._rest):
                if match.start():
                    self.hears(self._rest[: match.start()])
                read, self.line = int(match[1]), bytes.fromhex(match[2].decode())
                self._rest = self._rest[match.end() :]


@contextmanager
def line_editor(hears: Callable[[bytes], None], *settings: str, columns: int = 80) -> Iterator[LineEditor]:
    """Start readline with SETTINGS, lines as in an inputrc; HEARS gets all that it draws."""
    import subprocess

    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "INPUTRC": os.devnull}
    command = [sys.executable, "-S", __file__, *settings]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    editor = LineEditor(master, hears)
    try:
        editor.wait()
        yield editor
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _edit(settings: list[str]) -> None:
    """Edit lines until killed."""
    library = ctypes.CDLL(LIBRARY)
    ctypes.CDLL(None).setlocale(0, b"C.UTF-8")
    line = ctypes.c_char_p.in_dll(library, "rl_line_buffer")
    state = ctypes.c_ulong.in_dll(library, "rl_readline_state")
    read = 0

    def report() -> None:
        """Print a report, unless a key that was read is still to be served."""
        if state.value & _INPUT_PENDING or library._rl_pushed_input_available():
            return
        sys.stdout.buffer.write(b"\x1b]7777;%d;%s\x07" % (read, (line.value or b"").hex().encode()))
        sys.stdout.buffer.flush()

    def next_byte(_stream: object) -> int:
        nonlocal read
        byte = os.read(0, 1)
        read += len(byte)
        return byte[0] if byte else -1

    callbacks = (  # kept as long as they may be called
        ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(next_byte),
        ctypes.CFUNCTYPE(None, ctypes.c_char_p)(lambda _line: None),
    )
    ctypes.c_void_p.in_dll(library, "rl_getc_function").value = ctypes.cast(callbacks[0], ctypes.c_void_p).value
    for setting in ("enable-bracketed-paste on", *settings):
        library.rl_variable_bind(*(word.encode() for word in setting.split(" ", 1)))
    library.rl_callback_handler_install(PROMPT.encode(), callbacks[1])
    report()
    while True:
        library.rl_callback_read_char()
        report()


if __name__ == "__main__":
    _edit(sys.argv[1:])
