"""A small agent for the demo: a prompt in raw mode, like a real agent's CLI, with a few lines in place of a model.

    python -m amq.demo.agent alice|bob

It knows nothing of the demo around it. It learns of mail like any other agent: a line is typed into its prompt, it runs
the command in that line, reads the output, and acts on it with other `amq` commands.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from typing import Any

from amq import quoting
from amq.pty.user_terminal import Tty

PASTE_ON, PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"
PASTE_START, PASTE_END = b"\x1b[200~", b"\x1b[201~"
REQUEST = "Please look at the new parser: does it stop at a broken header?"
ANSWER = "It does not: it sets one bad file aside and delivers the rest."


class CommandFailed(Exception):
    """A failure of a command that the agent ran."""


AMQ = (sys.executable, "-P", "-m", "amq")


class Agent:
    """An agent at its prompt, until it has nothing more to do."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._typed = b""
        self._done = False

    def run(self) -> None:
        """Read lines until the work is done. `alice` begins: she asks for a review."""
        self._show(PASTE_ON)
        if self._name == "alice":
            self._say("I have changed the parser. I ask bob for a review.")
            self._command(
                "amq", "send", "--to", "bob", "--kind", "review_request", "--subject", "Parser", "--body", REQUEST
            )
        self._prompt()
        while not self._done and (keys := os.read(0, 4096)):
            self._take(keys)
        self._show(PASTE_OFF)

    def _take(self, keys: bytes) -> None:
        """Add typed text to the line and echo it; submit the line on Enter."""
        for at in range(len(keys)):
            self._typed += keys[at : at + 1]
            if self._typed.endswith((PASTE_START, PASTE_END)):
                self._typed = self._typed[: -len(PASTE_START)]
                self._show(self._typed.decode("utf-8", "replace"))
            elif self._typed.endswith(b"\r"):
                line, self._typed = self._typed[:-1].decode("utf-8", "replace"), b""
                self._submitted(line)

    def _submitted(self, line: str) -> None:
        self._show("\r\n")
        _, found, command = line.partition("Run: ")
        if found:
            mail = json.loads(self._command(*shlex.split(command), "--json", quiet=True))
            for item in mail["drained"]:
                self._act_on(item)
        if not self._done:
            self._prompt()

    def _act_on(self, item: dict[str, Any]) -> None:
        """Act on a message, in place of a model."""
        self._say(f"{item['from']} writes: {item['body'].strip()}")
        if item["kind"] == "review_request":
            self._command("amq", "reply", "--id", item["id"], "--body", ANSWER)
        self._say("Goodbye.")
        self._done = True

    def _command(self, *words: str, quiet: bool = False) -> str:
        """Run a command, show it and, unless `quiet`, its output; return that output."""
        self._say(f"$ {quoting.shell_line(words)}")
        program = words[:1] if shutil.which(words[0]) else AMQ  # amq is not on the PATH without a private directory
        ended = subprocess.run(
            [*program, *words[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            self._say(ended.stderr)
            raise CommandFailed
        if not quiet:
            self._say(ended.stdout)
        return ended.stdout

    def _say(self, text: str) -> None:
        self._show("".join(f"{line}\r\n" for line in text.splitlines()))

    def _prompt(self) -> None:
        self._show("> ")

    def _show(self, text: str) -> None:
        os.write(1, text.encode())


def main() -> int:
    """Run the agent; return 0 if all of its commands succeeded, else 1."""
    terminal = Tty(0, 1)
    terminal.make_raw()
    try:
        Agent(sys.argv[1]).run()
    except CommandFailed:
        return 1
    finally:
        terminal.restore()
    return 0


if __name__ == "__main__":
    sys.exit(main())
