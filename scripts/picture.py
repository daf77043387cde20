#!/usr/bin/env python3
"""Make the pictures in README from a real run: two agents side by side, started by `amq coop up`, do a review by mail.

    scripts/picture.py                 writes docs/agents.svg, and docs/top.svg: `amq top` beside them at the end; needs
                                       root on Linux, tmux and scripts/install-agents.py
    scripts/picture.py --keep DIR      also writes tmux's capture, as text with colours
    scripts/picture.py --from DIR      draws that again

The programs, the mail and the waking are real, and no key is pressed. The agents' words come from a mock model, since a
real one would need an account: see `story`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pyte
from pyte.screens import Char

from amq.certify.protocols import Call, Say, Turn
from tests.real.agents import cache_directory, pinned_agents
from tests.real.rig import Rig, offline_rig
from tests.real.terminal import wait_until

REPOSITORY = Path(__file__).resolve().parent.parent
PICTURE, TOP_PICTURE = REPOSITORY / "docs" / "agents.svg", REPOSITORY / "docs" / "top.svg"
AGENTS = ("claude", "codex")
TOP = "top"
COLUMNS, ROWS = 153, 35  # of the window; an odd number of columns makes two panes of one size
TOP_COLUMNS, TOP_ROWS = 100, 22
TODO = "Have codex review the last commit, then tell me what it says."
ASK = "Please review the last commit: git show HEAD. Is first() safe for every list?"
FINDING = "first([]) raises IndexError. Return None there, or say so in its docstring. The rest is fine."
CODE = '"""What stands first."""\n\n\ndef first(items):\n    return items[0]\n'
DONE = "Shall I fix that?"


def story(turn: Turn) -> Say | Call:
    """Act as the agents do when their mail comes: claude asks for a review, codex looks and answers."""
    step, mail = len(turn.results), turn.given
    if not mail:
        return Say("Ready.")
    if "Kind: todo" in mail:
        ask = f"amq send --to codex --kind review_request --subject 'first()' --body - <<'EOF'\n{ASK}\nEOF"
        return Call(ask) if step == 0 else Say("I asked codex for a review. I will be told when it answers.")
    if "Kind: review_request" in mail:
        identifier = re.search(r"^  ID: (\S+)$", mail, re.MULTILINE)
        assert identifier
        answer = f"amq reply --id {identifier[1]} --body - <<'EOF'\n{FINDING}\nEOF"
        answers = [Call("git show --stat HEAD"), Call(answer)]
        return answers[step] if step < len(answers) else Say("I reviewed the commit and answered claude.")
    return Say(f"Codex says: first([]) raises IndexError; the rest of the commit is fine. {DONE}")


def record(rig: Rig) -> dict[str, str]:
    """Return both agents' panes when the review is done, and the pane of `amq top`, by name."""
    environ = home(rig)

    def run(*words: str | Path) -> str:
        return subprocess.run(
            words, cwd=rig.project, env=environ, stdin=subprocess.DEVNULL, check=True, capture_output=True, text=True
        ).stdout

    def screens(*options: str) -> list[str]:
        return [run("tmux", "capture-pane", "-p", *options, "-t", f"project:0.{number}") for number in range(2)]

    commit(run, rig.project)
    try:
        run("amq", "coop", "up")
        run("tmux", "set-option", "-g", "status", "off")
        run("tmux", "resize-window", "-t", "project", "-x", str(COLUMNS), "-y", str(ROWS))
        run("tmux", "select-layout", "-t", "project", "even-horizontal")
        run("amq", "--me", "user", "send", "--to", "claude", "--kind", "todo", "--subject", "Review", "--body", TODO)
        wait_until(lambda: DONE in screens()[0], lambda: "\n".join(screens()), timeout=120)
        run("tmux", "run-shell", "sleep 2")  # the last redraw
        panes = dict(zip(AGENTS, screens("-e"), strict=True))
        # on a terminal of its own: the agents' windows keep their sizes
        size = ("-x", str(TOP_COLUMNS), "-y", str(TOP_ROWS))
        run("tmux", "new-session", "-d", *size, "-s", TOP, "amq --me user top")
        run("tmux", "set-option", "-g", "default-terminal", "tmux-256color")

        def top(*options: str) -> str:
            return run("tmux", "capture-pane", "-p", *options, "-t", f"{TOP}:")

        wait_until(lambda: "review_response" in top(), top, timeout=60)
        run("tmux", "run-shell", "sleep 2")
        return panes | {TOP: top("-e", "-N")}  # with the blanks at the ends: they have colours
    finally:
        subprocess.run(["tmux", "kill-server"], env=environ, capture_output=True, check=False)


def home(rig: Rig) -> dict[str, str]:
    """Return an environment with both CLIs, which run in the rig's network, and amq."""
    rig.model.script = story
    programs = rig.directory / "programs"
    programs.mkdir()
    environ: dict[str, str] = {}
    for name in reversed(AGENTS):
        agent = pinned_agents()[name]
        environ |= rig.home(agent)
        start = rig.network.inside([agent.executable(cache_directory())])
        (programs / agent.program).write_text(f'#!/bin/sh\nexec {" ".join(start)} "$@"\n')
        (programs / agent.program).chmod(0o700)
    (programs / "amq").symlink_to(Path(sys.executable).with_name("amq"))
    Path(environ["HOME"], ".tmux.conf").write_text("set -g focus-events on\n")  # which Claude Code would ask for
    config = Path(environ["HOME"], ".config", "amq")
    config.mkdir(parents=True)
    (config / "config.toml").write_text("allow_amq = true\n")  # as `amq coop up` asks
    node = Path(shutil.which("node") or "/usr/bin/node").parent
    return environ | {
        "PATH": f"{programs}:{node}:/usr/local/bin:/usr/bin:/bin", "TMUX_TMPDIR": str(rig.directory),
        "COLORTERM": "truecolor", "GIT_CONFIG_GLOBAL": os.devnull,
    }  # fmt: skip


