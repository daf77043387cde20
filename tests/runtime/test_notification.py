from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.runtime.notification import LONGEST, is_typeable, notification


@pytest.mark.parametrize(
    ("senders", "text", "without_digits"),
    [
        (
            ["codex"],
            "amq: 1 new message from codex. Run: amq drain --include-body",
            "amq: a new message from codex. Run: amq drain --include-body",
        ),
        (
            ["codex", "gemini", "codex"],
            "amq: 3 new messages from codex, gemini. Run: amq drain --include-body",
            "amq: new messages from codex, gemini. Run: amq drain --include-body",
        ),
        (
            ["codex-2"],
            "amq: 1 new message from codex-2. Run: amq drain --include-body",
            "amq: a new message. Run: amq drain --include-body",
        ),
        (
            ["", "$(reboot)"],
            "amq: 2 new messages. Run: amq drain --include-body",
            "amq: new messages. Run: amq drain --include-body",
        ),
    ],
)
def test_the_line(senders: list[str], text: str, without_digits: str) -> None:
    line = notification(senders)
    assert (line.text, line.without_digits) == (text, without_digits)


def test_the_path_of_amq_stands_in_it_where_it_has_to() -> None:
    line = notification(["codex"], "/q/agents/c2/.amq/bin/amq")
    assert line.text.endswith("Run: /q/agents/c2/.amq/bin/amq drain --include-body")
    assert line.without_digits.endswith("Run: amq drain --include-body")


@given(st.lists(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True) | st.text(max_size=5), min_size=1))
def test_whoever_writes_it_is_one_short_harmless_line(senders: list[str]) -> None:
    line = notification(senders)
    for text in (line.text, line.without_digits):
        assert len(text.encode()) <= LONGEST
        assert text.startswith("amq: ")
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 :,._-")
    assert not any(character.isdigit() for character in line.without_digits)


@pytest.mark.parametrize(
    ("path", "typeable"),
    [
        ("/q/.amq/bin/amq", True),
        ("/q q/amq", False),
        ("/q$HOME/amq", False),
        ("/q;x/amq", False),
        ("/q\n/amq", False),
        ("relative/amq", False),
        ("/" + "x" * 150, False),
    ],
)
def test_which_paths_may_be_typed(path: str, typeable: bool) -> None:
    assert is_typeable(path) is typeable
