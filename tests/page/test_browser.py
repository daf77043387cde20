"""The page in a real browser, on a phone and on a desk: reading, searching, writing, with keys alone, and attacks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from amq.mail.mailbox import Mailbox
from amq.mail.sending import Draft
from tests.page.browser import DESK, PHONE, SIZES, Browser
from tests.page.payloads import SCRIPTS
from tests.page.served import READING, Served, served
from tests.samples import message_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Shell

BODY = "The loop in split() reads a byte too much.\n\n    def split(data):\n        ...\n"
LONG = "wide" * 100
OF_THE_BROWSER = b"CONNECT accounts.google.com:443 "  # Chromium asks it now and then, whatever its options say
HIT = """
window.hits = [];
window.hit = window.alert = () => hits.push(1);
addEventListener("securitypolicyviolation", (event) => hits.push(event.violatedDirective));
"""
SMALL = """
return Array.from(document.querySelectorAll("button, input, select, textarea, summary, label.choice"))
  .filter((each) => each.offsetParent !== null && !each.closest("label.choice > *"))
  .map((each) => [each.getBoundingClientRect(), each.outerHTML])
  .filter(([{width, height}]) => width < 44 || height < 44).map(([, html]) => html);
"""


def _queue(amq: Shell) -> Path:
    """Fill a queue with a review between alice and bob, and a question to the user."""
    amq.send("--subject", "Review: the parser", "--kind", "review_request", body=BODY)
    amq.send("--subject", "Re: the parser", to="alice", me="bob", body="Off by one in line 40.")
    amq.send("--subject", "May I delete the branch?", "--kind", "question", to="user", me="bob", body="It is merged.")
    return amq.root


@pytest.fixture
def page(amq: Shell) -> Iterator[Served]:
    """The page of a queue with a review in it."""
    with served(_queue(amq)) as page:
        yield page


def _open(browser: Browser, page: Served, size: tuple[int, int] = DESK, *, dark: bool = False) -> None:
    browser.looks(size, dark=dark)
    browser.open(page.address)
    browser.shows("Re: the parser", "#list")


def _open_message(browser: Browser, subject: str) -> None:
    next(each for each in browser.all("#list button") if subject in each.text).click()
    browser.shows(subject, "#title")
    browser.one("article")


@pytest.mark.parametrize("size", SIZES)
def test_read_thread_and_reply(amq: Shell, browser: Browser, page: Served, size: tuple[int, int]) -> None:
    _open(browser, page, size)
    assert browser.text("#needy").startswith("you\n1 unread message")  # what needs the user is first
    assert "carol" in browser.text("#quiet summary")
    assert not browser.one("#quiet").get_property("open")
    assert "#" not in browser.driver.current_url
    _open_message(browser, "Review: the parser")
    assert BODY.strip() in browser.text("article .body")
    browser.one("#thread").click()
    browser.shows("Off by one", ".thread")
    browser.one("#reply").click()
    browser.one("#body").send_keys("Thanks, fixed.")
    browser.one("#send").click()
    browser.shows("Thanks, fixed.", ".thread")  # back in the thread, which has it
    (sent,) = [name.removesuffix(".md") for name in amq.new("bob") if "Thanks" in _text(amq, name)]
    header = amq.stored(sent)
    assert (header["from"], header["thread"], len(header["refs"])) == ("user", "p2p/alice__bob", 1)
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


def _text(amq: Shell, name: str) -> str:
    return Path(amq.agent("bob").inbox_new, name).read_text()


def test_write_live_and_mark_as_read(amq: Shell, browser: Browser, page: Served) -> None:
    _open(browser, page)
    browser.one("#write").click()
    browser.one("#send").click()
    assert browser.run("return document.querySelector('#body').matches(':invalid')")
    browser.one("#body").send_keys("Please stop.")
    browser.one("#send").click()
    browser.shows("Choose at least one agent", "#banner")
    browser.one("input[value=carol]").click()
    browser.one("#subject").send_keys("Stop")
    browser.one("#back").click()
    browser.one("#write").click()  # what was typed is still there
    browser.one("#send").click()
    browser.shows("user → carol", "#list")
    assert len(amq.new("carol")) == 1
    _open_message(browser, "May I delete")
    assert len(amq.new("user")) == 1  # shown is not seen
    browser.one("#seen").click()
    browser.until(lambda: not browser.all("#seen"))
    assert (amq.new("user"), len(amq.cur("user"))) == ([], 1)
    browser.one("#back").click()
    amq.ok("drain", me="carol")
    browser.shows("drained", "#list li:first-child")
    amq.send("--subject", "news", to="alice", me="carol")
    browser.shows("news", "#list li:first-child")
    assert browser.text("#news") == "1 new message: carol to alice: news"


def test_search_and_why(amq: Shell, browser: Browser, page: Served) -> None:
    _open(browser, page, PHONE)
    browser.one("#words").send_keys("byte much\n")
    browser.shows("1 message")
    _open_message(browser, "Review: the parser")
    browser.driver.back()
    browser.driver.back()
    browser.shows("Conversation", "#title")
    browser.one("#words").clear()
    browser.one("#words").send_keys("absent\n")
    browser.shows("0 messages")
    browser.one("#back").click()
    assert "nothing notifies it" in browser.text("#busy")
    browser.one("#busy summary").click()
    browser.one("#busy [data-control=history]").click()
    browser.shows("Nothing yet.", "#busy")
    amq.send(to="bob")  # the agents are drawn anew, and what was open stays so
    browser.shows("2 unread", "#busy")
    assert browser.all("#busy details[open]")


def test_keys_alone(browser: Browser, page: Served) -> None:
    _open(browser, page)
    browser.keys("TAB")
    assert browser.focus() == "skip"
    browser.keys("ENTER", "TAB")
    assert "May I delete" in browser.focus()
    assert browser.run("return getComputedStyle(document.activeElement).outlineWidth") == "3px"
    browser.keys("j", "ENTER")
    browser.shows("Re: the parser", "#title")
    browser.one("article")
    browser.keys("t")
    browser.shows("Off by one", ".thread")
    browser.keys("r")
    browser.one("#body")
    browser.keys("T", "i", "TAB", "ENTER")  # to the button
    browser.shows("Ti", ".thread")
    browser.keys("ESCAPE")
    browser.shows("Re: the parser", "#title")
    browser.keys("ESCAPE")
    browser.shows("Conversation", "#title")
    browser.until(lambda: "Re: the parser" in browser.focus())  # where it was left
    browser.keys("/", *"merged", "ENTER")
    browser.shows("1 message")
    browser.keys("ESCAPE", "w")
    browser.one("#send")
    seen = set()
    for _ in range(16):
        browser.keys("TAB")
        seen.add(browser.focus())
    assert {"subject", "body", "kind", "urgent", "send"} <= seen


def test_looks(browser: Browser, page: Served) -> None:
    """Every view on a phone in light colours, and on a desk in dark ones.

    Nothing scrolls sideways or is too small for a finger, and axe-core finds nothing.
    """
    wrong: list[str] = []
    colours = set()
    for size in SIZES:
        for dark in (False, True):
            _open(browser, page, size, dark=dark)
            colours.add(browser.run("return getComputedStyle(document.body).backgroundColor"))
            if dark != (size == DESK):
                continue
            for step in ("#list button", "#thread", "#reply", "#back", "#write"):
                wrong += _wrong(browser, f"{size} before {step}")
                browser.one(step).click()
            wrong += _wrong(browser, f"{size} at the end")
        columns = browser.run("return getComputedStyle(document.querySelector('main')).gridTemplateColumns.split(' ')")
        assert len(columns) == (1 if size == PHONE else 2)
    assert wrong == []
    assert len(colours) == 2


def _wrong(browser: Browser, where: str) -> list[str]:
    found = browser.run(SMALL) + browser.axe()
    if browser.run("return document.documentElement.scrollWidth > innerWidth"):
        found.append("scrolls sideways")
    return [f"{where}: {each}" for each in found]


def _send_payloads(root: Path) -> None:
    """Send each payload as subject, body and thread; the last one with all in its body."""
    mailbox = Mailbox(str(root), "alice")
    for payload in SCRIPTS:
        plain = "".join(each if each.isprintable() else " " for each in payload)[:80]
        thread = "x" + "".join(each for each in plain if each.isprintable())
        mailbox.send(["bob", "user"], f"{payload}\n{LONG}".encode(), Draft(subject=plain or "x", thread=thread))
    mailbox.set_presence(SCRIPTS[0], SCRIPTS[3])
    mailbox.send(["bob"], "\n".join(SCRIPTS).encode(), Draft(subject=LONG[:200]))


def test_hostile(amq: Shell, browser: Browser) -> None:
    _send_payloads(amq.root)
    with served(amq.root) as page:
        browser.looks(PHONE)
        list(browser.requests())
        browser.proxy.asked.clear()
        before = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HIT})
        browser.open(page.address)
        browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", before)
        browser.shows("wide", "#list")
        assert _open_all(browser) == len(SCRIPTS) + 1
        browser.one("#words").send_keys("hit\n")
        browser.one("#list li")
        assert browser.run("return hits") == []  # no violation of the policy either: nothing was tried
        assert browser.run("return document.querySelectorAll('iframe, img, object, embed, form:not([id])').length") == 0
        assert browser.log() == []
        assert {urlsplit(each).hostname for each in browser.requests() if "://" in each} == {"127.0.0.1"}
        assert [each for each in browser.proxy.asked if OF_THE_BROWSER not in each] == []


def test_an_exported_thread_has_no_answer_before_its_question(amq: Shell, browser: Browser) -> None:
    for name, hour, subject, refs in (("m2", 12, "the question", []), ("m1", 10, "an answer", ["m2"])):
        created = f"2026-03-01T{hour}:00:00Z"
        amq.put(f"{name}.md", message_file(id=name, sender="alice", created=created, subject=subject, refs=refs))
    amq.ok("export", "--html", "mail")
    browser.open((amq.project / "mail" / "index.html").as_uri())
    browser.shows("the question", "#list")
    _open_message(browser, "an answer")
    browser.keys("t")
    browser.shows("an answer", ".thread")
    shown = browser.text(".thread")
    assert shown.index("the question") < shown.index("an answer")


def test_hostile_export(amq: Shell, browser: Browser) -> None:
    _send_payloads(amq.root)
    amq.ok("export", "--html", "mail")
    browser.looks(PHONE)
    list(browser.requests())
    before = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HIT})
    browser.open(f"file://{amq.project}/mail/index.html")
    browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", before)
    browser.shows("exported", "#connection")
    assert _open_all(browser) == len(SCRIPTS) + 1
    browser.one("#words").send_keys("hit\n")
    browser.one("#list li")
    assert (browser.run("return hits"), browser.log()) == ([], [])
    assert {urlsplit(each).scheme for each in browser.requests()} <= {"file", "about", "data"}


def _open_all(browser: Browser) -> int:
    """Open each message of the list; return how many were shown, whole."""
    return int(
        browser.run_async("""
        let count = 0;
        for (const item of page.messages.items) {
          go({ name: "message", item });
          for (let at = 0; at < 500 && !document.querySelector("article .body"); at += 1)
            await new Promise((resolve) => setTimeout(resolve, 10));
          const text = document.querySelector("article .body").textContent;
          count += text.includes("wide") || item.subject.includes("wide");
          if (document.documentElement.scrollWidth > innerWidth) throw Error(`${item.subject} scrolls sideways`);
        }
        return count;
        """)
    )


def test_the_policy_holds_by_itself(browser: Browser, page: Served) -> None:
    """The policy forbids all that the page's own code never does."""
    _open(browser, page)
    tried = browser.run_async("""
    const tried = {};
    window.hits = [];
    window.hit = () => hits.push(1);
    const attempt = (name, act) => { try { act(); tried[name] = "done"; } catch (error) { tried[name] = error.name; } };
    attempt("html", () => { document.body.innerHTML = "<img src=x onerror=hit()>"; });
    attempt("script", () => { document.createElement("script").text = "hit()"; });
    attempt("policy", () => trustedTypes.createPolicy("any", { createHTML: (text) => text }));
    const link = document.createElement("a");
    link.href = "javascript:hit()";
    document.body.append(link);
    link.click();
    const image = new Image();
    tried.image = await new Promise((resolve) => {
      image.onload = () => resolve("loaded");
      image.onerror = () => resolve("refused");
      image.src = "http://127.0.0.1:1/x.png";
    });
    tried.fetch = await fetch("http://127.0.0.1:1/").then(() => "done", () => "refused");
    await new Promise((resolve) => setTimeout(resolve, 50));
    tried.hits = hits.length;
    return tried;
    """)
    assert tried == dict.fromkeys(("html", "script", "policy"), "TypeError") | {
        "image": "refused", "fetch": "refused", "hits": 0,
    }  # fmt: skip
    browser.log()


