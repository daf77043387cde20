#!/usr/bin/env python3
"""Make README's picture of `amq page`: the page on a desk and on a phone, in Chromium, of a queue with a review in it.

    scripts/page_picture.py               writes docs/page.png; needs chromium and chromedriver
    scripts/page_picture.py --views DIR   writes every view there, at 390 and 1200 pixels, in light and dark, to look at

The page, the mail and the browser are real. The agents do not run: this script holds their notifiers' locks, and
publishes the states that `amq run` would.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from amq.names import USER
from amq.runtime import notifier_lock
from amq.runtime.policy.reasons import Activity
from amq.runtime.policy.schedule import Readiness
from amq.runtime.private_state import private_state
from amq.runtime.state_file import StatePublisher
from tests.page.browser import DESK, PHONE, SIZES, Browser

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "page.png"
AGENTS = {
    "claude": Readiness(activity=Activity.WORKING, program="claude", version="2.1.332"),
    "codex": Readiness(activity=Activity.ASKS, question="Bash(git push origin parser)", program="codex"),
    "gemini": Readiness(activity=Activity.IDLE, program="gemini"),
    "pi": Readiness(activity=Activity.IDLE, program="pi"),
}
REQUEST = """\
Please review the last commit: git show HEAD.

split() read a byte too much when a line ends in CRLF:

    def split(data):
        return data.splitlines()

Is it safe for an empty file?
"""
MAIL = (
    ("claude", "codex", "Review: the parser reads CRLF", "review_request",
     REQUEST),
    ("codex", "claude", "Re: Review: the parser reads CRLF", "review_response",
     "split(b'') returns [] and the caller takes [0]: IndexError. The rest is fine.\n"),
    ("claude", "codex", "Re: Review: the parser reads CRLF", "answer", "Fixed, with a test. Please push it.\n"),
    ("claude", "gemini", "Notes for the release", "todo", "Please collect what changed since the last tag.\n"),
    ("claude", USER, "The parser is done: shall I merge it?", "question",
     "Codex found one fault, and I fixed it. All tests pass. Shall I merge it into main?\n"),
)  # fmt: skip
SHEET = """<body style="margin:0;padding:16px;background:#8a929c;display:flex;gap:16px;align-items:flex-start">
<img src="desk.png" style="border-radius:8px"><img src="phone.png" style="border-radius:8px"></body>"""
BACK, THREAD = "#back", "#thread"


@contextmanager
def page() -> Iterator[str]:
    """Yield the address of the page of a queue, for reading and writing."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="amq-page-", dir="/var/tmp")))
        os.environ["XDG_STATE_HOME"] = str(place / "state")
        project = place / "parser"
        project.mkdir()
        root = str(project / ".agent-mail")
        _amq(project, "init", "--root", root, "--agents", ",".join(AGENTS))
        for handle, readiness in AGENTS.items():
            claim = notifier_lock.claim(Mailbox(root, handle).state_dir, "run")
            stack.callback(claim.release)
            private = private_state(os.environ, ()).of_agent(root, handle)
            StatePublisher(private.directory, "run").publish(readiness)
        for sender, to, subject, kind, body in MAIL:
            Mailbox(root, sender).send([to], body.encode(), Draft(subject=subject, kind=kind))
        for handle, limit in (("codex", "1"), ("claude", "5"), ("gemini", "5")):
            _amq(project, "drain", "--root", root, "--me", handle, "--limit", limit)
        server = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "amq", "page", "--root", root, "--me", USER, "--write"],
                stdout=subprocess.PIPE, text=True,
            )
        )  # fmt: skip
        stack.callback(server.terminate)
        assert server.stdout
        yield next(found[0] for line in server.stdout if (found := re.search(r"http\S+#\w+\.\w+", line)))


def _amq(project: Path, *words: str) -> None:
    subprocess.run([sys.executable, "-m", "amq", *words], cwd=project, stdout=subprocess.DEVNULL, check=True)


def opened(browser: Browser, address: str, size: tuple[int, int], *, dark: bool) -> None:
    """Open the page, and wait until all of it is there."""
    browser.looks(size, dark=dark)
    browser.open(address)
    browser.shows("shall I merge it", "#list")


def picture(browser: Browser, address: str, place: Path) -> None:
    """Write README's picture: the conversation on a desk, a message on a phone."""
    opened(browser, address, DESK, dark=False)
    browser.driver.save_screenshot(str(place / "desk.png"))
    opened(browser, address, (PHONE[0], DESK[1]), dark=True)
    browser.driver.save_screenshot(str(place / "phone.png"))
    (place / "sheet.html").write_text(SHEET)
    browser.looks((DESK[0] + PHONE[0] + 48, DESK[1] + 32))
    browser.open(f"file://{place}/sheet.html")
    browser.driver.save_screenshot(str(PICTURE))


def views(browser: Browser, address: str, place: Path) -> None:
    """Write every view in every size and colour."""
    steps = {
        "conversation": (), "details": ("#needy summary",), "message": ("#list button",), "thread": (THREAD,),
        "reply": ("#reply",), "write": (BACK, BACK, BACK, "#write"),
    }  # fmt: skip
    for size in SIZES:
        for dark in (False, True):
            opened(browser, address, size, dark=dark)
            for name, clicks in steps.items():
                for each in clicks:
                    browser.one(each).click()
                _shoot(browser, place, name, size, dark=dark)
            browser.one("#words").send_keys("CRLF\n")
            browser.shows("3 messages")
            _shoot(browser, place, "search", size, dark=dark)
            browser.open(address.partition("#")[0] + "#wrong")
            browser.one("#token")
            _shoot(browser, place, "start", size, dark=dark)


def _shoot(browser: Browser, place: Path, name: str, size: tuple[int, int], *, dark: bool) -> None:
    browser.driver.save_screenshot(str(place / f"{name}-{size[0]}-{'dark' if dark else 'light'}.png"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--views", type=Path, metavar="DIR", help="write every view there instead")
    options = parser.parse_args()
    with page() as address, tempfile.TemporaryDirectory() as place:
        browser = Browser(Path(place, "chromium"))
        try:
            if options.views:
                options.views.mkdir(exist_ok=True)
                views(browser, address, options.views)
            else:
                picture(browser, address, Path(place))
        finally:
            browser.close()


if __name__ == "__main__":
    main()
