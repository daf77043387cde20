"""Mail that tries to act on the screen: none of it does, and none of it keeps other mail from being shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from amq.names import USER
from amq.top.app import Top
from amq.top.cells import MOST_BODY_LINES
from tests.conftest import Shell
from tests.hostile.messages import corpus
from tests.hostile.showing import forbidden
from tests.samples import ID, message_file
from tests.top.screen import shown
from tests.top.test_keys import anyio_backend

__all__ = ["anyio_backend"]
pytestmark = pytest.mark.anyio
MARKUP = (
    "[bold]x[/bold]", "[@click=app.quit]x[/]", "[@click=screen.dismiss]x", "[/]", "[link=https://example.org]x[/link]",
    "[red", "$text", "\\[x", "[on blue]", "{x}", ":warning:", "[@click=app.bell()]", "]8;;http://x", "[[", "[=",
)  # fmt: skip


def payloads() -> list[tuple[str, bytes]]:
    """Return 50 message files with their ids: markup in each place where a peer may write, and the hostile corpus."""
    found = [(ID, message_file(f"{each}\n".encode(), subject=each, thread=each, labels=[each])) for each in MARKUP]
    found += [(ID, data) for _, data in sorted(corpus(), key=lambda each: not each[0].startswith(("body", "subject")))]
    ids = (f"{ID[:-2]}{number:02x}" for number in range(50))
    return [
        (new, data.replace(b'"ID"', f'"{new}"'.encode()).replace(ID.encode(), new.encode()))
        for new, (_, data) in zip(ids, found, strict=False)
    ]


async def test_nothing_acts(amq: Shell) -> None:
    """Each of 50 messages is listed and opened, or is named as one that cannot be read."""
    found = payloads()
    assert len(found) == 50
    for identifier, data in found:
        amq.put(f"{identifier}.md", data, USER)
    amq.send("--subject", "the good one")
    async with shown(amq, size=(100, 40)) as screen:
        messages = list(screen.app.snapshot.messages)
        assert len(messages) + len(screen.app.snapshot.problems) >= 50
        assert len(messages) > 2 * len(MARKUP)
        assert messages[-1].header.subject == "the good one"
        assert not forbidden("".join(screen.rows()))
        screen.app.read(messages[0], messages)
        for at, message in enumerate(messages):
            await screen.settle()
            assert message.id in screen.text("#heading")
            assert not forbidden(screen.text("Static"))
            assert not forbidden("".join(strip.text for strip in screen.app.screen._compositor.render_strips()))
            if at + 1 < len(messages):
                await screen.pilot.press("n")
        assert (screen.app.return_value, len(screen.app.screen_stack)) == (None, 2)


async def test_markup_is_shown_as_it_is(amq: Shell) -> None:
    """A click on what would be a link of Textual's does nothing."""
    body = "".join(f"{text}\n" for text in MARKUP)
    amq.put("m1.md", message_file(body.encode(), id="m1", subject=MARKUP[1], thread=MARKUP[2]))
    async with shown(amq, size=(120, 40)) as screen:
        assert screen.rows()[0].endswith(f"| {MARKUP[1]}")
        await screen.press("enter")
        assert screen.text("#text") == body
        for y in range(len(MARKUP)):
            await screen.pilot.click("#text", offset=(0, y))
        await screen.pilot.click("#heading", offset=(8, 2))
        assert (screen.app.return_value, len(screen.app.screen_stack)) == (None, 2)


async def test_a_fault_prints_no_mail(amq: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual would print a traceback with all local variables."""

    def fail() -> None:
        text = "the text of a mail"  # noqa: F841  a local variable
        raise LookupError("a fault")

    printed: list[object] = []
    monkeypatch.setattr(Top, "_print_error_renderables", lambda app: printed.extend(app._exit_renderables))
    with pytest.raises(LookupError, match="a fault"):
        async with shown(amq) as screen:
            app = screen.app
            app.call_later(fail)
            await screen.until(lambda: app._exception)
    assert printed == []


async def test_a_huge_body_is_cut(amq: Shell) -> None:
    Path(amq.agent("bob").inbox_new, "m1.md").write_bytes(message_file(b"x\n" * 200_000, id="m1"))
    async with shown(amq) as screen:
        await screen.press("enter")
        assert screen.text("#text").splitlines()[MOST_BODY_LINES:] == ["… 396,000 more characters: amq read shows them"]
