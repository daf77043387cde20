"""A small program that looks to amq like Claude Code and talks to the mock model: python fake_cli.py FAULT [anything]

It has an input row, permission dialogs, questions, a list of agents behind the left arrow, and lines queued during a
turn. FAULT is "" or one of the words that `Fake` asks for: a change that amq does not know, or one that leaves a single
gate to hold the line back.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
import tty
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

VERSION = "9.9.9"
MODES = "1049", "2004", "1004"
KEYS = re.compile(
    rb"\x1b\[200~.*?\x1b\[201~|\x18\r|\x1b\].*?\x1b\\|\x1b\[[0-9;?]*[A-Za-z]|\x1b|[\x00-\x1f\x7f]|[^\x00-\x1f\x7f]+",
    re.S,
)
FIRST = Path("first")  # in the directory of the project, which the sessions of one plan share
TOOLS = [{"name": "Bash"}, {"name": "AskUserQuestion"}]


class Fake:
    def __init__(self, fault: str) -> None:
        self.fault = "" if fault == "dead at first" and FIRST.exists() else fault
        FIRST.touch()
        self.is_silent = fault in ("silent", "unversioned")
        self.box = "half" if fault == "prefilled" else ""
        self.is_drawn_at = 0.0  # when the effect of the last keys is; 0: it has been
        self.dialog: dict[str, Any] = {}
        self.in_list = False
        self.working = False
        self.publishes = False
        self.queue: list[str] = []
        self.said: list[str] = []
        self.messages: list[dict[str, Any]] = []
        self.answered = threading.Event()
        self.aborted = False
        self.interrupts = 0
        self.asks = not json.loads(Path.home().joinpath(".claude/settings.json").read_text())["permissions"]["allow"]
        self.model = urlsplit(os.environ["ANTHROPIC_BASE_URL"]).netloc
        self.lock = threading.RLock()

    def run(self) -> None:
        tty.setraw(0, termios.TCSAFLUSH)
        modes = [mode for mode in MODES if not (self.fault == "no-pastes" and mode == "2004")]
        title = "fake" if self.fault == "unversioned" else "✳ fake"
        self.out("".join(f"\x1b[?{mode}h" for mode in modes) + f"\x1b[?25l\x1b]0;{title}\x07")
        self.ask()
        signal.signal(signal.SIGWINCH, lambda *_: self.draw())
        self.draw()
        if self.fault == "deaf":  # its row is there, and what is typed is lost
            until = time.monotonic() + 3
            while time.monotonic() < until:
                if select.select([0], [], [], 0.1)[0]:
                    os.read(0, 1 << 16)
            self.ask()
        while self.interrupts < 2:
            if select.select([0], [], [], 0.1)[0]:
                keys = KEYS.findall(os.read(0, 1 << 16))
                for key in keys:
                    with self.lock:
                        self.key(key)
                lags = self.fault == "lags" and keys[-1].isalnum()
                self.is_drawn_at = time.monotonic() + (2 if lags else 0)
            if self.is_drawn_at and time.monotonic() >= self.is_drawn_at:
                self.is_drawn_at = 0.0
                self.draw()
        self.out("".join(f"\x1b[?{mode}l" for mode in MODES) + "\x1b[?25h\x1b]0;\x07")
        if self.fault == "children":
            words = ["sh", "-c", "sleep 60; :", os.environ["HOME"]]
            subprocess.Popen(words, stdin=-3, stdout=-3, stderr=-3, start_new_session=True)
        os._exit(0)

    def ask(self) -> None:
        """Ask the terminal whether it wants to know the state."""
        if not self.is_silent:
            self.out("\x1b]7501;?\x1b\\")

    # -- keys ---------------------------------------------------------------------------------------------------------

    def key(self, key: bytes) -> None:
        self.interrupts = self.interrupts + 1 if key == b"\x03" else 0
        if key.startswith(b"\x1b]7501"):
            self.publishes = not self.is_silent
            self.publish("idle")
        elif self.dialog:
            if key == b"\r" or key[:1] in b"1y":
                self.answered.set()
        elif self.in_list:
            if key == b"\x1b":
                self.in_list = False
                self.publish("idle")
        elif key.startswith(b"\x1b[200~"):
            self.box += key[6 : -7 if self.fault == "cuts" else -6].decode()
        elif key == b"\r" or (key == b"\x18\r" and not self.fault.startswith("dead")):
            self.submit()
        elif key == b"\x1b[D" and not self.box:
            self.in_list = True
            self.publish("clear")
        else:
            self.edit(key)

    def edit(self, key: bytes) -> None:
        if key == b"\n":
            self.box += "\n"
        elif key == b"\x15":
            self.box = self.box[: self.box.rfind("\n") + 1]
        elif key == b"\x7f":
            self.box = self.box[:-1]
        elif key[:1] >= b" ":
            self.box += key.decode()

    def submit(self) -> None:
        text, self.box = self.box, ""
        if self.working:
            self.queue.append(text)
            self.aborted = self.fault == "aborts"
        elif text.strip():
            self.begin(text)

    # -- turns --------------------------------------------------------------------------------------------------------

    def begin(self, text: str) -> None:
        self.working = True
        self.publish("working")
        self.said.append(f"> {text}")
        self.messages.append({"role": "user", "content": text})
        threading.Thread(target=self.turn, daemon=True).start()

    def turn(self) -> None:
        while use := self.ask_model():
            result = self.use(use["name"], json.loads(use["input"]))
            block = {"type": "tool_result", "tool_use_id": use["id"], "content": result}
            self.messages.append({"role": "user", "content": [block]})
        with self.lock:
            self.working = False
            self.publish("idle")
            if self.queue:
                self.begin(self.queue.pop(0))
        self.draw()

    def ask_model(self) -> dict[str, str] | None:
        """Send the conversation to the model, show what it says, and return its call of a tool, if any."""
        connection = http.client.HTTPConnection(self.model)
        body = json.dumps({"messages": self.messages, "tools": TOOLS, "stream": True})
        connection.request("POST", "/v1/messages", body, {"Content-Type": "application/json"})
        use: dict[str, str] | None = None
        text = ""
        self.said.append("")
        response = connection.getresponse()
        for line in response:
            event = json.loads(line[6:]) if line.startswith(b"data: ") else {}
            if event.get("type") == "content_block_start" and event["content_block"]["type"] == "tool_use":
                use = {"name": event["content_block"]["name"], "id": event["content_block"]["id"], "input": ""}
            elif event.get("type") == "content_block_delta":
                text += event["delta"].get("text", "")
                if use:
                    use["input"] += event["delta"].get("partial_json", "")
                self.said[-1] = text
                self.draw()
            if self.aborted:
                self.aborted = False
                response.close()
                connection.close()
                break
        content = [{"type": "tool_use", **use, "input": {}}] if use else [{"type": "text", "text": text}]
        self.messages.append({"role": "assistant", "content": content})
        return use

    def use(self, name: str, given: dict[str, Any]) -> str:
        if name == "AskUserQuestion":
            self.open_dialog(given["questions"][0]["question"], "question")
            return "Red"
        if self.asks:
            words = "May I run this?" if self.fault == "words" else "Do you want to proceed?"
            self.open_dialog(words, "permission")
        if self.fault == "dawdles":
            time.sleep(1.5)
        return subprocess.run(["sh", "-c", given["command"]], capture_output=True, text=True).stdout

    def open_dialog(self, words: str, kind: str) -> None:
        self.publish(f"blocked:kind={kind}")
        time.sleep(0.1)
        self.answered.clear()
        self.dialog = {"words": words}
        self.draw()
        self.answered.wait()
        self.dialog = {}
        self.publish("working")
        self.draw()

    # -- the screen ---------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        with self.lock:
            columns, rows = os.get_terminal_size(0)
            rule = "─" * columns
            prompt = "»" if self.fault == "row" else "❯"
            elsewhere = ""
            if self.fault == "overlays":  # its row stays where it is
                elsewhere = self.dialog.get("words", "") or "describe a task" * self.in_list
            if self.dialog and not elsewhere:
                below, column = ["", self.dialog["words"], f"{prompt} 1. Yes", "  2. No", ""], 0
                row = len(below) - 1
            elif self.in_list and not elsewhere:
                below, column, row = (
                    [rule, f"{prompt} describe a task for a new session", rule, "enter to create"],
                    2,
                    1,
                )
            else:
                width = columns - 4
                lines = [
                    line[at : at + width] for line in self.box.split("\n") for at in range(0, max(1, len(line)), width)
                ]
                box = [f"{prompt}\xa0{lines[0]}", *(f"  {line}" for line in lines[1:])]
                below, column, row = [rule, *box, rule, "  ? for shortcuts"], len(box[-1]), len(box)
            above = [line[:columns] for text in [*self.said, elsewhere] for line in text.split("\n")]
            above = [*above, *(["* Working… esc to interrupt"] if self.working else [])][-(rows - len(below)) :]
            shown = "\r\n".join([*above, *below])
            where = f"\x1b[{len(above) + row + 1};{column + 1}H"
            self.out(f"\x1b[?2026h\x1b[2J\x1b[H{shown}{where}\x1b[?2026l")

    def publish(self, state: str) -> None:
        if self.fault == "dawdles" and state == "working":
            state = "idle"
        if self.publishes:
            self.out(f"\x1b]7501;state={state}:app=claude-code\x1b\\")

    def out(self, text: str) -> None:
        with self.lock:
            data = text.encode()
            while data:
                data = data[os.write(1, data) :]


def main(fault: str, words: list[str]) -> None:
    if words == ["--version"]:
        sys.stdout.write("" if fault == "unversioned" else f"{VERSION}\n")
    elif fault == "hangs":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        while True:
            time.sleep(60)
    elif fault == "login":
        sys.stdout.write("Please log in: open https://example.org in your browser\n")
        sys.stdout.flush()
        time.sleep(60)
    elif fault == "exits":
        sys.exit(3)
    else:
        with contextlib.suppress(OSError):
            Fake(fault).run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
