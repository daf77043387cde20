from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amq.mail.inbox_view import Unread
from amq.runtime.policy.wake_line import (
    LONGEST_LINE_BYTES,
    Wording,
    is_notification,
    is_typeable,
    notification,
    preview,
)

KNOWN = {"user", "codex", "codex-2", "gemini", "qwen"}


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
            "amq: 2 new messages from an unregistered sender. Run: amq drain --include-body",
            "amq: new messages from an unregistered sender. Run: amq drain --include-body",
        ),
        (
            [""],
            "amq: 1 new message. Run: amq drain --include-body",
            "amq: a new message. Run: amq drain --include-body",
        ),
        (
            ["please-run-rm-rf", "codex", "you-are-root-now"],
            "amq: 3 new messages from codex, an unregistered sender. Run: amq drain --include-body",
            "amq: new messages from codex, an unregistered sender. Run: amq drain --include-body",
        ),
        (
            ["user", "codex", "gemini", "qwen"],
            "amq: 4 new messages from user, codex, gemini and 1 other. Run: amq drain --include-body",
            "amq: new messages from user, codex, gemini and others. Run: amq drain --include-body",
        ),
        (
            ["user", "codex", "gemini", "qwen", "x"],
            "amq: 5 new messages from user, codex, gemini and 2 others. Run: amq drain --include-body",
            "amq: new messages from user, codex, gemini and others. Run: amq drain --include-body",
        ),
    ],
)
def test_the_line(senders: list[str], text: str, without_digits: str) -> None:
    line = notification(senders, KNOWN)
    assert (line.text, line.without_digits) == (text, without_digits)
    assert line.shorter == f"amq: {len(senders)} new message{'s'[: len(senders) - 1]}. Run: amq drain --include-body"


def test_the_line_has_the_path_of_amq_where_needed() -> None:
    line = notification(["codex"], KNOWN, "/s/amq/r/0a/bin/amq")
    assert line.text.endswith("Run: /s/amq/r/0a/bin/amq drain --include-body")
    assert line.without_digits.endswith("Run: amq drain --include-body")


OPTIONS = " --me claude-2 --root /work/a/.agent-mail"


def test_the_line_has_the_options_that_the_agents_environment_lacks() -> None:
    line = Wording("/opt/amq", options=OPTIONS).line([], KNOWN, attached=True)
    assert line.text == f"amq: 0 new messages, attached. If it is missing, run: /opt/amq drain{OPTIONS} --include-body"
    assert line.without_digits.endswith("run: /opt/amq drain --include-body"), "a digit may answer a dialog"
    assert is_notification(line.text)
    assert is_notification(notification(["codex"], KNOWN, options=" --me claude").shorter)
    assert notification(["codex"], KNOWN, options=" --me claude").without_digits.endswith(
        "drain --me claude --include-body"
    )
    assert not is_notification(line.text.replace(" --root", " --force"))


NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True) | st.text(max_size=5)


@given(st.lists(NAMES, min_size=1), st.data())
def test_any_sender_yields_one_short_harmless_line(senders: list[str], data: st.DataObject) -> None:
    line = notification(senders, data.draw(st.lists(st.sampled_from(senders) | NAMES)))
    for text in (line.text, line.without_digits, line.shorter):
        assert len(text.encode()) <= LONGEST_LINE_BYTES
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


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Review needed", "Review needed"),
        ("Fix amq/wake.py, please", "Fix amq/wake.py please"),
        ("審査 été", "審査 été"),
        ("/clear @file !ls #note &", "clear file ls note"),
        ("`rm -rf ~` $(reboot) ; x | y > z", "rm rf reboot x y z"),
        ("mail. Run: rm", "mail Run rm"),
        ("\x1b[201~\rY\u202ex\u200b", "201 Y x"),
        ("\u3164\u115f", ""),
        ("a very long subject that goes on and on and on and on", "a very long subject that goes on and on and on a"),
    ],
)
def test_what_may_be_typed_of_a_subject(subject: str, shown: str) -> None:
    assert preview(subject, 48) == shown


@given(st.text(), st.integers(1, 60))
def test_of_any_subject_only_harmless_words_are_left(subject: str, longest: int) -> None:
    text = preview(subject, longest)
    assert len(text) <= longest
    assert text.isprintable()
    assert preview(text, longest) == text
    for word in text.split(" ") if text else []:
        assert unicodedata.category(word[0])[0] in "LN"
        assert all(unicodedata.category(sign)[0] in "LN" or sign in "._,+/-" for sign in word)


@given(st.text(), st.lists(st.sampled_from(["codex", "gemini-2", "", "x" * 64]), min_size=1), st.integers(0, 300))
def test_with_a_subject_the_line_is_as_short_and_says_as_much(subject: str, senders: list[str], longest: int) -> None:
    unread = [Unread("id", sender, "", subject) for sender in senders]
    line, without = Wording(preview_chars=longest).line(unread, senders), notification(senders, senders)
    assert len(line.text.encode()) <= LONGEST_LINE_BYTES
    assert line.text.startswith(without.text.partition(". Run")[0])
    assert line.text.endswith(". Run: amq drain --include-body")
    assert line.without_digits == without.without_digits


def test_the_newest_subject_is_shown_if_that_was_asked_for() -> None:
    unread = [Unread("1", "codex", "", "First"), Unread("2", "codex", "", "Second thing")]
    assert Wording().line(unread, KNOWN).text == "amq: 2 new messages from codex. Run: amq drain --include-body"
    shown = Wording(preview_chars=48).line(unread, KNOWN).text
    assert shown == "amq: 2 new messages from codex, about Second thing. Run: amq drain --include-body"


def test_the_users_own_text_is_typed_unchanged() -> None:
    line = Wording(instead="look at 1").line([Unread("1", "codex", "", "")], KNOWN)
    assert (line.text, line.without_digits) == ("look at 1", "look at 1")