def commit(run: Callable[..., str], project: Path) -> None:
    """Commit a change to review."""
    (project / "first.py").write_text(CODE)
    run("git", "init", "--quiet", "--initial-branch=main")
    run("git", "add", "first.py")
    run(
        "git",
        "-c",
        "user.name=Ann",
        "-c",
        "user.email=ann@example.org",
        "commit",
        "--quiet",
        "--message",
        "Add first()",
    )


TITLES = tuple(f"amq run --as {name} -- {name}" for name in AGENTS)
CELL, LINE, SIZE = 7.8, 17, 13  # pixels: of a character, of a row, of the letters
MARGIN, BAR = 14, 34
FONTS = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"
BACK, FRAME, TEXT, FAINT = "#161b22", "#30363d", "#d0d7de", "#8b949e"
COLOURS = {
    "black": "#484f58", "red": "#ff7b72", "green": "#3fb950", "brown": "#d29922", "blue": "#58a6ff",
    "magenta": "#bc8cff", "cyan": "#39c5cf", "white": "#b1bac4", "brightblack": "#6e7681", "brightred": "#ffa198",
    "brightgreen": "#56d364", "brightbrown": "#e3b341", "brightyellow": "#e3b341", "brightblue": "#79c0ff",
    "brightmagenta": "#d2a8ff", "brightcyan": "#56d4dd", "brightwhite": "#f0f6fc",
}  # fmt: skip


def draw(captured: list[str], titles: Sequence[str] = TITLES) -> str:
    """Return the panes, below their TITLES, side by side as SVG."""
    panes = [cells(text) for text in captured]
    columns = [max(map(len, pane)) for pane in panes]
    rows = max(map(len, panes))
    width = sum(columns) * CELL + MARGIN * 2 * len(panes)
    height = rows * LINE + BAR + MARGIN * 2
    middle = columns[0] * CELL + MARGIN * 2 if len(panes) > 1 else width
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" font-size="{SIZE}" font-family="{FONTS}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f'<rect width="100%" height="100%" rx="9" fill="{BACK}"/>',
        f'<path d="M0 {BAR}H{width:.0f}M{middle:.1f} {BAR}V{height:.0f}" stroke="{FRAME}"/>',
    ]
    for title, left, pane in zip(titles, (MARGIN, middle + MARGIN), panes, strict=False):
        parts.append(f'<text x="{left:.1f}" y="{BAR - 12}" fill="{FAINT}">{title}</text>')
        parts += [shape for number, row in enumerate(pane) for shape in shapes(row, left, BAR + MARGIN + number * LINE)]
    return "\n".join([*parts, "</svg>\n"])


def cells(text: str) -> list[list[Char]]:
    """Return the cells that a terminal shows of TEXT, row by row."""
    lines = text.rstrip("\n").split("\n")
    columns = max(len(re.sub(r"\x1b\[[\d;:]*m|\x1b\]8;[^\x1b]*\x1b\\", "", line)) for line in lines)
    screen = pyte.Screen(columns, len(lines))
    stream = pyte.Stream(screen)
    stream.feed("\r\n".join(re.sub(r"\x1b\]8;[^\x1b]*\x1b\\", "", line) for line in lines))
    return [[screen.buffer[row][column] for column in range(columns)] for row in range(len(lines))]


def shapes(row: list[Char], left: float, top: float) -> list[str]:
    """Return a row as few rectangles and texts."""
    found, at = [], 0
    for style, run in groupby(row, lambda char: (*colours(char), char.bold, char.italics)):
        text = "".join(char.data for char in run)
        fore, back, bold, italics = style
        x, width = left + at * CELL, len(text) * CELL
        if back != BACK:
            found.append(f'<rect x="{x:.1f}" y="{top:.0f}" width="{width:.1f}" height="{LINE}" fill="{back}"/>')
        look = (' font-weight="bold"' if bold else "") + (' font-style="italic"' if italics else "")
        for word in re.finditer(r"\S+(?: \S+)*", text):
            x, width = left + (at + word.start()) * CELL, len(word[0]) * CELL
            place = f'x="{x:.1f}" y="{top + 13:.0f}" textLength="{width:.1f}"'
            found.append(f'<text {place} fill="{fore}"{look}>{escape(word[0])}</text>')
        at += len(text)
    return found


def colours(char: Char) -> tuple[str, str]:
    """Return the colours of the letter, and behind it."""
    fore, back = colour(char.fg, TEXT), colour(char.bg, BACK)
    return (back, fore) if char.reverse else (fore, back)


def colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return COLOURS.get(name, f"#{name}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the pictures in README from a real run.")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep what was captured")
    parser.add_argument("--from", dest="source", type=Path, metavar="DIR", help="draw what was kept")
    options = parser.parse_args()
    if options.source:
        captured = {name: (options.source / name).read_text() for name in (*AGENTS, TOP)}
    else:
        with (
            # not below /tmp, where sandboxed agents write: amq would keep no private files there
            tempfile.TemporaryDirectory(prefix="amq-", dir="/var/tmp", ignore_cleanup_errors=True) as place,
            offline_rig(Path(place)) as rig,
        ):
            captured = record(rig)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for name, text in captured.items():
            (options.keep / name).write_text(text)
    PICTURE.write_text(draw([captured[name] for name in AGENTS]), encoding="utf-8")
    TOP_PICTURE.write_text(draw([captured[TOP]], ["amq top"]), encoding="utf-8")
    print(f"wrote {PICTURE} and {TOP_PICTURE}")


if __name__ == "__main__":
    main()