def test_another_page_gets_nothing(browser: Browser, page: Served) -> None:
    """A page of another origin can neither read, write, nor show this one, though it knows the tokens."""
    with served(page.view._live._account.queue.root) as other:  # its own origin, with a policy that forbids less
        browser.open(f"http://localhost:{other.port}/nothing")
        got = browser.run_async(
            """
            const headers = { Authorization: `Bearer ${arguments[1]}` };
            const answer = (options) => fetch(arguments[0], options).then((found) => found.status, () => "refused");
            return [
              await answer({}), await answer({ headers }), await answer({ mode: "no-cors" }).catch(String),
              await answer({ method: "POST", mode: "no-cors", body: "{}" }),
            ];
            """,
            f"{page.origin}/api/messages",
            READING,
        )
        assert got in (["refused"] * 4, ["refused", "refused", 0, 0])
        browser.log()


def test_wrong_address_and_end_of_the_server(amq: Shell, browser: Browser) -> None:
    _queue(amq)
    browser.looks(PHONE)
    with served(amq.root) as page:
        browser.open(f"{page.origin}/#wrong")
        browser.shows("no longer valid")
        browser.one("#token").send_keys(f"{page.origin}/#{READING}\n")
        browser.shows("Re: the parser", "#list")
        assert not any(each.is_displayed() for each in browser.all("#write"))  # only to read
        browser.driver.refresh()
        browser.shows("Re: the parser", "#list")  # a reload in the same tab needs no address
        kept = amq.root.with_name("kept")
        amq.root.rename(kept)
        browser.shows("not a queue any more", "#problem")
        kept.rename(amq.root)
        browser.until(lambda: not browser.text("#problem"))
    browser.shows("no connection", "#connection")
    shutil.rmtree(amq.root)
    browser.log()
